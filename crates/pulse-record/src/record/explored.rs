//! `explore.json`: what was explored from a run, and what was found. `docs/explore.md` says what each field means to a
//! program; the fields here are the same in the same order.

use serde::{Deserialize, Serialize};

use super::{GeneratorRecord, MadeRecord, ProgramRecord};
use pulse_core::image::Rectangle;
use pulse_core::walk::{Curve, Extent, Passage};

/// The version of the schema. It grows when a field changes its meaning or goes; a new field does not make a new schema.
pub const EXPLORE_SCHEMA: u32 = 1;

/// All of `explore.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExploreRecord {
    /// [`EXPLORE_SCHEMA`].
    pub schema: u32,
    /// What explored.
    pub program: ProgramRecord,
    /// The folder of the run, as it was given.
    pub run: String,
    /// The checksum of that run's inputs: what tells it from another run in the same folder.
    #[serde(default)]
    pub run_inputs: Option<String>,
    /// The generative model.
    pub generator: GeneratorRecord,
    /// The curves from a candidate, where those were asked for.
    pub directions: Option<DirectionsRecord>,
    /// The path between two candidates, where that was asked for.
    pub path: Option<PathRecord>,
    /// The step along a direction, where that was asked for.
    #[serde(default)]
    pub step: Option<StepRecord>,
    /// The command, and when it was written.
    #[serde(default)]
    pub made: Option<MadeRecord>,
    /// How long it took.
    pub seconds: f64,
    /// Every file beside the record.
    pub files: Vec<String>,
}

/// The curves from one candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DirectionsRecord {
    /// Its number, from 1.
    pub candidate: usize,
    /// How far the curve that leads farthest goes, in standard deviations of the prior.
    pub reach: f64,
    /// What chose how far each goes.
    #[serde(default)]
    pub extent: Option<ExtentRecord>,
    /// `τ`, the root mean square by which the measurement may move within the region that the directions are the best of.
    pub tolerance: f64,
    /// The least consistency of all frames, in dB.
    pub worst_db: f64,
    /// One a direction, the best first.
    pub curves: Vec<CurveRecord>,
}

/// One curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveRecord {
    /// As in [`Direction::gain`](pulse_core::walk::Direction::gain).
    pub gain: f64,
    /// As in [`Direction::image`](pulse_core::walk::Direction::image).
    pub image_change: f64,
    /// As in [`Direction::measurement`](pulse_core::walk::Direction::measurement).
    pub measurement_change: f64,
    /// The file of its strip.
    pub strip: String,
    /// What ended it, on the near side and on the far one: the names of [`End`](pulse_core::walk::End).
    #[serde(default)]
    pub ends: Option<[String; 2]>,
    /// The part that changes most: columns left of it, rows above it, its columns, its rows.
    #[serde(default)]
    pub part: Option<[usize; 4]>,
    /// From one end to the other.
    pub frames: Vec<CurveFrameRecord>,
}

/// One picture along a curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveFrameRecord {
    /// Its row in `inputs.safetensors`, from 0.
    pub row: usize,
    /// As in [`CurveFrame::length`](pulse_core::walk::CurveFrame::length).
    pub length: f64,
    /// As in [`CurveFrame::change`](pulse_core::walk::CurveFrame::change).
    pub change: f64,
    /// As in [`CurveFrame::most`](pulse_core::walk::CurveFrame::most).
    #[serde(default)]
    pub most: Option<f64>,
    /// As in [`Frame::db`](pulse_core::walk::Frame::db).
    pub db: f64,
    /// As in [`Frame::own_db`](pulse_core::walk::Frame::own_db).
    pub own_db: f64,
}

/// [`Extent`], one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExtentRecord {
    /// As in [`Extent::Visible`].
    pub visible: Option<f64>,
    /// As in [`Extent::Length`].
    pub length: Option<f64>,
}

impl From<Extent> for ExtentRecord {
    fn from(extent: Extent) -> Self {
        match extent {
            Extent::Visible(change) => Self { visible: Some(change), length: None },
            Extent::Length(length) => Self { visible: None, length: Some(length) },
        }
    }
}

