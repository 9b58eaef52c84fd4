//! How a file says to go through the noise levels.

use std::sync::Arc;

use super::Preconditioning;

/// What a file says of sampling, for the [deterministic samplers](super::deterministic).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// Some of the discrete levels.
    Discrete(DiscreteSchedule),
    /// Some of the times of a straight flow.
    Flow(FlowSchedule),
    /// `σ_i = (σ_max^(1/ρ) + i / (n − 1) (σ_min^(1/ρ) − σ_max^(1/ρ)))^ρ` for `i = 0, …, n − 1` (Karras, Aittala, Aila, Laine
    /// 2022, equation 5), then 0.
    Karras {
        /// `ρ`.
        rho: f64,
    },
}

/// Some of the discrete levels.
#[derive(Clone, Debug, PartialEq)]
pub struct DiscreteSchedule {
    /// `ᾱ_t` for `t = 0, 1, …`, falling, perhaps to 0.
    pub alphas: Arc<[f64]>,
    /// Which of them.
    pub spacing: Spacing,
    /// Added to every level, where they are [`Spacing::Leading`].
    pub offset: usize,
    /// What a denoised picture is brought back to at each step.
    pub bounds: Bounds,
    /// `ᾱ` behind the last step.
    pub last_alpha: f64,
}

/// Which of `T` levels `n` steps are at (Lin, Liu, Li, Yang 2024, table 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// `0, ⌊T/n⌋, 2 ⌊T/n⌋, …`.
    Leading,
    /// `T − 1, T − 1 − T/n, …`, rounded.
    Trailing,
    /// From 0 to `T − 1`, rounded.
    Even,
}

/// What a denoised picture is brought back to at each step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bounds {
    /// Nothing.
    None,
    /// At most so far from 0.
    Clip(f64),
    /// `clip(x, ±s) / s`, with `s` the quantile `ratio` of `|x|`, but at least 1 and at most `most` (Saharia et al. 2022,
    /// section 2.3).
    Quantile {
        /// Which part of the numbers is not beyond it.
        ratio: f64,
        /// The largest `s`.
        most: f64,
    },
}

/// Some of the times of a straight flow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlowSchedule {
    /// How many times there were in training. The network's own time is so often `t`.
    pub timesteps: usize,
    /// `s` in `t ← s t / (1 + (s − 1) t)`, by which times are moved towards the noise. `None` where the file leaves it to the
    /// size of the picture.
    pub shift: Option<f64>,
    /// Where the last time is stretched to.
    pub terminal: Option<f64>,
    /// How the times between the first and the last are spread.
    pub spread: Spread,
}

/// How levels between the first and the last are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// As they are.
    Even,
    /// As [`Schedule::Karras`] with `ρ = 7`.
    Karras,
    /// Evenly in their logarithm.
    Logarithmic,
}

impl Schedule {
    /// What files of this kind mostly say.
    pub(super) fn usual(preconditioning: &Preconditioning) -> Self {
        match preconditioning {
            Preconditioning::Discrete { sigmas, .. } => {
                let alphas = sigmas.iter().map(|sigma| 1.0 / (1.0 + sigma * sigma)).collect();
                let (spacing, bounds) = (Spacing::Leading, Bounds::Clip(1.0));
                Self::Discrete(DiscreteSchedule { alphas, spacing, offset: 0, bounds, last_alpha: 1.0 })
            }
            Preconditioning::Flow { timesteps } => {
                let timesteps = *timesteps as usize;
                Self::Flow(FlowSchedule { timesteps, shift: Some(1.0), terminal: None, spread: Spread::Even })
            }
            _ => Self::Karras { rho: 7.0 },
        }
    }
}
