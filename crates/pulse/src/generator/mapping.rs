//! The mapping network, from `z` to `w`, of every StyleGAN (Karras et al. 2019, section 2).

use pulse_engine::{Dense, NetworkBuilder, Operator, Value};

use super::tensors::{Equalised, Tensors};
use crate::Result;

/// The learning rate of the mapping's layers relative to the others', which scales them when they run.
const RATE: f64 = 0.01;
/// More than any mapping has; 8 are usual.
const MOST_LAYERS: usize = 256;
/// Under the root of the norms.
const EPSILON: f32 = 1e-8;

/// `x = z / rms(z)`, with classes `x = [x, y / rms(y)]`, `y = E c`; then for each layer
/// `x ← gain · LeakyReLU0.2(W x + b)`.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    embedding: Option<Dense>,
    layers: Vec<Dense>,
    gain: f32,
}

impl Mapping {
    /// The layers `name(0)`, `name(1)`, …, as many as there are, with `gain` times their weights when they run
    /// and `activation_gain` after each activation.
    pub(super) fn read(
        tensors: &Tensors,
        name: impl Fn(usize) -> String,
        gain: f64,
        activation_gain: f32,
    ) -> Result<Self> {
        let count = (0..MOST_LAYERS).take_while(|&index| tensors.has(&format!("{}.weight", name(index)))).count();
        let mut layers = Vec::<Dense>::with_capacity(count);
        for name in (0..count).map(&name) {
            let rate = tensors.setting(&name, "bias_gain").and_then(pulse_checkpoint::Value::as_float).unwrap_or(RATE);
            let layer = tensors.dense(&name, Equalised { gain, rate })?;
            if layers.last().is_some_and(|last| last.out_features != layer.in_features) {
                return Err(tensors.unfit(&name, "does not take what the layer before it makes"));
            }
            layers.push(layer);
        }
        if layers.is_empty() {
            return Err(tensors.unfit(&name(0), "is missing"));
        }
        Ok(Self { embedding: None, layers, gain: activation_gain })
    }

    /// The same with an embedding of classes.
    pub(super) fn conditional(mut self, tensors: &Tensors, name: &str) -> Result<Self> {
        let embedding = tensors.dense(name, Equalised::PLAIN)?;
        if embedding.out_features >= self.layers[0].in_features {
            return Err(tensors.unfit(name, "leaves no room for z in the first layer"));
        }
        self.embedding = Some(embedding);
        Ok(self)
    }

    /// The length of `z`.
    pub(super) fn z_dim(&self) -> usize {
        self.layers[0].in_features - self.embedding.as_ref().map_or(0, |embedding| embedding.out_features)
    }

    /// The length of `w`.
    pub(super) fn w_dim(&self) -> usize {
        self.layers[self.layers.len() - 1].out_features
    }

    /// How many classes there are.
    pub(super) fn classes(&self) -> usize {
        self.embedding.as_ref().map_or(0, |embedding| embedding.in_features)
    }

    /// `w` of `z`, and of `c` where there are classes.
    pub(super) fn append(&self, builder: &mut NetworkBuilder, z: Value, c: Option<Value>) -> Result<Value> {
        let normalize = Operator::Normalize { epsilon: EPSILON };
        let mut x = builder.add(normalize.clone(), &[z])?;
        if let (Some(embedding), Some(c)) = (&self.embedding, c) {
            let y = builder.add(Operator::Dense(embedding.clone()), &[c])?;
            let y = builder.add(normalize, &[y])?;
            x = builder.add(Operator::Concatenate, &[x, y])?;
        }
        for layer in &self.layers {
            x = builder.add(Operator::Dense(layer.clone()), &[x])?;
            x = builder.add(Operator::LeakyRelu { slope: 0.2, gain: self.gain, clamp: None }, &[x])?;
        }
        Ok(x)
    }
}
