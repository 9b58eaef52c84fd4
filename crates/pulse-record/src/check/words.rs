//! The sentences about a check, for people who do not know the field.

use std::path::Path;

use super::{Checked, maps};
use crate::report::MOST_OF_8_BITS;
use pulse_core::candidate::epsilon_of_db;
use pulse_core::claim::{Comparison, MOST_SCALE, NEIGHBOURHOOD, Others, ROUNDING_DB, TRIED};
use pulse_core::generator::Subject;
use pulse_core::image::Kernel;
use pulse_core::judge::Verdict;

/// The distance of the nearest candidate, in distances between two of them, up to which the generator makes nearly the claim, and up
/// to which it makes such pictures.
const NEARLY: f64 = 0.5;
const SUCH: f64 = 1.5;

/// The sentences about one check.
pub(super) struct Words<'a> {
    comparison: &'a Comparison,
    others: std::result::Result<&'a Others, &'a str>,
    generator: &'a str,
    subject: Subject,
}

impl Checked<'_> {
    pub(super) fn words(&self) -> Words<'_> {
        Words {
            comparison: self.comparison,
            others: self.others,
            generator: &self.generator.name,
            subject: self.subject,
        }
    }

    pub(super) fn title(&self) -> String {
        format!("Could {} be what {} shows?", name_of(&self.claim.path), name_of(&self.small.path))
    }

    /// What was removed from the claim, in as few words as there is room for below a picture.
    pub(super) fn removed_in_short(&self) -> String {
        match self.comparison.registration.words().len() {
            0 => "as it was given".to_owned(),
            _ => "registered".to_owned(),
        }
    }
}

