//! `check.png`: all of a check at a glance.

use super::{Checked, maps};
use crate::Result;
use crate::sheet::canvas::pixelated;
use crate::sheet::{Cell, STRIP_PICTURE, Strip};
use pulse_core::claim::Others;
use pulse_core::image::Image;

/// Pictures in a row.
const COLUMNS: usize = 4;

impl Checked<'_> {
    /// The sheet.
    pub(super) fn sheet(&self) -> Result<Image> {
        let comparison = self.comparison;
        let squares = |picture: &Image| pixelated(picture, STRIP_PICTURE);
        let mut pictures = vec![
            (squares(&comparison.small)?, "Small".to_owned(), format!("{} pixels", comparison.small.size())),
            (comparison.registered.clone(), "Claim".to_owned(), self.removed_in_short()),
            (squares(&comparison.shrunk)?, "Claim shrunk".to_owned(), format!("{:.1} dB", comparison.db)),
            (maps::contradiction(comparison)?, "Contradicts".to_owned(), "where it is yellow".to_owned()),
        ];
        if let Ok(others) = self.others {
            pictures.extend(of_others(others)?);
        }
        let cells = pictures.iter().enumerate().map(|(place, (image, heading, line))| Cell {
            image,
            part: None,
            below: Vec::new(),
            heading: heading.clone(),
            lines: vec![line.clone()],
            // The claim.
            marked: place == 1,
        });
        let words = self.words();
        let note = format!("{} {}", words.statement(), words.warning());
        Strip { title: words.verdict(), note: &note, cells: cells.collect(), columns: COLUMNS }.draw()
    }
}

fn of_others(others: &Others) -> Result<Vec<(Image, String, String)>> {
    let candidates = others.candidates.iter().map(|candidate| {
        (candidate.image.clone(), format!("Other {}", candidate.index + 1), format!("{:.1} dB", candidate.db))
    });
    let distance = format!("{:.1} levels away", 255.0 * others.range.distance);
    let difference = format!("times {}", maps::MAGNIFIED);
    let outside = format!("{:.0} % of it", 100.0 * others.range.outside);
    Ok(candidates
        .chain([
            (others.nearest().0.image.clone(), "Nearest".to_owned(), distance),
            (maps::from_nearest(others)?, "Difference".to_owned(), difference),
            (maps::outside(others)?, "In no other".to_owned(), outside),
        ])
        .collect())
}
