//! Discriminators: the networks that generators were trained against.
//!
//! A discriminator takes a picture in [-1, 1] to a logit: more, where it looks more like those of the training set. Each
//! resolution halves the picture, `x ← f₁(halve(f₀(x)))`, with convolutions of 3x3 and leaky ReLUs; the last one, 4x4, ends in
//! two dense layers. How the picture comes in is the architecture (Karras et al. 2020, section 4.1):
//!
//! - *skip*: each resolution takes its part, `x ← x + fromRGB(picture)`, `picture ← halve(picture)`;
//! - *resnet*: each resolution has a short cut, `x ← (layers(x) + S halve(x)) / √2`, and only the first sees the picture;
//! - *orig*: neither, as in StyleGAN (Karras et al. 2019) and before.
//!
//! At 4x4 the last layers also see how much the pictures of a batch differ, as one more channel (Karras et al. 2018, section
//! 3). Here each picture is judged alone, so that its logit does not depend on its neighbours: the deviation over a batch of
//! one is 0, `sqrt(0 + 1e-8)` as the programs have it. No batch in training was like that, so logits are not those of training:
//! they compare pictures of one generator, and are no probabilities.
//!
//! One that was trained on classes judges a picture as one of its class `c`: `logit = ⟨d(x), m(c)⟩ / √n` with a mapping network
//! `m` (Miyato and Koyama 2018; Karras et al. 2020, ADA), or the element of `d(x)` that `c` chooses.

mod names;
mod read;

use pulse_checkpoint::{Checkpoint, Pair};
use pulse_engine::{Convolution, Dense, Fir, NetworkBuilder, Operator, Shape, Value, Weights};

use super::GeneratorSpec;
use super::mapping::Mapping;
use crate::{Error, ErrorKind, Result};

/// What a batch of one differs by: the root of the number that keeps it from 0.
const DEVIATION: f32 = 1e-4;

/// A discriminator.
#[derive(Clone, Debug)]
pub struct Discriminator {
    architecture: Architecture,
    channels: usize,
    size: usize,
    parameters: usize,
    /// The largest resolution first.
    blocks: Vec<Block>,
    end: End,
    condition: Condition,
}

/// How the picture comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// At the first resolution.
    Orig,
    /// At every resolution.
    Skip,
    /// At the first resolution, with short cuts.
    Resnet,
}

impl Architecture {
    /// Its name in the papers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orig => "orig",
            Self::Skip => "skip",
            Self::Resnet => "resnet",
        }
    }
}

/// `clamp(gain · LeakyReLU0.2(convolution(filter(x))))`.
#[derive(Clone, Debug)]
struct Layer {
    filter: Option<Fir>,
    convolution: Convolution,
    gain: f32,
    clamp: Option<f32>,
}

/// One resolution.
#[derive(Clone, Debug)]
struct Block {
    from_rgb: Option<Layer>,
    /// The second halves.
    layers: [Layer; 2],
    /// Halving, then a 1x1 convolution with its gain.
    short_cut: Option<(Fir, Convolution)>,
    /// What halves the picture for the next resolution.
    picture: Option<Fir>,
}

/// What is done at 4x4.
#[derive(Clone, Debug)]
struct End {
    from_rgb: Option<Layer>,
    layer: Layer,
    /// What the layer's convolution has for the deviation over the batch.
    deviation: Option<Convolution>,
    dense: Dense,
    out: Dense,
}

/// How the class comes in.
#[derive(Clone, Debug)]
enum Condition {
    Unconditional,
    /// `⟨d(x), m(E c)⟩ / √n`.
    Projected {
        embedding: Dense,
        mapping: Mapping,
    },
    /// `⟨d(x), c⟩`.
    Chosen(usize),
}

impl Discriminator {
    /// Infers everything (resolution, architecture, widths, classes, channels) from tensors named as in NVIDIA's pickles for
    /// PyTorch (`b4.conv.weight`; StyleGAN2-ADA and StyleGAN3) and for TensorFlow (`4x4/Conv/weight`; StyleGAN and StyleGAN2) or
    /// as in rosinality's files (`final_conv.0.weight`). Where layers are clamped is taken from the configuration.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`], saying which tensor does not fit.
    pub fn from_checkpoint(checkpoint: &Checkpoint) -> Result<Self> {
        let discriminator = read::read(checkpoint)?;
        let mut builder = NetworkBuilder::new();
        let picture = builder.input("picture", discriminator.picture())?;
        let appended = discriminator.append(&mut builder, picture);
        appended.map_err(|error| {
            Error::new(ErrorKind::Generator, format!("its layers do not fit each other: {error}")).with_source(error)
        })?;
        Ok(discriminator)
    }

    /// The discriminator of a file whose generator is described by `generator`; nothing where there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Checkpoint`] when it could not be read, [`ErrorKind::Generator`] as [`Discriminator::from_checkpoint`] and
    /// [`Discriminator::check`] say. The generator can be used all the same.
    pub fn of(pair: &Pair, generator: &GeneratorSpec) -> Option<Result<Self>> {
        let read = |checkpoint| {
            let discriminator = Self::from_checkpoint(checkpoint)?;
            discriminator.check(generator)?;
            Ok(discriminator)
        };
        Some(match pair.discriminator.as_ref()? {
            Ok(checkpoint) => read(checkpoint),
            Err(error) => Err(Error::new(ErrorKind::Checkpoint, error.to_string())),
        })
    }

    /// How the picture comes in.
    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// The shape of the pictures that it judges.
    pub fn picture(&self) -> Shape {
        Shape::map(self.channels, self.size, self.size)
    }

