//! What pushes denoised pictures apart, or towards an example.

use super::eye::Eye;
use crate::Result;
use crate::image::Image;
use crate::sampler::Denoise;
use crate::search::Repulsion;
use crate::search::steering::{Mask, Steering};

/// How much farther from their mean denoised pictures are moved at a step, for a weight of 1 at the beginning. Measured in
/// `docs/priors.md`.
const APART: f64 = 0.4;

/// What part of the way to an example they are moved at a step, at the beginning.
const NEARER: f64 = 0.7;

/// The share of the steps after which nothing is drawn to an example, which is not consistent.
const UNTIL: f64 = 0.75;

/// Forces on the denoised pictures of a set, which fall to nothing before the last steps: then each only becomes a picture.
///
/// - Repulsion: `h ← h + β (h − mean of all h)`, `β = 0.4 w (1 − (t / until)²)` at the share `t` of the steps.
/// - An example `e` with the mask `m`: `h ← h + 0.7 (1 − (t / 0.75)²) m (e − h)`.
///
/// What moves in directions that are measured, the projection behind it undoes.
pub(super) struct Forces {
    spread: Option<Repulsion>,
    /// The example in [-1, 1], and the mask for each of its numbers.
    example: Option<(Vec<f32>, Vec<f32>)>,
    mean: Vec<f32>,
}

impl Forces {
    pub(super) fn new(spread: Option<Repulsion>, steering: &Steering, numbers: usize) -> Self {
        let example = steering.toward.as_ref().map(|toward| {
            let example = toward.example.values().iter().map(|value| 2.0 * value - 1.0).collect();
            (example, spread_mask(&toward.mask, &toward.example))
        });
        Self { spread, example, mean: vec![0.0; numbers] }
    }

    fn act(&mut self, denoised: &mut [f32], share: f64) {
        let numbers = self.mean.len();
        let count = denoised.len() / numbers;
        if let Some(spread) = self.spread.filter(|spread| share < spread.until && count > 1) {
            let apart = (APART * spread.weight * fading(share / spread.until)) as f32;
            self.mean.fill(0.0);
            for row in denoised.chunks_exact(numbers) {
                self.mean.iter_mut().zip(row).for_each(|(mean, h)| *mean += h / count as f32);
            }
            for row in denoised.chunks_exact_mut(numbers) {
                row.iter_mut().zip(&self.mean).for_each(|(h, mean)| *h += apart * (*h - mean));
            }
        }
        if let Some((example, mask)) = self.example.as_ref().filter(|_| share < UNTIL) {
            let nearer = (NEARER * fading(share / UNTIL)) as f32;
            for row in denoised.chunks_exact_mut(numbers) {
                for (h, (example, mask)) in row.iter_mut().zip(example.iter().zip(mask)) {
                    *h += nearer * mask * (example - *h);
                }
            }
        }
    }
}

/// From 1 down to 0: slowly at first, because what is decided early is the whole.
fn fading(share: f64) -> f64 {
    1.0 - share * share
}

/// The mask for every number of a picture.
fn spread_mask(mask: &Mask, picture: &Image) -> Vec<f32> {
    mask.values().repeat(picture.channels())
}

/// The denoiser with forces on what it gives.
pub(super) struct Pushed<'a> {
    pub(super) eye: &'a mut Eye,
    pub(super) forces: &'a mut Forces,
    /// The share of the steps that are done.
    pub(super) share: f64,
}

impl Denoise for Pushed<'_> {
    fn denoise(&mut self, x: &[f32], sigma: f64, denoised: &mut [f32]) -> Result<()> {
        self.eye.denoise(x, sigma, denoised)?;
        self.forces.act(denoised, self.share);
        Ok(())
    }
}
