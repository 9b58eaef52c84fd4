//! What an engine was asked for.

use super::lanes::{InstructionSet, PackedWeights};

/// The instruction set that kernels run on, and which algorithms they may be.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub(crate) struct Settings {
    pub(crate) instructions: InstructionSet,
    /// Whether every convolution is computed by its definition.
    pub(crate) precise: bool,
    /// Whether nothing is kept for a gradient.
    pub(crate) forward_only: bool,
    /// Whether memory counts more than products: of a large network that runs forward alone, weights are nearly all.
    pub(crate) compact: bool,
    /// Whether kernels are made only to count what they need: their weights stay empty, and they cannot run.
    pub(crate) sizes_only: bool,
}

impl Settings {
    /// Room for the weights of a kernel.
    pub(crate) fn weights(self, len: usize) -> PackedWeights {
        PackedWeights::new(len, self.sizes_only)
    }
}
