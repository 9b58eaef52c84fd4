//! A StyleGAN while it is added to a network.

use pulse_engine::{NetworkBuilder, Operator, Shape, Value, Weights};

use super::space::Space;
use super::{Generated, InputSpec, Start};
use crate::Result;
use crate::latent::Geometry;

use super::entrance::Entered;

/// The noise map that a layer adds.
#[derive(Clone, Debug)]
pub(super) struct Noise {
    /// One number, or one a channel.
    pub(super) strength: Weights,
    /// The map that came with the file.
    pub(super) constant: Option<Weights>,
}

/// The builder, and what was added so far.
pub(super) struct Assembly<'a> {
    pub(super) builder: &'a mut NetworkBuilder,
    pub(super) space: &'a Space,
    inputs: Vec<InputSpec>,
    /// How many noise maps there will be, and how many there are.
    noise_maps: usize,
    noise_map: usize,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(builder: &'a mut NetworkBuilder, space: &'a Space, noise_maps: usize) -> Self {
        Self { builder, space, inputs: Vec::new(), noise_maps, noise_map: 0 }
    }

    pub(super) fn add(&mut self, operator: Operator, arguments: &[Value]) -> Result<Value> {
        Ok(self.builder.add(operator, arguments)?)
    }

    pub(super) fn input(&mut self, name: &str, shape: Shape, start: Start, geometry: Geometry) -> Result<Value> {
        let value = self.builder.input(name, shape)?;
        self.inputs.push(InputSpec { name: name.to_owned(), shape, start, geometry, stage: None });
        Ok(value)
    }

    /// `x + strength · noise`, the noise being the next noise map.
    pub(super) fn add_noise(&mut self, x: Value, noise: &Noise) -> Result<Value> {
        let shape = match self.builder.shape(x) {
            Shape::Map { height, width, .. } => Shape::map(1, height, width),
            other => other,
        };
        let index = self.noise_map;
        self.noise_map += 1;
        let (start, geometry) = self.space.noise_map(index, self.noise_maps, shape, noise.constant.as_ref());
        let map = self.input(&format!("noise.{index}"), shape, start, geometry)?;
        self.add(Operator::AddNoise(noise.strength.clone()), &[x, map])
    }

    /// `x + bias`, one number a channel.
    pub(super) fn add_bias(&mut self, x: Value, bias: &Weights) -> Result<Value> {
        self.add(Operator::affine(Vec::<f32>::new(), bias.clone()), &[x])
    }

    pub(super) fn finish(self, image: Value, Entered { ws, rows }: Entered) -> Generated {
        Generated { image, inputs: self.inputs, rows, ws: Some(ws) }
    }
}
