//! What every way to search offers to [`Search`](super::Search).

use std::ops::ControlFlow;

use super::{Problem, SearchConfig};
use crate::Result;
use crate::candidate::Candidate;
use crate::event::Observer;
use crate::tape::Tape;

/// Candidates under way, and those that are still to come.
pub(crate) trait Way<'a> {
    fn problem(&self) -> &Problem<'a>;

    fn config(&self) -> &SearchConfig;

    /// How many candidates are searched for in all.
    fn candidates(&self) -> usize;

    /// Sets how many candidates are searched for in all.
    fn grow(&mut self, candidates: usize);

    /// Whether no candidate is under way.
    fn is_idle(&self) -> bool;

    fn has_started_all(&self) -> bool;

    /// Begins with as many candidates as there is room for.
    fn fill(&mut self);

    /// Whether a candidate can be searched for again from a fresh start, and be better or worse than it was.
    fn can_begin_again(&self) -> bool {
        false
    }

    /// Begins a candidate again from a fresh start; not where there is no room yet.
    fn begin_again(&mut self, _candidate: &Candidate) -> bool {
        false
    }

    /// One step of every candidate under way. A step is taken whole, also where the observer asks to stop in its middle.
    fn step(&mut self, observer: &mut dyn Observer) -> Result<ControlFlow<()>>;

    /// Ends the candidates under way.
    fn stop(&mut self) -> Result<()>;

    /// Takes one candidate that is finished, or was stopped, out of the batch.
    fn take_finished(&mut self) -> Result<Option<Candidate>>;

    /// The candidates under way and how many were begun, between two steps, to a tape or from there.
    fn pass(&mut self, tape: &mut Tape) -> Result<()>;

    /// What the candidates under way would be if they were stopped here, except those that have not taken a step.
    fn so_far(&mut self) -> Result<Vec<Candidate>>;
}

/// `Break` where one of the two is.
pub(super) fn either(a: ControlFlow<()>, b: ControlFlow<()>) -> ControlFlow<()> {
    if a.is_break() { a } else { b }
}
