//! The way from denoised pictures to the nearest consistent ones.

use pulse_engine::Engine;

use super::super::steering::{Kept, KeptMeasurement, Steering};
use super::super::{Problem, SearchConfig, Weights};
use crate::Result;
use crate::measurement::{Measurement, Projection};
use crate::sampler::Nearest;

/// How far the equations of a level are solved. The last step is exact by other means, or ends within the noise.
const REDUCTION: f64 = 1e-5;
/// The same with noise: what is left then is far below it.
const NOISY_REDUCTION: f64 = 1e-2;

/// The pictures that are consistent with the target of a search.
pub(super) struct Consistent {
    projection: Projection,
    /// The target, once for each picture of a batch.
    targets: Vec<f32>,
    batch: usize,
    pixels: usize,
    numbers: usize,
    weights: Weights,
    /// A region that stays as it is.
    kept: Option<Kept>,
    /// Pictures in [0, 1], where a copy is needed.
    pictures: Vec<f32>,
    measured: Vec<f32>,
    errors: Vec<f64>,
}

impl Consistent {
    /// For so many pictures at a time.
    pub(super) fn new(
        problem: &Problem<'_>,
        steering: &Steering,
        config: &SearchConfig,
        engine: &dyn Engine,
        batch: usize,
    ) -> Result<Self> {
        let measurement = &*problem.measurement;
        let kept = steering.keep.clone();
        let within = kept.as_ref().map(|kept| KeptMeasurement { measurement, kept });
        let measured: &dyn Measurement = within.as_ref().map_or(measurement, |within| within);
        let weights = Weights::of(measurement, problem.target.values(), config.sigma);
        let mut projection = Projection::new(engine, measured, batch)?.weighted(weights.get().map(<[f32]>::to_vec));
        if !config.is_exact(measurement) {
            projection = projection.damped(engine, measured)?;
        }
        let (pixels, numbers) = (problem.picture_numbers(), problem.target.values().len());
        Ok(Self {
            projection,
            targets: problem.target.values().repeat(batch),
            batch,
            pixels,
            numbers,
            weights,
            kept,
            pictures: vec![0.0; batch * pixels],
            measured: vec![0.0; batch * numbers],
            errors: Vec::new(),
        })
    }

    /// The mean squared error between what each picture in [-1, 1] measures and the target, over what was measured.
    pub(super) fn errors(&mut self, problem: &Problem<'_>, own: &[f32]) -> &[f64] {
        let target = problem.target.values();
        let share = problem.measurement.known() as f64 / target.len() as f64;
        self.errors.clear();
        for own in own.chunks(self.batch * self.pixels) {
            let pictures = &mut self.pictures[..own.len()];
            pictures.iter_mut().zip(own).for_each(|(picture, own)| *picture = f32::midpoint(*own, 1.0));
            let measured = &mut self.measured[..own.len() / self.pixels * self.numbers];
            self.projection.measure(pictures, measured);
            self.errors.extend(
                measured.chunks_exact(self.numbers).map(|row| self.weights.mean_squared_error(row, target) / share),
            );
        }
        &self.errors
    }
}

impl Nearest for Consistent {
    fn nearest(&mut self, pictures: &mut [f32], dampings: &[f64]) -> Result<()> {
        for (rows, dampings) in pictures.chunks_mut(self.batch * self.pixels).zip(dampings.chunks(self.batch)) {
            for x in &mut *rows {
                *x = f32::midpoint(*x, 1.0);
            }
            if let Some(kept) = &self.kept {
                rows.chunks_exact_mut(self.pixels).for_each(|row| kept.put_back(row));
            }
            let targets = &self.targets[..rows.len() / self.pixels * self.numbers];
            let reduction = if dampings.iter().any(|&damping| damping > 0.0) { NOISY_REDUCTION } else { REDUCTION };
            self.projection.draw_nearer(rows, targets, dampings, reduction);
            for x in rows {
                *x = 2.0 * *x - 1.0;
            }
        }
        Ok(())
    }
}
