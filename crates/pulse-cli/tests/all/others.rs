//! Help and the small commands.

use pulse::generator::EMBEDDED;

use crate::program::Place;

#[test]
fn help_says_what_it_is_not() {
    let place = Place::new();
    for arguments in [&["--help"][..], &["-h"], &["upsample", "--help"], &["up", "-h"]] {
        let help = place.run(arguments).ended_with(0).out;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains("people who do not exist"), "{arguments:?}");
        assert!(help.contains("cannot tell you who was in the picture"), "{arguments:?}");
    }
    let version = place.run(&["--version"]).ended_with(0).out;
    assert_eq!(version, format!("pulse {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_shows_the_librarys_defaults() {
    let help = Place::new().run(&["up", "--help"]).ended_with(0).out;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let default = pulse::search::SearchConfig::default();
    let paper = pulse::search::SearchConfig::paper();
    let candidates = format!("[default: {}; paper: {}]", default.candidates, paper.candidates);
    assert!(help.contains(&candidates), "{candidates}");
    assert!(help.contains(&default.loss.to_string()));
    assert!(help.contains(&default.optimizer.to_string()));
}

#[test]
fn generators_are_described() {
    let place = Place::new();
    let faces = place.run(&["info", "faces"]).ended_with(0).out;
    for word in ["faces", "DCGAN", "64x64 RGB", "[100]", "feature.0", "DigiFace-1M"] {
        assert!(faces.contains(word), "{word}: {faces}");
    }
    let all = place.run(&["info"]).ended_with(0).out;
    for embedded in EMBEDDED {
        let described = place.run(&["info", embedded.name]).ended_with(0).out;
        assert!(described.contains(embedded.card), "{described}");
        let line = all.lines().find(|line| line.split_whitespace().next() == Some(embedded.name));
        assert!(line.is_some_and(|line| line.contains(embedded.subject.several())), "{}: {all}", embedded.name);
    }
    place.run(&["info", "nobody"]).failed_with(&["nobody", "faces"]);
}

#[test]
fn the_engines_agree() {
    let out = Place::new().run(&["verify", "--points", "1"]).ended_with(0).out;
    assert!(out.contains("image") && out.contains("gradient of z"), "{out}");
}

#[test]
fn shells_and_manuals() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(place.run(&["completions", shell]).ended_with(0).out.contains("upsample"), "{shell}");
    }
    // Completing --generator offers what is embedded, and still files: the name of a file is as good.
    for (shell, files) in [("bash", "compgen -f -W"), ("zsh", "_files"), ("fish", "-r -F -a")] {
        let script = place.run(&["completions", shell]).ended_with(0).out;
        let offered = script.lines().find(|line| line.contains("faces faces-flow") || line.ends_with("\"faces\\t''"));
        assert!(offered.is_some_and(|line| line.contains(files)), "{shell}: {offered:?}");
        assert!(EMBEDDED.iter().all(|embedded| script.contains(embedded.name)), "{shell}");
    }
    assert!(place.run(&["man"]).ended_with(0).out.contains(".TH pulse 1"));
    assert!(place.run(&["man", "upsample"]).ended_with(0).out.contains("pixelate"));
    place.run(&["man", "woman"]).failed_with(&["woman", "pulse --help"]);
}

#[test]
fn errors_of_the_command_line_say_what_is_wrong_and_where_help_is() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let refuses = |arguments: &[&str], words: &[&str]| place.run(arguments).failed_with(words);
    refuses(
        &["upsample", "small.png", "--threads", "0"],
        &["--threads", "whole number from 1", "`pulse upsample --help`"],
    );
    refuses(&["upsample", "small.png", "--seed", "-1"], &["the number -1 is negative", "`pulse upsample --help`"]);
    refuses(&["upsample", "small.png", "--candidats", "3"], &["'--candidats' found; a similar", "--candidates"]);
    refuses(&["explore"], &["`pulse explore --help`"]);
    refuses(&["upsmaple", "small.png"], &["upsample", "`pulse --help`"]);
    let alone = place.run(&[]);
    assert_eq!(alone.status, 2);
    for command in ["pulse upsample", "pulse explore", "pulse check", "`pulse COMMAND --help`"] {
        assert!(alone.err.contains(command), "{command}: {}", alone.err);
    }
}

#[test]
fn help_is_wrapped_once_and_examples_of_a_manual_page_stay() {
    let place = Place::new();
    for command in [vec!["--help"], vec!["upsample", "--help"], vec!["explore", "--help"], vec!["align", "--help"]] {
        let help = place.run(&command).ended_with(0).out;
        let lines: Vec<_> = help.lines().collect();
        for pair in lines.windows(3) {
            // A line that ends early in the middle of a sentence was broken twice.
            let [before, orphan, after] = [pair[0], pair[1], pair[2]];
            let plain = |line: &str| line.starts_with(|c: char| c.is_alphabetic());
            let broken = plain(before) && plain(orphan) && plain(after) && orphan.len() < 40 && before.len() > 80;
            assert!(!broken, "{command:?}: `{orphan}` stands alone");
        }
    }
    let page = place.run(&["man"]).ended_with(0).out;
    let examples = page.split(".nf").nth(1).unwrap().split(".fi").next().unwrap();
    assert!(examples.contains("pulse upsample small.png") || examples.contains("pulse upsample small"), "{examples}");
}

#[test]
fn the_page_is_written_round_a_module() {
    let place = Place::new();
    place.write("page.wasm", b"\0asm\x01\0\0\0");
    place.run(&["page", "public", "--module", "page.wasm"]).ended_with(0);
    let index = std::fs::read_to_string(place.path("public/index.html")).unwrap();
    assert!(index.contains("content=\"alone\"") && index.contains("default-src 'none'"));
    assert!(place.list("public/models").contains(&"galaxies_f16.safetensors".to_owned()));
    assert!(place.list("public/app").contains(&"pulse.wasm".to_owned()));
    // Written again over it.
    place.run(&["page", "public", "--module", "page.wasm"]).ended_with(0);
    place.write("text", b"no module");
    place.run(&["page", "other", "--module", "text"]).failed_with(&["text", "WebAssembly", "build_page.sh"]);
    place.run(&["page", "other", "--module", "nothing"]).failed_with(&["nothing"]);
    place.run(&["page", "other"]).failed_with(&["pulse_page.wasm", "--module"]);
    assert!(!place.path("other").exists());
}
