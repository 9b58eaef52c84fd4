//! The mapping network, from `z` to `w`, of every StyleGAN (Karras et al. 2019, section 2).

use pulse_engine::{Dense, NetworkBuilder, Operator, Value};

use crate::Result;
use crate::tensors::{Equalised, Tensors};

/// The learning rate of the mapping's layers relative to the others', which scales them when they run.
const RATE: f64 = 0.01;
/// More than any mapping has; 8 are usual.
const MOST_LAYERS: usize = 256;
/// Under the root of the norms.
const EPSILON: f32 = 1e-8;

/// `x = z / rms(z)`, with classes as [`Classes`] says; then for each layer `x ← gain · LeakyReLU0.2(W x + b)`.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    classes: Option<Classes>,
    layers: Vec<Dense>,
    gain: f32,
}

/// How the class `c` joins `z`.
#[derive(Clone, Debug)]
enum Classes {
    /// `x = [z / rms(z), y / rms(y)]`, `y = E c`: NVIDIA's programs for PyTorch.
    Apart(Dense),
    /// `x = [z, y] / rms([z, y])`, `y = E c`: NVIDIA's programs for TensorFlow.
    Together(Dense),
}

impl Classes {
    const fn embedding(&self) -> &Dense {
        match self {
            Self::Apart(embedding) | Self::Together(embedding) => embedding,
        }
    }
}

impl Mapping {
    /// These layers, at least one, without classes.
    pub(super) const fn plain(layers: Vec<Dense>, gain: f32) -> Self {
        Self { classes: None, layers, gain }
    }

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
        Ok(Self { classes: None, layers, gain: activation_gain })
    }

    /// The same with classes, where there is an embedding of them: the dense layer `apart`, or the weights
    /// `together` [length, classes].
    pub(super) fn conditional(mut self, tensors: &Tensors, apart: &str, together: &str) -> Result<Self> {
        let (name, classes) = if tensors.has(&format!("{apart}.weight")) {
            (apart, Classes::Apart(tensors.dense(apart, Equalised::PLAIN)?))
        } else if tensors.has(together) {
            let [out_features, in_features] = tensors.shape(together)?;
            let weight = tensors.numbers(together, &[out_features, in_features])?;
            (together, Classes::Together(Dense { weight, bias: None, out_features, in_features }))
        } else {
            return Ok(self);
        };
        if classes.embedding().out_features >= self.layers[0].in_features {
            return Err(tensors.unfit(name, "leaves no room for z in the first layer"));
        }
        self.classes = Some(classes);
        Ok(self)
    }

    /// The length of `z`.
    pub(super) fn z_dim(&self) -> usize {
        self.layers[0].in_features - self.classes.as_ref().map_or(0, |classes| classes.embedding().out_features)
    }

    /// The length of `w`.
    pub(super) fn w_dim(&self) -> usize {
        self.layers[self.layers.len() - 1].out_features
    }

    /// How many classes there are.
    pub(super) fn classes(&self) -> usize {
        self.classes.as_ref().map_or(0, |classes| classes.embedding().in_features)
    }

    /// Feeds `sink` with everything that the mapping is: two mappings that differ in anything feed it with other
    /// bytes.
    pub(super) fn feed(&self, sink: &mut dyn FnMut(&[u8])) {
        let kind = match &self.classes {
            None => 0_u64,
            Some(Classes::Apart(_)) => 1,
            Some(Classes::Together(_)) => 2,
        };
        sink(&kind.to_le_bytes());
        sink(&self.gain.to_le_bytes());
        for dense in self.classes.iter().map(Classes::embedding).chain(&self.layers) {
            let biases = dense.bias.as_ref().map_or(0, |bias| bias.len());
            for length in [dense.out_features, dense.in_features, biases] {
                sink(&(length as u64).to_le_bytes());
            }
            for number in dense.weight.iter().chain(dense.bias.iter().flat_map(|bias| bias.iter())) {
                sink(&number.to_le_bytes());
            }
        }
    }

    /// `w` of `z`, and of `c` where there are classes.
    pub(super) fn append(&self, builder: &mut NetworkBuilder, z: Value, c: Option<Value>) -> Result<Value> {
        let normalize = Operator::Normalize { epsilon: EPSILON };
        let mut x = match (&self.classes, c) {
            (Some(Classes::Apart(embedding)), Some(c)) => {
                let x = builder.add(normalize.clone(), &[z])?;
                let y = builder.add(Operator::Dense(embedding.clone()), &[c])?;
                let y = builder.add(normalize, &[y])?;
                builder.add(Operator::Concatenate, &[x, y])?
            }
            (Some(Classes::Together(embedding)), Some(c)) => {
                let y = builder.add(Operator::Dense(embedding.clone()), &[c])?;
                let x = builder.add(Operator::Concatenate, &[z, y])?;
                builder.add(normalize, &[x])?
            }
            _ => builder.add(normalize, &[z])?,
        };
        for layer in &self.layers {
            x = builder.add(Operator::Dense(layer.clone()), &[x])?;
            x = builder.add(Operator::LeakyRelu { slope: 0.2, gain: self.gain, clamp: None }, &[x])?;
        }
        Ok(x)
    }
}
