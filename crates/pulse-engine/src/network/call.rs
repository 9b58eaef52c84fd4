//! Functions of the caller's own among the operators.

use std::fmt;
use std::sync::Arc;

use super::Shape;

/// A function that the caller brings, such as a network of another framework, or a simulator:
///
/// `y = f(x₀, x₁, …)`, candidate by candidate.
///
/// It is known by what it does, not by what it is made of, and so an engine can neither fuse nor check it.
#[derive(Clone)]
pub struct Call {
    /// What errors and plans call it.
    pub name: String,
    /// The shapes of its arguments, at least one.
    pub arguments: Vec<Shape>,
    /// The shape of its result.
    pub result: Shape,
    /// The function.
    pub function: Arc<dyn Function>,
}

/// A function that can be prepared for batches.
pub trait Function: Send + Sync {
    /// Makes it ready for up to `batch` candidates at a time. Where it is not `differentiable`, [`PreparedFunction::backward`] is never
    /// called, and nothing need be kept for it.
    fn prepare(&self, batch: usize, differentiable: bool) -> Box<dyn PreparedFunction>;
}

/// A function with what it keeps from one pass to the next.
///
/// Rows are candidates, row-major, as in [`Program`](crate::Program). It is called by the thread that runs the program, and never
/// by two at once. What it promises is what a program promises of it: row *i* of what it gives depends on row *i* of what it gets
/// alone, to the bit or to rounding, as it may be. What it cannot compute it fills with numbers that are not numbers, and keeps
/// the reason for whoever brought it.
pub trait PreparedFunction: Send {
    /// `result = f(arguments)` for the first `active` rows: each slice has so many.
    fn forward(&mut self, active: usize, arguments: &[&[f32]], result: &mut [f32]);

    /// `gradients = Jᵀ cotangent` at the last [`forward`](Self::forward), which had at least as many rows: one for each argument.
    fn backward(&mut self, active: usize, cotangent: &[f32], gradients: &mut [Vec<f32>]);
}

/// Two calls are equal when they are of the same function, not when their functions do the same.
impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        let ends = |call: &Self| (call.arguments.clone(), call.result);
        Arc::ptr_eq(&self.function, &other.function) && self.name == other.name && ends(self) == ends(other)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, arguments, result, .. } = self;
        f.debug_struct("Call").field("name", name).field("arguments", arguments).field("result", result).finish()
    }
}
