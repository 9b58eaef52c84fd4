//! The features of a network's time, and what is made of them.

use pulse_engine::{Dense, NetworkBuilder, Operator, Shape, Value};

use super::blocks::{dense, silu};
use crate::Result;

/// Sines and cosines of the time: `sin(t f_i)` and `cos(t f_i)`, all of one kind and then all of the other.
///
/// The products are rounded to single precision, as where the networks were trained: a time of a thousand has few digits left.
#[derive(Clone, Debug)]
pub(super) struct Sinusoids {
    /// `f_i`.
    pub(super) frequencies: Vec<f32>,
    /// Whether the sines come before the cosines.
    pub(super) sines_first: bool,
}

impl Sinusoids {
    /// `f_i = 10000^(−i / last)` for `i` in `0..count` (Vaswani et al. 2017).
    pub(super) fn positional(count: usize, last: usize, sines_first: bool) -> Self {
        let frequency = |i: usize| (-(10000.0_f64.ln()) * i as f64 / last.max(1) as f64).exp() as f32;
        Self { frequencies: (0..count).map(frequency).collect(), sines_first }
    }

    /// The features of time `t`. A number that is left over is 0.
    pub(super) fn fill(&self, t: f64, features: &mut [f32]) {
        features.fill(0.0);
        let (first, second) = features.split_at_mut(self.frequencies.len());
        let (sines, cosines) = if self.sines_first { (first, second) } else { (second, first) };
        for ((&frequency, sine), cosine) in self.frequencies.iter().zip(sines).zip(cosines) {
            let angle = f64::from(t as f32 * frequency);
            (*sine, *cosine) = (angle.sin() as f32, angle.cos() as f32);
        }
    }
}

/// Where the class comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClassPlace {
    /// Added to the features of the time.
    Features,
    /// Added to what the second layer gives.
    Embedding,
}

/// `e = SiLU(second(SiLU(first(features))))`, with the class added before or after the two layers.
#[derive(Clone, Debug)]
pub(super) struct Embedding {
    pub(super) first: Dense,
    pub(super) second: Dense,
    pub(super) class: Option<(Dense, ClassPlace)>,
}

impl Embedding {
    /// Without a class given the class is a vector of zeros.
    pub(super) fn append(&self, builder: &mut NetworkBuilder, time: Value, class: Option<Value>) -> Result<Value> {
        let time = self.append_class(builder, time, class, ClassPlace::Features)?;
        let hidden = dense(builder, &self.first, time)?;
        let hidden = silu(builder, hidden)?;
        let embedded = dense(builder, &self.second, hidden)?;
        let embedded = self.append_class(builder, embedded, class, ClassPlace::Embedding)?;
        silu(builder, embedded)
    }

    /// `value` with the class added, where this is the place for it.
    fn append_class(
        &self,
        builder: &mut NetworkBuilder,
        value: Value,
        class: Option<Value>,
        place: ClassPlace,
    ) -> Result<Value> {
        let Some((layer, _)) = self.class.as_ref().filter(|(_, wanted)| *wanted == place) else { return Ok(value) };
        let none = || Operator::Constant(Shape::Vector(layer.in_features), vec![0.0; layer.in_features].into());
        let class = class.map_or_else(|| builder.add(none(), &[]), Ok)?;
        let class = dense(builder, layer, class)?;
        Ok(builder.add(Operator::Add, &[value, class])?)
    }
}
