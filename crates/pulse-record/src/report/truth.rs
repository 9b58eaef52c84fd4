//! Candidates beside the original of a demonstration.

use std::fmt::Write as _;

use super::cards::{LARGEST, legend};
use super::page::escaped;
use super::{Report, figure, named_figure, reduced};
use crate::Result;
use crate::sheet::{Colormap, coloured, overlay};
use pulse_core::image::Image;
use pulse_core::judge::Truth;

/// The error at the end of the colours, in levels of 255: the same in every run, so that two can be compared.
const MOST: f32 = 64.0;

impl Report<'_> {
    /// The section; empty where there is no original to compare with.
    pub(super) fn beside_original(&self) -> Result<String> {
        let Some(truth) = self.truth else { return Ok(String::new()) };
        let levels = |error: f64| format!("{:.1}", 255.0 * error);
        let nearest = (0..truth.errors.len()).min_by(|&a, &b| truth.errors[a].total_cmp(&truth.errors[b])).unwrap_or(0);
        let number = self.candidates[nearest].index + 1;
        let mean = self.range.certainty.as_ref().zip(truth.mean_error);
        let mut shown = vec![("Bicubic enlargement".to_owned(), &truth.bicubic, truth.bicubic_error)];
        shown.extend(mean.map(|(certainty, error)| ("Mean of the candidates".to_owned(), certainty.mean(), error)));
        let candidate = &self.candidates[nearest].image;
        shown.push((format!("Candidate {number}, the nearest"), candidate, truth.errors[nearest]));
        let mut columns = String::new();
        let original = coloured(reduced(&truth.original, LARGEST)?, self.colours);
        let caption = "The original, of the candidates' size";
        let bar = legend(
            Colormap::Cividis,
            &format!("{MOST:.0} or more of 255"),
            &format!("Dark blue: no error; yellow: an error of {MOST:.0} levels of 255 or more, in every report"),
        );
        let _ =
            write!(columns, "<div>{}{bar}</div>", named_figure(&original, "the original", "The original", caption)?);
        for (name, picture, error) in shown {
            let caption = format!("{name}: {} levels from it", levels(error));
            let picture_shown = coloured(reduced(picture, LARGEST)?, self.colours);
            let shown = if name.starts_with("Bicubic") {
                named_figure(&picture_shown, "the bicubic enlargement", &name, &caption)?
            } else {
                figure(&picture_shown, None, "", &name, &caption)?
            };
            let map = reduced(&error_map(picture, truth)?, LARGEST)?;
            let map = figure(&map, None, "", &format!("Where the error of it is: {name}"), "Where it errs")?;
            let _ = write!(columns, "<div>{shown}{map}</div>");
        }
        Ok(format!(
            "<section aria-labelledby=\"truth-heading\"><h2 id=\"truth-heading\">Beside the original</h2><p>{}</p>\
             <div class=\"maps\">{columns}</div></section>\n",
            escaped(&sentence(truth, &levels))
        ))
    }
}

fn sentence(truth: &Truth, levels: &dyn Fn(f64) -> String) -> String {
    let mut sorted = truth.errors.clone();
    sorted.sort_by(f64::total_cmp);
    let candidates = match sorted.as_slice() {
        [one] => format!("the candidate {}", levels(*one)),
        all => format!(
            "candidates {} to {}, the one in the middle {}",
            levels(all[0]),
            levels(all[all.len() - 1]),
            levels(all[all.len() / 2])
        ),
    };
    let mean =
        truth.mean_error.map_or_else(String::new, |error| format!("the mean of the candidates {}, ", levels(error)));
    let better = truth.errors.iter().filter(|&&error| error < truth.bicubic_error).count();
    let coverage = truth.coverage.map_or_else(String::new, |coverage| {
        format!(" The intervals that should hold nine of ten values hold {:.0} % of the original's.", 100.0 * coverage)
    });
    format!(
        "How far from the original, as a root mean square in levels of 255: the bicubic enlargement, which imagines nothing, {}, {mean}{candidates}. \
         {better} of {} are nearer than the bicubic enlargement.{coverage} The search has not seen the original.",
        levels(truth.bicubic_error),
        truth.errors.len(),
    )
}

/// The picture in grey, coloured by how far each pixel is from the original.
fn error_map(picture: &Image, truth: &Truth) -> Result<Image> {
    let pixels = picture.width() * picture.height();
    let channels = picture.channels() as f32;
    let mut squares = vec![0.0f32; pixels];
    let planes = picture.values().chunks_exact(pixels).zip(truth.original.values().chunks_exact(pixels));
    for (a, b) in planes {
        squares.iter_mut().zip(a.iter().zip(b)).for_each(|(square, (a, b))| *square += (a - b).powi(2) / channels);
    }
    let places: Vec<f32> = squares.iter().map(|square| 255.0 * square.sqrt() / MOST).collect();
    overlay(picture, &places)
}
