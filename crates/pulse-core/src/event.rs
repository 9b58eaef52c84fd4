//! What a search tells whoever watches it. Every front (command line, server, Python) sees a search only
//! through these.

use std::ops::ControlFlow;

use crate::candidate::Candidate;
use crate::loss::Term;

/// Something that happened in a search.
#[derive(Debug)]
#[non_exhaustive]
pub enum SearchEvent<'a> {
    /// The search begins.
    Started {
        /// How many candidates it looks for.
        candidates: usize,
        /// The most steps that one candidate takes, restarts not counted.
        steps: usize,
    },
    /// A candidate was looked at, before its inputs moved on.
    Step(Step<'a>),
    /// A candidate was hopeless and starts again from fresh inputs.
    Restarted {
        /// Its number, from 0.
        candidate: usize,
        /// The best consistency that it had reached.
        db: f64,
    },
    /// A candidate is finished.
    Finished(&'a Candidate),
}

/// One step of one candidate.
#[derive(Debug)]
pub struct Step<'a> {
    /// Its number, from 0.
    pub candidate: usize,
    /// The step, from 0.
    pub step: usize,
    /// Each term of the loss, unweighted.
    pub losses: &'a [(Term, f64)],
    /// The weighted sum of the losses.
    pub total: f64,
    /// The learning rate of the update that follows.
    pub learning_rate: f64,
    /// The consistency in dB.
    pub db: f64,
    /// The generator's picture at this step, its own values, nominally in [-1, 1].
    pub image: &'a [f32],
}

/// Watches a search, and may stop it: what was found until then is kept.
pub trait Observer {
    /// Is told everything as it happens. `Break` stops the search after the step under way.
    fn event(&mut self, event: SearchEvent<'_>) -> ControlFlow<()>;
}

/// Any function of events is an observer.
impl<F: FnMut(SearchEvent<'_>) -> ControlFlow<()>> Observer for F {
    fn event(&mut self, event: SearchEvent<'_>) -> ControlFlow<()> {
        self(event)
    }
}

/// Watches nothing and never stops.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&mut self, _event: SearchEvent<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
