//! The levels of noise that a sampler goes through.

use super::config::MOST_LEVELS;
use crate::{Error, ErrorKind, Result};

/// How levels are spread between the largest and the smallest.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Spacing {
    /// `s = t / (1 − t)` with `t` falling as `1 − u^power` over the steps `u` from 0 to 1: the time of a flow, uniform at
    /// a power of 1, with more steps at high noise below it.
    Flow {
        /// Above 0.
        power: f64,
    },
    /// `s^(1/7)` falls evenly (Karras et al. 2022).
    Karras,
}

/// Levels of noise `s`, falling, the last one 0. There is one more than there are steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    sigmas: Vec<f64>,
}

/// The exponent of Karras et al. 2022.
const RHO: f64 = 7.0;

impl Levels {
    /// `steps` levels from `largest` to no less than `smallest`, and 0 after them. A `smallest` of 0 leaves it to the
    /// spacing how small the last of them is.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`], where the numbers do not make levels.
    pub fn new(spacing: Spacing, steps: usize, largest: f64, smallest: f64) -> Result<Self> {
        let setting = |problem| Err(Error::new(ErrorKind::Setting, problem));
        if steps == 0 || steps > MOST_LEVELS {
            return setting(format!("{steps} levels of noise: take 1 to {MOST_LEVELS}"));
        }
        if !(largest.is_finite() && smallest >= 0.0 && smallest < largest) {
            return setting(format!("levels of noise from {largest} to {smallest}: they must fall, and not below 0"));
        }
        let mut sigmas: Vec<f64> = match spacing {
            Spacing::Flow { power } if power > 0.0 && power.is_finite() => flow(power, steps, largest, smallest),
            Spacing::Flow { power } => return setting(format!("a power of {power}: it must be a number above 0")),
            Spacing::Karras => karras([smallest.max(SMALLEST).min(largest), largest], RHO, steps).collect(),
        };
        sigmas.push(0.0);
        Ok(Self { sigmas })
    }

    /// How many steps lead from the first level to 0.
    pub fn steps(&self) -> usize {
        self.sigmas.len() - 1
    }

    /// All levels, the last one 0.
    pub fn sigmas(&self) -> &[f64] {
        &self.sigmas
    }
}

/// The time of a flow: uniform down to 0, or down to the smallest level where 0 comes closer than that.
fn flow(power: f64, steps: usize, largest: f64, smallest: f64) -> Vec<f64> {
    let time = |sigma: f64| sigma / (1.0 + sigma);
    let (first, last) = (time(largest), time(smallest));
    let step = |step: usize, steps: usize| (step as f64 / steps as f64).powf(power);
    let down_to_zero = (0..steps).map(|at| first * (1.0 - step(at, steps))).collect::<Vec<_>>();
    let times = if down_to_zero[steps - 1] < last {
        (0..steps).map(|at| first + (last - first) * step(at, (steps - 1).max(1))).collect()
    } else {
        down_to_zero
    };
    times.into_iter().map(|time| time / (1.0 - time)).collect()
}

/// The smallest level of Karras' spacing for a denoiser that has none.
const SMALLEST: f64 = 0.01;

/// `s^(1/ρ)` falls evenly from the largest to the smallest.
pub(crate) fn karras([smallest, largest]: [f64; 2], rho: f64, steps: usize) -> impl Iterator<Item = f64> {
    let [last, first] = [smallest, largest].map(|sigma| sigma.powf(1.0 / rho));
    (0..steps).map(move |at| (first + (last - first) * at as f64 / (steps - 1).max(1) as f64).powf(rho))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_fall_from_the_largest_to_zero() {
        for spacing in [Spacing::Flow { power: 1.0 }, Spacing::Flow { power: 0.7 }, Spacing::Karras] {
            for (steps, smallest) in [(1, 0.0), (2, 0.0), (30, 0.0), (30, 0.02), (1000, 0.01)] {
                let levels = Levels::new(spacing, steps, 80.0, smallest).unwrap();
                let sigmas = levels.sigmas();
                assert_eq!((levels.steps(), sigmas.len(), sigmas[steps]), (steps, steps + 1, 0.0));
                assert!((sigmas[0] / 80.0 - 1.0).abs() < 1e-9, "{spacing:?}");
                assert!(sigmas.windows(2).all(|pair| pair[1] < pair[0]), "{spacing:?} {steps}");
                assert!(sigmas[..steps].iter().all(|&sigma| sigma >= smallest * (1.0 - 1e-9)), "{spacing:?} {steps}");
            }
        }
    }

    #[test]
    fn numbers_that_make_no_levels_are_refused() {
        let flow = Spacing::Flow { power: 1.0 };
        for (spacing, steps, largest, smallest) in [
            (flow, 0, 80.0, 0.0),
            (flow, MOST_LEVELS + 1, 80.0, 0.0),
            (flow, 10, 80.0, 90.0),
            (flow, 10, f64::NAN, 0.0),
            (flow, 10, 80.0, f64::NAN),
            (flow, 10, 80.0, -1.0),
            (Spacing::Flow { power: 0.0 }, 10, 80.0, 0.0),
        ] {
            assert!(
                Levels::new(spacing, steps, largest, smallest).is_err(),
                "{spacing:?} {steps} {largest} {smallest}"
            );
        }
    }
}
