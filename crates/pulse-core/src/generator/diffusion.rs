//! Diffusion, flow and consistency models as generators: pictures made of noise by a few deterministic steps.

use pulse_engine::{NetworkBuilder, Operator, Shape, Value};

use super::{Assembly, Family, Generated, Generator, GeneratorSpec, LatentInput, Space, Start};
use crate::denoiser::Denoiser;
use crate::latent::Geometry;
use crate::placement::Frame;
use crate::sampler::{Levels, Spacing};
use crate::{Error, ErrorKind, Result};

/// The noise level at which it is entered at `x`. There the denoiser still chooses details, and a picture survives.
pub const ENTERED: f64 = 0.1;

/// The most steps from noise to a picture in one network.
const MOST_UNROLLED: usize = 64;

/// A [`Denoiser`] as a generator. It can be entered at two latents.
///
/// `z` is noise on its sphere, and [`Space::unroll`] deterministic steps lead to the picture (Song, Meng, Ermon 2021; for one step of a
/// consistency model, Song, Dhariwal, Chen, Sutskever 2023), from level to level as
///
/// `x ← D(x; σ) + (σ' / σ) (x − D(x; σ))`.
///
/// `x` is a picture with noise of the level [`ENTERED`], and the picture is `D(x; σ)`. What is found without gradients is kept
/// so, because it is not made by a few steps.
#[derive(Clone)]
pub struct Diffusion {
    spec: GeneratorSpec,
    denoiser: Denoiser,
}

impl Diffusion {
    /// The generator that a denoiser is.
    pub fn new(denoiser: Denoiser) -> Self {
        let of = denoiser.spec();
        let latents = vec![LatentInput::NOISY, LatentInput::Z];
        let spec = GeneratorSpec {
            family: Family::new(of.family),
            channels: of.channels,
            height: of.height,
            width: of.width,
            parameters: of.parameters,
            latents,
            z_dim: 0,
            w_dim: 0,
            num_ws: 0,
            classes: of.classes,
            frame: Frame::default(),
        };
        Self { spec, denoiser }
    }

    /// The same generator, said to frame faces so.
    #[must_use]
    pub fn framed(mut self, frame: Frame) -> Self {
        self.spec.frame = frame;
        self
    }

    /// From noise of unit variance to a picture.
    fn unroll(&self, assembly: &mut Assembly, z: Value, class: Option<Value>) -> Result<Value> {
        let steps = assembly.space.unroll;
        if !(1..=MOST_UNROLLED).contains(&steps) {
            let message = format!("{steps} steps from noise to a picture: take 1 to {MOST_UNROLLED}");
            return Err(Error::new(ErrorKind::Setting, message));
        }
        let [smallest, largest] = self.denoiser.sigma_range();
        let levels = Levels::new(Spacing::Flow { power: 1.0 }, steps, largest, smallest)?;
        let scale = |factor: f64| Operator::affine(vec![factor as f32], vec![]);
        let mut x = assembly.add(scale(largest), &[z])?;
        for pair in levels.sigmas().windows(2) {
            let denoised = self.denoiser.append_denoised(assembly.builder, x, pair[0], class)?;
            let kept = pair[1] / pair[0];
            if kept == 0.0 {
                return Ok(denoised);
            }
            let (ahead, behind) = (assembly.add(scale(1.0 - kept), &[denoised])?, assembly.add(scale(kept), &[x])?);
            x = assembly.add(Operator::Add, &[ahead, behind])?;
        }
        Ok(x)
    }
}

impl Generator for Diffusion {
    fn spec(&self) -> &GeneratorSpec {
        &self.spec
    }

    fn denoiser(&self) -> Option<&Denoiser> {
        Some(&self.denoiser)
    }

    fn append(&self, builder: &mut NetworkBuilder, latent: LatentInput, space: &Space) -> Result<Generated> {
        let shape = self.denoiser.picture();
        let mut assembly = Assembly::new(builder, space, 0);
        let geometry = match latent {
            LatentInput::Z => Geometry::sphere(shape),
            LatentInput::NOISY => Geometry::Free,
            other => {
                let message =
                    format!("a {} is entered at `z` or `x`, not at `{}`", self.spec.family.name(), other.name());
                return Err(Error::new(ErrorKind::Inputs, message));
            }
        };
        let entered = assembly.input(latent.name(), shape, Start::Normal, geometry)?;
        let classes = self.spec.classes;
        let class = if classes > 0 {
            let start = space.one_hot(classes)?;
            Some(assembly.input("c", Shape::Vector(classes), start, Geometry::Fixed)?)
        } else {
            None
        };
        let image = if latent == LatentInput::Z {
            self.unroll(&mut assembly, entered, class)?
        } else {
            self.denoiser.append_denoised(assembly.builder, entered, ENTERED, class)?
        };
        Ok(assembly.finish(image, None))
    }
}
