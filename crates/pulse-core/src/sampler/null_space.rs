//! The null-space sampler.

use super::gain::Gain;
use super::noise::Source;
use super::{Carry, Denoise, Levels, Nearest, Noise, NullSpaceConfig};
use crate::Result;
use crate::tape::Tape;

/// Candidates between two levels of noise. From `x` at the level `s`, with the tilt `u`, to the next level `s'`:
///
/// ```text
/// h  = D(x + s² u; s)                                  the denoised picture
/// z  = h − r² u                                        without the tilt; r² = s² / gain
/// c  = z + Aᵀ (A Aᵀ + σ²/r²)⁻¹ (y − A z)               the nearest consistent one
/// u' = (c − z) / r²
/// x' = c + (s'/s)² (x − c) + s' √(1 − (s'/s)²) n       fresh noise n
/// ```
///
/// The belief `p(x0 | x)` of the denoiser does not know the target. Among all beliefs whose mean is consistent the one nearest to it
/// is `p(x0 | x) exp(u · x0)` with a `u` in the range of `Aᵀ`, and to tilt the belief by `u` is to move `x` by `s² u`. So `u` is what
/// makes the *denoised* picture consistent. It is carried from level to level, and at each it is corrected by the
/// residual that is left, as if the belief were a Gaussian of the variance `r²`. How wide it is in the measured directions is
/// seen from how `h` followed `x` ([`Carry::Measured`]).
///
/// Without noise `c` is `h`, projected, and the whole is the published sampler (DDNM, Wang et al. 2023) with `gain` times the residual
/// `c − h` added to the noise of the measured directions. With noise of the standard deviation `σ` the same equations hold:
/// then `u` ends where `A h = y − σ² λ`, `u = Aᵀ λ`, and neither the noise nor what `A` hardly sees is fitted.
///
/// Rows are candidates. All are at the same level, row *i* depends on row *i* alone, and its noise is of its own stream. All memory is
/// allocated when it is made.
pub struct NullSpace {
    config: NullSpaceConfig,
    levels: Levels,
    numbers: usize,
    batch: usize,
    /// The level at which the candidates began.
    first: usize,
    /// The level at which they are.
    done: usize,
    /// One for each candidate of this batch.
    generators: Vec<Source>,
    /// `x`.
    state: Vec<f32>,
    /// `u`.
    tilt: Vec<f32>,
    /// `x + s² u`.
    tilted: Vec<f32>,
    /// `h`, then `z`.
    denoised: Vec<f32>,
    /// `c`.
    consistent: Vec<f32>,
    /// `c` of the level before.
    previous: Vec<f32>,
    /// `r = c − h`.
    residual: Vec<f32>,
    gain: Gain,
    /// A row each.
    dampings: Vec<f64>,
}

impl NullSpace {
    /// For up to `batch` candidates of so many numbers at a time.
    ///
    /// # Errors
    /// A setting that is invalid.
    pub fn new(config: NullSpaceConfig, levels: Levels, numbers: usize, batch: usize) -> Result<Self> {
        config.validate()?;
        let vector = || vec![0.0; batch * numbers];
        Ok(Self {
            config,
            levels,
            numbers,
            batch,
            first: 0,
            done: 0,
            generators: Vec::with_capacity(batch),
            state: vector(),
            tilt: vector(),
            tilted: vector(),
            denoised: vector(),
            consistent: vector(),
            previous: vector(),
            residual: vector(),
            gain: Gain::new(numbers, batch),
            dampings: vec![0.0; batch],
        })
    }

    /// Begins with new candidates, each at the first level with its own noise.
    ///
    /// # Panics
    /// When there are more than the batch.
    pub fn start(&mut self, noises: &[Noise]) {
        self.begin(noises, 0);
    }

    /// Begins with a picture for each candidate that has noise of at most the level `sigma`: what is coarser than that stays, and what
    /// is finer is drawn anew.
    ///
    /// # Panics
    /// When there are more than the batch, or not a picture for each.
    pub fn start_from(&mut self, noises: &[Noise], pictures: &[f32], sigma: f64) {
        assert_eq!(pictures.len(), noises.len() * self.numbers, "a picture for each candidate");
        self.begin(noises, self.first_below(sigma));
        self.state.iter_mut().zip(pictures).for_each(|(x, picture)| *x += picture);
    }

