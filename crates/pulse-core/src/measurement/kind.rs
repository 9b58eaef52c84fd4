//! A whole measurement before the sizes are known, and how it meets them.

use std::path::Path;

use pulse_engine::Engine;

use super::composition::Composition;
use super::sizes::Sizes;
use super::{Blur, IMAGE, Kernel, MEASURED, Measurement, Photons, Quality, Size, Stage};
use crate::image::Image;
use crate::{Error, ErrorKind, Result};

/// What the camera did, before the sizes are known: [`Stage`]s, the first one first, `A = Aₙ … A₂ A₁`. Text is
/// stages with commas between them, such as `gaussian:1.5,bicubic` or `gray,area:4`.
///
/// Lengths in a stage are pixels of the picture that it works on, so those of the first stages are the generator's. At
/// most one stage may shrink by a factor that is not given: it follows from the sizes. Where no stage shrinks at
/// all and the target is smaller than the generator's pictures, a bicubic shrink is added after the last blur.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasurementKind {
    stages: Vec<Stage>,
}

impl Default for MeasurementKind {
    /// PULSE's.
    fn default() -> Self {
        Kernel::Bicubic.into()
    }
}

impl From<Kernel> for MeasurementKind {
    /// The resize alone, by what follows from the sizes.
    fn from(kernel: Kernel) -> Self {
        Self { stages: vec![Stage::Resize(kernel, None)] }
    }
}

/// More stages than any camera has.
const MOST_STAGES: usize = 16;

impl MeasurementKind {
    /// The stages, one after the other.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when there is none, when there are more than 16, when two of them shrink by a
    /// factor that is not given, or when anything but a mask stands behind photons.
    pub fn new(stages: Vec<Stage>) -> Result<Self> {
        let open = stages.iter().filter(|stage| matches!(stage, Stage::Resize(_, None))).count();
        let mut counted = stages.iter().skip_while(|stage| !matches!(stage, Stage::Photons(_))).skip(1);
        let behind = counted.find(|stage| !matches!(stage, Stage::Mask(_)));
        let problem = if stages.is_empty() || stages.len() > MOST_STAGES {
            format!("a measurement of {} stages cannot be: give 1 to {MOST_STAGES}", stages.len())
        } else if open > 1 {
            format!(
                "a measurement cannot shrink {open} times by what follows from the sizes: give all but one a factor"
            )
        } else if let Some(stage) = behind {
            format!("photons are counted last, by the camera: `{stage}` cannot stand behind them, but only a mask")
        } else {
            return Ok(Self { stages });
        };
        Err(Error::new(ErrorKind::Setting, problem))
    }

    /// The files that it names and that were not read yet.
    pub fn unread_files(&self) -> impl Iterator<Item = &Path> {
        self.stages.iter().filter_map(|stage| match stage {
            Stage::Blur(Blur::Psf(file)) if !file.is_read() => Some(file.path()),
            Stage::Mask(file) if !file.is_read() => Some(file.path()),
            _ => None,
        })
    }

    /// Its stages, the first one first.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The resize that it is, where it is one and nothing else.
    pub fn resize(&self) -> Option<Kernel> {
        match self.stages[..] {
            [Stage::Resize(kernel, _)] => Some(kernel),
            _ => None,
        }
    }

    /// The quality of the JPEG that the picture was saved as, where that is a part of it.
    pub fn jpeg(&self) -> Option<Quality> {
        self.stages.iter().rev().find_map(|stage| if let Stage::Jpeg(quality) = stage { Some(*quality) } else { None })
    }

    /// How many photons make a pixel white, where numbers were counted.
    pub fn photons(&self) -> Option<Photons> {
        self.stages.iter().find_map(|stage| if let Stage::Photons(photons) = stage { Some(*photons) } else { None })
    }

    /// The standard deviation of the noise that the stages bring, pictures being in [0, 1]: that of a JPEG ([`Quality::noise`]), and
    /// that of a middle grey that was counted ([`Photons::noise`]). 0 where none brings any.
    pub fn noise(&self) -> f64 {
        let jpeg = self.jpeg().map_or(0.0, Quality::noise);
        self.photons().map_or(jpeg, |photons| photons.noise().hypot(jpeg))
    }

    /// The measurement from the generator's pictures of `channels` (of the size `picture`) to the target.
    ///
    /// Nothing is stretched: a target of other proportions than the picture's is the middle of what the stages
    /// make of it (letterboxed), and the rest of the picture is not measured.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when the target is empty or larger than the generator's pictures, when factors
    /// do not lead from one size to the other, when a blur is larger than the picture, a mask is of another
    /// size or hides everything, a channel is not there, or a file that a stage names was not read.
    pub fn resolve(&self, channels: usize, picture: Size, target: Size) -> Result<Box<dyn Measurement>> {
        let sizes = Sizes::of(&self.stages, picture, target)?;
        let composition = Composition::new(self.to_string(), channels, picture, target, &sizes)?;
        Ok(Box::new(composition.counting(self.photons())))
    }

    /// `A(picture)` at the size `to`, clipped to [0, 1], for demonstrations. Lengths in stages are pixels of this
    /// picture.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve).
    pub fn shrink(&self, picture: &Image, to: Size, engine: &dyn Engine) -> Result<Image> {
        let from = picture.size();
        if to.width > from.width || to.height > from.height {
            let message = format!("a picture of {from} cannot be shrunk to {to}: choose a size within it");
            return Err(Error::new(ErrorKind::Setting, message));
        }
        if let Some(kernel) = self.resize() {
            return picture.resized(kernel, to);
        }
        let measurement = self.resolve(picture.channels(), from, to)?;
        let network = measurement.network()?;
        let mut program = engine.compile(&network, 1)?;
        program.input_mut(network.input(IMAGE)?).copy_from_slice(picture.values());
        let output = network.output(MEASURED)?;
        program.forward(1, &[output]);
        let channels = network.output_port(output).shape.len() / (to.width * to.height);
        Image::clamped(channels, to.height, to.width, program.output(output).to_vec())
    }
}
