//! What candidates are sorted by.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind, Result};

use super::{Bent, Plausibility};

/// The scores of one candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// How well what it shrinks to agrees with the target, in dB: more is better.
    pub consistency: f64,
    /// How typical its inputs are, where that is known; a smaller [departure](Plausibility::departure) is better.
    pub plausibility: Option<Plausibility>,
    /// [`niqe`](super::niqe) of its picture of 8 bits: less is better. Nothing for a small or flat picture.
    pub sharpness: Option<f64>,
    /// How far it is from the nearest other candidate, in detail: more is better. Nothing for a single candidate.
    pub distinctness: Option<f64>,
    /// The [logit](super::Critic::logit) of its picture: more is better. Nothing where the generator came without a
    /// discriminator.
    pub discriminator: Option<f64>,
    /// How far the generator was bent for it, where that was measured; a smaller [total](Bent::total) is better.
    pub bent: Option<Bent>,
}

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// `number`: as they were searched for.
    #[default]
    Number,
    /// `consistency`: the most consistent.
    Consistency,
    /// `plausibility`: the most typical inputs.
    Plausibility,
    /// `sharpness`: the sharpest and most natural.
    Sharpness,
    /// `distinctness`: the farthest from any other.
    Distinctness,
    /// `discriminator`: what a discriminator finds most like the training set.
    Discriminator,
    /// `verdict`: what the generator was bent least for.
    Verdict,
}

impl Order {
    /// Every order.
    pub const ALL: [Self; 7] = [
        Self::Number,
        Self::Consistency,
        Self::Plausibility,
        Self::Sharpness,
        Self::Distinctness,
        Self::Discriminator,
        Self::Verdict,
    ];

    /// Its name, as people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Consistency => "consistency",
            Self::Plausibility => "plausibility",
            Self::Sharpness => "sharpness",
            Self::Distinctness => "distinctness",
            Self::Discriminator => "discriminator",
            Self::Verdict => "verdict",
        }
    }

    /// What it sorts by, such that less comes first; nothing where a candidate has no such score.
    pub fn key(self, scores: &Scores) -> Option<f64> {
        match self {
            Self::Number => None,
            Self::Consistency => Some(-scores.consistency),
            Self::Plausibility => scores.plausibility.map(|plausibility| plausibility.departure()),
            Self::Sharpness => scores.sharpness,
            Self::Distinctness => scores.distinctness.map(|distance| -distance),
            Self::Discriminator => scores.discriminator.map(|logit| -logit),
            Self::Verdict => scores.bent.map(|bent| bent.total()),
        }
    }

    /// The places of candidates in this order. Those without the score come last; what is equal stays as it was.
    pub fn sorted(self, scores: &[Scores]) -> Vec<usize> {
        let mut places: Vec<usize> = (0..scores.len()).collect();
        places.sort_by(|&a, &b| match (self.key(&scores[a]), self.key(&scores[b])) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
        places
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Order {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|order| order.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::new(ErrorKind::Setting, format!("`{text}` is nothing to sort by: choose one of {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(consistency: f64, offsets: f64, sharpness: Option<f64>, distinctness: f64) -> Scores {
        let plausibility = Plausibility { radius: Some(1.0), offsets, angles: None };
        // Less where it is more consistent, and nothing for the most consistent.
        let discriminator = Some(-consistency).filter(|_| consistency < 60.0);
        let (plausibility, distinctness) = (Some(plausibility), Some(distinctness));
        // As far as it is consistent.
        let bent = Some(Bent { strangeness: consistency, misfit: 0.0, shortfall: 0.0 });
        Scores { consistency, plausibility, sharpness, distinctness, discriminator, bent }
    }

    #[test]
    fn the_best_come_first() {
        let all = [scores(50.0, 0.3, None, 0.1), scores(60.0, 0.1, Some(9.0), 0.1), scores(40.0, 0.2, Some(4.0), 0.3)];
        let sorted = Order::ALL.map(|order| order.sorted(&all));
        assert_eq!(sorted, [[0, 1, 2], [1, 0, 2], [1, 2, 0], [2, 1, 0], [2, 0, 1], [2, 0, 1], [2, 0, 1]]);
    }

    #[test]
    fn names_read_back() {
        for order in Order::ALL {
            assert_eq!(order.to_string().parse::<Order>().unwrap(), order);
        }
        assert!("beauty".parse::<Order>().unwrap_err().to_string().contains("sharpness"));
    }
}