    /// How many classes it was trained on, 0 where it knows none.
    pub fn classes(&self) -> usize {
        match &self.condition {
            Condition::Unconditional => 0,
            Condition::Projected { embedding, .. } => embedding.in_features,
            Condition::Chosen(classes) => *classes,
        }
    }

    /// How many frozen numbers it has.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// Checks that it judges the pictures of such a generator.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`] when these are of another shape, or of other classes.
    pub fn check(&self, generator: &GeneratorSpec) -> Result<()> {
        let made = Shape::map(generator.channels, generator.height, generator.width);
        if (made, generator.classes) == (self.picture(), self.classes()) {
            return Ok(());
        }
        let (own, classes) = (self.picture(), self.classes());
        let message = format!(
            "it judges pictures of {own} in {classes} classes, and the generator makes {made} in {}",
            generator.classes
        );
        Err(Error::new(ErrorKind::Generator, message))
    }

    /// Adds its operators to `builder`: the logit, a vector of 1, of `picture` in [-1, 1]. Where it knows classes, it is of the
    /// class that the input `c` says.
    ///
    /// # Errors
    /// [`ErrorKind::Network`] when `picture` is of another shape.
    pub fn append(&self, builder: &mut NetworkBuilder, picture: Value) -> Result<Value> {
        let (mut x, mut picture) = (None, picture);
        for block in &self.blocks {
            if let Some(from_rgb) = &block.from_rgb {
                x = Some(from_rgb.append_to(builder, x, picture)?);
            }
            if let Some(halving) = &block.picture {
                picture = builder.add(Operator::Fir(halving.clone()), &[picture])?;
            }
            x = Some(block.append_layers(builder, x.unwrap_or(picture))?);
        }
        if let Some(from_rgb) = &self.end.from_rgb {
            x = Some(from_rgb.append_to(builder, x, picture)?);
        }
        let judged = self.end.append(builder, x.unwrap_or(picture))?;
        self.condition.append(builder, judged)
    }
}

impl Layer {
    fn append(&self, builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
        let x = self.append_convolution(builder, x)?;
        self.append_activation(builder, x)
    }

    /// `x` plus this layer of the picture, where there is an `x`.
    fn append_to(&self, builder: &mut NetworkBuilder, x: Option<Value>, picture: Value) -> Result<Value> {
        let part = self.append(builder, picture)?;
        match x {
            Some(x) => Ok(builder.add(Operator::Add, &[x, part])?),
            None => Ok(part),
        }
    }

    fn append_convolution(&self, builder: &mut NetworkBuilder, mut x: Value) -> Result<Value> {
        if let Some(filter) = &self.filter {
            x = builder.add(Operator::Fir(filter.clone()), &[x])?;
        }
        Ok(builder.add(Operator::Convolution(self.convolution.clone()), &[x])?)
    }

    fn append_activation(&self, builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
        Ok(builder.add(Operator::LeakyRelu { slope: 0.2, gain: self.gain, clamp: self.clamp }, &[x])?)
    }
}

impl Block {
    fn append_layers(&self, builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
        let mut y = x;
        for layer in &self.layers {
            y = layer.append(builder, y)?;
        }
        let Some((halving, convolution)) = &self.short_cut else { return Ok(y) };
        let short = builder.add(Operator::Fir(halving.clone()), &[x])?;
        let short = builder.add(Operator::Convolution(convolution.clone()), &[short])?;
        Ok(builder.add(Operator::Add, &[short, y])?)
    }
}

impl End {
    fn append(&self, builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
        let mut y = self.layer.append_convolution(builder, x)?;
        if let Some(convolution) = &self.deviation {
            let shape = Shape::map(convolution.in_channels, 4, 4);
            let numbers: Weights = vec![DEVIATION; shape.len()].into();
            let deviation = builder.add(Operator::Constant(shape, numbers), &[])?;
            let part = builder.add(Operator::Convolution(convolution.clone()), &[deviation])?;
            y = builder.add(Operator::Add, &[y, part])?;
        }
        let y = self.layer.append_activation(builder, y)?;
        let y = builder.add(Operator::Reshape(Shape::Vector(builder.shape(y).len())), &[y])?;
        let y = builder.add(Operator::Dense(self.dense.clone()), &[y])?;
        let y = builder.add(Operator::LeakyRelu { slope: 0.2, gain: self.layer.gain, clamp: None }, &[y])?;
        Ok(builder.add(Operator::Dense(self.out.clone()), &[y])?)
    }
}

impl Condition {
    /// The logit of what was judged of a picture.
    fn append(&self, builder: &mut NetworkBuilder, judged: Value) -> Result<Value> {
        let (chosen, scale) = match self {
            Self::Unconditional => return Ok(judged),
            Self::Projected { embedding, mapping } => {
                let class = builder.input("c", Shape::Vector(embedding.in_features))?;
                let embedded = builder.add(Operator::Dense(embedding.clone()), &[class])?;
                // The mapping network begins with the norm of what it is given.
                let chosen = mapping.append(builder, embedded, None)?;
                (chosen, 1.0 / (mapping.w_dim() as f32).sqrt())
            }
            Self::Chosen(classes) => (builder.input("c", Shape::Vector(*classes))?, 1.0),
        };
        let products = builder.add(Operator::Multiply, &[judged, chosen])?;
        let count = builder.shape(products).len();
        let sum = Dense { weight: vec![scale; count].into(), bias: None, out_features: 1, in_features: count };
        Ok(builder.add(Operator::Dense(sum), &[products])?)
    }
}
