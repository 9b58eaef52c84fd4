//! `check.html`: all of a check on one page that opens offline. It has no script, and may load nothing.

use super::words::name_of;
use super::{Checked, maps};
use crate::Result;
use crate::record::InputRecord;
use crate::report::cards::{LARGEST, legend};
use crate::report::page::{definitions, escaped, filled, hash_source};
use crate::report::{STYLE, figure, reduced, sized};
use crate::sheet::Colormap;
use pulse_core::claim::Others;
use pulse_core::image::Image;

const TEMPLATE: &str = include_str!("check.html");

impl Checked<'_> {
    /// The page.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`](pulse_core::ErrorKind::Picture) for a picture that cannot be written as PNG.
    pub(super) fn page(&self) -> Result<String> {
        let words = self.words();
        let limits: Vec<_> = words.limits().iter().map(|paragraph| format!("<p>{}</p>", escaped(paragraph))).collect();
        let values = [
            ("style-hash", hash_source(STYLE)),
            ("style", STYLE.to_owned()),
            ("title", escaped(&self.title())),
            ("class", if self.comparison.is_consistent() { "good" } else { "bad" }.to_owned()),
            ("verdict", words.verdict().to_owned()),
            ("statement", escaped(&words.statement())),
            ("warning", escaped(words.warning())),
            ("how-compared", escaped(&words.how_compared())),
            ("compared", self.compared()?),
            ("where", escaped(&words.place())),
            ("figures", self.figures()),
            ("others-text", escaped(&words.others())),
            ("others", self.others()?),
            ("range-text", escaped(&words.range())),
            ("range", self.others.map_or_else(|_| Ok(String::new()), |others| self.range(others))?),
            ("limits", limits.join("\n")),
            ("files", self.files()),
            ("footer", escaped(&self.footer())),
        ];
        Ok(filled(TEMPLATE, &values))
    }

    /// The small picture, the claim, what it shrinks to, and where that contradicts.
    fn compared(&self) -> Result<String> {
        let comparison = self.comparison;
        let (small, claim) = (&comparison.small, reduced(&comparison.registered, LARGEST)?);
        let map = reduced(&maps::contradiction(comparison)?, LARGEST)?;
        let caption = format!("The small picture, {}", sized(small));
        let claimed = format!("The claim, {}; {}", sized(&comparison.claim), self.removed_in_short());
        let most = format!("{:.0} levels or more", maps::tolerated(comparison) * maps::MOST);
        let bar = legend(Colormap::Cividis, &most, "Dark blue: agrees; yellow: contradicts");
        Ok([
            figure(small, None, "pixels", "The small picture", &caption)?,
            figure(&claim, None, "", "The claim", &claimed)?,
            figure(&comparison.shrunk, None, "pixels", "What the claim shrinks to", "What the claim shrinks to")?,
            format!(
                "<div>{}{bar}</div>",
                figure(&map, None, "", "Where it contradicts", "Where it contradicts the small picture")?
            ),
        ]
        .concat())
    }

    fn figures(&self) -> String {
        let (comparison, words) = (self.comparison, self.words());
        let removed = comparison.registration.to_string();
        definitions(&[
            ("Agreement", Some(format!("{:.1} dB", comparison.db))),
            ("Before registration", Some(format!("{:.1} dB", comparison.before_db))),
            ("Registration", Some(if removed.is_empty() { "nothing to remove".to_owned() } else { removed })),
            ("Enough", Some(format!("{:.1} dB", comparison.tolerance.db))),
            ("Why so much", Some(words.why())),
            ("The worst place", words.worst()),
            ("Shrunk by", Some(comparison.measurement.to_string())),
            (
                "Compared",
                Some(format!(
                    "{} of {} pixels",
                    comparison.contradiction.compared,
                    comparison.small.width() * comparison.small.height()
                )),
            ),
        ])
    }

    /// The claim and the others, side by side.
    fn others(&self) -> Result<String> {
        let Ok(others) = self.others else { return Ok(String::new()) };
        let caption = format!("The claim, {:.1} dB", self.comparison.db);
        let mut figures = figure(&reduced(&others.claim, LARGEST)?, None, "", "The claim", &caption)?;
        for candidate in &others.candidates {
            let (number, image) = (candidate.index + 1, reduced(&candidate.image, LARGEST)?);
            let caption = format!("Other {number}, imagined, {:.1} dB", candidate.db);
            figures += &figure(&image, Some(&self.provenance()), "", &format!("Other {number}"), &caption)?;
        }
        Ok(figures)
    }

    /// The claim, the candidate that is nearest to it, and what sets them apart.
    fn range(&self, others: &Others) -> Result<String> {
        let (nearest, steered) = others.nearest();
        let made = self.provenance();
        let shown = |picture: &Image, made, alt: &str, caption: &str| {
            figure(&reduced(picture, LARGEST)?, made, "", alt, caption)
        };
        let how = if steered { "drawn towards it" } else { "one of the others" };
        let caption = format!("The nearest, imagined, {how}, {:.1} dB", nearest.db);
        let difference = format!("Their difference × {}; grey where there is none", maps::MAGNIFIED);
        let bar = legend(
            Colormap::Cividis,
            &format!("{:.0} levels or more", maps::MOST_OUTSIDE),
            "Dark blue: within the range of the others; yellow: outside of it",
        );
        let outside = shown(&maps::outside(others)?, Some(&made), "What no other shares", "What no other shares")?;
        Ok([
            shown(&others.claim, None, "The claim", "The claim")?,
            shown(&nearest.image, Some(&made), "The nearest of all", &caption)?,
            shown(&maps::from_nearest(others)?, Some(&made), "Their difference", &difference)?,
            format!("<div>{outside}{bar}</div>"),
        ]
        .concat())
    }

    fn files(&self) -> String {
        let size = |file: &InputRecord| format!("{} ({} × {} pixels)", name_of(&file.path), file.width, file.height);
        definitions(&[
            ("The claim", Some(size(&self.claim))),
            ("Its sha256", Some(self.claim.sha256.clone())),
            ("The small picture", Some(size(&self.small))),
            ("Its sha256", Some(self.small.sha256.clone())),
            ("Generator", Some(format!("{} ({})", self.generator.name, self.generator.family))),
            ("Its sha256", Some(self.generator.sha256.clone())),
            ("Seed", Some(self.seed.to_string())),
        ])
    }

    fn footer(&self) -> String {
        let made = format!("Made by pulse {} in {:.1} seconds.", env!("CARGO_PKG_VERSION"), self.seconds);
        match self.others {
            Ok(_) => made + " The others and the nearest are synthetic: they show nothing and nobody that exists.",
            Err(_) => made,
        }
    }
}
