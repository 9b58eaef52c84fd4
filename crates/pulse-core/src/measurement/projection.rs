//! The nearest picture that measures exactly as the target does.
//!
//! It is exact only where that makes sense. Shrinking can be met to single precision. A blur cannot be undone, and noise is not
//! to be fitted: there the projection stops at the ball of epsilon.

mod solver;

use pulse_engine::Engine;

use self::solver::{REDUCTION, Solver};
use super::Measurement;
use crate::Result;

/// The orthogonal projection onto the pictures that are consistent with a target,
///
/// `P(x) = x + Aᵀ (A Aᵀ)⁻¹ (y − A x)`,
///
/// for a measurement `A` that is linear (or affine). It moves `x` in the range of `Aᵀ` only: what the
/// measurement cannot see stays as it was. `A Aᵀ` is never formed: conjugate residuals in the space of `y`
/// (Stiefel 1955) apply `A` and `Aᵀ` through an engine, and the residual that remains is projected again
/// until single precision has no more to give.
///
/// With a [radius](Self::within) it goes no further than to the ball of the pictures whose `y − A x` has that root mean
/// square: to the distance of noise, which is not to be fitted, or where `A Aᵀ` is ill-conditioned. The conjugate residuals
/// stop there, and the last step is cut to end on the ball; what they leave out are the directions that `A` hardly sees
/// (the discrepancy principle, Morozov 1966; for conjugate gradients, Hanke 1995).
///
/// Rows are candidates: `x` is `[candidates, pixels]`, `y` is `[candidates, numbers]`. All memory is
/// allocated when it is made.
///
/// # Panics
/// All methods, when there are more rows than the batch, or a row is not whole.
pub struct Projection {
    solver: Solver,
    /// Where the pictures stood before a step, from which shorter steps are tried.
    start: Vec<f32>,
    /// The errors there.
    start_errors: Vec<f64>,
    /// The candidates whose step is settled.
    settled: Vec<bool>,
}

/// Residuals below this root mean square are single precision's own rounding of numbers in [0, 1].
const ROUNDING: f64 = 1e-7;
/// How often the residual that is left is projected again.
const REFINEMENTS: usize = 4;
/// The lengths that a step inside [0, 1] tries, until one of them makes the error smaller.
const STEP_LENGTHS: [f32; 5] = [1.0, 0.5, 0.25, 0.0625, 0.015_625];

impl Projection {
    /// Compiles the measurement alone, for up to `batch` candidates at a time.
    pub fn new(engine: &dyn Engine, measurement: &dyn Measurement, batch: usize) -> Result<Self> {
        let pixels = measurement.input_shape().len();
        Ok(Self {
            solver: Solver::new(engine, measurement, batch)?,
            start: vec![0.0; batch * pixels],
            start_errors: vec![0.0; batch],
            settled: vec![false; batch],
        })
    }

    /// The same onto the pictures whose measurement is within `radius`, a root mean square, of the target.
    #[must_use]
    pub fn within(mut self, radius: f64) -> Self {
        self.solver.radius = radius;
        self
    }

    /// The same where the numbers of the target do not weigh the same: each error counts `weights` times as much, a weight a number.
    #[must_use]
    pub fn weighted(mut self, weights: Option<Vec<f32>>) -> Self {
        self.solver.weights = weights;
        self
    }

    /// `y = A(x)`.
    pub fn measure(&mut self, x: &[f32], y: &mut [f32]) {
        self.solver.measure(x, y);
    }

    /// `x = Aᵀ y`.
    pub fn adjoint(&mut self, y: &[f32], x: &mut [f32]) {
        self.solver.adjoint(y, x);
    }

    /// `x ← P(x)`. Gives the root mean square of `y − A x` that is left, for each candidate.
    pub fn project(&mut self, x: &mut [f32], y: &[f32]) -> &[f64] {
        let active = self.solver.active(x, y);
        self.solver.free_all();
        self.solver.find_residual(x, y);
        for _ in 0..REFINEMENTS {
            if self.solver.is_consistent(active) {
                break;
            }
            self.solver.find_correction(active);
            for (x, correction) in x.iter_mut().zip(&self.solver.picture) {
                *x += correction;
            }
            self.solver.find_residual(x, y);
        }
        &self.solver.errors[..active]
    }