    /// Begins with noisy pictures, one for each candidate: at the first of all levels with those of unit variance where `sigma` is
    /// nothing, and else at the first level that is no higher.
    ///
    /// # Panics
    /// When there are more than the batch, or not a picture for each.
    pub fn start_at(&mut self, noises: &[Noise], noisy: &[f32], sigma: Option<f64>) {
        assert_eq!(noisy.len(), noises.len() * self.numbers, "a picture for each candidate");
        self.begin(noises, sigma.map_or(0, |sigma| self.first_below(sigma)));
        let scale = if sigma.is_some() { 1.0 } else { self.level() as f32 };
        self.state.iter_mut().zip(noisy).for_each(|(x, noisy)| *x = scale * noisy);
    }

    /// The first level that is no higher than this.
    fn first_below(&self, sigma: f64) -> usize {
        let last = self.levels.steps() - 1;
        self.levels.sigmas().iter().position(|&level| level <= sigma).map_or(last, |first| first.min(last))
    }

    /// Begins with noise alone at a level.
    fn begin(&mut self, noises: &[Noise], level: usize) {
        assert!(noises.len() <= self.batch, "{} candidates of {}", noises.len(), self.batch);
        self.generators.clear();
        self.generators.extend(noises.iter().map(Source::new));
        (self.first, self.done) = (level, level);
        self.tilt.fill(0.0);
        self.gain.start();
        let sigma = self.level() as f32;
        for (row, generator) in self.state.chunks_exact_mut(self.numbers).zip(&mut self.generators) {
            for x in row {
                *x = sigma * generator.normal();
            }
        }
    }

    /// The candidates under way between two steps, to a tape or from there; they have been started, and are not done.
    pub(crate) fn pass(&mut self, tape: &mut Tape) -> Result<()> {
        tape.count(&mut self.first)?;
        tape.count_below(&mut self.done, self.levels.steps())?;
        tape.check(self.first <= self.done)?;
        self.generators.iter_mut().try_for_each(|generator| generator.pass(tape))?;
        let active = self.active();
        for vector in [&mut self.state, &mut self.tilt, &mut self.consistent] {
            tape.numbers(&mut vector[..active])?;
        }
        self.gain.pass(self.generators.len(), tape)
    }

    /// Takes all candidates to the next level; the last step ends at the consistent denoised pictures. Does nothing once
    /// it [is done](Self::is_done).
    pub fn step(&mut self, denoise: &mut dyn Denoise, nearest: &mut dyn Nearest) -> Result<()> {
        if self.is_done() {
            return Ok(());
        }
        self.look(denoise, nearest)?;
        self.advance();
        self.done += 1;
        Ok(())
    }

    /// The level at which the candidates are.
    pub fn level(&self) -> f64 {
        self.levels.sigmas()[self.done]
    }

    /// How many steps lead from where the candidates began to the last level.
    pub fn steps(&self) -> usize {
        self.levels.steps() - self.first
    }

    /// How many steps were taken.
    pub fn steps_done(&self) -> usize {
        self.done - self.first
    }

    /// Whether the last level is reached.
    pub fn is_done(&self) -> bool {
        self.done == self.levels.steps()
    }

    /// `x`, a row for each candidate; the samples, once it [is done](Self::is_done).
    pub fn state(&self) -> &[f32] {
        &self.state[..self.active()]
    }

    /// What the denoiser made of them in the last step, moved to the nearest consistent pictures: what there is to see under way.
    pub fn denoised(&self) -> &[f32] {
        &self.consistent[..self.active()]
    }

    /// How many numbers the candidates have together.
    fn active(&self) -> usize {
        self.generators.len() * self.numbers
    }

    /// Finds `c` and `u'`.
    fn look(&mut self, denoise: &mut dyn Denoise, nearest: &mut dyn Nearest) -> Result<()> {
        let (active, sigma) = (self.active(), self.level());
        let variance = (sigma * sigma) as f32;
        let states = self.state[..active].iter().zip(&self.tilt);
        for (tilted, (x, u)) in self.tilted.iter_mut().zip(states) {
            *tilted = x + variance * u;
        }
        denoise.denoise(&self.tilted[..active], sigma, &mut self.denoised[..active])?;
        std::mem::swap(&mut self.previous, &mut self.consistent);
        match self.config.carry {
            Carry::Never => return self.forget(nearest),
            Carry::Times(times) => {
                self.gain.fix(times);
                if self.config.noise == 0.0 {
                    self.find_residual(nearest)?;
                }
            }
            Carry::Measured => {
                self.find_residual(nearest)?;
                // No belief is narrower than that of a Gaussian prior of this variance in all directions.
                let most = 1.0 + self.level().powi(2) / self.config.variance;
                self.gain.measure(&self.tilted[..active], &self.residual[..active], most);
            }
        }
        if self.config.noise == 0.0 {
            self.carry_exactly();
        } else {
            self.carry(nearest)?;
        }
        Ok(())
    }

