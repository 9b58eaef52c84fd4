//! Where a claim lies among the candidates of a generator.

use crate::candidate::Candidate;
use crate::image::Image;
use crate::judge::{Certainty, Verdict};

/// What a generator makes of the small picture instead of the claim.
#[derive(Clone, Debug)]
pub struct Others {
    /// What an ordinary search finds.
    pub candidates: Vec<Candidate>,
    /// What a search finds that is drawn towards the claim.
    pub steered: Vec<Candidate>,
    /// What the candidates of the ordinary search agree on.
    pub certainty: Certainty,
    /// How far the generator had to be bent for the small picture, where that was measured.
    pub verdict: Option<Verdict>,
    /// The registered claim, at the generator's size.
    pub claim: Image,
    /// Where it lies among the candidates.
    pub range: Range,
}

impl Others {
    /// The candidate that is nearest to the claim, and whether it was steered.
    pub fn nearest(&self) -> (&Candidate, bool) {
        match self.range.nearest.checked_sub(self.candidates.len()) {
            Some(steered) => (&self.steered[steered], true),
            None => (&self.candidates[self.range.nearest], false),
        }
    }
}

/// A claim beside candidates for the same small picture, all at the generator's size. Distances are root mean squares, of a value
/// range of 1.
#[derive(Clone, Debug)]
pub struct Range {
    /// The candidate that is nearest to the claim, as a place among the candidates and, after them, those that were steered.
    pub nearest: usize,
    /// How far it is from the claim.
    pub distance: f64,
    /// How far each candidate that was not steered is from the nearest other of them, on average: as near as two pictures get that
    /// the generator makes for this small picture without being asked to.
    pub between: f64,
    /// The share of the claim's numbers outside of the candidates' 90% intervals ([`Certainty::half_widths`]).
    pub outside: f64,
    /// How far each pixel of the claim is outside of them, the channel that is farthest; row by row.
    pub outside_of_pixels: Vec<f32>,
}

impl Range {
    /// Of a `claim` at the generator's size, candidates that were not steered, at least two of them, and that have this `certainty`,
    /// and candidates that were steered towards the claim.
    ///
    /// # Panics
    /// When the pictures are of several shapes.
    pub fn of(claim: &Image, candidates: &[&Image], steered: &[&Image], certainty: &Certainty) -> Self {
        let distance = |a: &Image, b: &Image| a.mean_squared_difference(b).sqrt();
        let distances = candidates.iter().chain(steered).map(|candidate| distance(claim, candidate)).enumerate();
        let (nearest, nearest_distance) = distances.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
        let of_others = |place: usize| {
            let others = candidates.iter().enumerate().filter(|(other, _)| *other != place);
            others.map(|(_, other)| distance(candidates[place], other)).fold(f64::INFINITY, f64::min)
        };
        let between = (0..candidates.len()).map(of_others).sum::<f64>() / candidates.len() as f64;
        let excess = excess(claim, certainty);
        let pixels = claim.width() * claim.height();
        let of_pixel = |pixel: usize| excess[pixel..].iter().step_by(pixels).copied().fold(0.0, f32::max);
        Self {
            nearest,
            distance: nearest_distance,
            between,
            outside: excess.iter().filter(|&&excess| excess > 0.0).count() as f64 / excess.len() as f64,
            outside_of_pixels: (0..pixels).map(of_pixel).collect(),
        }
    }

    /// How many times as far the nearest candidate is from the claim as two candidates are from each other.
    pub fn ratio(&self) -> f64 {
        self.distance / self.between
    }
}

/// How far each number of the claim is outside of its interval.
fn excess(claim: &Image, certainty: &Certainty) -> Vec<f32> {
    let widths = certainty.half_widths();
    let numbers = claim.values().iter().zip(certainty.mean().values()).zip(&widths);
    numbers.map(|((claim, mean), width)| ((claim - mean).abs() - width).max(0.0)).collect()
}