    /// The same, ready for targets with noise: damped equations take few steps where the measurement does about the same at every place.
    ///
    /// # Errors
    /// [`ErrorKind::Network`](crate::ErrorKind::Network), when the engine cannot run a sum over cosines.
    pub fn damped(mut self, engine: &dyn Engine, measurement: &dyn Measurement) -> Result<Self> {
        self.solver.prepare_damped(engine, measurement.output_shape())?;
        Ok(self)
    }

    /// `x ← x + Aᵀ (A Aᵀ + damping I)⁻¹ (y − A x)`, a damping for each row, until the residual of these equations is this part of what
    /// it was: the mean of a Gaussian belief round `x` that has seen a target with noise, where the damping is the noise's variance over
    /// the belief's. Without damping it is the projection.
    pub fn draw_nearer(&mut self, x: &mut [f32], y: &[f32], dampings: &[f64], reduction: f64) {
        let active = self.solver.active(x, y);
        self.solver.free_all();
        self.solver.find_residual(x, y);
        self.solver.reduction = reduction;
        if dampings.iter().all(|&damping| damping == 0.0) {
            let radius = std::mem::take(&mut self.solver.radius);
            self.solver.find_correction(active);
            self.solver.radius = radius;
        } else {
            self.solver.find_damped_correction(dampings);
        }
        self.solver.reduction = REDUCTION;
        for (x, correction) in x.iter_mut().zip(&self.solver.picture) {
            *x += correction;
        }
    }

    /// Looks for a consistent picture in [0, 1], or, where there is none, for one that comes close: up to
    /// `alternations` times projects and clips. A pixel at the end of the range that would have to leave it
    /// is held there, and the others make up for it (the projected Newton method, Bertsekas 1982). `x` ends
    /// in [0, 1], and its error is never larger than that of `x` clipped. Gives the root mean square of
    /// `y − A x` that is left, for each candidate.
    pub fn project_inside(&mut self, x: &mut [f32], y: &[f32], alternations: usize) -> &[f64] {
        let active = self.solver.active(x, y);
        for x in &mut *x {
            *x = x.clamp(0.0, 1.0);
        }
        self.solver.find_residual(x, y);
        for _ in 0..alternations {
            if self.solver.is_consistent(active) {
                break;
            }
            self.solver.hold_pixels(x, active);
            self.solver.find_correction(active);
            if !self.step_inside(x, y, active) {
                break;
            }
        }
        &self.solver.errors[..active]
    }

    /// `x ← clip(x + length · correction)`, each candidate with the first length that makes its error smaller,
    /// or not at all. True when one has moved.
    fn step_inside(&mut self, x: &mut [f32], y: &[f32], active: usize) -> bool {
        let pixels = x.len() / active;
        self.start[..x.len()].copy_from_slice(x);
        self.start_errors.copy_from_slice(&self.solver.errors);
        for (settled, &error) in self.settled.iter_mut().zip(&self.start_errors) {
            *settled = error <= self.solver.small_enough();
        }
        let mut moved = false;
        for length in STEP_LENGTHS {
            for row in (0..active).filter(|&row| !self.settled[row]) {
                let range = row * pixels..(row + 1) * pixels;
                let from = self.start[range.clone()].iter().zip(&self.solver.picture[range.clone()]);
                for (x, (start, correction)) in x[range].iter_mut().zip(from) {
                    *x = (start + length * correction).clamp(0.0, 1.0);
                }
            }
            self.solver.find_residual(x, y);
            let errors = self.solver.errors.iter().zip(&self.start_errors);
            for (settled, (error, start_error)) in self.settled.iter_mut().zip(errors) {
                if !*settled && error < start_error {
                    (*settled, moved) = (true, true);
                }
            }
            if self.settled[..active].iter().all(|&settled| settled) {
                return moved;
            }
        }
        for row in (0..active).filter(|&row| !self.settled[row]) {
            let range = row * pixels..(row + 1) * pixels;
            x[range.clone()].copy_from_slice(&self.start[range]);
        }
        self.solver.find_residual(x, y);
        moved
    }
}
