//! How to do the same without the page: on a command line, and in Python. Paths are those of a session's folder.

use pulse::generator::Embedded;

use crate::ask::Part;
use crate::body::Node;
use crate::model::{Given, SteeredBy};

/// Says of a node how to do the same without the page. `generator` is what it is opened by there: an embedded name or a path.
pub(crate) fn say(node: &mut Node, given: Option<&Given>, steered: &SteeredBy, generator: &str) {
    node.command = command_of(node, given, steered, generator);
    node.python = Some(python_of(node, given, steered, generator));
}

/// The same on a command line; nothing of a run that was brought in.
fn command_of(node: &Node, given: Option<&Given>, steered: &SteeredBy, generator: &str) -> String {
    let request = &node.request;
    let mut parts: Vec<String> = vec!["pulse".into()];
    let mut say = |option: &str, value: String| parts.extend([option.to_owned(), value]);
    match (&node.parent, given) {
        (Some(parent), _) => {
            say("explore", format!("nodes/{parent}"));
            let like = request.like.is_some();
            if let Some(candidate) =
                request.candidate.filter(|_| !like || steered.keep.is_some() || steered.vary.is_some())
            {
                say("--candidate", candidate.to_string());
            }
            for (option, file) in [("--keep", &steered.keep), ("--vary", &steered.vary)] {
                if let Some(file) = file {
                    say(option, format!("pictures/{file}"));
                }
            }
            if let Some(toward) = &steered.toward {
                let mask = steered.toward_mask.as_ref().map_or_else(String::new, |mask| format!(":pictures/{mask}"));
                say("--toward", format!("pictures/{toward}{mask}"));
            }
            if let Some(like) = request.like {
                say("--like", like.to_string());
                if let Some(amount) = request.amount {
                    say("--amount", amount.to_string());
                }
            }
        }
        (None, Some(given)) => {
            say("upsample", format!("pictures/{}", given.file));
            if let Some(Part { x, y, width, height }) = given.crop {
                say("--crop", format!("{x},{y},{width},{height}"));
            }
            if let Some(side) = given.pixelate {
                say("--pixelate", side.to_string());
            }
            if let Some(measurement) = &request.measurement {
                say("--measurement", measurement.clone());
            }
            if let Some(sigma) = request.sigma {
                say("--sigma", sigma.to_string());
            }
            if let Some(steps) = request.steps {
                say("--steps", steps.to_string());
            }
            if let Some(sampler) = &request.sampler {
                say("--sampler", sampler.clone());
            }
            say("--generator", generator.to_owned());
        }
        (None, None) => return String::new(),
    }
    say("--candidates", request.candidates.to_string());
    say("--seed", request.seed.to_string());
    if request.spread {
        parts.push("--spread".into());
    }
    parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join(" ")
}

/// A part of a command line as a shell reads it.
fn quoted(part: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=".contains(c);
    if !part.is_empty() && part.chars().all(is_plain) {
        part.into()
    } else {
        format!("'{}'", part.replace('\'', "'\\''"))
    }
}

/// The same in Python. A run that was brought in is opened.
fn python_of(node: &Node, given: Option<&Given>, steered: &SteeredBy, generator: &str) -> String {
    let request = &node.request;
    let mut lines = vec!["import pulse".to_owned(), String::new(), "# in the folder of the session".to_owned()];
    let (function, mut arguments) = match (&node.parent, given) {
        (Some(parent), _) => {
            lines.push(format!("run = {}", opened(parent, generator)));
            let amount = request.amount.filter(|_| request.like.is_some());
            let files = [
                ("keep", &steered.keep),
                ("vary", &steered.vary),
                ("toward", &steered.toward),
                ("part", &steered.toward_mask),
            ];
            let candidate = request.candidate.map(|number| place("candidate", number));
            let files =
                files.into_iter().filter_map(|(name, file)| Some(format!("{name}={}", picture(file.as_ref()?))));
            let like = request.like.map(|number| place("like", number));
            let amount = amount.map(|amount| format!("amount={amount}"));
            // What a run spread, another search from it need not.
            let spread = format!("spread={}", if request.spread { "True" } else { "False" });
            let arguments: Vec<String> =
                candidate.into_iter().chain(files).chain(like).chain(amount).chain([spread]).collect();
            ("run.search_again", arguments)
        }
        (None, Some(given)) => {
            let part = |Part { x, y, width, height }| format!("crop=({x}, {y}, {width}, {height})");
            // Here noise is counted in levels of 255, and in Python as pictures are.
            let sigma = request.sigma.filter(|&sigma| sigma > 0.0).map(|sigma| format!("sigma={sigma} / 255"));
            let all = [
                Some(picture(&given.file)),
                Some(literal(generator)),
                request.measurement.as_ref().map(|text| format!("measurement={}", literal(text))),
                given.crop.map(part),
                given.pixelate.map(|side| format!("pixelate=({side}, {side})")),
                sigma,
                request.steps.map(|steps| format!("steps={steps}")),
                request.sampler.as_ref().map(|sampler| format!("sampler={}", literal(sampler))),
                request.spread.then(|| "spread=True".to_owned()),
            ];
            ("pulse.search", all.into_iter().flatten().collect())
        }
        (None, None) => {
            lines.push(format!("found = {}", opened(&node.id, generator)));
            return lines.join("\n");
        }
    };
    arguments.extend([format!("candidates={}", request.candidates), format!("seed={}", request.seed)]);
    lines.push(format!("found = {function}("));
    lines.extend(arguments.iter().map(|argument| format!("    {argument},")));
    lines.push(")".into());
    lines.join("\n")
}

