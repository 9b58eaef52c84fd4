//! The events of a search, and the observer that receives them. Every front (command line, server, Python) sees a search
//! only through these.

use std::ops::ControlFlow;

use crate::Result;
use crate::candidate::Candidate;
use crate::image::Image;
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
    /// A candidate of a set that spreads was found. Its index is still the number of its start. Once the whole set is found, the
    /// candidates are numbered anew, and each is [`Finished`](Self::Finished).
    Found(&'a Candidate),
    /// A candidate is finished.
    Finished(&'a Candidate),
}

/// One step of one candidate.
#[derive(Debug)]
#[non_exhaustive]
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
    /// The generator's picture at this step, its own values `[channels, height, width]`, nominally in [-1, 1], not clamped.
    pub image: &'a [f32],
    /// Channels, height and width of the picture.
    pub shape: [usize; 3],
}

impl Step<'_> {
    /// A step of which no more is known; the other fields can be set. For observers that are tried without a search.
    pub fn new(candidate: usize, step: usize, total: f64, db: f64) -> Self {
        Self { candidate, step, losses: &[], total, learning_rate: 0.0, db, image: &[], shape: [0; 3] }
    }

    /// The picture in [0, 1], made when it is asked for. A region that a steered search keeps is put back only at the end, and
    /// is not in it.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`](crate::ErrorKind::Picture) where a value is not finite.
    pub fn picture(&self) -> Result<Image> {
        let [channels, height, width] = self.shape;
        Image::from_network(channels, height, width, self.image)
    }
}

/// Watches a search, and may stop it: what was found until then is kept.
pub trait Observer {
    /// Receives each event as it happens. `Break` stops the search after the step under way.
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
