//! The fast engine.

// A kernel is compiled for an instruction set only where all of it is inlined into the function that enables the set,
// and its registers are arrays that two loops index alike.
#![allow(clippy::inline_always, clippy::needless_range_loop)]

mod graph;
mod lanes;
mod layers;
mod linear;
mod machine;
mod pointwise;
mod settings;
#[cfg(test)]
mod tests;

use crate::{Calling, Engine, InputId, Memory, Network, Program, Result};
pub use graph::{Profile, Step};
use lanes::InstructionSet;
use settings::Settings;

/// The fast engine for the processor that the program runs on.
///
/// It uses AVX-512, AVX2 with FMA, or plain Rust, whichever is the best that the processor has. The environment
/// variable `PULSE_SIMD` (`avx512`, `avx2` or `portable`) asks for less. Results differ between them by
/// rounding; on one of them they do not depend on the number of threads, nor on the other candidates of a
/// batch.
///
/// A program works on the threads of the `rayon` pool from which it is called, and on no more of them than the
/// pool had in which it was compiled.
#[derive(Clone, Debug)]
pub struct Cpu {
    settings: Settings,
    /// Bytes that a program may take.
    most: usize,
}

impl Default for Cpu {
    fn default() -> Self {
        Self {
            settings: Settings {
                instructions: InstructionSet::detect(),
                precise: false,
                forward_only: false,
                compact: false,
                sizes_only: false,
            },
            most: machine::memory().map_or(usize::MAX, |bytes| bytes / 4 * 3),
        }
    }
}

impl Cpu {
    /// Computes every convolution by its definition. Winograd's ways need fewer products, for an error that is a few
    /// times as large.
    #[must_use]
    pub fn precise(self) -> Self {
        Self { settings: Settings { precise: true, ..self.settings }, ..self }
    }

    /// Lets a program take so many bytes, in place of three quarters of the machine's memory. What needs more is not compiled.
    #[must_use]
    pub fn within(self, bytes: usize) -> Self {
        Self { most: bytes, ..self }
    }

    /// Takes no more than three quarters of so many bytes, for a process that may not have all of the machine's memory.
    #[must_use]
    pub fn sharing(self, bytes: usize) -> Self {
        Self { most: self.most.min(bytes / 4 * 3), ..self }
    }

    /// Profiles passes forward alone, as [`compile_forward`](Engine::compile_forward) runs them.
    #[must_use]
    pub fn forward_only(self) -> Self {
        Self { settings: Settings { forward_only: true, ..self.settings }, ..self }
    }

    /// Compiles `network` for `batch` candidates, and times each of its nodes over `runs` passes on random inputs, with
    /// the gradients of the `wanted` ones.
    ///
    /// # Errors
    /// As [`compile`](Engine::compile), where the system has too little memory.
    ///
    /// # Panics
    /// For a network with [calls](crate::Call), which has no one program.
    pub fn profile(&self, network: &Network, batch: usize, wanted: &[InputId], runs: usize) -> Result<Profile> {
        Profile::new(self.settings, network, batch, wanted, runs)
    }
}

impl Engine for Cpu {
    fn compile(&self, network: &Network, batch: usize) -> Result<Box<dyn Program>> {
        if network.has_calls() {
            return Calling::new(self.clone()).compile(network, batch);
        }
        Ok(Box::new(graph::Program::new(self.settings, network, batch, self.most)?))
    }

    fn estimate(&self, network: &Network, batch: usize) -> Memory {
        if network.has_calls() {
            return Calling::new(self.clone()).estimate(network, batch);
        }
        graph::Program::estimate(self.settings, network, batch)
    }

    fn compile_forward(&self, network: &Network, batch: usize) -> Result<Box<dyn Program>> {
        if network.has_calls() {
            return Calling::new(self.clone()).compile_forward(network, batch);
        }
        let settings = Settings { forward_only: true, ..self.settings };
        Ok(Box::new(graph::Program::new(settings, network, batch, self.most)?))
    }
}
