//! Every setting of the null-space sampler, and their defaults.

use super::{Levels, Spacing};
use crate::{Error, ErrorKind, Result};

/// How to sample.
#[derive(Clone, Debug, PartialEq)]
pub struct NullSpaceConfig {
    /// How many levels, each of one evaluation of the denoiser.
    pub steps: usize,
    /// How the levels are spread.
    pub spacing: Spacing,
    /// How much of the residual of the denoised picture is carried to the next level, as a multiple of it; 0 is the sampler as
    /// published.
    pub carry: f64,
    /// How much of the second-order multistep correction is applied, from 0 to 1.
    pub second_order: f64,
    /// The standard deviation of the target's noise in units of the network's range, that is twice what it is for pictures in
    /// [0, 1]; 0 for a target that is met exactly. The rounding of a target to 8 bits is noise too.
    pub noise: f64,
}

impl Default for NullSpaceConfig {
    /// Tuned on problems whose posterior is known; `docs/priors.md` says how.
    fn default() -> Self {
        Self { steps: 50, spacing: Spacing::Flow { power: 0.8 }, carry: 2.0, second_order: 0.5, noise: 0.0 }
    }
}

impl NullSpaceConfig {
    /// The levels of these settings, for a denoiser that knows noise from `largest` to `smallest`.
    pub fn levels(&self, largest: f64, smallest: f64) -> Result<Levels> {
        Levels::new(self.spacing, self.steps, largest, smallest)
    }

    /// Names a setting that is invalid.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`].
    pub fn validate(&self) -> Result<()> {
        let problem = if self.steps == 0 || self.steps > MOST_LEVELS {
            format!("{} steps: take 1 to {MOST_LEVELS}", self.steps)
        } else if !(0.0..=MOST_CARRY).contains(&self.carry) {
            format!("a carried residual of {} times: it must be a number from 0 to {MOST_CARRY}", self.carry)
        } else if !(0.0..=1.0).contains(&self.second_order) {
            format!("{} of the second order: it must be a number from 0 to 1", self.second_order)
        } else if !(self.noise >= 0.0 && self.noise.is_finite()) {
            format!("noise of a standard deviation of {}: it must be a number from 0", self.noise)
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Setting, problem))
    }
}

/// The most levels of a sampler.
pub const MOST_LEVELS: usize = 10_000;

/// Above this the residuals swing.
const MOST_CARRY: f64 = 4.0;