/// The name of a file without its folders.
pub(super) fn name_of(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

impl Words<'_> {
    pub(super) fn verdict(&self) -> &'static str {
        if self.comparison.is_consistent() { "Consistent." } else { "Not consistent." }
    }

    /// How well the two agree.
    pub(super) fn statement(&self) -> String {
        let Comparison { db, tolerance, contradiction, small, .. } = self.comparison;
        let shrunk =
            format!("Shrunk to {} × {} pixels, the claim agrees with the small picture", small.width(), small.height());
        let [error, tolerated] = [contradiction.error, epsilon_of_db(tolerance.db)].map(levels);
        match contradiction.worst {
            _ if *db < tolerance.db => format!(
                "{shrunk} to only {db:.1} dB, an error of {error} of 255 levels; it takes {:.1} dB, which are {tolerated} levels.",
                tolerance.db
            ),
            Some(worst) if self.comparison.contradicts_somewhere() => format!(
                "{shrunk} to {db:.1} dB as a whole, which is enough, but to only {:.1} dB round column {}, row {}; every place \
                 has to agree to {:.1} dB.",
                worst.db,
                worst.column + 1,
                worst.row + 1,
                tolerance.local_db()
            ),
            _ => format!(
                "{shrunk} to {db:.1} dB, an error of {error} of 255 levels; {:.1} dB are enough, which are {tolerated} levels.",
                tolerance.db
            ),
        }
    }

    /// What that does not mean.
    pub(super) fn warning(&self) -> &'static str {
        if self.comparison.is_consistent() {
            "That does not make it true. Infinitely many pictures shrink to the same small one, and nothing in it tells which of them \
             was photographed."
        } else {
            "A picture from which the small one was made shrinks to it, and this one does not. It shows something else; or the small \
             picture was made in another way than those that were tried; or one of the two was changed afterwards."
        }
    }

    /// How the two were compared, and what was removed first.
    pub(super) fn how_compared(&self) -> String {
        let Comparison { measurement, found, registration, before_db, db, .. } = self.comparison;
        let way = if *found {
            let tried = TRIED.map(Kernel::name).join(", ");
            format!("by {measurement}, which agrees best of {tried}")
        } else {
            format!("by {measurement}, as was asked for")
        };
        let removed = registration.words();
        let registered = if removed.is_empty() {
            "It lies where the small picture has it and has the same colours: nothing had to be removed first."
                .to_owned()
        } else {
            format!(
                "A copy is often moved or recoloured a little, which is no contradiction. So that was estimated and removed \
                 first: the claim is {}. With that the agreement is {db:.1} dB; without it, {before_db:.1} dB.",
                removed.join(", ")
            )
        };
        format!("The claim was shrunk {way}, and compared with the small picture pixel by pixel. {registered}")
    }

    /// Where the two disagree most.
    pub(super) fn place(&self) -> String {
        let tolerated = maps::tolerated(self.comparison);
        let colours = format!(
            "In the last picture, dark blue is what agrees to within {tolerated:.1} of 255 levels, and yellow what is off by {:.0} \
             times that or more.",
            maps::MOST
        );
        let worst = self.comparison.contradiction.worst.map_or_else(String::new, |worst| {
            format!(
                " Of all places of {NEIGHBOURHOOD} × {NEIGHBOURHOOD} pixels, the one round column {}, row {} (from 1, at the top \
                 left) disagrees most: {:.1} dB.",
                worst.column + 1,
                worst.row + 1,
                worst.db
            )
        });
        let enlarged = self.comparison.enlarged.map_or_else(String::new, |kernel| {
            format!(
                " The claim is hardly more than the small picture itself, enlarged ({}): nothing was added to it that could be \
                 wrong, and nothing that could be right.",
                kernel.name()
            )
        });
        colours + &worst + &enlarged
    }

    /// Why so many dB are enough.
    pub(super) fn why(&self) -> String {
        let tolerance = &self.comparison.tolerance;
        if tolerance.rounding.is_none() {
            return "it was asked for".to_owned();
        }
        let part = |name: &str, error: Option<f64>| error.map(|error| format!("{name} {} levels", levels(error)));
        let rounding = format!(
            "rounding to 8 bits (0.3 levels of 255) and differences between programs that shrink by the same rule: {ROUNDING_DB:.0} \
             dB, or {} levels",
            levels(tolerance.rounding.unwrap_or_default())
        );
        let parts = [
            Some(rounding),
            part("twice what the small picture's JPEG does to such a picture, which is", tolerance.small_jpeg),
            part("twice what shrinking leaves of the claim's JPEG, which is", tolerance.claim_jpeg),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// What else shrinks to the small picture.
    pub(super) fn others(&self) -> String {
        let Ok(others) = self.others else {
            return format!(
                "{} So this page shows none. That does not mean that there are none: infinitely many pictures shrink to the same \
                 small one.",
                self.others.err().unwrap_or_default()
            );
        };
        let db = || others.candidates.iter().map(|candidate| candidate.db);
        let (least, most) = (db().fold(f64::INFINITY, f64::min), db().fold(f64::NEG_INFINITY, f64::max));
        let (count, claim) = (others.candidates.len(), self.comparison.db);
        let as_good = db().filter(|&db| db >= claim).count();
        let name = if count == 1 { self.subject.one() } else { self.subject.several() };
        let counted = match as_good {
            0 => format!(
                "Not among these: {count} {name} that the generator “{}” imagined agree less well",
                self.generator
            ),
            all if all == count => {
                format!(
                    "Yes: {count} {name} that the generator “{}” imagined agree as well as the claim or better",
                    self.generator
                )
            }
            some => format!(
                "Yes: {some} of {count} {name} that the generator “{}” imagined agree as well as the claim or better",
                self.generator
            ),
        };
        // Those of the files agree less well, as far as their 8 bits go.
        let rounded = if least > MOST_OF_8_BITS { ", before rounding to 8 bits" } else { "" };
        format!(
            "{counted} ({least:.1} to {most:.1} dB{rounded}; the claim: {claim:.1} dB). None of them is more likely to be what was \
             photographed than the others.{}",
            known(others)
        )
    }

    /// Whether the claim is one of the pictures that the generator makes.
    pub(super) fn range(&self) -> String {
        let Ok(others) = self.others else {
            return "Without candidates there is nothing to compare the claim with.".to_owned();
        };
        let range = &others.range;
        let (one, ratio) = (self.subject.one(), range.ratio());
        let said = match ratio {
            _ if ratio <= NEARLY => "So the generator makes nearly this picture when it is drawn there.".to_owned(),
            _ if ratio <= SUCH => {
                "So it comes about as near to the claim as its own pictures come to each other: it makes such pictures."
                    .to_owned()
            }
            _ => "So the claim is farther from all that it made than those are from each other: it shows what this generator does \
                  not make of the small picture."
                .to_owned(),
        };
        format!(
            "The generator searched again, drawn towards the claim. The nearest picture of all is {:.1} of 255 levels from it \
             (root mean square); from one of the others to the next nearest it is {:.1}. {said} {:.0} % of the claim's values are \
             outside of the range that nine of ten values of a {one} of this generator lie in. All of this is about the \
             generator: a true photograph may lie outside, and a false picture within.",
            255.0 * range.distance,
            255.0 * range.between,
            100.0 * range.outside
        )
    }

    /// What no check can say.
    pub(super) fn limits(&self) -> Vec<String> {
        let Comparison { claim, small, .. } = self.comparison;
        let [given, shown] = [small, claim].map(|picture| picture.width() * picture.height());
        vec![
            format!(
                "Consistent never means true. The small picture has {given} pixels and the claim {shown}: whoever or whatever made \
                 the claim had to invent {:.0} % of it. Infinitely many pictures shrink to the same small one, and every detail \
                 that is finer than its pixels may be another.",
                100.0 * (1.0 - given as f64 / shown as f64).max(0.0)
            ),
            "Not consistent does not say what happened. The claim may show something else, the small picture may have been made in \
             another way (another program, a blur, noise, sharpening), or either may have been changed: cut, drawn over, \
             compressed, recoloured. Programs that enhance pictures often do not care whether the result still shrinks to what they \
             were given."
                .to_owned(),
            format!(
                "Only shifts of up to one pixel of the small picture, {:.0} % of scale, and brightness and contrast of each colour are \
                 removed before comparing. A claim that is turned, mirrored, bent or cut out elsewhere has to be brought back by hand \
                 first.",
                100.0 * MOST_SCALE
            ),
            "Nobody is identified here. Likeness to a person, in the claim or in one of the others, is no evidence: the others show \
             how different the answers are that fit as well."
                .to_owned(),
        ]
    }

    /// How well the place agrees that disagrees most.
    pub(super) fn worst(&self) -> Option<String> {
        let local = self.comparison.tolerance.local_db();
        self.comparison.contradiction.worst.map(|worst| format!("{:.1} dB; {local:.1} dB are enough", worst.db))
    }
}

/// A mean squared error as a root mean square in levels of 255.
fn levels(error: f64) -> String {
    format!("{:.1}", 255.0 * error.sqrt())
}

/// What to think of others where the generator does not know such pictures.
fn known(others: &Others) -> &'static str {
    match others.verdict {
        None | Some(Verdict::Known) => "",
        Some(Verdict::Stretched) => {
            " The small picture is less like this generator's own than most of those are: it had to be stretched."
        }
        Some(Verdict::Unknown) => {
            " But the small picture is not one that this generator knows: it was bent until the numbers fitted, and neither \
             these nor the next section are worth much."
        }
    }
}
