//! Candidates that begin again from a fresh start once all are found.

use super::Batch;
use crate::candidate::Candidate;
use crate::search::slot::Slot;

impl Batch<'_> {
    /// Whether each candidate can begin again without the others: what spreads, or was given its starts, is one set with them.
    pub(super) fn is_free(&self) -> bool {
        let is_free = self.config.spread.is_none() && self.problem.start.is_none();
        is_free && self.config.restarts.limit > 0 && self.features_from != usize::MAX
    }

    /// Puts a candidate into a slot where one is left, before its next start.
    pub(super) fn takes_up(&mut self, candidate: &Candidate) -> bool {
        let has_room = self.slots.len() < self.capacity;
        if has_room {
            let mut slot = Slot::new(candidate.index, self.problem.picture_numbers(), &self.inputs);
            (slot.restart, slot.taken) = (candidate.restarts + 1, candidate.steps);
            self.slots.push(slot);
        }
        has_room
    }
}
