//! Samples of a posterior by a frozen denoiser: the null-space sampler.
//!
//! A denoiser `D(x; s)` knows the mean of all pictures that could lie behind `x = x0 + s n`. From noise it draws a picture of its
//! prior, level by level. [`NullSpace`] makes that a draw among the pictures that measure as the target does: at every level
//! the denoised picture is moved to the nearest one that is consistent (DDNM, Wang et al. 2023), and what that takes is
//! carried to the next level. There is no gradient, and one evaluation of the denoiser a level.

mod config;
mod gain;
mod levels;
mod noise;
mod null_space;

pub use config::{Carry, MOST_LEVELS, NullSpaceConfig};
pub(crate) use levels::karras;
pub use levels::{Levels, Spacing};
pub use noise::Noise;
pub use null_space::NullSpace;

use crate::Result;

/// A frozen denoiser.
pub trait Denoise {
    /// `D(x; s) = E[x0 | x]` for `x = x0 + s n` with standard normal `n`, in the range of the network, nominally [-1, 1].
    ///
    /// A row is a candidate; `x` and `denoised` have as many. Row *i* of the result depends on row *i* of `x` alone.
    fn denoise(&mut self, x: &[f32], sigma: f64, denoised: &mut [f32]) -> Result<()>;
}

/// The way to the nearest consistent picture.
pub trait Nearest {
    /// `h ← h + Aᵀ (A Aᵀ + damping I)⁻¹ (y − A h)`, for every row.
    ///
    /// Without damping `h` becomes the nearest picture whose measurement is exactly `y`. With the damping `σ²/r²` it becomes the mean of
    /// a Gaussian belief of the variance `r²` around `h` once it has seen `y`, which has noise of the standard deviation `σ`. `y` and `σ`
    /// are in the units of the network's range. All rows have the same target, and each a damping of its own: either all are 0 or none is.
    /// Row *i* of the result depends on row *i* alone.
    fn nearest(&mut self, pictures: &mut [f32], dampings: &[f64]) -> Result<()>;
}
