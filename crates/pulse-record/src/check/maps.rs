//! Maps of where a claim contradicts, and of what it shows that no candidate shares.

use crate::Result;
use crate::sheet::overlay;
use pulse_core::candidate::epsilon_of_db;
use pulse_core::claim::{Comparison, Others};
use pulse_core::image::Image;
use pulse_core::image::{Kernel, Size};

/// Where the colours of a contradiction end, in multiples of the error that is tolerated.
pub(super) const MOST: f64 = 5.0;

/// Where the colours of what no candidate shares end, in levels of 255.
pub(super) const MOST_OUTSIDE: f32 = 50.0;

/// By how much the difference from the nearest candidate is made larger.
pub(super) const MAGNIFIED: f32 = 2.0;

/// The error that is tolerated, as a root mean square in levels of 255.
pub(super) fn tolerated(comparison: &Comparison) -> f64 {
    255.0 * epsilon_of_db(comparison.tolerance.db).sqrt()
}

/// The claim in grey, coloured by how far each pixel of the small picture is contradicted: nothing of what is tolerated, and the
/// last colour from [`MOST`] times that on.
pub(super) fn contradiction(comparison: &Comparison) -> Result<Image> {
    let (claim, small) = (&comparison.registered, comparison.small.size());
    let tolerated = tolerated(comparison) / 255.0;
    let place = |&error: &f32| ((f64::from(error) / tolerated - 1.0) / (MOST - 1.0)).clamp(0.0, 1.0) as f32;
    let places = comparison.contradiction.of_pixels.iter().map(place).collect();
    let places = Image::new(1, small.height, small.width, places)?.resized(Kernel::Nearest, claim.size())?;
    overlay(claim, places.values())
}

/// The claim in grey, coloured by how far it is outside of the intervals of all candidates.
pub(super) fn outside(others: &Others) -> Result<Image> {
    let place = |excess: &f32| 255.0 * excess / MOST_OUTSIDE;
    overlay(&others.claim, &others.range.outside_of_pixels.iter().map(place).collect::<Vec<_>>())
}

/// `1/2 + 2 (claim − nearest)`, clipped to [0, 1].
pub(super) fn from_nearest(others: &Others) -> Result<Image> {
    let (claim, nearest) = (&others.claim, &others.nearest().0.image);
    let differences = claim.values().iter().zip(nearest.values()).map(|(a, b)| 0.5 + MAGNIFIED * (a - b));
    let Size { width, height } = claim.size();
    Image::clamped(claim.channels(), height, width, differences.collect())
}
