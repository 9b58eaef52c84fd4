//! Every setting of the null-space sampler, and their defaults.

use std::fmt;
use std::str::FromStr;

use super::{Levels, Spacing};
use crate::{Error, ErrorKind, Result};

/// What becomes of the residual `c − h`, by which the denoised picture misses the target.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Carry {
    /// It is forgotten: the sampler as published.
    Never,
    /// It is carried to the next level, so many times.
    Times(f64),
    /// As many times as the denoiser's own answers ask for: at each level, for each candidate, by how much the measured part of the
    /// denoised picture followed that of the state since the level before.
    Measured,
}

impl fmt::Display for Carry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::Times(times) => write!(f, "{times}"),
            Self::Measured => f.write_str("measured"),
        }
    }
}

impl FromStr for Carry {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.trim() {
            "never" => Ok(Self::Never),
            "measured" => Ok(Self::Measured),
            times => times.parse().map(Self::Times).map_err(|_| {
                let message = format!("`{text}` says nothing of a residual: write never, measured or a number");
                Error::new(ErrorKind::Setting, message)
            }),
        }
    }
}

/// How to sample.
#[derive(Clone, Debug, PartialEq)]
pub struct NullSpaceConfig {
    /// How many levels, each of one evaluation of the denoiser.
    pub steps: usize,
    /// How the levels are spread.
    pub spacing: Spacing,
    /// What becomes of the residual.
    pub carry: Carry,
    /// How much of the second-order multistep correction is applied, from 0 to 1.
    pub second_order: f64,
    /// The variance of a number of the prior's pictures, in units of the network's range. It bounds what is measured, so that its
    /// size is enough.
    pub variance: f64,
    /// The standard deviation of the target's noise in units of the network's range, that is twice what it is for pictures in
    /// [0, 1]; 0 for a target that is met exactly. The rounding of a target to 8 bits is noise too.
    pub noise: f64,
}

impl Default for NullSpaceConfig {
    /// Tuned on problems whose posterior is known; `docs/priors.md` says how.
    fn default() -> Self {
        Self {
            steps: 50,
            spacing: Spacing::Flow { power: 0.7 },
            carry: Carry::Measured,
            second_order: 0.75,
            variance: 0.25,
            noise: 0.0,
        }
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
        } else if let Carry::Times(times) = self.carry
            && !(times > 0.0 && times <= MOST_TIMES)
        {
            format!("a residual carried {times} times: it must be a number above 0, and at most {MOST_TIMES}")
        } else if !(0.0..=1.0).contains(&self.second_order) {
            format!("{} of the second order: it must be a number from 0 to 1", self.second_order)
        } else if !(self.variance > 0.0 && self.variance.is_finite()) {
            format!("a prior of the variance {}: it must be a number above 0", self.variance)
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

/// The most times that a residual is carried. Far below it residuals swing.
const MOST_TIMES: f64 = 100.0;
