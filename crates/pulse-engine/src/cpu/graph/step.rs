//! What runs as one, and how long it takes.

use std::time::{Duration, Instant};

use crate::Shape;

/// What runs as one.
#[derive(Clone, Debug)]
pub struct Step {
    /// The operators, joined by `+`.
    pub operators: String,
    /// How they are computed.
    pub kernel: String,
    /// The shape of the result.
    pub shape: Shape,
    /// Bytes of the result, for all candidates.
    pub bytes: usize,
    /// Multiplications of the forward pass by the operators' definitions, for all candidates. The gradient of a
    /// convolution or a matrix with respect to its argument has as many again.
    pub products: usize,
    /// The median time of the forward and of the backward pass.
    pub times: [Duration; 2],
}

/// Times the nodes as a program runs them.
pub(crate) struct Clock {
    last: Instant,
    times: Vec<[Duration; 2]>,
}

impl Clock {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { last: Instant::now(), times: vec![[Duration::ZERO; 2]; nodes] }
    }

    /// The times of each node, forward and backward.
    pub(crate) fn times(self) -> Vec<[Duration; 2]> {
        self.times
    }

    /// A node has been run, forward (0) or backward (1).
    pub(crate) fn done(&mut self, index: usize, pass: usize) {
        let now = Instant::now();
        self.times[index][pass] += now - self.last;
        self.last = now;
    }
}
