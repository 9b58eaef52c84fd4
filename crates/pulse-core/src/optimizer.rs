//! First-order optimisers with PyTorch's defaults, a state for each candidate.
//!
//! One [`Optimizer`] serves one input of the network. Candidates occupy slots: each counts its own steps, can
//! start anew, and can change places with another, so that those still searching stay side by side.

mod schedule;

use std::fmt;
use std::str::FromStr;

pub use schedule::Schedule;

use crate::tape::Tape;
use crate::{Error, ErrorKind, Result};

/// How a gradient `g` moves the numbers `x` at learning rate `η`, in step `t = 1, 2, …`. All state is zero
/// at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OptimizerKind {
    /// `adam` (Kingma & Ba 2015): `m ← 0.9 m + 0.1 g`, `v ← 0.999 v + 0.001 g²`,
    /// `x ← x − η m̂ / (√v̂ + 1e-8)`, `m̂ = m / (1 − 0.9ᵗ)`, `v̂ = v / (1 − 0.999ᵗ)`.
    Adam,
    /// `adamax` (the same paper, section 7.1): `m` as above, `u ← max(0.999 u, |g| + 1e-8)`, `x ← x − η m̂ / u`.
    Adamax,
    /// `sgd`: `x ← x − η g`.
    Sgd,
    /// `sgdm`: `m ← 0.9 m + g`, `x ← x − η m`.
    SgdMomentum,
}

/// The decay of the first moment, and SGD's momentum.
const MOMENTUM: f64 = 0.9;
/// The decay of the second moment.
const SECOND_DECAY: f64 = 0.999;
const EPSILON: f32 = 1e-8;

impl OptimizerKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Adam, Self::Adamax, Self::Sgd, Self::SgdMomentum];

    const fn has_first_moment(self) -> bool {
        !matches!(self, Self::Sgd)
    }

    const fn has_second_moment(self) -> bool {
        matches!(self, Self::Adam | Self::Adamax)
    }
}

impl fmt::Display for OptimizerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Adam => "adam",
            Self::Adamax => "adamax",
            Self::Sgd => "sgd",
            Self::SgdMomentum => "sgdm",
        })
    }
}

impl FromStr for OptimizerKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let name = text.trim();
        Self::ALL.into_iter().find(|kind| kind.to_string() == name).ok_or_else(|| {
            let message = format!("`{text}` is not an optimiser: choose adam, adamax, sgd or sgdm");
            Error::new(ErrorKind::Setting, message)
        })
    }
}

/// The state of `batch` candidates with `numbers` each. Nothing is allocated after it is made.
///
/// # Panics
/// All methods, when a slot is not below the batch or a slice is not of `numbers`.
#[derive(Clone, Debug)]
pub struct Optimizer {
    kind: OptimizerKind,
    numbers: usize,
    /// Steps taken, by slot.
    steps: Vec<i32>,
    /// `m`, by slot; empty where the kind has none.
    first: Vec<f32>,
    /// `v` or `u`, by slot; empty where the kind has none.
    second: Vec<f32>,
}

impl Optimizer {
    /// The state before any step.
    pub fn new(kind: OptimizerKind, batch: usize, numbers: usize) -> Self {
        let moment = |wanted: bool| vec![0.0; if wanted { batch * numbers } else { 0 }];
        Self {
            kind,
            numbers,
            steps: vec![0; batch],
            first: moment(kind.has_first_moment()),
            second: moment(kind.has_second_moment()),
        }
    }

    /// One step of the candidate in `slot`.
    pub fn step(&mut self, slot: usize, x: &mut [f32], gradient: &[f32], learning_rate: f64) {
        assert_eq!(x.len(), self.numbers, "numbers to move");
        assert_eq!(gradient.len(), self.numbers, "numbers of the gradient");
        self.steps[slot] = self.steps[slot].saturating_add(1);
        let t = self.steps[slot];
        // The constants are narrowed where they meet the data, as PyTorch does it.
        let correction = |decay: f64| 1.0 - decay.powi(t);
        let (keep, take) = (MOMENTUM as f32, (1.0 - MOMENTUM) as f32);
        let (keep_second, take_second) = (SECOND_DECAY as f32, (1.0 - SECOND_DECAY) as f32);
        let first = moments(&mut self.first, slot, self.numbers);
        let second = moments(&mut self.second, slot, self.numbers);
        match self.kind {
            OptimizerKind::Adam => {
                let rate = (learning_rate / correction(MOMENTUM)) as f32;
                let root = correction(SECOND_DECAY).sqrt() as f32;
                for (((x, &g), m), v) in x.iter_mut().zip(gradient).zip(first).zip(second) {
                    *m = keep * *m + take * g;
                    *v = keep_second * *v + take_second * g * g;
                    *x -= rate * *m / (v.sqrt() / root + EPSILON);
                }
            }
            OptimizerKind::Adamax => {
                let rate = (learning_rate / correction(MOMENTUM)) as f32;
                for (((x, &g), m), u) in x.iter_mut().zip(gradient).zip(first).zip(second) {
                    *m = keep * *m + take * g;
                    *u = (keep_second * *u).max(g.abs() + EPSILON);
                    *x -= rate * *m / *u;
                }
            }
            OptimizerKind::Sgd => {
                let rate = learning_rate as f32;
                for (x, &g) in x.iter_mut().zip(gradient) {
                    *x -= rate * g;
                }
            }
            OptimizerKind::SgdMomentum => {
                let rate = learning_rate as f32;
                for ((x, &g), m) in x.iter_mut().zip(gradient).zip(first) {
                    *m = keep * *m + g;
                    *x -= rate * *m;
                }
            }
        }
    }

    /// Steps taken by the candidate in `slot` since it was made or reset.
    pub fn steps(&self, slot: usize) -> usize {
        self.steps[slot] as usize
    }

    /// Forgets what the candidate in `slot` did: the next step is its first.
    pub fn reset(&mut self, slot: usize) {
        self.steps[slot] = 0;
        moments(&mut self.first, slot, self.numbers).fill(0.0);
        moments(&mut self.second, slot, self.numbers).fill(0.0);
    }

    /// The state of the candidate in `slot`, to a tape or from there.
    pub(crate) fn pass(&mut self, slot: usize, tape: &mut Tape) -> Result<()> {
        let mut steps = self.steps(slot);
        tape.count_below(&mut steps, i32::MAX as usize)?;
        self.steps[slot] = steps as i32;
        tape.numbers(moments(&mut self.first, slot, self.numbers))?;
        tape.numbers(moments(&mut self.second, slot, self.numbers))
    }

    /// The candidates in slots `a` and `b` change places.
    pub fn swap(&mut self, a: usize, b: usize) {
        self.steps.swap(a, b);
        for moments in [&mut self.first, &mut self.second] {
            swap_moments(moments, self.numbers, a, b);
        }
    }
}

/// The row of `slot`, empty where there are no moments.
fn moments(rows: &mut [f32], slot: usize, numbers: usize) -> &mut [f32] {
    if rows.is_empty() { rows } else { &mut rows[slot * numbers..][..numbers] }
}

fn swap_moments(rows: &mut [f32], numbers: usize, a: usize, b: usize) {
    if a == b || rows.is_empty() {
        return;
    }
    let (head, tail) = rows.split_at_mut(a.max(b) * numbers);
    head[a.min(b) * numbers..][..numbers].swap_with_slice(&mut tail[..numbers]);
}
