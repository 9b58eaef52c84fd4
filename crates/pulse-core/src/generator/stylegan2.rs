//! StyleGAN2 (Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020), trained with
//! or without adaptive augmentation: NVIDIA's pickles for PyTorch and for TensorFlow, and rosinality's `.pt`.
//!
//! Each layer is `x ← clamp(√2 LeakyReLU0.2(f(x, ws[row]) + strength · noise + bias))` with a modulated
//! convolution `f`; the first one of each resolution doubles the picture by a transposed convolution and a
//! filter after it. How the picture comes about is the architecture:
//!
//! - *skip*: each resolution adds its part, `image ← double(image) + toRGB(x)`;
//! - *resnet*: each resolution has a short cut, `x ← (layers(x) + double(S x)) / √2`, and only the last makes
//!   the picture;
//! - *orig*: neither.

mod nvidia;
mod rosinality;
mod tensorflow;

pub(super) use nvidia::{clamp, describe, read_entrance};

use std::collections::BTreeMap;
use std::sync::Arc;

use pulse_checkpoint::{Checkpoint, Tensor};
use pulse_engine::{Convolution, Fir, FirTaps, NetworkBuilder, Operator, Shape, Value, Weights};

use super::assembly::{Assembly, Noise};
use super::entrance::{Entered, Entrance};
use super::modulated::Modulated;
use super::space::Space;
use super::{Family, Generated, Generator, GeneratorSpec, LatentInput, supported};
use crate::Result;

/// A StyleGAN2.
#[derive(Clone, Debug)]
pub struct StyleGan2 {
    spec: GeneratorSpec,
    entrance: Entrance,
    /// `[channels, height, width]`: 4x4, but for pictures that are not square.
    constant: (Shape, Weights),
    blocks: Vec<Block>,
}

/// One resolution.
#[derive(Clone, Debug)]
struct Block {
    /// One at 4x4, then two, the first of them doubling.
    layers: Vec<Layer>,
    to_rgb: Option<ToRgb>,
    skip: Option<Skip>,
    /// What doubles the picture so far; there is none before the first resolution.
    doubling: Option<FirTaps>,
}

#[derive(Clone, Debug)]
struct Layer {
    convolution: Modulated,
    /// After a doubling convolution.
    filter: Option<FirTaps>,
    noise: Option<Noise>,
    bias: Weights,
    gain: f32,
    clamp: Option<f32>,
}

/// A modulated 1x1 convolution without demodulation.
#[derive(Clone, Debug)]
struct ToRgb {
    convolution: Modulated,
    bias: Weights,
    clamp: Option<f32>,
}

/// The short cut of a resolution: a 1x1 convolution, its gain included, then a doubling.
#[derive(Clone, Debug)]
struct Skip {
    convolution: Convolution,
    filter: FirTaps,
}

impl StyleGan2 {
    /// Whether tensors of these names may be a StyleGAN2's.
    pub(super) fn is_named(tensors: &BTreeMap<String, Tensor>) -> bool {
        nvidia::is_named(tensors) || rosinality::is_named(tensors) || tensorflow::is_named(tensors)
    }

    /// Infers everything (resolution, architecture, widths, lengths of z and w, depth of the mapping, classes,
    /// channels) from tensors named as in NVIDIA's pickles for PyTorch (`synthesis.b4.const`) and for
    /// TensorFlow (`synthesis/4x4/Conv/mod_weight`) or as in rosinality's files (`input.input`). Where layers are
    /// clamped is taken from the configuration.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`](crate::ErrorKind::Generator), saying which tensor does not fit.
    pub fn from_checkpoint(checkpoint: &Checkpoint) -> Result<Self> {
        supported::check(&checkpoint.configuration, Family::STYLEGAN2.name())?;
        if rosinality::is_named(&checkpoint.tensors) {
            return rosinality::read(checkpoint);
        }
        if tensorflow::is_named(&checkpoint.tensors) {
            return nvidia::read(&tensorflow::renamed(checkpoint));
        }
        nvidia::read(checkpoint)
    }
}

impl Generator for StyleGan2 {
    fn spec(&self) -> &GeneratorSpec {
        &self.spec
    }

    fn entrance(&self) -> Option<&Entrance> {
        Some(&self.entrance)
    }

