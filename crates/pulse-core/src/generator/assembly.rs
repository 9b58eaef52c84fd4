//! A generator while it is added to a network.

use pulse_engine::{NetworkBuilder, Operator, Shape, Value, Weights};

use super::entrance::Entered;
use super::space::Space;
use super::{Generated, InputSpec, Start, add_feature};
use crate::Result;
use crate::latent::Geometry;

/// The noise map that a layer adds.
#[derive(Clone, Debug)]
pub struct Noise {
    /// One number, or one a channel.
    pub strength: Weights,
    /// The map that came with the file, where one did.
    pub constant: Option<Weights>,
}

/// The builder, and the inputs that were made so far. A generator's [`append`](super::Generator::append) is written with it: it
/// names inputs as every file and front expects them, and notes what each of them is.
pub struct Assembly<'a> {
    pub(super) builder: &'a mut NetworkBuilder,
    pub(super) space: &'a Space,
    inputs: Vec<InputSpec>,
    /// How many noise maps there will be, and how many there are.
    noise_maps: usize,
    noise_map: usize,
    features: usize,
}

impl<'a> Assembly<'a> {
    /// Nothing yet, of a generator that will have so many noise maps.
    pub fn new(builder: &'a mut NetworkBuilder, space: &'a Space, noise_maps: usize) -> Self {
        Self { builder, space, inputs: Vec::new(), noise_maps, noise_map: 0, features: 0 }
    }

    /// Adds an operator.
    ///
    /// # Errors
    /// As [`NetworkBuilder::add`].
    pub fn add(&mut self, operator: Operator, arguments: &[Value]) -> Result<Value> {
        Ok(self.builder.add(operator, arguments)?)
    }

    /// Adds an input: the latent, or one of a kind of its own. Noise maps and features have their own ways.
    ///
    /// # Errors
    /// As [`NetworkBuilder::input`].
    pub fn input(&mut self, name: &str, shape: Shape, start: Start, geometry: Geometry) -> Result<Value> {
        let value = self.builder.input(name, shape)?;
        self.inputs.push(InputSpec { name: name.to_owned(), shape, start, geometry, stage: None });
        Ok(value)
    }

    /// `x + strength · noise`, the noise being the next noise map: `noise.0`, `noise.1`, … Where it starts and whether it is
    /// searched is what the [`Space`] says.
    ///
    /// # Errors
    /// As [`NetworkBuilder::add`].
    pub fn add_noise(&mut self, x: Value, noise: &Noise) -> Result<Value> {
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

    /// `stage + feature`, the feature being the next one: `feature.0`, `feature.1`, … It starts at zero, and the search keeps
    /// its norm within `relative_radius` of the stage's own: how far a stage can be moved before its pictures fall apart.
    ///
    /// # Errors
    /// As [`NetworkBuilder::add`].
    pub fn add_feature(&mut self, stage: Value, relative_radius: f32) -> Result<Value> {
        let index = self.features;
        self.features += 1;
        add_feature(self.builder, stage, index, Geometry::Ball { relative_radius }, &mut self.inputs)
    }

    /// `x + bias`, one number a channel.
    pub(super) fn add_bias(&mut self, x: Value, bias: &Weights) -> Result<Value> {
        self.add(Operator::affine(Vec::<f32>::new(), bias.clone()), &[x])
    }

    /// All of it, with the picture `[channels, height, width]`, nominally in [-1, 1]; of a generator with styles, with where its
    /// synthesis [started](super::Entrance::enter).
    pub fn finish(self, image: Value, entered: Option<Entered>) -> Generated {
        let (ws, rows) = entered.map_or((None, None), |Entered { ws, rows }| (Some(ws), rows));
        Generated { image, inputs: self.inputs, rows, ws }
    }
}