/// Opening the run of a node. Where a file lies that is no embedded generator is not recorded in a run.
fn opened(node: &str, generator: &str) -> String {
    let run = literal(&format!("nodes/{node}"));
    if Embedded::find(generator).is_some() {
        format!("pulse.open({run})")
    } else {
        format!("pulse.open({run}, {})", literal(generator))
    }
}

fn picture(file: &str) -> String {
    literal(&format!("pictures/{file}"))
}

/// A candidate by its place, which Python counts from 0.
fn place(name: &str, number: usize) -> String {
    format!("{name}={}", number.saturating_sub(1))
}

/// A text as Python writes it: JSON's way is one that Python reads, whatever signs a path or a measurement has.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::body::Request;

    /// A source of the Python module.
    fn source(name: &str) -> String {
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bindings/python/python/pulse");
        std::fs::read_to_string(module.join(name)).unwrap()
    }

    /// What a source says from a line to the next line that is this one.
    fn section<'a>(source: &'a str, from: &str, to: &str) -> &'a str {
        let start = source.rfind(from).unwrap_or_else(|| panic!("there is no `{from}`"));
        source[start..].split(to).next().unwrap()
    }

    /// The names that stand before a colon, a line each.
    fn names(section: &str) -> Vec<&str> {
        section.lines().filter_map(|line| line.trim().split_once(": ")).map(|(name, _)| name).collect()
    }

    /// The names of arguments in a text, a line each.
    fn said(text: &str) -> Vec<&str> {
        text.lines().filter_map(|line| line.strip_prefix("    ")?.split_once('=')).map(|(name, _)| name).collect()
    }

    fn text(request: Request, parent: Option<&str>, given: Option<&Given>, steered: &SteeredBy) -> String {
        let parent = parent.map(str::to_owned);
        let mut node = Node { id: "n2".into(), parent, request, ..Node::default() };
        say(&mut node, given, steered, "faces");
        node.python.unwrap()
    }

    fn everything() -> Request {
        Request {
            candidates: 4,
            measurement: Some("gaussian:3,area".into()),
            sigma: Some(2.5),
            spread: true,
            seed: 7,
            steps: Some(10),
            sampler: Some("null-space".into()),
            candidate: Some(3),
            like: Some(2),
            amount: Some(0.25),
            ..Request::default()
        }
    }

    fn given() -> Given {
        let body = serde_json::json!({
            "id": "p1", "name": "a.png", "kind": "small", "original": null, "note": "", "blocks": null, "faces": [],
            "of": null, "image": { "key": "", "width": 4, "height": 4 },
        });
        let file = "p1-a.png".into();
        let crop = Some(Part { x: 1, y: 2, width: 3, height: 4 });
        Given { body: serde_json::from_value(body).unwrap(), file, crop, pixelate: Some(16) }
    }

    #[test]
    fn python_is_told_what_the_module_takes_and_all_of_it() {
        let search = text(everything(), None, Some(&given()), &SteeredBy::default());
        let searching = source("searching.py");
        let mut known = names(section(&searching, "class SearchSettings", "\n\n\n"));
        known.extend(names(section(&searching, "\ndef search(", ") ->")));
        let used = said(&search);
        assert!(used.iter().all(|name| known.contains(name)), "{used:?} of {known:?}");
        for name in ["measurement", "crop", "pixelate", "sigma", "steps", "sampler", "spread", "candidates", "seed"] {
            assert!(used.contains(&name), "{name} of {used:?}");
        }
        assert!(
            search.contains("\"pictures/p1-a.png\",\n    \"faces\",") && search.contains("sigma=2.5 / 255"),
            "{search}"
        );

        let range = source("range.py");
        let known = names(section(&range, "def search_again(", ") ->"));
        let file = |name: &str| Some(name.to_owned());
        let (keep, vary, toward, toward_mask) = (file("k.png"), file("v.png"), file("t.png"), file("m.png"));
        let steered = SteeredBy { keep, vary, toward, toward_mask };
        let again = text(everything(), Some("n1"), Some(&given()), &steered);
        let used = said(&again);
        assert!(used.iter().all(|name| known.contains(name)), "{used:?} of {known:?}");
        for name in ["candidate", "keep", "vary", "toward", "part", "like", "amount", "spread", "candidates", "seed"] {
            assert!(used.contains(&name), "{name} of {used:?}");
        }
        assert!(again.contains("run = pulse.open(\"nodes/n1\")\n") && again.contains("candidate=2,\n"), "{again}");

        let opened = text(everything(), None, None, &SteeredBy::default());
        assert!(opened.ends_with("\nfound = pulse.open(\"nodes/n2\")"), "{opened}");
    }

    #[test]
    fn a_path_stays_one_text() {
        assert_eq!(literal("C:\\a \"b\"\n.pt"), r#""C:\\a \"b\"\n.pt""#);
        assert_eq!(opened("n1", "my model.pt"), r#"pulse.open("nodes/n1", "my model.pt")"#);
    }
}
