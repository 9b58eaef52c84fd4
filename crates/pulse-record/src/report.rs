//! `report.html`: all of a run on one page that opens offline.
//!
//! The page is one file: pictures are data, and its policy (`Content-Security-Policy`) lets it load nothing, from anywhere. Style
//! and script are allowed by their hashes. So text that a file's name brings in cannot run. The sentences are computed from
//! the run. The template is filled in by our own code: it has no loops.

pub(crate) mod cards;
mod chart;
mod curves;
pub(crate) mod page;
mod quantities;
mod words;

use std::fmt::Write as _;

use serde_json::Value;

use crate::Result;
use crate::image::{Provenance, encode_png};
use crate::record::{PlacementRecord, Record};
use crate::sheet::canvas::smooth;
use crate::sheet::{CertaintyMap, Colormap, coloured};
use pulse_core::candidate::Candidate;
use pulse_core::generator::Subject;
use pulse_core::image::Image;
use pulse_core::image::Size;
use pulse_core::judge::{Assessment, Order};

use chart::{Shown, chart};
pub use curves::{Curve, Curves, Point};
use page::{data_uri, definitions, escaped, filled, hash_source};
pub(crate) use words::MOST_OF_8_BITS;
pub use words::statement;

const TEMPLATE: &str = include_str!("report/report.html");
pub(crate) const STYLE: &str = include_str!("report/report.css");
const SCRIPT: &str = include_str!("report/report.js");

/// What is on the page.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The run's record.
    pub record: &'a Record,
    /// What the generator's pictures are of.
    pub subject: Subject,
    /// What comes first.
    pub order: Order,
    /// The colours in which grey pictures are shown, where not in grey.
    pub colours: Option<Colormap>,
    /// The small picture that was searched for.
    pub target: &'a Image,
    /// The sharp picture that it was made from, in a demonstration.
    pub original: Option<&'a Image>,
    /// What was found.
    pub candidates: &'a [Candidate],
    /// The same, measured together.
    pub range: &'a Assessment,
    /// How the search went; may be empty.
    pub curves: &'a Curves,
}

