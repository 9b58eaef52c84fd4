//! What the pictures are taken for: options, and the decision where none is given.

use clap::Args;
use pulse::face::Detector;
use pulse::faces::FACES;
use pulse::generator::{GeneratorSpec, Subject};
use pulse::image::{Raster, Size, read_bytes};
use pulse::run::RECORD;
use pulse::{Opened, TakenAs};
use pulse_engine::Cpu;

use super::Arguments;
use crate::align::Detection;
use crate::failure::{Failure, note};
use crate::sources::Source;

/// What pictures are taken for, and what is done with faces.
#[derive(Args, Clone)]
pub(super) struct TakenOptions {
    /// What each picture is taken for [default: what it shows itself to be: no larger than the generator's pictures, made of blocks,
    /// or a photograph with faces in it]
    #[arg(long = "as", value_name = "small|mosaic|faces", conflicts_with = "faces", help_heading = "Picture")]
    taken_as: Option<TakenAs>,

    /// Find the faces in each photograph, search for each, and put what was found back into the photograph: the same as --as faces
    #[arg(long, conflicts_with_all = ["crop", "init"], help_heading = "Faces")]
    faces: bool,

    /// How many times larger the photographs with faces in them become [default: so that no face is smaller than the generator makes it;
    /// with --pixelate, so that none is larger]
    #[arg(long, value_name = "X", value_parser = scale, allow_negative_numbers = true, help_heading = "Faces")]
    pub(super) scale: Option<f64>,

    #[command(flatten)]
    pub(super) detection: Detection,
}

impl TakenOptions {
    /// What all pictures are taken for, where that was said.
    pub(super) fn told(&self) -> Option<TakenAs> {
        if self.faces { Some(TakenAs::Faces) } else { self.taken_as }
    }

    /// Whether faces are to be found first.
    pub(super) fn finds_faces(&self) -> bool {
        self.told() == Some(TakenAs::Faces)
    }

    /// The first option that is about faces alone.
    pub(super) fn about_faces(&self) -> Option<&'static str> {
        self.scale.map(|_| "--scale").or(self.detection.given())
    }
}

impl Arguments {
    /// The same for photographs with faces in them.
    pub(super) fn for_faces(&self) -> Self {
        let mut arguments = self.clone();
        arguments.taken.taken_as = Some(TakenAs::Faces);
        arguments
    }

    /// Whether each picture is to be asked what it is: where nothing was said of it, and the picture is not to be changed first.
    pub(super) fn lets_pictures_decide(&self) -> bool {
        self.taken.told().is_none() && self.crop.is_none() && self.pixelate.is_none() && self.init.is_none()
    }
}

/// Tells photographs with faces in them from other pictures.
pub(super) struct Decider<'a> {
    arguments: &'a Arguments,
    engine: &'a Cpu,
    spec: &'a GeneratorSpec,
    makes_faces: bool,
    /// Made when the first photograph is seen.
    detector: Option<Detector>,
}

impl<'a> Decider<'a> {
    pub(super) fn new(arguments: &'a Arguments, engine: &'a Cpu, opened: &'a Opened) -> Self {
        let spec = opened.generator.spec();
        let makes_faces = opened.subject == Subject::Faces && spec.width == spec.height;
        Self { arguments, engine, spec, makes_faces, detector: None }
    }

    /// Whether the picture is a photograph in which faces are to be found first, which is then said. One that cannot be read is none:
    /// what is wrong with it is told later.
    pub(super) fn is_photograph(&mut self, source: &Source) -> Result<bool, Failure> {
        // What an earlier run took it for.
        if source.folder.join(FACES).exists() || source.folder.join(RECORD).exists() {
            return Ok(source.folder.join(FACES).exists() && self.makes_faces);
        }
        let read = || Raster::read(&source.path.display().to_string(), &read_bytes(&source.path)?);
        let Ok(picture) = read() else { return Ok(false) };
        let Size { width, height } = picture.size();
        let small = width <= self.spec.width && height <= self.spec.height;
        if self.makes_faces && !small && self.detector.is_none() {
            self.detector = Some(self.arguments.taken.detection.detector(self.engine)?);
        }
        let is_photograph = TakenAs::of(&picture, self.spec, self.detector.as_mut())? == Some(TakenAs::Faces);
        if is_photograph {
            note(&format!(
                "{}: a photograph with people in it: their faces are searched for; --as small or mosaic takes it for that",
                source.path.display()
            ));
        }
        Ok(is_photograph)
    }
}

fn scale(text: &str) -> Result<f64, String> {
    let number = text.trim().parse().ok().filter(|&scale: &f64| (0.05..=16.0).contains(&scale));
    number.ok_or_else(|| "write a number from 0.05 to 16, such as 2".into())
}
