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

    /// The pieces that it writes, when it can do all that there is to do to them. Otherwise it does nothing but add a bias
    /// and apply an activation.
    fn piece(&self) -> Option<[usize; 2]> {
        None
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
