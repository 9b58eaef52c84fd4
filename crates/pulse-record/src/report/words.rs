//! The sentences of the page, computed from the run.

use std::path::Path;

use super::Report;
use super::page::{definitions, escaped};
use crate::record::{CandidateRecord, Record};
use pulse_core::candidate::{Outcome, consistency_db};
use pulse_core::generator::Subject;
use pulse_core::judge::{Assessment, Certainty, Spread, Verdict};

/// The consistency of pictures that were rounded to 8 bits is below this.
pub(crate) const MOST_OF_8_BITS: f64 = 80.0;

/// How to see what candidates shrink to.
pub(super) const HOW_TO_LOOK: &str = "Hover over a picture, or press its button, to see what it shrinks to, and the \
    difference of that from the given picture, 20 times as large: flat grey means that there is none.";

/// The sentences about one run.
pub(super) struct Words<'a> {
    record: &'a Record,
    range: &'a Assessment,
    subject: Subject,
    is_demonstration: bool,
    numbers: Vec<usize>,
}

impl Report<'_> {
    pub(super) fn words(&self) -> Words<'_> {
        Words {
            record: self.record,
            range: self.range,
            subject: self.subject,
            is_demonstration: self.original.is_some(),
            numbers: self.candidates.iter().map(|candidate| candidate.index + 1).collect(),
        }
    }
}

