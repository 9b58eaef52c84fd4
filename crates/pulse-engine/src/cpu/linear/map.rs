//! What every linear map offers, whatever computes it.

use super::source::{Reads, Source};
use super::target::Target;
use crate::cpu::lanes::Run;

/// A linear map of a value.
pub(crate) trait LinearMap: Send + Sync {
    /// Writes `target = W source`.
    fn apply(&self, run: &Run, source: &Source, target: &Target);

    /// How it computes, in a few words.
    fn describe(&self) -> String;

    /// What it can read.
    fn reads(&self) -> Reads {
        Reads::Plain
    }

    /// Whether it can add another map, though it has no [`piece`](Self::piece).
    fn adds(&self) -> bool {
        false
    }

    /// The pieces that it writes, when it can do all that there is to do to them. Otherwise it does nothing but add a bias
    /// and apply an activation.
    fn piece(&self) -> Option<[usize; 2]> {
        None
    }

    /// Floats of its weights; of those that it shares, none.
    fn weights(&self) -> usize {
        0
    }

    /// How wide a border of zeros it needs round the source.
    fn border(&self) -> usize {
        0
    }

    /// Floats that it needs while it runs.
    fn scratch(&self, _batch: usize, _workers: usize) -> usize {
        0
    }
}

/// Stands for the adjoint where no gradient is asked for: it has no weights.
pub(super) struct Unmade;

impl LinearMap for Unmade {
    fn describe(&self) -> String {
        "nothing".into()
    }

    fn apply(&self, _: &Run, _: &Source, _: &Target) {
        unreachable!("a program for forward alone refuses to run backward");
    }
}
