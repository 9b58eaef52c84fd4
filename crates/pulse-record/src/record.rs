//! `run.json`: settings, checksums, outcomes and figures of one run. `docs/run-json.md` says what each field
//! means to a program; the fields here are the same in the same order.

mod check;
mod explored;
mod face;
mod made;
mod measured;
mod quantity;
mod request;
mod settings;
mod steering;

use serde::{Deserialize, Serialize};

pub use check::{CHECK_SCHEMA, CheckRecord, ComparisonRecord, OthersRecord, PlaceRecord, RegistrationRecord};
pub(crate) use explored::listed;
pub use explored::{
    CurveFrameRecord, CurveRecord, DirectionsRecord, EXPLORE_SCHEMA, ExploreRecord, ExtentRecord, PathFrameRecord,
    PathRecord, StepRecord,
};
pub use face::{FaceRecord, LandmarksRecord};
pub use made::MadeRecord;
pub use measured::{BandRecord, BentRecord, CertaintyRecord, PlausibilityRecord, SpreadRecord, TruthRecord};
use pulse_core::candidate::Candidate;
use pulse_core::judge::Scores;
pub use quantity::{DistributionRecord, QuantityRecord};
pub use request::{FacesRecord, RequestRecord};
pub use settings::{
    FeatureRecord, NullSpaceRecord, RepulsionRecord, RestartRecord, SettingsRecord, SpaceRecord, SteeringRecord,
};

use crate::image::Provenance;
use crate::{Error, ErrorKind, Result};
use pulse_core::image::{Rectangle, Size};
use pulse_core::mosaic::{Grid, Mosaic};
use pulse_core::place::Placement;

/// The version of the schema that is written, and the only one that is read. It grows when a field changes
/// its meaning or goes; a new field does not make a new schema.
pub const SCHEMA: u32 = 1;

/// All of `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: u32,
    /// What searched.
    pub program: ProgramRecord,
    /// The file that was given.
    pub input: InputRecord,
    /// The generative model.
    pub generator: GeneratorRecord,
    /// What made the picture small, such as `bicubic`.
    pub measurement: String,
    /// The blocks that the small picture was reduced from, where it was.
    #[serde(default)]
    pub mosaic: Option<MosaicRecord>,
    /// Where the generator's picture lies in the small one, where that was looked for.
    #[serde(default)]
    pub placement: Option<PlacementRecord>,
    /// The small picture.
    pub target: TargetRecord,
    /// How it was searched.
    pub settings: SettingsRecord,
    /// What was asked for beside them.
    #[serde(default)]
    pub request: Option<RequestRecord>,
    /// What candidates were steered by.
    #[serde(default)]
    pub steering: Option<SteeringRecord>,
    /// The name of the [`Verdict`](pulse_core::judge::Verdict) of all candidates together, where it was measured.
    #[serde(default)]
    pub verdict: Option<String>,
    /// What was read off the candidates' pictures, where that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantities: Vec<QuantityRecord>,
    /// What was found, in short.
    pub summary: Summary,
    /// Who made it when.
    #[serde(default)]
    pub made: Option<MadeRecord>,
    /// How long it took, from reading the picture to the last candidate.
    pub seconds: f64,
    /// The files beside the record, those of candidates apart.
    pub files: Files,
    /// Every candidate, by number.
    pub candidates: Vec<CandidateRecord>,
}

/// What searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProgramRecord {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The file that was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputRecord {
    /// Its path, as it was given.
    pub path: String,
    /// Its checksum.
    pub sha256: String,
    /// Pixels in a row of its picture.
    pub width: usize,
    /// Rows of pixels.
    pub height: usize,
}

/// The generative model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeneratorRecord {
    /// Its embedded name, or the name of its file.
    pub name: String,
    /// The family that it belongs to.
    pub family: String,
    /// Pixels in a row of its pictures.
    pub width: usize,
    /// Rows of pixels.
    pub height: usize,
    /// 1 (grey) or 3 (RGB).
    pub channels: usize,
    /// The checksum of its file.
    pub sha256: String,
}