impl Report<'_> {
    /// The page.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`](pulse_core::ErrorKind::Picture) for a picture that cannot be written as PNG.
    pub fn page(&self) -> Result<String> {
        let words = self.words();
        let values = [
            ("style-hash", hash_source(STYLE)),
            ("script-hash", hash_source(SCRIPT)),
            ("style", STYLE.to_owned()),
            ("script", SCRIPT.to_owned()),
            ("title", escaped(&words.title())),
            ("statement", escaped(&words.statement())),
            ("warning", escaped(&words.warning())),
            ("given", self.given()?),
            ("measured", self.measured()),
            ("candidates-heading", escaped(&words.counted())),
            ("candidates-text", escaped(words::HOW_TO_LOOK)),
            // One alone is in order.
            ("tools", if self.candidates.len() > 1 { "" } else { " hidden" }.to_owned()),
            ("order", self.order.name().to_owned()),
            ("more-orders", self.more_orders()),
            ("cards", self.cards()?),
            ("scores", words.scores()),
            ("quantities", quantities::section(&self.record.quantities)),
            ("certainty", self.certainty()?),
            ("curves", self.curves()),
            ("settings", self.settings()),
            ("limits", words.limits()),
            ("footer", escaped(&words.footer())),
        ];
        Ok(filled(TEMPLATE, &values))
    }

    /// The orders to sort by that not every run has.
    fn more_orders(&self) -> String {
        let scores = &self.range.scores;
        let discriminator =
            "\n<option value=\"discriminator\">discriminator, most like the training set first</option>";
        let verdict = "\n<option value=\"verdict\">verdict, least bent first</option>";
        let judged = scores.iter().any(|scores| scores.discriminator.is_some()).then_some(discriminator);
        let bent = scores.iter().any(|scores| scores.bent.is_some()).then_some(verdict);
        [judged, bent].into_iter().flatten().collect()
    }

    fn provenance(&self) -> Provenance {
        self.record.generator.provenance(self.record.settings.seed)
    }

    /// The given picture, and what it was made from.
    fn given(&self) -> Result<String> {
        let caption = format!("The small picture, {}", sized(self.target));
        let target =
            figure(&coloured(self.target.clone(), self.colours), None, "pixels", "The given small picture", &caption)?;
        let target = match self.colours.filter(|_| self.target.channels() == 1) {
            Some(colours) => {
                let legend = cards::legend(colours, "255", "The colours that stand for grey, from 0 to 255");
                format!("<div>{target}{legend}</div>")
            }
            None => target,
        };
        let Some(original) = self.original else { return Ok(target) };
        let shown = coloured(reduced(original, cards::LARGEST)?, self.colours);
        let caption = format!("What it was made from, {}. The search has not seen it.", sized(original));
        Ok(target + &figure(&shown, None, "", "The original sharp picture", &caption)?)
    }

    /// How the small picture was made of a sharp one.
    fn measured(&self) -> String {
        let Record { input, generator, measurement, mosaic, placement, target, settings, .. } = self.record;
        let placement = placement.as_ref().map(|placed| {
            let ([width, height], PlacementRecord { left, top, side, .. }) = (placed.given, placed);
            format!(
                "the generator's picture is taken for {side:.1} pixels at {left:.1}, {top:.1} of {width} × {height}"
            )
        });
        let mosaic = mosaic.as_ref().map(|mosaic| {
            let [left, top, width, height] = mosaic.region;
            let how = if mosaic.detected { "found" } else { "given" };
            format!(
                "blocks of {:.2} pixels in {width} × {height} pixels at column {left}, row {top}; {how}",
                mosaic.size
            )
        });
        let noise = (settings.sigma > 0.0).then(|| format!("σ = {:.1} of 255 levels", 255.0 * settings.sigma));
        definitions(&[
            ("File", Some(input.path.clone())),
            ("Its size", Some(format!("{} × {} pixels", input.width, input.height))),
            ("Made of blocks", mosaic),
            ("Framed", placement),
            ("The small picture", Some(format!("{} × {} pixels", target.width, target.height))),
            ("Generator", Some(format!("{} ({})", generator.name, generator.family))),
            ("Its pictures", Some(format!("{} × {} pixels", generator.width, generator.height))),
            ("They shrink by", Some(measurement.clone())),
            ("Noise", noise),
        ])
    }

    /// The section on what candidates agree on, where there are two.
    fn certainty(&self) -> Result<String> {
        let Some(certainty) = &self.range.certainty else { return Ok(String::new()) };
        let map = CertaintyMap::new(certainty);
        let provenance = self.provenance();
        let side = cards::LARGEST;
        let mean = figure(
            &coloured(reduced(certainty.mean(), side)?, self.colours),
            Some(&provenance),
            "",
            "The mean of all candidates",
            "Mean of the candidates: what they have in common. It is not a candidate itself.",
        )?;
        let alt =
            format!("The mean in grey, coloured by how far candidates differ, up to {:.0} levels of 255", map.scale());
        let caption = "Where they differ: dark blue is certain within this generator, yellow is imagined.";
        let overlay = figure(&reduced(&map.overlay()?, side)?, Some(&provenance), "", &alt, caption)?;
        let words = self.words();
        let scale = map.scale();
        let label = format!("Dark blue: 0; yellow: a standard deviation of {scale:.0} levels of 255 or more");
        let legend = cards::legend(Colormap::Cividis, &format!("{scale:.0} or more of 255"), &label);
        Ok(format!(
            "<section aria-labelledby=\"certainty-heading\"><h2 id=\"certainty-heading\">What is certain</h2><p>{}</p>\
             <div class=\"maps\">{mean}<div>{overlay}{}</div></div>{}</section>\n",
            escaped(&words.certainty(certainty)),
            legend,
            cards::bands(certainty),
        ))
    }

    fn curves(&self) -> String {
        let charts = [
            (Shown::Loss, "Loss", "The loss of each candidate over its steps, in powers of ten"),
            (
                Shown::Consistency,
                "Consistency in dB, before the exact projection",
                "The consistency of each candidate over its steps",
            ),
        ];
        let mut drawn = String::new();
        for (shown, caption, name) in charts {
            if let Some(svg) = chart(self.curves, shown, name) {
                let _ = write!(drawn, "<figure><figcaption>{caption}</figcaption>{svg}</figure>");
            }
        }
        if drawn.is_empty() {
            return drawn;
        }
        format!(
            "<section aria-labelledby=\"curves-heading\"><h2 id=\"curves-heading\">How the search went</h2>\
             <p>{}</p><div class=\"charts\">{drawn}</div></section>\n",
            escaped(&self.words().search())
        )
    }

    fn settings(&self) -> String {
        let settings = serde_json::to_value(&self.record.settings).unwrap_or_default();
        let mut entries = vec![("generator sha256", Some(self.record.generator.sha256.clone()))];
        entries.push(("input sha256", Some(self.record.input.sha256.clone())));
        let text = |value: &Value| match value {
            Value::Null => "none".to_owned(),
            Value::String(text) => text.clone(),
            number_or_list => number_or_list.to_string(),
        };
        let mut named = Vec::new();
        for (name, value) in settings.as_object().into_iter().flatten() {
            match value {
                Value::Object(parts) => {
                    named.extend(parts.iter().map(|(part, value)| (format!("{name} {part}"), text(value))));
                }
                single => named.push((name.clone(), text(single))),
            }
        }
        entries.extend(named.iter().map(|(name, value)| (name.as_str(), Some(value.clone()))));
        definitions(&entries)
    }
}

/// A picture with a caption.
pub(crate) fn figure(
    image: &Image,
    made: Option<&Provenance>,
    class: &str,
    alt: &str,
    caption: &str,
) -> Result<String> {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let picture = data_uri(&encode_png(image, made)?);
    let (width, height) = (image.width(), image.height());
    let (alt, caption) = (escaped(alt), escaped(caption));
    Ok(format!(
        "<figure><img{class} src=\"{picture}\" width=\"{width}\" height=\"{height}\" alt=\"{alt}\"><figcaption>{caption}</figcaption></figure>\n"
    ))
}

pub(crate) fn sized(image: &Image) -> String {
    format!("{} × {} pixels", image.width(), image.height())
}

/// The picture, made smaller where a side is longer than `side`.
pub(crate) fn reduced(image: &Image, side: usize) -> Result<Image> {
    if image.width().max(image.height()) <= side { Ok(image.clone()) } else { smooth(image, Size::new(side, side)) }
}
