//! The candidates, and the parts of the certainty section that are no text.

use std::fmt::Write as _;

use super::page::{data_uri, definitions, escaped};
use super::{Report, reduced};
use crate::Result;
use crate::image::{Provenance, encode_png};
use crate::sheet::{Colormap, coloured, fit};
use pulse_core::candidate::{Candidate, Outcome};
use pulse_core::image::Image;
use pulse_core::judge::{Certainty, Order, Scores, Verdict};

/// The longest side of a picture on the page.
pub(crate) const LARGEST: usize = 512;
/// By how much differences are made larger.
const MAGNIFIED: f32 = 20.0;

/// The longest side of a picture, by their number: a page of many candidates has to open, too.
fn side_of(candidates: usize) -> usize {
    match candidates {
        0..=16 => LARGEST,
        17..=64 => LARGEST / 2,
        65..=256 => LARGEST / 4,
        _ => LARGEST / 8,
    }
}

impl Report<'_> {
    /// Every candidate, in the order of the page.
    pub(super) fn cards(&self) -> Result<String> {
        let mut cards = String::new();
        for place in self.order.sorted(&self.range.scores) {
            cards += &self.card(place)?;
        }
        Ok(cards)
    }

    fn card(&self, place: usize) -> Result<String> {
        let (candidate, scores) = (&self.candidates[place], &self.range.scores[place]);
        let number = candidate.index + 1;
        let made = Provenance { candidate: Some(number), ..self.provenance() };
        let image = |picture: &Image, class: &str, alt: &str| -> Result<String> {
            let (width, height) = (picture.width(), picture.height());
            let data = data_uri(&encode_png(picture, Some(&made))?);
            Ok(format!("<img {class}src=\"{data}\" width=\"{width}\" height=\"{height}\" alt=\"{alt}\">"))
        };
        let sharp = coloured(reduced(&candidate.image, side_of(self.candidates.len()))?, self.colours);
        let sharp = enlarged(&sharp, number, &made)?;
        let measured = coloured(candidate.measured.clone(), self.colours);
        let shrunk = image(&measured, "class=\"pixels\" ", &format!("What candidate {number} shrinks to"))?;
        let difference = difference(&candidate.measured, self.target)?;
        let alt = "Its difference from the given picture, 20 times as large; grey where there is none";
        let difference = image(&difference, "class=\"pixels\" ", alt)?;
        let verdict = scores.bent.map(|bent| bent.verdict());
        let class = match (candidate.outcome, verdict) {
            (Outcome::Reached, None | Some(Verdict::Known)) => "good",
            (Outcome::Reached, Some(Verdict::Stretched)) | (Outcome::Stopped, _) => "fair",
            _ => "bad",
        };
        let error = self.truth.and_then(|truth| truth.errors.get(place).copied());
        let (words, _) = fit(candidate.outcome, verdict);
        let file = self.record.candidates.get(place).map_or("", |record| &record.image);
        Ok(format!(
            "<li class=\"card\" {keys}><div class=\"views\">{sharp}<div class=\"behind\">\
             <figure>{shrunk}<figcaption>shrunk</figcaption></figure>\
             <figure>{difference}<figcaption>difference × 20</figcaption></figure></div></div>\
             <header><h3><a href=\"{file}\">Candidate {number}</a></h3><span class=\"{class}\">{words}</span></header>\
             {scores}<div class=\"buttons\"><button type=\"button\" aria-pressed=\"false\" aria-label=\"What it shrinks to, candidate {number}\">What it shrinks to</button>\
             <button type=\"button\" data-look=\"candidate {number}\" aria-label=\"Look closer at candidate {number}\">Look closer</button></div></li>\n",
            keys = keys(number, scores),
            file = escaped(file),
            scores = listed(candidate, scores, error),
        ))
    }
}

/// What the page sorts by, less first; nothing where a score is not there. Without a discriminator there is no such order.
fn keys(number: usize, scores: &Scores) -> String {
    let mut keys = format!("data-number=\"{number}\"");
    let offered = |order: &Order| match order {
        Order::Number => false,
        Order::Discriminator => scores.discriminator.is_some(),
        Order::Verdict => scores.bent.is_some(),
        _ => true,
    };
    for order in Order::ALL.into_iter().filter(offered) {
        let key = order.key(scores).map_or_else(String::new, |key| key.to_string());
        let _ = write!(keys, " data-{order}=\"{key}\"");
    }
    keys
}

