//! `pulse align`: the faces of photographs, cut out as generators want them.

use std::path::{Path, PathBuf};

use clap::Args;
use pulse::face::{CARD, Detector, DetectorConfig, Frame, aligned};
use pulse::image::{FORMATS, Reader, write_png};
use pulse::record::FaceRecord;
use pulse::write::write_atomically;
use pulse_engine::Cpu;
use serde::Serialize;

use crate::engine::EngineArguments;
use crate::failure::{Failure, note, print};
use crate::generator;
use crate::sources::{self, Source};
use crate::status::Status;

pub(crate) const EXAMPLES: &str = "\
For each face of NAME.jpg there is NAME.jpg-01.png … in the folder of --out, and in faces.json its score, box, landmarks and the
corners of what was cut out, in pixels of the photograph.

Examples:
  pulse align photo.jpg                         1024x1024, framed as FFHQ and most StyleGANs are
  pulse align folder --frame faces --out crops  64x64, as the embedded generator wants them
  pulse align photo.jpg --frame ffhq --size 256
  pulse align old.jpg --confidence 0.3          when a face is missed

Exit status: 0 when every picture has a face, 1 when one has none, 2 after an error.

It finds faces. It cannot tell whose they are.";

/// The frame of FFHQ, by name.
const FFHQ: &str = "ffhq";

/// The side of FFHQ's pictures.
const FFHQ_SIZE: usize = 1024;

const RECORD: &str = "faces.json";

#[derive(Args)]
pub(crate) struct Arguments {
    #[arg(required = true, value_name = "INPUT", help = format!("Photographs, and folders of photographs ({FORMATS})"))]
    inputs: Vec<PathBuf>,

    /// The folder for the faces
    #[arg(short, long, value_name = "DIR", default_value = "pulse-faces")]
    out: PathBuf,

    /// Replace what an earlier `pulse align` left in the folder
    #[arg(long)]
    force: bool,

    /// How to frame a face: ffhq, or a generator (an embedded one's name, or a path), whose frame and size are taken
    #[arg(long, value_name = "ffhq|GENERATOR", default_value = FFHQ)]
    frame: String,

    /// The side of the pictures, in pixels [default: 1024 for ffhq, the generator's otherwise]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    size: Option<u16>,

    #[command(flatten)]
    detection: Detection,

    #[command(flatten)]
    engine: EngineArguments,
}

/// How faces are looked for.
#[derive(Args, Clone)]
pub(crate) struct Detection {
    #[arg(long, value_name = "X", allow_negative_numbers = true, help_heading = "Faces", help = format!(
        "How sure the detector must be of a face, from 0 to 1 [default: {}]", DetectorConfig::default().confidence))]
    confidence: Option<f64>,

    #[arg(long, value_name = "X", allow_negative_numbers = true, help_heading = "Faces", help = format!(
        "The smallest face to look for, as a part of the photograph's longer side [default: {}]",
        DetectorConfig::default().smallest))]
    smallest: Option<f64>,
}

impl Detection {
    pub(crate) fn detector(&self, engine: &Cpu) -> Result<Detector, Failure> {
        Ok(Detector::new(engine, self.config())?)
    }

    pub(crate) fn config(&self) -> DetectorConfig {
        let default = DetectorConfig::default();
        DetectorConfig {
            confidence: self.confidence.unwrap_or(default.confidence),
            smallest: self.smallest.unwrap_or(default.smallest),
        }
    }

    /// The first of its options that was given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        self.confidence.map(|_| "--confidence").or(self.smallest.map(|_| "--smallest"))
    }

    /// The note when no face is found in a photograph.
    pub(crate) fn no_face(&self, path: &Path) -> String {
        let DetectorConfig { confidence, smallest } = self.config();
        format!(
            "{}: no face was found; try --confidence {:.2} (it is {confidence}), --smallest {:.3} (it is {smallest}), or \
             cut it out yourself with `pulse upsample --crop X,Y,W,H`",
            path.display(),
            confidence / 2.0,
            smallest / 2.0,
        )
    }
}