/// [`Mosaic`]: the blocks of a picture that was given in blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MosaicRecord {
    /// As in [`Grid::size`](pulse_core::mosaic::Grid::size).
    pub size: f64,
    /// As in [`Grid::left`](pulse_core::mosaic::Grid::left), after the picture was cropped.
    pub left: f64,
    /// As in [`Grid::top`](pulse_core::mosaic::Grid::top).
    pub top: f64,
    /// The part of the cropped picture that the blocks cover: columns left of it, rows above it, its columns, its rows.
    pub region: [usize; 4],
    /// Whether they were found in the picture, and not given.
    pub detected: bool,
}

impl MosaicRecord {
    /// The mosaic.
    pub fn mosaic(&self) -> Mosaic {
        let [left, top, width, height] = self.region;
        let grid = Grid { size: self.size, left: self.left, top: self.top };
        Mosaic { grid, region: Rectangle { left, top, width, height } }
    }
}

/// [`Placement`]: the frame of the generator's picture in a small one that was framed otherwise, in pixels of the small one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacementRecord {
    /// The left side of the frame.
    pub left: f64,
    /// Its top.
    pub top: f64,
    /// Its width and height.
    pub side: f64,
    /// Width and height of the small picture as it was given.
    pub given: [usize; 2],
}

impl PlacementRecord {
    /// The record of a placement in a small picture of this size.
    pub fn new(placement: Placement, given: Size) -> Self {
        let Placement { left, top, side } = placement;
        Self { left, top, side, given: [given.width, given.height] }
    }

    /// The placement.
    pub fn placement(&self) -> Placement {
        Placement { left: self.left, top: self.top, side: self.side }
    }

    /// The size of the small picture as it was given.
    pub fn given(&self) -> Size {
        Size::new(self.given[0], self.given[1])
    }
}

/// The small picture that was searched for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetRecord {
    /// Pixels in a row.
    pub width: usize,
    /// Rows of pixels.
    pub height: usize,
    /// 1 (grey) or 3 (RGB).
    pub channels: usize,
}

/// What was found, in a few figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many candidates there are.
    pub candidates: usize,
    /// How many of them are within epsilon.
    pub reached: usize,
    /// Whether the search was stopped before all were finished.
    pub stopped: bool,
    /// The greatest consistency, in dB.
    pub best_db: f64,
    /// The least consistency, in dB.
    pub worst_db: f64,
    /// See [`mean_pairwise_distance`](pulse_core::candidate::mean_pairwise_distance).
    pub mean_pairwise_distance: f64,
    /// How far the candidates are apart, where there are two.
    #[serde(default)]
    pub spread: Option<SpreadRecord>,
    /// What they agree on, where there are two.
    #[serde(default)]
    pub certainty: Option<CertaintyRecord>,
    /// How near to the original all of it came, in a demonstration.
    #[serde(default)]
    pub truth: Option<TruthRecord>,
}

/// The files beside `run.json`, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Files {
    /// The small picture, of 8 bits.
    pub target: String,
    /// The same without rounding, where 8 bits do not hold it.
    pub target_exact: Option<String>,
    /// The sharp picture that the target was made from, in a demonstration.
    pub original: Option<String>,
    /// White where the small picture is known, where a part of it was transparent. The measurement ends with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// All of it at a glance.
    pub sheet: String,
    /// Where the candidates differ, where there are two.
    #[serde(default)]
    pub certainty: Option<String>,
    /// All of it on one page, where it was asked for.
    #[serde(default)]
    pub report: Option<String>,
    /// What was read off the candidates' pictures, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantities: Option<String>,
    /// The candidates' figures as a table.
    #[serde(default)]
    pub table: Option<String>,
    /// Every input of every candidate.
    pub inputs: String,
    /// What the search goes on from, where it was stopped.
    #[serde(default)]
    pub bookmark: Option<String>,
    /// The photograph with each candidate in it, where blocks in a photograph were searched for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photographs: Vec<String>,
}