fn listed(candidate: &Candidate, scores: &Scores, error: Option<f64>) -> String {
    let number = |score: Option<f64>, digits: usize| score.map(|score| format!("{score:.digits$}"));
    definitions(&[
        ("Consistency", Some(format!("{:.1} dB", candidate.db))),
        ("Departure", number(scores.plausibility.map(|plausibility| plausibility.departure()), 2)),
        ("NIQE", number(scores.sharpness, 1)),
        ("Distinctness", number(scores.distinctness, 3)),
        ("Discriminator", number(scores.discriminator, 2)),
        ("Before projection", Some(format!("{:.1} dB", candidate.searched_db))),
        ("Projection moved", Some(format!("{:.1} of 255", 255.0 * candidate.moved))),
        ("From the original", error.map(|error| format!("{:.1} of 255", 255.0 * error))),
        ("Bent", number(scores.bent.map(|bent| bent.total()), 1)),
    ])
}

/// How large a card shows a small picture, at most.
const SHOWN: usize = 256;

/// A candidate's picture, enlarged by whole pixels where it is small.
fn enlarged(picture: &Image, number: usize, made: &Provenance) -> Result<String> {
    let times = (SHOWN / picture.width().max(picture.height())).max(1);
    let (width, height) = (picture.width() * times, picture.height() * times);
    let class = if times > 1 { "pixels whole" } else { "whole" };
    let data = data_uri(&encode_png(picture, Some(made))?);
    Ok(format!(
        "<img class=\"{class}\" data-picture=\"candidate {number}\" src=\"{data}\" width=\"{width}\" height=\"{height}\" alt=\"Candidate {number}\">"
    ))
}

/// `1/2 + 20 (a − b)`, clipped to [0, 1].
fn difference(measured: &Image, target: &Image) -> Result<Image> {
    let values = measured.values().iter().zip(target.values()).map(|(a, b)| 0.5 + MAGNIFIED * (a - b)).collect();
    Image::clamped(target.channels(), target.height(), target.width(), values)
}

/// A bar of colours from 0 to `most`, described by `label`.
pub(crate) fn legend(colours: Colormap, most: &str, label: &str) -> String {
    const STEPS: usize = 32;
    let mut svg = format!("<svg class=\"legend\" viewBox=\"0 0 320 38\" role=\"img\" aria-label=\"{label}\">");
    for step in 0..STEPS {
        let [r, g, b] = colours.at(step as f32 / (STEPS - 1) as f32);
        let _ = write!(svg, "<rect x=\"{}\" width=\"10.5\" height=\"14\" fill=\"#{r:02x}{g:02x}{b:02x}\"/>", step * 10);
    }
    let _ = write!(
        svg,
        "<text class=\"tick\" x=\"0\" y=\"32\">0</text><text class=\"tick end\" x=\"320\" y=\"32\">{most}</text></svg>"
    );
    svg
}

/// The table of detail, octave by octave.
pub(super) fn bands(certainty: &Certainty) -> String {
    if certainty.bands().is_empty() {
        return String::new();
    }
    let mut table = String::from(
        "<div class=\"scroll\"><table><caption class=\"quiet\">Detail that the given picture does not hold</caption><thead><tr>\
         <th scope=\"col\">Finer than</th><th scope=\"col\">up to</th><th scope=\"col\">strength, of 255</th>\
         <th scope=\"col\">agreed on</th></tr></thead><tbody>",
    );
    for band in certainty.bands() {
        let size = |size: pulse_core::measurement::Size| format!("{} × {}", size.width, size.height);
        let _ = write!(
            table,
            "<tr><td>{}</td><td>{}</td><td>{:.1}</td><td>{:.0} %</td></tr>",
            size(band.above),
            size(band.upto),
            255.0 * band.energy.sqrt(),
            100.0 * band.agreed
        );
    }
    table + "</tbody></table></div>"
}
