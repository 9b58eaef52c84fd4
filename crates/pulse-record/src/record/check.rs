//! `check.json`: what was found of somebody's "enhanced" picture. `docs/run-json.md` says what each field means to a program; the
//! fields here are the same in the same order.

use std::path::Path;

use pulse_checkpoint::read::{LARGEST_RECORD, read_regular};
use serde::{Deserialize, Serialize};

use super::{GeneratorRecord, InputRecord, ProgramRecord};
use crate::{Error, ErrorKind, Result};
use pulse_core::claim::{Comparison, Others, Registration};

/// The version of the schema. It grows when a field changes its meaning or goes; a new field does not make a new schema.
pub const CHECK_SCHEMA: u32 = 1;

/// All of `check.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckRecord {
    /// [`CHECK_SCHEMA`].
    pub schema: u32,
    /// What checked.
    pub program: ProgramRecord,
    /// The file of the claim.
    pub claim: InputRecord,
    /// The file of the small picture.
    pub small: InputRecord,
    /// Whether the small picture could have been made from the claim.
    pub consistent: bool,
    /// How that was found.
    pub comparison: ComparisonRecord,
    /// The generative model that others were asked of.
    pub generator: GeneratorRecord,
    /// The seed of the search.
    pub seed: u64,
    /// What the generator makes of the small picture, where it was asked.
    pub others: Option<OthersRecord>,
    /// Why it was not asked.
    pub no_others: Option<String>,
    /// How long it took.
    pub seconds: f64,
    /// Every file beside the record.
    pub files: Vec<String>,
}

/// How well a claim agrees with the small picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonRecord {
    /// What makes the one small.
    pub measurement: String,
    /// Whether it was found, and not given.
    pub measurement_found: bool,
    /// The consistency in dB before registration.
    pub before_db: f64,
    /// The same after it.
    pub db: f64,
    /// The consistency in dB from which on the two agree.
    pub wanted_db: f64,
    /// The same of one place.
    pub wanted_local_db: f64,
    /// The mean squared errors that `wanted_db` is made of; nothing where it was asked for.
    pub rounding_error: Option<f64>,
    /// That of the small picture's JPEG, where it is one.
    pub small_jpeg_error: Option<f64>,
    /// That of the claim's JPEG, where it is one, after shrinking.
    pub claim_jpeg_error: Option<f64>,
    /// What was removed first.
    pub registration: RegistrationRecord,
    /// How many pixels of the small picture were compared.
    pub compared: usize,
    /// The place that disagrees most.
    pub worst: Option<PlaceRecord>,
    /// The kernel by which the small picture was enlarged, where the claim is hardly more than that.
    pub enlarged: Option<String>,
}

/// [`Registration`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegistrationRecord {
    /// To the right and down, in pixels of the small picture.
    pub shift: [f64; 2],
    /// How many times larger the claim shows it.
    pub scale: f64,
    /// The gain of each channel; empty where colours agree.
    pub gain: Vec<f64>,
    /// The offset of each channel.
    pub offset: Vec<f64>,
    /// The same in words.
    pub words: Vec<String>,
}

/// [`Place`](pulse_core::claim::Place): the middle of three by three pixels of the small picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaceRecord {
    /// From 0.
    pub column: usize,
    /// From 0.
    pub row: usize,
    /// The consistency in dB there.
    pub db: f64,
}

/// [`Others`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OthersRecord {
    /// The consistency in dB of each candidate of the ordinary search.
    pub db: Vec<f64>,
    /// Their pictures.
    pub images: Vec<String>,
    /// The verdict of them together, where it was measured.
    pub verdict: Option<String>,
    /// How many candidates were drawn towards the claim.
    pub steered: usize,
    /// The picture of the candidate that is nearest to the claim.
    pub nearest: String,
    /// Whether that was drawn towards it.
    pub nearest_steered: bool,
    /// The consistency in dB of that candidate.
    pub nearest_db: f64,
    /// Its root mean squared distance from the claim, of a value range of 1.
    pub distance: f64,
    /// As in [`Range::between`](pulse_core::claim::Range::between).
    pub between: f64,
    /// The share of the claim's numbers outside of the candidates' 90% intervals.
    pub outside: f64,
}

impl CheckRecord {
    /// Reads the record at `path`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::Run`] when it is damaged.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = read_regular(path, LARGEST_RECORD).map_err(|source| Error::io("read", path, source))?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Error::new(ErrorKind::Run, format!("cannot read {}: {error}", path.display())))
    }

    /// The bytes of a `check.json`.
    ///
    /// # Panics
    /// Never: a record is numbers, text and lists.
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a record has no key that is not text");
        bytes.push(b'\n');
        bytes
    }
}

impl From<&Comparison> for ComparisonRecord {
    fn from(comparison: &Comparison) -> Self {
        let tolerance = &comparison.tolerance;
        let worst = comparison.contradiction.worst;
        Self {
            measurement: comparison.measurement.to_string(),
            measurement_found: comparison.found,
            before_db: comparison.before_db,
            db: comparison.db,
            wanted_db: tolerance.db,
            wanted_local_db: tolerance.local_db(),
            rounding_error: tolerance.rounding,
            small_jpeg_error: tolerance.small_jpeg,
            claim_jpeg_error: tolerance.claim_jpeg,
            registration: (&comparison.registration).into(),
            compared: comparison.contradiction.compared,
            worst: worst.map(|place| PlaceRecord { column: place.column, row: place.row, db: place.db }),
            enlarged: comparison.enlarged.map(|kernel| kernel.name().to_owned()),
        }
    }
}

impl From<&Registration> for RegistrationRecord {
    fn from(registration: &Registration) -> Self {
        Self {
            shift: registration.alignment.shift,
            scale: registration.alignment.scale,
            gain: registration.tones.iter().map(|tone| tone.gain).collect(),
            offset: registration.tones.iter().map(|tone| tone.offset).collect(),
            words: registration.words(),
        }
    }
}

impl OthersRecord {
    /// Of candidates in files of these names.
    pub(crate) fn new(others: &Others, images: Vec<String>, nearest: String) -> Self {
        let (candidate, steered) = others.nearest();
        Self {
            db: others.candidates.iter().map(|candidate| candidate.db).collect(),
            images,
            verdict: others.verdict.map(|verdict| verdict.name().to_owned()),
            steered: others.steered.len(),
            nearest,
            nearest_steered: steered,
            nearest_db: candidate.db,
            distance: others.range.distance,
            between: others.range.between,
            outside: others.range.outside,
        }
    }
}