    /// `c` of the published sampler, whose belief is the prior, seen through the noise of the level.
    fn forget(&mut self, nearest: &mut dyn Nearest) -> Result<()> {
        let (active, variance) = (self.active(), self.level().powi(2));
        let belief = variance * self.config.variance / (variance + self.config.variance);
        let consistent = &mut self.consistent[..active];
        consistent.copy_from_slice(&self.denoised[..active]);
        self.dampings.fill(self.config.noise.powi(2) / belief);
        nearest.nearest(consistent, &self.dampings[..self.generators.len()])
    }

    /// `r`, in those directions in which the prior stands above the noise.
    fn find_residual(&mut self, nearest: &mut dyn Nearest) -> Result<()> {
        let active = self.active();
        let residual = &mut self.residual[..active];
        residual.copy_from_slice(&self.denoised[..active]);
        self.dampings.fill(self.config.noise.powi(2) / self.config.variance);
        nearest.nearest(residual, &self.dampings[..self.generators.len()])?;
        for (r, h) in residual.iter_mut().zip(&self.denoised) {
            *r -= h;
        }
        Ok(())
    }

    /// `c` and `u'` without noise, where the tilt does not change `c`: `c = h + r` and `u' = u + r / r²`.
    fn carry_exactly(&mut self) {
        let variance = self.level().powi(2);
        for row in 0..self.generators.len() {
            let range = row * self.numbers..(row + 1) * self.numbers;
            let times = (self.gain.of(row) / variance) as f32;
            let looks = self.denoised[range.clone()].iter().zip(&self.residual[range.clone()]);
            let moved = self.consistent[range.clone()].iter_mut().zip(&mut self.tilt[range]);
            for ((c, u), (h, r)) in moved.zip(looks) {
                *c = h + r;
                *u += times * r;
            }
        }
    }

    /// `z`, `c` and `u'` with noise, where each row has a damping of its own.
    fn carry(&mut self, nearest: &mut dyn Nearest) -> Result<()> {
        let (variance, noise) = (self.level().powi(2), self.config.noise.powi(2));
        for row in 0..self.generators.len() {
            let range = row * self.numbers..(row + 1) * self.numbers;
            let belief = variance / self.gain.of(row);
            let (z, u) = (&mut self.denoised[range.clone()], &mut self.tilt[range.clone()]);
            for (z, u) in z.iter_mut().zip(&*u) {
                *z -= belief as f32 * u;
            }
            self.consistent[range].copy_from_slice(z);
            self.dampings[row] = noise / belief;
        }
        let active = self.active();
        nearest.nearest(&mut self.consistent[..active], &self.dampings[..self.generators.len()])?;
        for row in 0..self.generators.len() {
            let range = row * self.numbers..(row + 1) * self.numbers;
            let belief = (variance / self.gain.of(row)) as f32;
            let moved = self.consistent[range.clone()].iter().zip(&self.denoised[range.clone()]);
            for (u, (c, z)) in self.tilt[range].iter_mut().zip(moved) {
                *u = (c - z) / belief;
            }
        }
        Ok(())
    }

    /// `x'`.
    fn advance(&mut self) {
        let (sigma, next) = (self.level(), self.levels.sigmas()[self.done + 1]);
        let kept = (next / sigma).powi(2);
        let (fresh, kept) = ((next * (1.0 - kept).max(0.0).sqrt()) as f32, kept as f32);
        let beyond = self.beyond() as f32;
        let rows = self.state.chunks_exact_mut(self.numbers).zip(self.consistent.chunks_exact(self.numbers));
        let rows = rows.zip(self.previous.chunks_exact(self.numbers)).zip(&mut self.generators);
        for (((state, consistent), previous), generator) in rows {
            for ((x, c), before) in state.iter_mut().zip(consistent).zip(previous) {
                let normal = generator.normal();
                let toward = c + beyond * (c - before);
                *x = toward + kept * (*x - toward) + fresh * normal;
            }
        }
    }

    /// How far beyond `c` the step aims, as a multiple of the way that `c` came from the level before: the second-order multistep
    /// form (DPM-Solver++ 2M, Lu et al. 2022), `½ ln(s/s') / ln(s₋₁/s)`. The first and the last step have none.
    fn beyond(&self) -> f64 {
        let sigmas = self.levels.sigmas();
        let next = sigmas[self.done + 1];
        if self.done == self.first || next == 0.0 {
            return 0.0;
        }
        let (before, sigma) = (sigmas[self.done - 1], self.level());
        0.5 * self.config.second_order * (sigma / next).ln() / (before / sigma).ln()
    }
}
