//! One candidate under way.

use crate::loss::LossValues;

use super::batch::Moving;

/// The state of one candidate, and its best step whole.
pub(super) struct Slot {
    pub(super) candidate: usize,
    pub(super) restart: usize,
    /// Steps taken since it was last started.
    pub(super) step: usize,
    /// Steps taken in all.
    pub(super) taken: usize,
    pub(super) finished: bool,
    /// Whether its start is still to be drawn.
    pub(super) fresh: bool,
    /// The consistency at the step under way.
    pub(super) db: f64,
    pub(super) best: Best,
}

/// Everything of the step with the least loss.
pub(super) struct Best {
    pub(super) values: LossValues,
    pub(super) image: Vec<f32>,
    /// The inputs, in the order of the network's.
    pub(super) inputs: Vec<Vec<f32>>,
}

impl Slot {
    pub(super) fn new(candidate: usize, pixels: usize, inputs: &[Moving]) -> Self {
        let numbers = |input: &Moving| vec![0.0; input.port.spec.shape.len()];
        let best = Best {
            values: LossValues { total: f64::INFINITY, l2: f64::INFINITY, ..LossValues::default() },
            image: vec![0.0; pixels],
            inputs: inputs.iter().map(numbers).collect(),
        };
        Self { candidate, restart: 0, step: 0, taken: 0, finished: false, fresh: true, db: 0.0, best }
    }

    /// Keeps this step when its loss is the least so far.
    pub(super) fn keep_best(&mut self, values: &LossValues, image: &[f32], inputs: &[Moving], slot: usize) {
        self.taken += 1;
        if values.total >= self.best.values.total {
            return;
        }
        self.best.values = *values;
        self.best.image.copy_from_slice(image);
        for (kept, input) in self.best.inputs.iter_mut().zip(inputs) {
            kept.copy_from_slice(&input.x[input.row(slot)]);
        }
    }
}
