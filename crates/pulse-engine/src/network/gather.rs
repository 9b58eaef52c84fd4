//! Numbers taken from elsewhere.

use std::sync::Arc;

use super::Shape;

/// `y[i] = x[index[i]]`, both counted in row-major order, and `y[i] = 0` where the index is [`NOTHING`](Self::NOTHING). Every
/// rearrangement is one: transposing, repeating, tiling, slicing with steps, depth to space, padding by any rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Gather {
    /// For each number of the result, which one of the argument it is.
    pub index: Arc<[u32]>,
    /// The shape of the result.
    pub shape: Shape,
}

impl Gather {
    /// The index of a number that is zero.
    pub const NOTHING: u32 = u32::MAX;
}
