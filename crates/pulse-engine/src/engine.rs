//! What every engine offers.

use crate::{InputId, Network, OutputId, Result};

/// Something that can run a [`Network`]. It can be shared between threads.
pub trait Engine: Send + Sync {
    /// Prepares `network` for up to `batch` candidates at a time: transforms the weights, plans the
    /// memory, allocates all of it.
    ///
    /// # Errors
    /// [`ErrorKind::Memory`](crate::ErrorKind::Memory) when it needs more memory than there is or than the engine may take, which
    /// is found out before it is taken; [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) when the engine cannot run it.
    fn compile(&self, network: &Network, batch: usize) -> Result<Box<dyn Program>>;

    /// What [`compile`](Self::compile) would need, counted without taking it.
    fn estimate(&self, network: &Network, batch: usize) -> Memory {
        let _ = (network, batch);
        Memory::default()
    }

    /// The same for passes forward alone, as a sampler makes them. [`Program::backward`] may panic. An engine that keeps
    /// nothing for a gradient needs a fraction of the memory: a value dies where it is read for the last time, and weights
    /// are there once.
    fn compile_forward(&self, network: &Network, batch: usize) -> Result<Box<dyn Program>> {
        self.compile(network, batch)
    }
}

/// What a compiled network needs, in bytes; zeros where an engine does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Its own copies of the weights, in whatever form the engine multiplies by.
    pub weights: usize,
    /// All values and gradients, and what kernels need while they run: they share what they do not need at the same time.
    pub values: usize,
}

impl Memory {
    /// All of it.
    pub const fn total(self) -> usize {
        self.weights.saturating_add(self.values)
    }
}

/// A compiled network with its memory.
///
/// Every buffer is `batch` rows of the port's shape, row-major (`[B, n]`, `[B, rows, n]` or
/// `[B, channels, height, width]`). Candidates never mix: row *i* of the outputs depends on row *i* of
/// the inputs alone, whatever `active` and `wanted` are. Neither [`forward`](Program::forward) nor
/// [`backward`](Program::backward) allocates after its first call.
///
/// # Panics
/// `active` must be in `1..=batch`, in [`backward`](Program::backward) no larger than in the last
/// [`forward`](Program::forward), and the ids must come from the network that was compiled. A program
/// [for forward alone](Engine::compile_forward) may have no backward.
pub trait Program: Send {
    /// The largest number of candidates that one call can run.
    fn batch(&self) -> usize;

    /// The rows of one input, to be filled before [`forward`](Program::forward). Zero at first.
    fn input_mut(&mut self, input: InputId) -> &mut [f32];

    /// Runs the first `active` rows, and copies out the `wanted` outputs only. The others keep their numbers; what
    /// [`backward`](Program::backward) gives does not depend on `wanted`.
    fn forward(&mut self, active: usize, wanted: &[OutputId]);

    /// The rows of one output after the last [`forward`](Program::forward) that wanted it. Zero at first.
    fn output(&self, output: OutputId) -> &[f32];

    /// The rows of the cotangent of one output, to be filled before [`backward`](Program::backward).
    /// Zero at first; it keeps what was written.
    fn cotangent_mut(&mut self, output: OutputId) -> &mut [f32];

    /// The vector-Jacobian product at the point of the last [`forward`](Program::forward), for the
    /// `wanted` inputs only.
    fn backward(&mut self, active: usize, wanted: &[InputId]);

    /// The rows of one input's gradient after a [`backward`](Program::backward) that wanted it.
    fn gradient(&self, input: InputId) -> &[f32];

    /// What it needs, as far as the engine counts it.
    fn memory(&self) -> Memory {
        Memory::default()
    }
}
