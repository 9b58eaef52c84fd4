//! Generators: named tensors in, operators and a description out.
//!
//! A [`Generator`] appends its operators to a network under construction. It names its inputs by the
//! convention that every file and every front shares: one latent (`z`, `w`, `ws` or `latent`, see
//! [`LatentInput`]), `noise.0 …`, `feature.0 …`, `c`.
//!
//! A feature is an offset: `feature.k` is added to stage `k`'s own output. Zero is what the generator would do by itself, so a
//! file may leave a feature out, and the ball in which it is searched is round zero. The last feature is an offset of the
//! picture itself, into which the exact projection goes, so inputs alone make a candidate again.

mod assembly;
mod dcgan;
mod diffusion;
mod discriminator;
mod embedded;
mod entrance;
mod filter;
mod located;
mod mapping;
mod modulated;
mod prior;
mod space;
mod stylegan1;
mod stylegan2;
mod stylegan3;
mod subject;
mod supported;
mod unread;

use std::sync::Arc;

use pulse_checkpoint::Checkpoint;
use pulse_engine::{Engine, NetworkBuilder, Operator, Shape, Value, Weights};

pub use assembly::{Assembly, Noise};
pub use dcgan::Dcgan;
pub use diffusion::{Diffusion, ENTERED};
pub use discriminator::{Architecture, Discriminator};
pub use embedded::{Calibration, EMBEDDED, Embedded, UNCALIBRATED, WeightsFile};
pub use entrance::{Entered, Entrance};
pub use located::located;
pub use space::{NoiseStart, Space, Truncation, ZeroedNoise};
pub use stylegan1::StyleGan1;
pub use stylegan2::StyleGan2;
pub use stylegan3::StyleGan3;
pub use subject::Subject;

use crate::denoiser::Denoiser;
use crate::latent::Geometry;
use crate::placement::Frame;
use crate::random::Stream;
use crate::{Error, ErrorKind, Result};

/// The family that a generator belongs to, by its name as people write it. Those that are read here are constants; a
/// generator of your own has a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Family(&'static str);

impl Family {
    /// Transposed convolutions with batch norm (Radford, Metz, Chintala 2016).
    pub const DCGAN: Self = Self("DCGAN");
    /// A mapping network, styles by instance norm, noise (Karras, Laine, Aila 2019).
    pub const STYLEGAN: Self = Self("StyleGAN");
    /// The same with styles by modulated convolutions (Karras et al. 2020), trained with or without ADA.
    pub const STYLEGAN2: Self = Self("StyleGAN2");
    /// Without aliasing, without noise (Karras et al. 2021): -T and -R.
    pub const STYLEGAN3: Self = Self("StyleGAN3");

    /// A family of this name.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Its name, as people write it.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// What a generator is: for people, and for code that builds a network of it.
#[derive(Clone, Debug)]
pub struct GeneratorSpec {
    /// The family that it belongs to.
    pub family: Family,
    /// Channels of its pictures: 1 to 4.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// How many frozen numbers it has.
    pub parameters: usize,
    /// The latents at which it can be entered, at least one; the first is what the search starts from.
    pub latents: Vec<LatentInput>,
    /// The length of `z`, 0 where it has none.
    pub z_dim: usize,
    /// The length of `w`, 0 where it has none.
    pub w_dim: usize,
    /// How many rows `ws` has, 0 where there are none.
    pub num_ws: usize,
    /// How many classes it was trained on, 0 where it knows none.
    pub classes: usize,
    /// How its pictures frame a face, when it makes faces.
    pub frame: Frame,
}

impl GeneratorSpec {
    /// A generator of square pictures, without styles or classes, in FFHQ's frame.
    pub fn square(family: Family, channels: usize, size: usize, parameters: usize, latents: Vec<LatentInput>) -> Self {
        let (height, width) = (size, size);
        let frame = Frame::default();
        let (z_dim, w_dim, num_ws, classes) = (0, 0, 0, 0);
        Self { family, channels, height, width, parameters, latents, z_dim, w_dim, num_ws, classes, frame }
    }
}

/// The latent through which a generator is entered, by its name in networks and files. A generator of your own may name
/// others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LatentInput(&'static str);

impl LatentInput {
    /// `z`: what the prior draws, standard normal.
    pub const Z: Self = Self("z");
    /// `w`: what the mapping network makes of `z`.
    pub const W: Self = Self("w");
    /// `ws` `[num_ws, w_dim]`: a `w` for each layer, after truncation.
    pub const WS: Self = Self("ws");
    /// `latent` `[num_ws, w_dim]`: what PULSE searches, a sphere of whitened `ws` for each layer, standard
    /// normal: `ws = LeakyReLU0.2(latent · std + mean)` (Menon et al. 2020, section 3.2).
    pub const LATENT: Self = Self("latent");
    /// `x` `[channels, height, width]`: a picture with little noise, from which a denoiser makes the picture.
    pub const NOISY: Self = Self("x");

