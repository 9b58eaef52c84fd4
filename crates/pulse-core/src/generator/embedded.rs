//! The generators that are embedded in the program.

use pulse_checkpoint::{Checkpoint, Configuration, configuration_from_json};

use super::{Dcgan, Diffusion, Generator};
use crate::denoiser::Denoiser;
use crate::placement::{Frame, FramePoints};
use crate::{Error, ErrorKind, Result};

/// A generator that is embedded in the program.
#[derive(Clone, Copy, Debug)]
pub struct Embedded {
    /// Its name on the command line.
    pub name: &'static str,
    /// Where it comes from and what it is bad at, in short; `models/` has the whole model card.
    pub card: &'static str,
    /// How its pictures frame a face.
    pub frame: Frame,
    /// The bytes of its file.
    pub bytes: &'static [u8],
    /// What its tensors do not tell, as JSON, of a denoiser.
    pub configuration: Option<&'static str>,
}

/// How the pictures frame a face that both embedded generators make: the second learned those of the first.
const FRAME: Frame = Frame::Landmarks(FramePoints {
    eye_left: [0.34, 0.47],
    eye_right: [0.66, 0.46],
    nose: [0.51, 0.64],
    mouth: [0.51, 0.81],
});

/// Every embedded generator; the first is the default.
pub const EMBEDDED: &[Embedded] = &[
    Embedded {
        name: "faces",
        card: "DCGAN, z in R^100, 64x64 RGB faces; from the PyPI package gan-face-generate 1.1.1 (MIT); trained on \
               DigiFace-1M, rendered faces of people who do not exist (that data set's terms: research use)",
        frame: FRAME,
        bytes: include_bytes!("../../../../models/dcgan_faces_f16.safetensors"),
        configuration: None,
    },
    Embedded {
        name: "faces-flow",
        card: "flow matching, a U-Net of 3.7 million parameters, 64x64 RGB faces; trained for this project on pictures of \
               `faces`, whose card applies to it too",
        frame: FRAME,
        bytes: include_bytes!("../../../../models/faces_flow_f16.safetensors"),
        configuration: Some(include_str!("../../../../models/faces_flow.json")),
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
    /// Only when the program was built from a damaged file.
    pub fn open(&self) -> Result<Box<dyn Generator>> {
        let checkpoint = Checkpoint::from_bytes(self.bytes).map_err(|error| self.damaged(error))?;
        let Some(json) = self.configuration else {
            return Ok(Box::new(Dcgan::from_tensors(&checkpoint.tensors)?.framed(self.frame)));
        };
        let configuration = configuration_from_json(json).map_err(|error| self.damaged(error))?;
        let checkpoint = Checkpoint { configuration, ..checkpoint };
        match Denoiser::from_checkpoint(&checkpoint, self.name, &Configuration::new())? {
            Some(denoiser) => Ok(Box::new(Diffusion::new(denoiser).framed(self.frame))),
            None => Err(Error::new(ErrorKind::Generator, format!("`{}` is no denoiser", self.name))),
        }
    }

    fn damaged(&self, error: pulse_checkpoint::Error) -> Error {
        Error::new(ErrorKind::Checkpoint, format!("the embedded generator `{}` is damaged: {error}", self.name))
            .with_source(error)
    }
}
