//! The fast engine.

// A kernel is compiled for an instruction set only where all of it is inlined into the function that enables the set,
// and its registers are arrays that two loops index alike.
#![allow(clippy::inline_always, clippy::needless_range_loop)]

mod activation;
mod axis;
mod correlation;
mod elementwise;
mod fir;
mod fourier;
mod kernel;
mod layout;
mod linear;
mod lower;
mod memory;
mod modulate;
mod narrow;
mod norm;
mod plan;
mod port;
mod program;
mod rearrange;
mod separable;
mod simd;
#[cfg(test)]
mod tests;
mod winograd;

use crate::{Engine, Network, Program, Result};
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
}

impl Default for Cpu {
    fn default() -> Self {
        Self { instructions: InstructionSet::detect() }
    }
}

impl Engine for Cpu {
    fn compile(&self, network: &Network, batch: usize) -> Result<Box<dyn Program>> {
        Ok(Box::new(program::Program::new(self.instructions, network, batch)))
    }
}
