//! What a known truth is to a sampler: a denoiser, a measurement, and a judge.

use pulse::Result;
use pulse::random::Stream;
use pulse::sampler::{Denoise, Nearest, Noise, NullSpace, NullSpaceConfig};

use super::linear::{add, dot};

/// The largest level of all samplers here: a flow's time of 0.9875.
pub(crate) const LARGEST: f64 = 79.0;

/// `y = A x + σ n` with orthonormal rows `A`, so that `A⁺` is `Aᵀ`.
pub(crate) struct Measured<'a> {
    pub(crate) rows: &'a [Vec<f64>],
    pub(crate) target: &'a [f64],
}

impl Nearest for Measured<'_> {
    fn nearest(&mut self, pictures: &mut [f32], dampings: &[f64]) -> Result<()> {
        for (picture, damping) in pictures.chunks_exact_mut(self.rows[0].len()).zip(dampings) {
            let before: Vec<f64> = picture.iter().map(|&number| f64::from(number)).collect();
            let mut after = before.clone();
            for (row, target) in self.rows.iter().zip(self.target) {
                add(&mut after, (target - dot(row, &before)) / (1.0 + damping), row);
            }
            for (number, after) in picture.iter_mut().zip(after) {
                *number = after as f32;
            }
        }
        Ok(())
    }
}

/// A row of samples of the candidates 0, 1, … of a seed.
pub(crate) fn samples(
    config: &NullSpaceConfig,
    denoise: &mut dyn Denoise,
    nearest: &mut dyn Nearest,
    numbers: usize,
    count: usize,
    batch: usize,
) -> Result<Vec<f32>> {
    let mut sampler = NullSpace::new(config.clone(), config.levels(LARGEST, 0.0)?, numbers, batch)?;
    let candidates: Vec<_> =
        (0..count as u32).map(|candidate| Stream { seed: 1, candidate, draw: 0, input: 0 }).collect();
    let mut samples = Vec::new();
    for streams in candidates.chunks(batch) {
        sampler.start(&streams.iter().copied().map(Noise::Of).collect::<Vec<_>>());
        while !sampler.is_done() {
            sampler.step(denoise, nearest)?;
        }
        samples.extend_from_slice(sampler.state());
    }
    Ok(samples)
}

/// How far samples are from a posterior. The best is 0, 1, 1, 0.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    /// The error of the mean, in standard deviations of the posterior.
    pub(crate) mean: f64,
    /// The standard deviation, in those of the posterior.
    pub(crate) spread: f64,
    /// The same within a mode.
    pub(crate) within: f64,
    /// The error of the weights of the modes: their total variation.
    pub(crate) weights: f64,
}

impl Figures {
    /// The mean of several; of `within` only over those that have one.
    pub(crate) fn of_all(all: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> f64| {
            let numbers: Vec<_> = all.iter().map(of).filter(|number| number.is_finite()).collect();
            numbers.iter().sum::<f64>() / numbers.len() as f64
        };
        Self {
            mean: mean(|f| f.mean),
            spread: mean(|f| f.spread),
            within: mean(|f| f.within),
            weights: mean(|f| f.weights),
        }
    }
}

/// The mean and the standard deviation of every number of a list of rows.
pub(crate) fn moments(rows: &[Vec<f64>]) -> Vec<(f64, f64)> {
    let count = rows.len() as f64;
    (0..rows[0].len())
        .map(|at| {
            let mean = rows.iter().map(|row| row[at]).sum::<f64>() / count;
            let square = rows.iter().map(|row| (row[at] - mean).powi(2)).sum::<f64>() / count;
            (mean, square.sqrt())
        })
        .collect()
}
