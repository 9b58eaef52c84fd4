//! How the learning rate changes over a search.

use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind, Result};

/// The factor on the learning rate in step `i = 0, 1, …` of `n`, with `cycle(x) = (1 + 9 (1 − 2 |x − 1/2|)) / 10`:
/// from 1/10 up to 1 in the middle and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Schedule {
    /// `fixed`: 1.
    Fixed,
    /// `linear1cycle`: `cycle(i / n)`.
    Linear1Cycle,
    /// `linear1cycledrop`: `cycle(i / 0.9 n)` in the first nine tenths, then linearly from 1/10 towards
    /// 1/1000, which step `n` would have.
    Linear1CycleDrop,
}

impl Schedule {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fixed, Self::Linear1Cycle, Self::Linear1CycleDrop];

    /// The factor in `step`, counted from 0, of `steps`. In (0, 1]; steps beyond the last are as the last.
    pub fn factor(self, step: usize, steps: usize) -> f64 {
        const CYCLE: f64 = 0.9;
        let steps = steps.max(1);
        let (x, n) = (step.min(steps - 1) as f64, steps as f64);
        match self {
            Self::Fixed => 1.0,
            Self::Linear1Cycle => cycle(x / n),
            Self::Linear1CycleDrop if x < CYCLE * n => cycle(x / (CYCLE * n)),
            Self::Linear1CycleDrop => {
                let drop = (x - CYCLE * n) / ((1.0 - CYCLE) * n);
                0.1 + drop * (0.001 - 0.1)
            }
        }
    }
}

fn cycle(x: f64) -> f64 {
    (1.0 + 9.0 * (1.0 - 2.0 * (x - 0.5).abs())) / 10.0
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed => "fixed",
            Self::Linear1Cycle => "linear1cycle",
            Self::Linear1CycleDrop => "linear1cycledrop",
        })
    }
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let name = text.trim();
        Self::ALL.into_iter().find(|schedule| schedule.to_string() == name).ok_or_else(|| {
            let message = format!("`{text}` is not a schedule: choose fixed, linear1cycle or linear1cycledrop");
            Error::new(ErrorKind::Setting, message)
        })
    }
}
