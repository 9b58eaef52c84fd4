//! One input of the network on the host: its numbers for every slot, and how they move.

use std::ops::Range;

use pulse_engine::Program;

use crate::Result;
use crate::latent::{Geometry, Retraction};
use crate::optimizer::{Optimizer, OptimizerKind};
use crate::tape::Tape;

use super::program::Port;

/// The numbers of one input, a row for each slot, with the optimiser and the geometry that move them.
pub(super) struct Moving {
    pub(super) port: Port,
    x: Vec<f32>,
    optimizer: Optimizer,
    retraction: Retraction,
}

impl Moving {
    pub(super) fn new(port: Port, kind: OptimizerKind, batch: usize) -> Self {
        let (numbers, geometry) = (port.spec.shape.len(), port.spec.geometry);
        let moments = if geometry == Geometry::Fixed { 0 } else { numbers };
        Self {
            x: vec![0.0; batch * numbers],
            optimizer: Optimizer::new(kind, batch, moments),
            retraction: Retraction::new(geometry, batch, numbers),
            port,
        }
    }

    /// Whether it is never moved.
    pub(super) fn is_fixed(&self) -> bool {
        self.port.spec.geometry == Geometry::Fixed
    }

    /// Whether it is an intermediate feature, which joins the latent later.
    pub(super) fn is_feature(&self) -> bool {
        matches!(self.port.spec.geometry, Geometry::Ball { .. })
    }

    /// The radius of a feature's ball at `slot`, spread evenly over its numbers.
    pub(super) fn spread(&self, slot: usize) -> f64 {
        self.retraction.radius(slot) / (self.port.spec.shape.len() as f64).sqrt()
    }

    pub(super) fn row(&self, slot: usize) -> Range<usize> {
        let length = self.port.spec.shape.len();
        slot * length..(slot + 1) * length
    }

    /// The numbers at `slot`.
    pub(super) fn numbers(&self, slot: usize) -> &[f32] {
        &self.x[self.row(slot)]
    }

    /// Starts at `slot` from what `fill` writes there, with an optimiser that remembers nothing.
    pub(super) fn start(&mut self, slot: usize, fill: impl FnOnce(&mut [f32])) {
        let row = self.row(slot);
        fill(&mut self.x[row.clone()]);
        self.retraction.start(slot, &self.x[row], 0.0);
        if !self.is_fixed() {
            self.optimizer.reset(slot);
        }
    }

    /// Opens a feature's ball, of a radius that follows from the norm of the stage's own output.
    pub(super) fn open(&mut self, slot: usize, stage: &[f32]) {
        let norm = stage.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
        let row = self.row(slot);
        self.retraction.start(slot, &self.x[row], norm);
    }

    /// Moves the numbers at `slot` against the gradient in a row of the program, and back to their geometry.
    pub(super) fn step(&mut self, slot: usize, row: usize, program: &dyn Program, learning_rate: f64) {
        let gradient = &program.gradient(self.port.id)[self.row(row)];
        let own = self.row(slot);
        let x = &mut self.x[own];
        self.optimizer.step(slot, x, gradient, learning_rate);
        self.retraction.retract(slot, x);
    }

    /// All that belongs to `slot`, to a tape or from there.
    pub(super) fn pass(&mut self, slot: usize, tape: &mut Tape) -> Result<()> {
        let row = self.row(slot);
        tape.numbers(&mut self.x[row])?;
        self.retraction.pass(slot, tape)?;
        if self.is_fixed() { Ok(()) } else { self.optimizer.pass(slot, tape) }
    }

    /// The candidates in slots `a` and `b` change places.
    pub(super) fn swap(&mut self, a: usize, b: usize) {
        if a == b {
            return;
        }
        let (low, high) = (self.row(a.min(b)), self.row(a.max(b)));
        let (head, tail) = self.x.split_at_mut(high.start);
        head[low].swap_with_slice(&mut tail[..high.end - high.start]);
        self.retraction.swap(a, b);
        if !self.is_fixed() {
            self.optimizer.swap(a, b);
        }
    }

    /// Gives the program the numbers at `slot`, in one of its rows.
    pub(super) fn upload(&self, slot: usize, row: usize, program: &mut dyn Program) {
        program.input_mut(self.port.id)[self.row(row)].copy_from_slice(self.numbers(slot));
    }
}
