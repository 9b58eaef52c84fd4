//! What is kept of a batch whose search was stopped.

use super::Batch;
use crate::Result;
use crate::search::slot::Slot;
use crate::tape::Tape;

impl Batch<'_> {
    /// The candidates under way, each with its inputs and what moves them, to a tape or from there.
    pub(super) fn pass_slots(&mut self, tape: &mut Tape) -> Result<()> {
        tape.count_below(&mut self.next, self.candidates + 1)?;
        let (pixels, candidates) = (self.problem.picture_numbers(), self.candidates);
        let mut under_way = self.slots.len();
        tape.count_below(&mut under_way, self.capacity + 1)?;
        self.slots.truncate(under_way);
        self.slots.resize_with(under_way, || Slot::new(0, pixels, &self.inputs));
        for (slot, state) in self.slots.iter_mut().enumerate() {
            state.pass(tape)?;
            tape.check(state.candidate < candidates)?;
            self.inputs.iter_mut().try_for_each(|input| input.pass(slot, tape))?;
        }
        match &mut self.guide {
            Some(guide) if under_way > 0 => guide.pass(tape),
            _ => Ok(()),
        }
    }
}