    /// The latent of this name.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Its name in networks and files.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// One named input of a generator.
#[derive(Clone, Debug)]
pub struct InputSpec {
    /// Its name in networks and files.
    pub name: String,
    /// Its shape, without the batch.
    pub shape: Shape,
    /// Its value before the search moves it.
    pub start: Start,
    /// Where the search may take it.
    pub geometry: Geometry,
    /// The stage's own output that an offset is measured against, for a feature.
    pub stage: Option<Value>,
}

/// What an input is before a search moves it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Start {
    /// Independent standard normal numbers.
    Normal,
    /// Zeros: an offset.
    Zero,
    /// Numbers that came with the generator.
    Constant(Weights),
}

/// Fills `numbers` with what an input is before the search moves it.
pub fn draw(start: &Start, stream: Stream, numbers: &mut [f32]) {
    match start {
        Start::Zero => numbers.fill(0.0),
        Start::Constant(values) => numbers.copy_from_slice(values),
        Start::Normal => stream.fill_normal(numbers),
    }
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
    /// `ws` `[num_ws, w_dim]`, where there are styles.
    pub ws: Option<Value>,
}

/// A generative model that can be searched. Bring your own by implementing it.
pub trait Generator: Send + Sync {
    /// What it is.
    fn spec(&self) -> &GeneratorSpec;

    /// The denoiser that it is, where it is one: then it can be searched without gradients.
    fn denoiser(&self) -> Option<&Denoiser> {
        None
    }

    /// The way from its latents to `ws`, where it has styles.
    fn entrance(&self) -> Option<&Entrance> {
        None
    }

    /// The same generator with latents of this class alone, where its latents are drawn for a class and this is another one than theirs.
    fn of_class(&self, class: usize) -> Option<Arc<dyn Generator>> {
        let _ = class;
        None
    }

    /// Makes it ready to be entered at `latent`, with `engine` where that takes computing. Code that compiles it calls
    /// this first; a second call costs nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Network`] when the engine cannot run what is to be computed.
    fn prepare(&self, latent: LatentInput, engine: &dyn Engine) -> Result<()> {
        match self.entrance() {
            Some(entrance) if latent == LatentInput::LATENT => entrance.prepare(engine),
            _ => Ok(()),
        }
    }

    /// Adds its inputs, set up as `space` says, and its operators to `builder`; an [`Assembly`] helps with that.
    ///
    /// # Errors
    /// [`ErrorKind::Inputs`] when it has no such latent; [`ErrorKind::Setting`] when it cannot be set up so;
    /// [`ErrorKind::Network`] when its operators do not fit each other.
    fn append(&self, builder: &mut NetworkBuilder, latent: LatentInput, space: &Space) -> Result<Generated>;
}

/// The generator that a checkpoint's tensors make, wherever in it they [stand](located).
///
/// # Errors
/// [`ErrorKind::Generator`] when no family here is made of such tensors, when there are several generators, or when a setting of the
/// file makes another picture than what is read here.
pub fn from_checkpoint(checkpoint: &Checkpoint) -> Result<Box<dyn Generator>> {
    let checkpoint = &*located(checkpoint)?;
    let tensors = &checkpoint.tensors;
    unread::refuse(tensors, &checkpoint.configuration)?;
    if StyleGan1::is_named(tensors) {
        return Ok(Box::new(StyleGan1::from_checkpoint(checkpoint)?));
    }
    if StyleGan2::is_named(tensors) {
        return Ok(Box::new(StyleGan2::from_checkpoint(checkpoint)?));
    }
    if StyleGan3::is_named(tensors) {
        return Ok(Box::new(StyleGan3::from_checkpoint(checkpoint)?));
    }
    Ok(Box::new(Dcgan::from_tensors(tensors)?))
}

/// The generator, once its operators were found to fit each other and to make the pictures that its
/// description says.
fn checked<G: Generator>(generator: G) -> Result<G> {
    let spec = generator.spec();
    let unfit = |reason: String| {
        let message = format!("as {} it cannot be read: {reason}", spec.family.name());
        Error::new(ErrorKind::Generator, message)
    };
    let Some(&latent) = spec.latents.last() else { return Err(unfit("it has no latent".into())) };
    let mut builder = NetworkBuilder::new();
    let appended = generator.append(&mut builder, latent, &Space::default());
    let generated = appended.map_err(|error| unfit(format!("its layers do not fit each other: {error}")))?;
    let (made, said) = (builder.shape(generated.image), Shape::map(spec.channels, spec.height, spec.width));
    if made == said { Ok(generator) } else { Err(unfit(format!("it makes pictures of {made}, not of {said}"))) }
}

/// Adds `generator` to `builder`, and to its picture the last feature of all, an offset of the picture
/// itself: what the exact projection found is kept there, so that inputs alone make a candidate again.
///
/// # Errors
/// As [`Generator::append`], and [`ErrorKind::Generator`] when its pictures are not of the shape that it says.
pub fn append_whole(
    generator: &dyn Generator,
    builder: &mut NetworkBuilder,
    latent: LatentInput,
    space: &Space,
) -> Result<Generated> {
    let mut generated = generator.append(builder, latent, space)?;
    let spec = generator.spec();
    let (made, said) = (builder.shape(generated.image), Shape::map(spec.channels, spec.height, spec.width));
    if made != said {
        let message =
            format!("the {} generator makes pictures of {made}, not of {said} as it says", spec.family.name());
        return Err(Error::new(ErrorKind::Generator, message));
    }
    let index = generated.inputs.iter().filter(|input| input.name.starts_with("feature.")).count();
    generated.image = add_feature(builder, generated.image, index, Geometry::Fixed, &mut generated.inputs)?;
    Ok(generated)
}

/// The inputs of `generator` entered at `latent`, the offset of the picture among them, in the network's
/// order, as they are set up for rendering.
///
/// # Errors
/// As [`Generator::append`].
pub fn input_specs(generator: &dyn Generator, latent: LatentInput) -> Result<Vec<InputSpec>> {
    Ok(append_whole(generator, &mut NetworkBuilder::new(), latent, &Space::default())?.inputs)
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