impl Words<'_> {
    fn name(&self) -> String {
        let path = &self.record.input.path;
        Path::new(path).file_name().map_or_else(|| "the picture".into(), |name| name.to_string_lossy().into_owned())
    }

    pub(super) fn title(&self) -> String {
        format!("What {} could have been", self.name())
    }

    /// `16 faces`.
    pub(super) fn counted(&self) -> String {
        let count = self.record.summary.candidates;
        format!("{count} {}", if count == 1 { self.subject.one() } else { self.subject.several() })
    }

    /// What the scores are, as a list.
    pub(super) fn scores(&self) -> String {
        let consistency = format!(
            "how well what it shrinks to agrees with the given picture; more is better, and {:.1} dB is close enough",
            consistency_db(self.record.settings.epsilon)
        );
        let departure = "how far its inputs are from what the generator was trained on; less is more plausible";
        let sharpness = "how far it looks from sharp photographs; less is sharper";
        let distinctness = "how far its detail is from that of the nearest other candidate, of a value range of 1";
        let distinctness = (self.record.summary.candidates > 1).then(|| distinctness.to_owned());
        let bent = "how far the generator had to be bent for it, in deviations of its own random pictures: up to 1 it is known, \
                    beyond 1.9 it is not";
        let judged = self.range.scores.iter().any(|scores| scores.discriminator.is_some());
        let discriminator = "the logit of the network that the generator was trained against; more looks more like what it \
                             was trained on, and only differences mean anything";
        definitions(&[
            ("Consistency", Some(consistency)),
            ("Departure", Some(departure.to_owned())),
            ("NIQE", Some(sharpness.to_owned())),
            ("Distinctness", distinctness),
            ("Discriminator", judged.then(|| discriminator.to_owned())),
            ("Before the exact end", Some("the consistency of the generator's own picture, before it was moved to the nearest one that shrinks to the given one".to_owned())),
            ("Bent", self.range.bent.map(|_| bent.to_owned())),
        ])
    }

    /// What was found, in short.
    pub(super) fn statement(&self) -> String {
        let summary = &self.record.summary;
        let (count, reached) = (summary.candidates, summary.reached);
        let wanted = consistency_db(self.record.settings.epsilon);
        // What was projected agrees far better than the 8 bits of a file can show.
        let rounded = if summary.worst_db > MOST_OF_8_BITS { ", before rounding to 8 bits" } else { "" };
        let within = format!("to your picture to within {wanted:.0} dB");
        let all = format!("to your picture to within {:.0} dB{rounded}", summary.worst_db.floor());
        let (one, several) = (self.subject.one(), self.counted());
        let is_stopped = |candidate: &&CandidateRecord| candidate.outcome == Outcome::Stopped.name();
        let not_done = self.record.candidates.iter().filter(is_stopped).count();
        let fits = match (count, reached) {
            (1, _) if not_done == 1 => format!("This {one} is not done"),
            _ if not_done == count => format!("None of these {several} is done"),
            _ if not_done > 0 => format!("{reached} of these {several} shrink {within}, and {not_done} are not done"),
            (1, 1) => format!("This {one} shrinks {all}"),
            (1, 0) => format!("This {one} does not shrink {within}"),
            (_, 0) => format!("None of these {several} shrinks {within}"),
            (_, reached) if reached == count => format!("These {several} all shrink {all}"),
            (_, 1) => format!("One of these {several} shrinks {within}, and the others do not"),
            _ if count - reached == 1 => format!("All but one of these {several} shrink {within}"),
            _ => format!("{reached} of these {several} shrink {within}, and the others do not"),
        };
        let stopped = if summary.stopped { " The search was stopped before it was finished." } else { "" };
        let verdict = self.verdict();
        let range = match &self.range.spread {
            Some(spread) => format!("{fits}; {}.", self.spread(spread)),
            None => format!("{fits}. One {one} shows nothing of the range: search for more."),
        };
        range + verdict + stopped
    }

    /// Whether the generator knows such pictures at all.
    fn verdict(&self) -> &'static str {
        match self.range.bent.map(|bent| bent.verdict()) {
            None => "",
            Some(Verdict::Known) => " Your picture is like this generator's own.",
            Some(Verdict::Stretched) => {
                " Your picture is less like this generator's own than most of those are: it had to be stretched."
            }
            Some(Verdict::Unknown) => {
                " But your picture is not one that this generator knows: it was bent until the numbers fitted, and what it \
                 shows is worth nothing."
            }
        }
    }

    /// How far the two most different are apart.
    fn spread(&self, spread: &Spread) -> String {
        let [a, b] = spread.farthest.map(|place| self.numbers[place]);
        let two = format!("the two most different ({a} and {b})");
        let random = format!("two random {} of this generator", self.subject.several());
        match spread.random.filter(|&random| random > 0.0).map(|random| spread.greatest / random) {
            None => format!("{two} are {:.1} of 255 levels apart in detail", 255.0 * spread.greatest),
            Some(ratio) if (0.95..1.05).contains(&ratio) => {
                format!("{two} are as far apart in detail as {random} are on average")
            }
            Some(ratio) if ratio >= 1.05 => {
                format!("{two} are {ratio:.1} times as far apart in detail as {random} are on average")
            }
            Some(ratio) => {
                format!("{two} are {:.0} % as far apart in detail as {random} are on average", 100.0 * ratio)
            }
        }
    }

    pub(super) fn warning(&self) -> String {
        statement(self.subject, self.record.summary.candidates)
    }

    /// What candidates agree on, and what intervals of them are worth.
    pub(super) fn certainty(&self, certainty: &Certainty) -> String {
        let agreed = certainty.agreed().map_or_else(String::new, |agreed| {
            let random = self.range.agreed_at_random.map_or_else(String::new, |random| {
                format!(", where random {} of this generator agree on {:.0} %", self.subject.several(), 100.0 * random)
            });
            format!(
                "Of the energy of the detail that your picture does not hold, the candidates agree on {:.0} %{random}. ",
                100.0 * agreed
            )
        });
        if let Some(steering) = &self.record.steering {
            return format!("{agreed}{steering} What was kept, or drawn to one place, counts as agreed here.");
        }
        if self.record.settings.spread.is_some() {
            // They were pushed apart; intervals are not calibrated for that.
            return format!(
                "{agreed}These candidates were made as different as they can be: they show how far the range goes."
            );
        }
        let widths = certainty.half_widths();
        let factor = match certainty.inflation() {
            1.0 => String::new(),
            factor => {
                format!(" ({factor:.2} times as far as the candidates alone say, as pictures of known truth ask for)")
            }
        };
        let width = widths.iter().map(|&width| f64::from(width)).sum::<f64>() / widths.len() as f64;
        format!(
            "{agreed}If what was photographed were a {} of this generator, about nine of ten of its values would lie within {:.0} \
             of 255 levels of the mean, on average over the picture{factor}; of anything else, that promises nothing.",
            self.subject.one(),
            255.0 * width
        )
    }

    pub(super) fn search(&self) -> String {
        let record = self.record;
        let steps: usize = record.candidates.iter().map(|candidate| candidate.steps).sum();
        let restarts: usize = record.candidates.iter().map(|candidate| candidate.restarts).sum();
        let again = match restarts {
            0 => String::new(),
            1 => ", one restart among them".to_owned(),
            more => format!(", {more} restarts among them"),
        };
        let project = if record.settings.project {
            " At the end each picture was moved to the nearest one that shrinks to yours as exactly as can be."
        } else {
            ""
        };
        format!("{steps} steps in {:.1} seconds{again}.{project}", record.seconds)
    }

    /// What all of this is worth, in plain paragraphs.
    pub(super) fn limits(&self) -> String {
        let several = self.subject.several();
        let (width, height) = (self.record.target.width, self.record.target.height);
        let mut paragraphs = vec![match self.record.summary.candidates {
            1 => self.statement(),
            _ => format!(
                "It shows that different {several} shrink to the same {width} × {height} pixels, and how different they are. {}",
                self.statement()
            ),
        }];
        paragraphs.extend(self.record.steering.as_ref().map(ToString::to_string));
        let right = match self.record.summary.candidates {
            1 => format!(
                "It does not show that this one is right. Infinitely many {several} fit, and this is very likely not the one \
                 that was photographed."
            ),
            _ => format!(
                "It does not show which of them is right. Infinitely many {several} fit, most of them not among these, and the \
                 one that was photographed is very likely not among them either."
            ),
        };
        paragraphs.push(format!(
            "{right} What looks certain here is certain for this generator, \
             which has seen only what it was trained on, and has its habits: what it has never seen, it does not imagine."
        ));
        if self.is_demonstration {
            paragraphs.push(
                "The original is shown beside the given picture because this is a demonstration. A candidate that looks like it \
                 does so by chance, or because the generator makes few others."
                    .to_owned(),
            );
        }
        let paragraphs: Vec<_> = paragraphs.iter().map(|paragraph| escaped(paragraph)).collect();
        format!("<p>{}</p>", paragraphs.join("</p>\n<p>"))
    }

    pub(super) fn footer(&self) -> String {
        let program = &self.record.program;
        format!(
            "Made by {} {} with the generator {}. All pictures here but the given one and its original are synthetic.",
            program.name, program.version, self.record.generator.name
        )
    }
}

/// What has to be said above pictures that were imagined, `candidates` of them.
pub fn statement(subject: Subject, candidates: usize) -> String {
    let found = match (subject, candidates) {
        (Subject::Faces, 1) => "This is a face of a person who does not exist. It was",
        (Subject::Faces, _) => "These are faces of people who do not exist. They were",
        (_, 1) => "This picture was",
        _ => "These pictures were",
    };
    if subject.is_simulated() {
        return format!(
            "{found} imagined by a generative model that has seen simulated {several} alone: nothing here was observed. What \
             your picture does not hold is what the simulator assumes, and no finding may rest on it.",
            several = subject.several()
        );
    }
    format!(
        "{found} imagined by a generative model: nothing here shows who or what was really in your picture, and none of it \
         may be used to identify, accuse or describe anyone."
    )
}
