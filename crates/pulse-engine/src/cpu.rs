//! The fast engine.

// A kernel is compiled for an instruction set only where all of it is inlined into the function that enables the set,
// and its registers are arrays that two loops index alike.
#![allow(clippy::inline_always, clippy::needless_range_loop)]

mod activation;
mod axis;
mod band;
mod correlation;
mod depthwise;
mod doubled;
mod edges;
mod elementwise;
mod fir;
mod fourier;
mod fuse;
mod kernel;
mod layer;
mod layout;
mod linear;
mod lower;
mod memory;
mod modulate;
mod modulated;
mod narrow;
mod noise;
mod norm;
mod pass;
mod plan;
mod pool;
mod port;
mod profile;
mod program;
mod rearrange;
mod separable;
mod simd;
mod source;
mod target;
#[cfg(test)]
mod tests;
mod widen;
mod winograd;

use crate::{Engine, InputId, Network, Program, Result};
pub use profile::{Profile, Step};
use simd::InstructionSet;

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
    instructions: InstructionSet,
    precise: bool,
}

impl Default for Cpu {
    fn default() -> Self {
        Self { instructions: InstructionSet::detect(), precise: false }
    }
}

impl Cpu {
    /// Computes every convolution by its definition. Winograd's ways need fewer products, for an error that is a few
    /// times as large.
    #[must_use]
    pub fn precise(self) -> Self {
        Self { precise: true, ..self }
    }

    /// Compiles `network` for `batch` candidates, and times each of its nodes over `runs` passes on random inputs, with
    /// the gradients of the `wanted` ones.
    pub fn profile(&self, network: &Network, batch: usize, wanted: &[InputId], runs: usize) -> Profile {
        Profile::new(self, network, batch, wanted, runs)
    }
}

impl Engine for Cpu {
    fn compile(&self, network: &Network, batch: usize) -> Result<Box<dyn Program>> {
        Ok(Box::new(program::Program::new(self, network, batch)))
    }
}
