//! `(A Aᵀ + δ I) λ = y − A x` with a damping, by preconditioned conjugate gradients.

use pulse_engine::{Engine, Shape};

use super::stationary::Stationary;
use super::{MAX_STEPS, Solver, Vector, dot};
use crate::Result;

/// What damped equations need besides those without.
pub(super) struct Damped {
    /// The preconditioner, where there is one.
    stationary: Option<Stationary>,
    /// What the preconditioner makes of the residuals.
    solved: Vec<f64>,
    /// `r · z`, a candidate each.
    slopes: Vec<f64>,
    /// The squares of the residuals at which candidates are solved.
    goals: Vec<f64>,
    /// `δ`, a candidate each.
    dampings: Vec<f64>,
}

/// Steps are few but for a small picture, of which no place is far from a border.
const MOST_STEPS: usize = 3 * MAX_STEPS;
/// The least damping: below it single precision decides what the measurement hardly sees.
const LEAST_DAMPING: f64 = 1e-6;

impl Damped {
    pub(super) fn new(batch: usize, numbers: usize) -> Self {
        let vector = || vec![0.0; batch];
        Self {
            stationary: None,
            solved: vec![0.0; batch * numbers],
            slopes: vector(),
            goals: vector(),
            dampings: vector(),
        }
    }

    /// `solved`, from the residuals.
    fn precondition(&mut self, residual: &[f64]) {
        let dampings = &self.dampings[..residual.len() * self.dampings.len() / self.solved.len()];
        match &mut self.stationary {
            Some(stationary) => stationary.solve(residual, dampings, &mut self.solved),
            None => self.solved[..residual.len()].copy_from_slice(residual),
        }
    }
}

impl Solver {
    /// Prepares for damped equations: where the target is a picture, they are solved in few steps.
    pub(in super::super) fn prepare_damped(&mut self, engine: &dyn Engine, target: Shape) -> Result<()> {
        let Shape::Map { channels, height, width } = target else { return Ok(()) };
        let centre = self.known_near_the_middle(height, width);
        let plane = height * width;
        self.free_all();
        self.residual.fill(0.0);
        let ones = self.residual[..self.numbers].chunks_exact_mut(plane);
        ones.for_each(|channel| channel[centre[0] * width + centre[1]] = 1.0);
        self.apply_normal(1, Vector::Residual);
        let response = &self.normal_residual[..self.numbers];
        let batch = self.program.batch();
        self.damped.stationary = Some(Stationary::new(engine, [channels, height, width], batch, response, centre)?);
        Ok(())
    }

    /// Where a white picture is measured, next to the middle: a mask may hide the middle itself.
    fn known_near_the_middle(&mut self, height: usize, width: usize) -> [usize; 2] {
        let white = vec![1.0; self.pixels];
        let mut measured = vec![0.0; self.numbers];
        self.measure(&white, &mut measured);
        let far = |pixel: usize| {
            let [down, across] = [(pixel / width).abs_diff(height / 2), (pixel % width).abs_diff(width / 2)];
            down * down + across * across
        };
        let known = (0..height * width).filter(|&pixel| measured[pixel] != self.offset[pixel]);
        let nearest = known.min_by_key(|&pixel| far(pixel)).unwrap_or_default();
        [nearest / width, nearest % width]
    }

    /// `picture = Aᵀ (A Aᵀ + δ I)⁻¹ residual`, each candidate with its own damping, until its residual is this part of what it was. The
    /// residual is used up.
    pub(in super::super) fn find_damped_correction(&mut self, dampings: &[f64]) {
        let active = dampings.len();
        let every = 0..active;
        let numbers = self.numbers;
        let row = |row: usize| row * numbers..(row + 1) * numbers;
        self.solution.fill(0.0);
        self.direction.fill(0.0);
        for at in every.clone() {
            let residual = &self.residual[row(at)];
            self.damped.goals[at] = self.reduction.powi(2) * dot(residual, residual);
            self.damped.slopes[at] = 0.0;
            self.damped.dampings[at] = dampings[at].max(LEAST_DAMPING);
        }
        for _ in 0..MOST_STEPS {
            self.damped.precondition(&self.residual[..active * numbers]);
            for at in every.clone() {
                let (residual, solved) = (&self.residual[row(at)], &self.damped.solved[row(at)]);
                let is_solved = dot(residual, residual) <= self.damped.goals[at];
                let slope = if is_solved { 0.0 } else { dot(residual, solved) };
                let turn = if self.damped.slopes[at] > 0.0 { slope / self.damped.slopes[at] } else { 0.0 };
                self.damped.slopes[at] = slope;
                self.direction[row(at)].iter_mut().zip(solved).for_each(|(p, z)| *p = z + turn * *p);
            }
            if self.damped.slopes[..active].iter().all(|&slope| slope <= 0.0) {
                break;
            }
            self.apply_normal(active, Vector::Direction);
            for at in every.clone().filter(|&at| self.damped.slopes[at] > 0.0) {
                let damping = self.damped.dampings[at];
                let (direction, normal) = (&self.direction[row(at)], &mut self.normal_residual[row(at)]);
                normal.iter_mut().zip(direction).for_each(|(q, p)| *q += damping * p);
                let length = self.damped.slopes[at] / dot(direction, normal);
                if !length.is_finite() {
                    self.damped.goals[at] = f64::INFINITY;
                    continue;
                }
                self.solution[row(at)].iter_mut().zip(direction).for_each(|(x, p)| *x += length * p);
                self.residual[row(at)].iter_mut().zip(&*normal).for_each(|(r, q)| *r -= length * q);
            }
        }
        self.apply_adjoint(active, Vector::Solution);
    }
}
