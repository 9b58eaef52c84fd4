//! A generator of any family, in ONNX.
//!
//! Its inputs have the names that they have in the model. One is the latent, which is searched on the sphere of normal numbers; maps
//! of noise are set up as a StyleGAN's; a class is `c`, whatever the model calls it, where it is a vector. Maps that are about to
//! be enlarged can be moved a little, as features.

use pulse_checkpoint::Checkpoint;
use pulse_engine::{Operator, Shape};

use super::{Assembly, Family, Generated, Generator, GeneratorSpec, LatentInput, Space, Start, checked};
use crate::latent::Geometry;
use crate::onnx::{Model, Role};
use crate::placement::Frame;
use crate::{Error, ErrorKind, Result};

/// How far a feature may move from the stage's own output, relative to its norm: as a DCGAN's.
const FEATURE_RADIUS: f32 = 0.05;

/// A generator that was read from ONNX.
#[derive(Clone, Debug)]
pub struct OnnxGenerator {
    spec: GeneratorSpec,
    model: Model,
    latent: LatentInput,
}

impl OnnxGenerator {
    /// The generator in a checkpoint that is an ONNX model.
    ///
    /// # Errors
    /// As [`Model::read`], and [`ErrorKind::Generator`] when it makes no pictures of 1 to 4 channels.
    pub fn from_checkpoint(checkpoint: &Checkpoint) -> Result<Self> {
        let model = Model::read(checkpoint)?;
        let Shape::Map { channels, height, width } = model.image() else {
            return Err(Error::new(ErrorKind::Generator, "the ONNX model makes no picture"));
        };
        if !(1..=4).contains(&channels) {
            let message = format!("the ONNX model makes maps of {channels} channels, and a picture has 1 to 4");
            return Err(Error::new(ErrorKind::Generator, message));
        }
        let given = |role| model.of_role(role);
        let name = given(Role::Latent).map_or("z", |latent| latent.name.as_str());
        let latent = LatentInput::new(of_the_program(name));
        let z_dim = match given(Role::Latent).map(|latent| latent.shape) {
            Some(Shape::Vector(n)) => n,
            _ => 0,
        };
        let classes = given(Role::Class).map_or(0, |class| class.shape.len());
        let spec = GeneratorSpec {
            family: Family::ONNX,
            channels,
            height,
            width,
            parameters: model.parameters,
            latents: vec![latent],
            z_dim,
            w_dim: 0,
            num_ws: 0,
            classes,
            frame: Frame::default(),
        };
        checked(Self { spec, model, latent })
    }
}

/// A name that lives as long as the program, as those of all other latents do. Of other names than the usual ones a few bytes stay
/// for each model that is read.
fn of_the_program(name: &str) -> &'static str {
    const USUAL: [&str; 12] =
        ["z", "w", "ws", "latent", "latents", "x", "noise", "input", "sample", "style", "styles", "latent_sample"];
    USUAL.into_iter().find(|usual| *usual == name).unwrap_or_else(|| Box::leak(name.to_owned().into_boxed_str()))
}

impl Generator for OnnxGenerator {
    fn spec(&self) -> &GeneratorSpec {
        &self.spec
    }

    fn own_range(&self) -> [f32; 2] {
        self.model.range
    }

    fn class_input(&self) -> Option<&str> {
        self.model.of_role(Role::Class).map(|class| class.name.as_str())
    }

    fn append(
        &self,
        builder: &mut pulse_engine::NetworkBuilder,
        latent: LatentInput,
        space: &Space,
    ) -> Result<Generated> {
        if latent != self.latent {
            let message = format!("this model is entered at `{}`, not at `{}`", self.latent.name(), latent.name());
            return Err(Error::new(ErrorKind::Inputs, message));
        }
        let maps = self.model.inputs.iter().filter(|given| given.role == Role::Noise).count();
        let mut assembly = Assembly::new(builder, space, maps);
        let mut map = 0;
        let image = self.model.append(
            &mut assembly,
            |assembly| &mut *assembly.builder,
            |assembly, given| {
                let (start, geometry) = match given.role {
                    Role::Latent => (Start::Normal, Geometry::sphere(given.shape)),
                    Role::Noise => {
                        map += 1;
                        space.noise_map(map - 1, maps, given.shape, None)
                    }
                    Role::Class => (space.one_hot(given.shape.len())?, Geometry::Fixed),
                    Role::Time | Role::Other if given.shape.len() == 1 => {
                        (Start::Constant(vec![1.0].into()), Geometry::Fixed)
                    }
                    Role::Time | Role::Other => (Start::Normal, Geometry::Fixed),
                };
                assembly.input(&given.name, given.shape, start, geometry)
            },
            |assembly, stage| assembly.add_feature(stage, FEATURE_RADIUS),
        )?;
        let [low, high] = self.model.range;
        let (scale, shift) = (2.0 / (high - low), -1.0 - 2.0 * low / (high - low));
        let image = if [low, high] == [-1.0, 1.0] {
            image
        } else {
            assembly.add(Operator::affine(vec![scale], vec![shift]), &[image])?
        };
        Ok(assembly.finish(image, None))
    }
}
