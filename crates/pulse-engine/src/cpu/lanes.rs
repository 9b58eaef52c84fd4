//! What every kernel stands on: vectors of sixteen lanes, how values lie in memory, and how tasks share threads.

mod border;
mod coefficients;
mod floats;
mod kernel;
mod layout;
mod packed;
mod run;
mod simd;
mod tensor;

pub(super) use border::clear_border;
pub(super) use coefficients::Coefficients;
pub(super) use floats::{Floats, untouched_zeros};
pub(super) use kernel::{Kernel, Needs, Values};
pub(super) use layout::{COUNTABLE, Layout, filled};
pub(super) use packed::PackedWeights;
pub(super) use run::Run;
pub(super) use simd::{InstructionSet, LANES, Lanes, Vectorized, prefetch};
pub(super) use tensor::Tensor;
