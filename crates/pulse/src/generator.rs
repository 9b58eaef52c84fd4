//! Generators: named tensors in, operators and a description out.
//!
//! A [`Generator`] appends its operators to a network under construction. It names its inputs by the
//! convention that every file and every front shares: one latent (`z`, `w`, `ws` or `latent`, see
//! [`LatentInput`]), `noise.0 …`, `feature.0 …`, `c`.

mod dcgan;
mod embedded;
mod folder;

use std::path::Path;

use pulse_checkpoint::Checkpoint;
use pulse_engine::{NetworkBuilder, Operator, Shape, Value, Weights};

pub use dcgan::Dcgan;
pub use embedded::{EMBEDDED, Embedded};
pub use folder::checkpoint_file;

use crate::latent::Geometry;
use crate::{Error, ErrorKind, Result};

/// The families of generators that are read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// Transposed convolutions with batch norm (Radford, Metz, Chintala 2016).
    Dcgan,
}

impl Family {
    /// Its name, as people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dcgan => "DCGAN",
        }
    }
}

/// What a generator is, for people and for whoever builds a network of it.
#[derive(Clone, Debug)]
pub struct GeneratorSpec {
    /// The family that it belongs to.
    pub family: Family,
    /// Channels of its pictures: 1 or 3.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// How many frozen numbers it has.
    pub parameters: usize,
    /// The latents at which it can be entered; the first is what the search starts from.
    pub latents: Vec<LatentInput>,
}

/// The latent through which a generator is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LatentInput {
    /// `z`: what the prior draws, standard normal.
    Z,
}

impl LatentInput {
    /// Its name in networks and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Z => "z",
        }
    }
}

/// One named input of a generator.
#[derive(Clone, Debug)]
pub struct InputSpec {
    /// Its name in networks and files.
    pub name: String,
    /// Its shape, without the batch.
    pub shape: Shape,
    /// What it is when nobody says otherwise.
    pub start: Start,
    /// Where the search may take it.
    pub geometry: Geometry,
    /// The stage's own output that an offset is measured against, for a feature.
    pub stage: Option<Value>,
}

/// What an input is before a search moves it.
#[derive(Clone, Debug)]
pub enum Start {
    /// Independent standard normal numbers.
    Normal,
    /// Zeros: an offset.
    Zero,
    /// Numbers that came with the generator.
    Constant(Weights),
}

/// What a generator added to a network.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The picture `[channels, height, width]`, nominally in [-1, 1], not clamped.
    pub image: Value,
    /// Every input that it made, in order.
    pub inputs: Vec<InputSpec>,
    /// The latent that GEOCROSS looks at, where there are rows of it.
    pub rows: Option<Value>,
}

/// A generative model that can be searched. Bring your own by implementing it.
pub trait Generator: Send + Sync {
    /// What it is.
    fn spec(&self) -> &GeneratorSpec;

    /// Adds its inputs and operators to `builder`.
    ///
    /// # Errors
    /// [`ErrorKind::Inputs`] when it has no such latent; [`ErrorKind::Network`] when its operators do not
    /// fit each other.
    fn append(&self, builder: &mut NetworkBuilder, latent: LatentInput) -> Result<Generated>;
}

/// Reads the generator in the file or folder at `path`.
///
/// # Errors
/// [`ErrorKind::Io`] and [`ErrorKind::Checkpoint`] for files that cannot be read, [`ErrorKind::Generator`]
/// for tensors that no family here is made of.
pub fn open(path: &Path) -> Result<Box<dyn Generator>> {
    let checkpoint = Checkpoint::open(checkpoint_file(path)?).map_err(|error| {
        Error::new(ErrorKind::Checkpoint, format!("cannot use it as a generator: {error}")).with_source(error)
    })?;
    from_checkpoint(&checkpoint).map_err(|error| {
        Error::new(error.kind(), format!("cannot use {} as a generator: {error}", path.display())).with_source(error)
    })
}

/// The generator that a checkpoint's tensors make.
///
/// # Errors
/// [`ErrorKind::Generator`] when no family here is made of such tensors.
pub fn from_checkpoint(checkpoint: &Checkpoint) -> Result<Box<dyn Generator>> {
    Ok(Box::new(Dcgan::from_tensors(&checkpoint.tensors)?))
}

/// Adds `generator` to `builder`, and to its picture the last feature of all, an offset of the picture
/// itself: what the exact projection found is kept there, so that inputs alone make a candidate again.
pub fn append_whole(
    generator: &dyn Generator,
    builder: &mut NetworkBuilder,
    latent: LatentInput,
) -> Result<Generated> {
    let mut generated = generator.append(builder, latent)?;
    let index = generated.inputs.iter().filter(|input| input.name.starts_with("feature.")).count();
    generated.image = add_feature(builder, generated.image, index, Geometry::Fixed, &mut generated.inputs)?;
    Ok(generated)
}

/// The inputs of `generator` entered at `latent`, the offset of the picture among them, in the network's
/// order.
///
/// # Errors
/// As [`Generator::append`].
pub fn input_specs(generator: &dyn Generator, latent: LatentInput) -> Result<Vec<InputSpec>> {
    Ok(append_whole(generator, &mut NetworkBuilder::new(), latent)?.inputs)
}

/// Makes the output of stage `index` an input too: `y = stage + feature.index`.
fn add_feature(
    builder: &mut NetworkBuilder,
    stage: Value,
    index: usize,
    geometry: Geometry,
    inputs: &mut Vec<InputSpec>,
) -> Result<Value> {
    let (name, shape) = (format!("feature.{index}"), builder.shape(stage));
    let feature = builder.input(name.clone(), shape)?;
    inputs.push(InputSpec { name, shape, start: Start::Zero, geometry, stage: Some(stage) });
    Ok(builder.add(Operator::Add, &[stage, feature])?)
}

