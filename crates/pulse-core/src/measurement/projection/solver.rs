//! `A D Aᵀ λ = y − A x` through an engine.

mod damped;
mod stationary;

use pulse_engine::{Engine, InputId, OutputId, Program};

use self::damped::Damped;
use super::super::{IMAGE, MEASURED, Measurement};
use super::ROUNDING;
use crate::Result;

/// The least correction of the pictures that makes them consistent: `D Aᵀ λ` with `A D Aᵀ λ = y − A x`, where
/// `D` is 1 for the free pixels and 0 for those that are held.
///
/// The conjugate residuals minimise what is left of the residual, so they are as good where no correction of
/// the free pixels reaches the target.
pub(super) struct Solver {
    program: Box<dyn Program>,
    image: InputId,
    measured: OutputId,
    pixels: usize,
    numbers: usize,
    /// How many of the numbers are measured; the rest of every residual is zero.
    known: f64,
    /// The root mean square at which a residual is to be left alone; 0 to go on until rounding ends it.
    pub(super) radius: f64,
    /// How much each number weighs, `1 / σ` of its noise in a common unit; nothing where all weigh 1. Residuals are weighted, and
    /// the equations are those of the weighted measurement.
    pub(super) weights: Option<Vec<f32>>,
    /// A candidate is solved when its residual has shrunk by this much, …
    pub(super) reduction: f64,
    /// `A(0)`, zero for a linear measurement.
    offset: Vec<f32>,
    free: Vec<bool>,
    /// The correction after [`find_correction`](Self::find_correction).
    pub(super) picture: Vec<f32>,
    /// The root mean square of `y − A x` after [`find_residual`](Self::find_residual), a candidate each.
    pub(super) errors: Vec<f64>,
    /// `λ`.
    solution: Vec<f64>,
    /// `r`, at first `y − A x`.
    residual: Vec<f64>,
    direction: Vec<f64>,
    /// `A D Aᵀ r`.
    normal_residual: Vec<f64>,
    /// `A D Aᵀ direction`.
    normal_direction: Vec<f64>,
    /// `r · A D Aᵀ r`, a candidate each; zero once it is solved.
    slopes: Vec<f64>,
    /// The largest `r · A D Aᵀ r / |r|²` so far, a candidate each.
    scales: Vec<f64>,
    damped: Damped,
}

/// How much a residual has to shrink where nothing else is asked for.
pub(super) const REDUCTION: f64 = 1e-6;
/// … when the rest of it cannot be reached by the free pixels, to single precision, …
const UNREACHABLE: f64 = 1e-6;
/// … when it is within the radius, a little inside for what rounding takes, …
const INSIDE: f64 = 0.9999;
/// … or after so many steps.
const MAX_STEPS: usize = 100;

impl Solver {
    pub(super) fn new(engine: &dyn Engine, measurement: &dyn Measurement, batch: usize) -> Result<Self> {
        let network = measurement.network()?;
        let (image, measured) = (network.input(IMAGE)?, network.output(MEASURED)?);
        let mut program = engine.compile(&network, batch)?;
        let (pixels, numbers) = (measurement.input_shape().len(), measurement.output_shape().len());
        program.forward(1, &[measured]);
        let offset = program.output(measured)[..numbers].to_vec();
        let vector = || vec![0.0; batch * numbers];
        Ok(Self {
            program,
            image,
            measured,
            pixels,
            numbers,
            known: measurement.known() as f64,
            radius: 0.0,
            weights: None,
            damped: Damped::new(batch, numbers),
            reduction: REDUCTION,
            offset,
            free: vec![true; batch * pixels],
            picture: vec![0.0; batch * pixels],
            errors: vec![0.0; batch],
            solution: vector(),
            residual: vector(),
            direction: vector(),
            normal_residual: vector(),
            normal_direction: vector(),
            slopes: vec![0.0; batch],
            scales: vec![0.0; batch],
        })
    }

    pub(super) fn is_consistent(&self, active: usize) -> bool {
        self.errors[..active].iter().all(|&error| error <= self.small_enough())
    }

    /// The root mean square of a residual that asks for no further step.
    pub(super) fn small_enough(&self) -> f64 {
        self.radius.max(ROUNDING)
    }

    /// How many candidates these rows are.
    pub(super) fn active(&self, x: &[f32], y: &[f32]) -> usize {
        let (active, batch) = (x.len() / self.pixels, self.program.batch());
        assert!((1..=batch).contains(&active), "{active} candidates of {batch}");
        assert_eq!(x.len(), active * self.pixels, "whole pictures");
        assert_eq!(y.len(), active * self.numbers, "as many measurements as pictures");
        active
    }

    pub(super) fn measure(&mut self, x: &[f32], y: &mut [f32]) {
        let active = self.active(x, y);
        self.program.input_mut(self.image)[..x.len()].copy_from_slice(x);
        self.program.forward(active, &[self.measured]);
        y.copy_from_slice(&self.program.output(self.measured)[..y.len()]);
    }

    pub(super) fn adjoint(&mut self, y: &[f32], x: &mut [f32]) {
        let active = self.active(x, y);
        self.program.cotangent_mut(self.measured)[..y.len()].copy_from_slice(y);
        self.program.backward(active, &[self.image]);
        x.copy_from_slice(&self.program.gradient(self.image)[..x.len()]);
    }

    pub(super) fn free_all(&mut self) {
        self.free.fill(true);
    }

    /// Frees all pixels but those at the end of [0, 1] whose way to a smaller residual leads out of it.
    pub(super) fn hold_pixels(&mut self, x: &[f32], active: usize) {
        self.free_all();
        self.apply_adjoint(active, Vector::Residual);
        for ((free, &slope), &x) in self.free.iter_mut().zip(&self.picture).zip(x) {
            *free = !(x <= 0.0 && slope < 0.0 || x >= 1.0 && slope > 0.0);
        }
    }