    fn of_class(&self, class: usize) -> Option<Arc<dyn Generator>> {
        let entrance = self.entrance.of_class(class)?;
        Some(Arc::new(Self { entrance, ..self.clone() }))
    }

    fn append(&self, builder: &mut NetworkBuilder, latent: LatentInput, space: &Space) -> Result<Generated> {
        let noise_maps =
            self.blocks.iter().flat_map(|block| &block.layers).filter(|layer| layer.noise.is_some()).count();
        let mut assembly = Assembly::new(builder, space, noise_maps);
        let entered = self.entrance.enter(&mut assembly, latent)?;
        let (shape, constant) = &self.constant;
        let mut x = assembly.add(Operator::Constant(*shape, constant.clone()), &[])?;
        let mut image = None;
        let mut row = 0;
        for block in &self.blocks {
            x = block.append_layers(&mut assembly, x, &entered, row)?;
            row += block.layers.len();
            if let Some(to_rgb) = &block.to_rgb {
                // The row is that of the next resolution's first layer too.
                let w = assembly.add(Operator::Row(row), &[entered.ws])?;
                let part = to_rgb.append(&mut assembly, x, w)?;
                image = Some(match (image, &block.doubling) {
                    (Some(image), Some(taps)) => {
                        let doubled = assembly.add(doubling(taps), &[image])?;
                        assembly.add(Operator::Add, &[doubled, part])?
                    }
                    _ => part,
                });
            }
        }
        // Readers let no network through whose last resolution makes no picture.
        Ok(assembly.finish(image.unwrap_or(x), Some(entered)))
    }
}

impl Block {
    fn append_layers(&self, assembly: &mut Assembly, x: Value, entered: &Entered, row: usize) -> Result<Value> {
        let short = match &self.skip {
            Some(skip) => {
                let narrow = assembly.add(Operator::Convolution(skip.convolution.clone()), &[x])?;
                Some(assembly.add(doubling(&skip.filter), &[narrow])?)
            }
            None => None,
        };
        let mut y = x;
        for (index, layer) in self.layers.iter().enumerate() {
            let w = assembly.add(Operator::Row(row + index), &[entered.ws])?;
            y = layer.append(assembly, y, w)?;
        }
        match short {
            Some(short) => assembly.add(Operator::Add, &[short, y]),
            None => Ok(y),
        }
    }
}

impl Layer {
    fn append(&self, assembly: &mut Assembly, x: Value, w: Value) -> Result<Value> {
        let mut y = self.convolution.append(assembly, x, w)?;
        if let Some(taps) = &self.filter {
            y = assembly.add(after_doubling(taps), &[y])?;
        }
        if let Some(noise) = &self.noise {
            y = assembly.add_noise(y, noise)?;
        }
        y = assembly.add_bias(y, &self.bias)?;
        assembly.add(Operator::LeakyRelu { slope: 0.2, gain: self.gain, clamp: self.clamp }, &[y])
    }
}

impl ToRgb {
    fn append(&self, assembly: &mut Assembly, x: Value, w: Value) -> Result<Value> {
        let y = self.convolution.append(assembly, x, w)?;
        let y = assembly.add_bias(y, &self.bias)?;
        match self.clamp {
            Some(_) => assembly.add(Operator::LeakyRelu { slope: 1.0, gain: 1.0, clamp: self.clamp }, &[y]),
            None => Ok(y),
        }
    }
}

/// Twice the size, by zero-stuffing and the filter.
fn doubling(taps: &FirTaps) -> Operator {
    let padding = |taps: usize| [(taps as isize + 1) / 2, (taps as isize - 2) / 2];
    let [y, x] = taps.size();
    Operator::Fir(Fir { taps: taps.clone(), up: 2, down: 1, padding_y: padding(y), padding_x: padding(x) })
}

/// The filter after a transposed 3x3 convolution of stride 2, which made `2 n + 1` pixels: `2 n` are left.
fn after_doubling(taps: &FirTaps) -> Operator {
    let padding = |taps: usize| [(taps as isize - 1) / 2, (taps as isize - 2) / 2];
    let [y, x] = taps.size();
    Operator::Fir(Fir { taps: taps.clone(), up: 1, down: 1, padding_y: padding(y), padding_x: padding(x) })
}