/// One step along a direction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The number of the candidate that it leaves, from 1.
    pub candidate: usize,
    /// The number of the direction, from 1.
    pub direction: usize,
    /// How many directions were looked for: their numbers depend on it.
    pub directions: usize,
    /// How far it was asked to lead, in standard deviations of the prior.
    pub length: f64,
    /// As in [`CurveFrame::change`](pulse_core::walk::CurveFrame::change).
    pub change: f64,
    /// As in [`CurveFrame::most`](pulse_core::walk::CurveFrame::most).
    pub most: f64,
    /// The part that changes most, as for curves.
    pub part: [usize; 4],
    /// As in [`Frame::db`](pulse_core::walk::Frame::db).
    pub db: f64,
    /// As in [`Frame::own_db`](pulse_core::walk::Frame::own_db).
    pub own_db: f64,
    /// The file of the picture.
    pub image: String,
    /// The file of it beside the candidate.
    pub sheet: String,
}

/// A part of a picture as a list.
pub(crate) fn listed(part: Rectangle) -> [usize; 4] {
    [part.left, part.top, part.width, part.height]
}

/// The path between two candidates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathRecord {
    /// The number of the first candidate, from 1.
    pub from: usize,
    /// The number of the last one.
    pub to: usize,
    /// The file with all pictures on one page.
    pub sheet: String,
    /// The file of the moving picture.
    pub animation: String,
    /// The least consistency of all frames, in dB.
    pub worst_db: f64,
    /// As in [`Passage::roughness`].
    pub roughness: f64,
    /// From the first candidate to the last.
    pub frames: Vec<PathFrameRecord>,
}

/// One picture on a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathFrameRecord {
    /// Its row in `inputs.safetensors`, from 0.
    pub row: usize,
    /// The file of its picture.
    pub image: String,
    /// As in [`Frame::db`](pulse_core::walk::Frame::db).
    pub db: f64,
    /// As in [`Frame::own_db`](pulse_core::walk::Frame::own_db).
    pub own_db: f64,
    /// The root mean squared distance to the frame before it; nothing for the first.
    pub jump: Option<f64>,
}

impl ExploreRecord {
    /// The least consistency of all frames, in dB.
    pub fn worst_db(&self) -> f64 {
        let worst = [
            self.directions.as_ref().map(|found| found.worst_db),
            self.path.as_ref().map(|path| path.worst_db),
            self.step.as_ref().map(|step| step.db),
        ];
        worst.into_iter().flatten().fold(f64::INFINITY, f64::min)
    }

    /// The bytes of an `explore.json`.
    ///
    /// # Panics
    /// Never: a record is numbers, text and lists.
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a record has no key that is not text");
        bytes.push(b'\n');
        bytes
    }
}

impl CurveRecord {
    /// The record of a curve whose first frame is in this row.
    pub(crate) fn new(curve: &Curve, strip: String, row: usize) -> Self {
        let frames = curve.frames.iter().enumerate().map(|(index, frame)| CurveFrameRecord {
            row: row + index,
            length: frame.length,
            change: frame.change,
            most: Some(frame.most),
            db: frame.frame.db,
            own_db: frame.frame.own_db,
        });
        Self {
            gain: curve.direction.gain,
            image_change: curve.direction.image,
            measurement_change: curve.direction.measurement,
            strip,
            ends: Some(curve.ends.map(|end| end.name().to_owned())),
            part: Some(listed(curve.part)),
            frames: frames.collect(),
        }
    }
}

impl PathFrameRecord {
    /// The records of all frames of a path.
    pub(crate) fn of(path: &Passage, images: &[String]) -> Vec<Self> {
        let frames = path.frames.iter().zip(images).enumerate().map(|(row, (frame, image))| Self {
            row,
            image: image.clone(),
            db: frame.db,
            own_db: frame.own_db,
            jump: row.checked_sub(1).map(|before| path.jumps[before]),
        });
        frames.collect()
    }
}
