//! Frozen numbers.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Frozen numbers, shared and never changed. A clone is the same memory.
///
/// Two are equal when their numbers are, bit for bit. For numbers in the same memory that takes no time, however many
/// they are.
#[derive(Clone, Default)]
pub struct Weights(Arc<[f32]>);

impl PartialEq for Weights {
    fn eq(&self, other: &Self) -> bool {
        let same_bits = || self.iter().zip(other.iter()).all(|(a, b)| a.to_bits() == b.to_bits());
        Arc::ptr_eq(&self.0, &other.0) || (self.len() == other.len() && same_bits())
    }
}

impl Eq for Weights {}

impl Deref for Weights {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Into<Arc<[f32]>>> From<T> for Weights {
    fn from(numbers: T) -> Self {
        Self(numbers.into())
    }
}

impl FromIterator<f32> for Weights {
    fn from_iter<T: IntoIterator<Item = f32>>(numbers: T) -> Self {
        Self(numbers.into_iter().collect())
    }
}
