//! A kernel's own copy of its weights, or only their number.

use std::ops::Deref;

use super::floats::Floats;

/// Weights in the order in which a kernel reads them. Where a kernel is made only to count what it needs, they are empty,
/// and their number is known all the same.
pub(crate) struct PackedWeights {
    numbers: Floats,
    count: usize,
}

impl PackedWeights {
    /// Zeros, or the number of them.
    pub(crate) fn new(count: usize, sizes_only: bool) -> Self {
        Self { numbers: Floats::zeroed(if sizes_only { 0 } else { count }), count }
    }

    /// How many there are, or would be.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The numbers to be filled in; nothing where only their number is wanted.
    pub(crate) fn unfilled(&mut self) -> Option<&mut [f32]> {
        (self.numbers.len() == self.count).then_some(&mut *self.numbers)
    }
}

impl Deref for PackedWeights {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.numbers
    }
}