/// `faces.json`.
#[derive(Serialize)]
struct Record<'a> {
    detector: &'static str,
    frame: &'a str,
    size: usize,
    pictures: Vec<PictureRecord>,
}

#[derive(Serialize)]
struct PictureRecord {
    path: String,
    width: usize,
    height: usize,
    faces: Vec<CutRecord>,
}

#[derive(Serialize)]
struct CutRecord {
    /// The file of the aligned picture.
    image: String,
    #[serde(flatten)]
    face: FaceRecord,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let (frame, size) = frame(arguments)?;
    let mut detector = arguments.detection.detector(&arguments.engine.start()?)?;
    let sources::Sources { pictures: sources, left_out, failures } =
        sources::of(&arguments.inputs, &arguments.out, false);
    failures.iter().for_each(Failure::report);
    for left in &left_out {
        note(&format!("{}: left out: {}", left.path.display(), left.reason));
    }
    let mut verdict = if failures.is_empty() { Status::Good } else { Status::Failed };
    prepare(arguments)?;
    let mut pictures = Vec::new();
    for source in &sources {
        match align(&mut detector, source, &frame, size) {
            Ok(record) => {
                if record.faces.is_empty() {
                    note(&arguments.detection.no_face(&source.path));
                    verdict = if verdict == Status::Good { Status::Bad } else { verdict };
                } else {
                    let count = record.faces.len();
                    let faces = if count == 1 { "face" } else { "faces" };
                    print(&format!("{}: {count} {faces}\n", source.path.display()))?;
                }
                pictures.push(record);
            }
            Err(failure) => {
                failure.report();
                verdict = Status::Failed;
            }
        }
    }
    if pictures.iter().any(|picture| !picture.faces.is_empty()) {
        let record = Record { detector: CARD, frame: &arguments.frame, size, pictures };
        let json = serde_json::to_vec_pretty(&record).map_err(|error| Failure::of(RECORD, error))?;
        let path = arguments.out.join(RECORD);
        write_atomically(&path, &json)?;
        print(&format!("  {}\n", path.display()))?;
    }
    // This removes an empty folder only.
    let _ = std::fs::remove_dir(&arguments.out);
    Ok(verdict)
}

/// The frame and the size that the arguments name.
fn frame(arguments: &Arguments) -> Result<(Frame, usize), Failure> {
    let (frame, size) = if arguments.frame == FFHQ {
        (Frame::Ffhq, FFHQ_SIZE)
    } else {
        let generator = generator::open(&arguments.frame)?.generator;
        (generator.spec().frame, generator.spec().width)
    };
    Ok((frame, arguments.size.map_or(size, usize::from)))
}

/// Makes the folder. It may hold an earlier run's faces only when they may be replaced.
fn prepare(arguments: &Arguments) -> Result<(), Failure> {
    let out = &arguments.out;
    if !arguments.force && out.join(RECORD).exists() {
        let reason = format!("holds a {RECORD} already; choose another folder, or replace it with --force");
        return Err(Failure::of(out.display(), reason));
    }
    std::fs::create_dir_all(out)
        .map_err(|error| Failure::of(out.display(), format!("cannot be made: {error}; choose another --out")))
}

fn align(detector: &mut Detector, source: &Source, frame: &Frame, size: usize) -> Result<PictureRecord, Failure> {
    let picture = Reader::default().read(&source.path)?;
    let mut faces = Vec::new();
    for (index, face) in detector.detect(&picture).iter().enumerate() {
        let square = frame.square(&face.landmarks);
        let crop = aligned(&picture, &square, size).map_err(|error| Failure::of(source.path.display(), error))?;
        // The folder of a run of the picture's own has a name that no other picture has.
        let mut path = source.folder.as_os_str().to_owned();
        path.push(format!("-{:02}.png", index + 1));
        let path = PathBuf::from(path);
        write_png(&path, &crop, None)?;
        let image = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        faces.push(CutRecord { image, face: FaceRecord::new(face, &square) });
    }
    let path = source.path.display().to_string();
    Ok(PictureRecord { path, width: picture.width(), height: picture.height(), faces })
}
