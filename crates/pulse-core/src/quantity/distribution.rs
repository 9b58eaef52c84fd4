//! What candidates say of a quantity, and what the generator says without them.

use super::Quantity;
use crate::image::Image;
use crate::student::student_95;

/// A quantity of a run's candidates beside that of random pictures of the generator.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What was read.
    pub quantity: Quantity,
    /// Of each candidate; nothing where its picture has none.
    pub candidates: Vec<Option<f64>>,
    /// Of the generator's own random pictures: what it says without the small picture.
    pub own: Vec<f64>,
}

impl Reading {
    /// Of these candidates, and of random pictures of their generator.
    pub fn of(quantity: Quantity, candidates: &[&Image], own: &[Image]) -> Self {
        Self {
            quantity,
            candidates: candidates.iter().map(|image| quantity.of(image)).collect(),
            own: own.iter().filter_map(|image| quantity.of(image)).collect(),
        }
    }

    /// The same in other units: all is multiplied by `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            quantity: self.quantity,
            candidates: self.candidates.iter().map(|value| value.map(|value| factor * value)).collect(),
            own: self.own.iter().map(|value| factor * value).collect(),
        }
    }

    /// That of the candidates, where two have it.
    pub fn found(&self) -> Option<Distribution> {
        Distribution::of(&self.candidates.iter().copied().flatten().collect::<Vec<_>>())
    }

    /// That of the generator's own random pictures, where two have it.
    pub fn assumed(&self) -> Option<Distribution> {
        Distribution::of(&self.own)
    }

    /// How many times narrower the candidates are than the generator's own pictures: at about 1, the small picture says
    /// nothing of the quantity that the generator did not assume.
    pub fn narrowed(&self) -> Option<f64> {
        let (found, assumed) = (self.found()?, self.assumed()?);
        (found.deviation > 0.0).then(|| assumed.deviation / found.deviation)
    }
}

/// How numbers lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distribution {
    /// How many there were.
    pub count: usize,
    /// `x̄ = (1/n) Σ xᵢ`.
    pub mean: f64,
    /// `s = sqrt(Σ (xᵢ − x̄)² / (n − 1))`.
    pub deviation: f64,
}

impl Distribution {
    /// Of two numbers or more.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.len() < 2 {
            return None;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        Some(Self { count: values.len(), mean, deviation: (squares / (count - 1.0)).sqrt() })
    }

    /// The 90% interval of one more number, `x̄ ± c t s sqrt(1 + 1/n)`, with Student's `t` as in
    /// [`Certainty::half_widths`](crate::judge::Certainty::half_widths), and a `factor` `c` that was calibrated, or 1.
    pub fn interval(&self, factor: f64) -> [f64; 2] {
        let half = factor * student_95(self.count - 1) * self.deviation * (1.0 + 1.0 / self.count as f64).sqrt();
        [self.mean - half, self.mean + half]
    }
}
