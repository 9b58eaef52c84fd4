//! One candidate under way.

use crate::Result;
use crate::loss::LossValues;
use crate::tape::Tape;

use super::moving::Moving;

/// The state of one candidate, and its best step whole.
pub(super) struct Slot {
    pub(super) candidate: usize,
    /// How often it was started again.
    pub(super) restart: usize,
    /// Steps taken since it was last started.
    pub(super) step: usize,
    /// Steps taken in all.
    pub(super) taken: usize,
    pub(super) stage: Stage,
    /// The best consistency when it was last judged.
    pub(super) judged_db: f64,
    pub(super) best: Best,
}

/// How far a candidate is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stage {
    /// Its start is still to be drawn; the draw that measured nearest so far, and its error.
    Fresh { nearest: usize, error: f64 },
    /// It is searched.
    Running,
    /// It is within epsilon, has taken all its steps, or has numbers that are not finite.
    Finished,
    /// It was stopped from outside.
    Stopped,
}

impl Stage {
    pub(super) const FRESH: Self = Self::Fresh { nearest: 0, error: f64::INFINITY };
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
        let judged_db = f64::NEG_INFINITY;
        Self { candidate, restart: 0, step: 0, taken: 0, stage: Stage::FRESH, judged_db, best }
    }

    pub(super) fn is_running(&self) -> bool {
        self.stage == Stage::Running
    }

    pub(super) fn is_fresh(&self) -> bool {
        matches!(self.stage, Stage::Fresh { .. })
    }

    /// Keeps this step whole.
    pub(super) fn keep(&mut self, values: &LossValues, image: &[f32], inputs: &[Moving], slot: usize) {
        self.best.values = *values;
        self.best.image.copy_from_slice(image);
        for (kept, input) in self.best.inputs.iter_mut().zip(inputs) {
            kept.copy_from_slice(input.numbers(slot));
        }
    }

    /// All of it between two steps, to a tape or from there.
    pub(super) fn pass(&mut self, tape: &mut Tape) -> Result<()> {
        for count in [&mut self.candidate, &mut self.restart, &mut self.step, &mut self.taken] {
            tape.count(count)?;
        }
        let mut is_fresh = self.is_fresh();
        tape.flag(&mut is_fresh)?;
        if tape.is_read() {
            self.stage = if is_fresh { Stage::FRESH } else { Stage::Running };
        }
        let LossValues { l2, l1, geocross, total } = &mut self.best.values;
        for value in [&mut self.judged_db, l2, l1, geocross, total] {
            tape.real(value)?;
        }
        tape.numbers(&mut self.best.image)?;
        self.best.inputs.iter_mut().try_for_each(|input| tape.numbers(input))
    }
}