    /// `residual = y − A x`, and its size.
    pub(super) fn find_residual(&mut self, x: &[f32], y: &[f32]) {
        self.program.input_mut(self.image)[..x.len()].copy_from_slice(x);
        self.program.forward(y.len() / self.numbers, &[self.measured]);
        let measured = self.program.output(self.measured);
        for ((residual, &y), &measured) in self.residual.iter_mut().zip(y).zip(measured) {
            *residual = f64::from(y) - f64::from(measured);
        }
        if let Some(weights) = &self.weights {
            weigh(&mut self.residual[..y.len()], weights);
        }
        let rows = self.residual[..y.len()].chunks_exact(self.numbers);
        for (error, residual) in self.errors.iter_mut().zip(rows) {
            *error = (dot(residual, residual) / self.known).sqrt();
        }
    }

    /// `picture = D Aᵀ (A D Aᵀ)⁻¹ residual`, each candidate with its own step lengths. The residual is used up.
    pub(super) fn find_correction(&mut self, active: usize) {
        self.solution.fill(0.0);
        self.direction.fill(0.0);
        self.normal_direction.fill(0.0);
        self.slopes.fill(0.0);
        self.scales.fill(0.0);
        for _ in 0..MAX_STEPS {
            self.apply_normal(active, Vector::Residual);
            let mut moving = false;
            for row in 0..active {
                moving |= self.step(row);
            }
            if !moving {
                break;
            }
        }
        self.apply_adjoint(active, Vector::Solution);
    }

    /// One step of the conjugate residuals for one candidate, or `false` when it is solved.
    fn step(&mut self, row: usize) -> bool {
        let range = row * self.numbers..(row + 1) * self.numbers;
        let residual = &mut self.residual[range.clone()];
        let normal_residual = &self.normal_residual[range.clone()];
        let (square, slope) = (dot(residual, residual), dot(residual, normal_residual));
        self.scales[row] = self.scales[row].max(slope / square);
        let ball = self.known * (INSIDE * self.radius).powi(2);
        let goal = (self.known * (self.reduction * self.errors[row]).powi(2)).max(ball);
        if !(square > goal && slope > UNREACHABLE * self.scales[row] * square) {
            return false;
        }
        let before = std::mem::replace(&mut self.slopes[row], slope);
        let turn = if before == 0.0 { 0.0 } else { slope / before };
        let (direction, normal_direction) =
            (&mut self.direction[range.clone()], &mut self.normal_direction[range.clone()]);
        for (p, &r) in direction.iter_mut().zip(&*residual) {
            *p = r + turn * *p;
        }
        for (q, &s) in normal_direction.iter_mut().zip(normal_residual) {
            *q = s + turn * *q;
        }
        // A whole step takes |r|² down by gain; a step of t of its length by (2 t − t²) gain.
        let length = slope / dot(normal_direction, normal_direction);
        let gain = slope * length;
        let share = if square - gain < ball { 1.0 - (1.0 - (square - ball) / gain).max(0.0).sqrt() } else { 1.0 };
        let length = share * length;
        for (solution, &p) in self.solution[range].iter_mut().zip(&*direction) {
            *solution += length * p;
        }
        for (r, &q) in residual.iter_mut().zip(&*normal_direction) {
            *r -= length * q;
        }
        true
    }

    /// `normal_residual = A D Aᵀ vector`.
    fn apply_normal(&mut self, active: usize, vector: Vector) {
        self.apply_adjoint(active, vector);
        let pixels = active * self.pixels;
        self.program.input_mut(self.image)[..pixels].copy_from_slice(&self.picture[..pixels]);
        self.program.forward(active, &[self.measured]);
        let measured = self.program.output(self.measured)[..active * self.numbers].chunks_exact(self.numbers);
        for (normal, measured) in self.normal_residual.chunks_exact_mut(self.numbers).zip(measured) {
            for ((normal, &measured), &offset) in normal.iter_mut().zip(measured).zip(&self.offset) {
                *normal = f64::from(measured) - f64::from(offset);
            }
        }
        if let Some(weights) = &self.weights {
            weigh(&mut self.normal_residual[..active * self.numbers], weights);
        }
    }

    /// `picture = D Aᵀ vector`.
    fn apply_adjoint(&mut self, active: usize, vector: Vector) {
        let vector = match vector {
            Vector::Solution => &self.solution,
            Vector::Residual => &self.residual,
            Vector::Direction => &self.direction,
        };
        let cotangent = &mut self.program.cotangent_mut(self.measured)[..active * self.numbers];
        for (cotangent, &number) in cotangent.iter_mut().zip(vector) {
            *cotangent = number as f32;
        }
        if let Some(weights) = &self.weights {
            cotangent.iter_mut().zip(weights.iter().cycle()).for_each(|(cotangent, weight)| *cotangent *= weight);
        }
        self.program.backward(active, &[self.image]);
        let gradient = &self.program.gradient(self.image)[..active * self.pixels];
        for ((pixel, &slope), &free) in self.picture.iter_mut().zip(gradient).zip(&self.free) {
            *pixel = if free { slope } else { 0.0 };
        }
    }
}

/// Which of the solver's vectors the adjoint takes.
#[derive(Clone, Copy)]
enum Vector {
    Solution,
    Residual,
    Direction,
}

fn weigh(rows: &mut [f64], weights: &[f32]) {
    rows.iter_mut().zip(weights.iter().cycle()).for_each(|(number, &weight)| *number *= f64::from(weight));
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