/// One candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CandidateRecord {
    /// From 1, as in the names of files.
    pub number: usize,
    /// The number of its start, from 1, as in traces and in the names of pictures under way.
    #[serde(default)]
    pub start: Option<usize>,
    /// The name of its [`Outcome`](pulse_core::candidate::Outcome).
    pub outcome: String,
    /// Its consistency, in dB.
    pub db: f64,
    /// The same before the exact projection.
    pub searched_db: f64,
    /// As in [`Candidate::moved`].
    #[serde(default)]
    pub moved: Option<f64>,
    /// The root mean squared distance to the sharp picture that the small one was made from, where that is known and comparable.
    #[serde(default)]
    pub original_error: Option<f64>,
    /// Each term of the loss at the best step, unweighted, and their weighted `total`; null where one was not finite.
    pub losses: serde_json::Map<String, serde_json::Value>,
    /// How many steps were taken.
    pub steps: usize,
    /// How often it was started again.
    pub restarts: usize,
    /// How typical its inputs are, where that is known.
    #[serde(default)]
    pub plausibility: Option<PlausibilityRecord>,
    /// As in [`Scores::sharpness`].
    #[serde(default)]
    pub sharpness: Option<f64>,
    /// As in [`Scores::distinctness`].
    #[serde(default)]
    pub distinctness: Option<f64>,
    /// As in [`Scores::discriminator`].
    #[serde(default)]
    pub discriminator: Option<f64>,
    /// The name of its [`Verdict`](pulse_core::judge::Verdict), where it was measured.
    #[serde(default)]
    pub verdict: Option<String>,
    /// The figures behind it.
    #[serde(default)]
    pub bent: Option<BentRecord>,
    /// The file of its picture.
    pub image: String,
    /// The file of what it shrinks to.
    pub shrunk: String,
}

impl Record {
    /// Reads the bytes of a `run.json`.
    ///
    /// # Errors
    /// [`ErrorKind::Run`] when they are damaged or of another schema.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        /// What a record of any schema has.
        #[derive(Deserialize)]
        struct Versioned {
            schema: u32,
        }
        let damaged = |error: serde_json::Error| {
            Error::new(ErrorKind::Run, format!("it is not the record of a run: {error}; run the search again"))
                .with_source(error)
        };
        let Versioned { schema } = serde_json::from_slice(bytes).map_err(damaged)?;
        if schema != SCHEMA {
            let message =
                format!("its schema is {schema}, and this version reads {SCHEMA}; take the version that wrote it");
            return Err(Error::new(ErrorKind::Run, message));
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }

    /// The bytes of a `run.json`.
    ///
    /// # Panics
    /// Never: a record is numbers, text and lists.
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a record has no key that is not text");
        bytes.push(b'\n');
        bytes
    }
}

impl MosaicRecord {
    /// The record of these blocks.
    pub fn new(mosaic: &Mosaic, detected: bool) -> Self {
        let Mosaic { grid: Grid { size, left, top }, region } = *mosaic;
        Self { size, left, top, region: [region.left, region.top, region.width, region.height], detected }
    }
}

impl GeneratorRecord {
    /// What a picture that it made says of itself.
    pub fn provenance(&self, seed: impl Into<Option<u64>>) -> Provenance {
        Provenance::new(format!("{} (sha256 {})", self.name, self.sha256), seed)
    }
}

impl CandidateRecord {
    pub(crate) fn new(
        candidate: &Candidate,
        scores: &Scores,
        original_error: Option<f64>,
        [image, shrunk]: [String; 2],
    ) -> Self {
        let mut losses: serde_json::Map<_, _> =
            candidate.losses.iter().map(|(term, value)| (term.to_string(), (*value).into())).collect();
        losses.insert("total".into(), candidate.total.into());
        Self {
            number: candidate.index + 1,
            start: Some(candidate.start + 1),
            outcome: candidate.outcome.name().into(),
            db: candidate.db,
            searched_db: candidate.searched_db,
            moved: Some(candidate.moved),
            original_error,
            losses,
            steps: candidate.steps,
            restarts: candidate.restarts,
            plausibility: scores.plausibility.as_ref().map(Into::into),
            sharpness: scores.sharpness,
            distinctness: scores.distinctness,
            discriminator: scores.discriminator,
            verdict: scores.bent.map(|bent| bent.verdict().name().into()),
            bent: scores.bent.map(|bent| BentRecord::new(&bent, candidate)),
            image,
            shrunk,
        }
    }
}
