//! What is asked for, and whether an earlier run has done it already.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pulse_core::face::DetectorConfig;
use pulse_core::measurement::{Blur, MeasurementKind, Stage};
use pulse_core::tape::Bookmark;
use pulse_record::checksum::sha256_of_file;
use pulse_record::faces::EarlierFaces;
use pulse_record::image::{Raster, read_bytes};
use pulse_record::record::{FacesRecord, GeneratorRecord, InputRecord, Record, RequestRecord, SettingsRecord};
use pulse_record::run::{Run, RunFolder};
use serde_json::Value;

use crate::{Blocks, Error, ErrorKind, Placing, Preparation, Result, WayOut};

/// Everything besides the settings of a search that can alter its result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// What is done to the picture first.
    pub preparation: Preparation,
    /// What shows through where it is transparent, where it was said: else white, and a small picture is unknown there.
    pub background: Option<[u8; 3]>,
    /// The file of inputs that the search starts from.
    pub init: Option<PathBuf>,
    /// Whether every convolution is computed by its definition.
    pub precise: bool,
    /// How faces are looked for, where they are.
    pub faces: Option<DetectorConfig>,
    /// How many times photographs are enlarged that faces are put back into; by default as the faces ask for.
    pub scale: Option<f64>,
    /// Whether the frame of the generator's pictures is looked for.
    pub place: Placing,
    /// Every how many steps the pictures under way are saved, where they are.
    pub save_intermediate: Option<usize>,
}

impl Request {
    /// The request as the record of a run has it. Files that it names are read for their checksums.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when the file of inputs cannot be read. Errors in other files are reported when these are used.
    pub fn record(&self) -> Result<RequestRecord> {
        let Preparation { crop, blocks, pixelation, measurement } = &self.preparation;
        Ok(RequestRecord {
            measurement: measurement.as_ref().map(ToString::to_string),
            measurement_files: measurement.as_ref().map(checksums).unwrap_or_default(),
            mosaic: match blocks {
                Blocks::Auto => "auto".into(),
                Blocks::Off => "off".into(),
                // With all digits; the text for people is rounded.
                Blocks::Grid(grid) => format!("{}+{}+{}", grid.size, grid.left, grid.top),
            },
            crop: crop.map(|part| [part.left, part.top, part.width, part.height]),
            pixelate: pixelation.map(|size| [size.width, size.height]),
            background: self
                .background
                .map_or_else(|| "none".into(), |[red, green, blue]| format!("#{red:02x}{green:02x}{blue:02x}")),
            init: self.init.as_deref().map(sha256_of_file).transpose()?,
            precise: self.precise,
            faces: self.faces.map(|config| FacesRecord { confidence: config.confidence, smallest: config.smallest }),
            scale: self.scale,
            place: self.place.name().into(),
            save_intermediate: self.save_intermediate,
        })
    }
}

/// The checksums of the files that stages name.
fn checksums(measurement: &MeasurementKind) -> BTreeMap<String, String> {
    let file = |stage: &Stage| match stage {
        Stage::Blur(Blur::Psf(file)) => Some(file.path().to_owned()),
        Stage::Mask(file) => Some(file.path().to_owned()),
        _ => None,
    };
    let files = measurement.stages().iter().filter_map(file);
    files.filter_map(|file| Some((file.display().to_string(), sha256_of_file(&file).ok()?))).collect()
}

/// Whether a picture has to be searched for.
#[derive(Debug)]
pub enum Standing {
    /// Nothing has to be done: an earlier run with the same settings and the same picture is finished. These are its records.
    Finished(Vec<Record>),
    /// It has to be searched for.
    Open {
        /// Whether what is in its folder may be replaced.
        replace: bool,
    },
    /// The same search was stopped, and can go on.
    Stopped,
    /// Its folder holds another run.
    Taken(Error),
}

/// The folder of a run, for this process alone.
#[derive(Debug)]
pub enum Claimed {
    /// Nothing is to be done there: it is finished. This is its record.
    Finished(Box<Record>),
    /// It can be written, and the search goes on from there, where it was stopped.
    Free(Box<RunFolder>, Option<Bookmark>),
}

/// What the record of a finished run has to say for the run to be skipped.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The generator.
    pub generator: GeneratorRecord,
    /// The search's settings.
    pub settings: SettingsRecord,
    /// What else is asked for.
    pub request: RequestRecord,
    /// Whether every picture is to be searched for again.
    pub again: bool,
}

impl Asked {
    /// Whether the picture at `path`, whose result goes to `folder`, has to be searched for. The picture is read only when all
    /// else of an earlier run agrees, and decoded only where another colour was to show through it.
    pub fn standing(&self, path: &Path, folder: &Path) -> Standing {
        if self.request.faces.is_none() || self.again {
            return self.standing_of_run(path, folder);
        }
        match EarlierFaces::open(folder) {
            // Each face that lacks something is looked at by itself.
            Some(earlier) => match self.judge(path, folder, earlier.runs) {
                Standing::Finished(_) if !earlier.is_whole => Standing::Open { replace: true },
                standing => standing,
            },
            None => Standing::Open { replace: false },
        }
    }

    /// The same for one run: that of the picture, or of one face in it.
    pub fn standing_of_run(&self, path: &Path, folder: &Path) -> Standing {
        if self.again {
            return Standing::Open { replace: true };
        }
        // Whether a run may be written there is checked when its folder is made.
        let Ok(run) = Run::open(folder) else { return Standing::Open { replace: false } };
        match self.judge(path, folder, vec![run.record().clone()]) {
            Standing::Finished(_) if !run.is_whole() => {
                let goes_on = run.bookmark().is_ok_and(|bookmark| bookmark.is_some());
                if goes_on { Standing::Stopped } else { Standing::Open { replace: true } }
            }
            standing => standing,
        }
    }

    /// Takes the folder of a run for the search for the picture at `path`, unless it is finished by now. A run of other settings is
    /// replaced where `replace` is set.
    ///
    /// # Errors
    /// As [`RunFolder::create`], and that of [`Standing::Taken`].
    pub fn claim(&self, path: &Path, folder: &Path, replace: bool) -> Result<Claimed> {
        let before = self.standing_of_run(path, folder);
        let was_stopped = matches!(before, Standing::Stopped);
        let claimed = match before {
            Standing::Stopped => RunFolder::take_up(folder),
            Standing::Open { replace: true } => RunFolder::create(folder, true),
            _ => RunFolder::create(folder, replace),
        };
        // Another process may have been at work between the two.
        match (self.standing_of_run(path, folder), claimed) {
            (Standing::Finished(mut records), _) => Ok(Claimed::Finished(Box::new(records.remove(0)))),
            (Standing::Stopped, Ok(claimed)) if was_stopped => {
                Ok(Claimed::Free(Box::new(claimed), Run::open(folder)?.bookmark()?))
            }
            (Standing::Stopped, Err(error)) if was_stopped || error.kind() == ErrorKind::Busy => Err(error),
            (Standing::Stopped, _) => self.claim(path, folder, replace),
            (Standing::Taken(error), Err(_)) => Err(error),
            (_, claimed) => Ok(Claimed::Free(Box::new(claimed?), None)),
        }
    }

    fn judge(&self, path: &Path, folder: &Path, runs: Vec<Record>) -> Standing {
        let other = runs.iter().find_map(|record| self.difference(record, path));
        let other = match other {
            None => match sha256_of_file(path) {
                Ok(checksum) => runs.iter().find_map(|run| other_picture(&run.input, path, &checksum)),
                // The error is reported when it is read.
                Err(_) => return Standing::Open { replace: false },
            },
            Some(other) => Some(other),
        };
        let Some(other) = other else { return Standing::Finished(runs) };
        let message = format!("the folder {} is not empty: it holds the run of {other}", folder.display());
        Standing::Taken(Error::new(ErrorKind::Io, message).with_way_out(WayOut::ReplaceFolder))
    }

    /// In what `record` differs from what is asked for, the picture not counted.
    fn difference(&self, record: &Record, path: &Path) -> Option<String> {
        if record.generator.sha256 != self.generator.sha256 {
            return Some(format!("another generator ({})", record.generator.name));
        }
        let is_asked = record.request.as_ref().is_some_and(|request| {
            let over_the_same = RequestRecord { background: self.request.background.clone(), ..request.clone() };
            *request == self.request || over_the_same == self.request && nothing_shows_through(path)
        });
        if record.settings == self.settings && is_asked {
            return None;
        }
        let value = |record: std::result::Result<Value, _>| record.unwrap_or(Value::Null);
        let settings = [&record.settings, &self.settings].map(|settings| value(serde_json::to_value(settings)));
        let requests =
            [record.request.as_ref(), Some(&self.request)].map(|request| value(serde_json::to_value(request)));
        let found = first_difference("", &settings[0], &settings[1])
            .or_else(|| first_difference("", &requests[0], &requests[1]))
            .map_or_else(String::new, |found| format!(" ({found})"));
        Some(format!("other settings{found}"))
    }
}

/// Whether the picture at `path` is opaque, so that it is the same over any colour.
fn nothing_shows_through(path: &Path) -> bool {
    let picture = read_bytes(path).and_then(|bytes| Raster::read(&path.display().to_string(), &bytes));
    picture.is_ok_and(|picture| picture.opacity().is_none())
}

/// In what an earlier run's `input` differs from the picture at `path`, which has this `checksum` now.
fn other_picture(input: &InputRecord, path: &Path, checksum: &str) -> Option<String> {
    // A picture of the same bytes under another name has a folder of its own.
    let same_name = Path::new(&input.path).file_name() == path.file_name();
    if !same_name {
        return Some(format!("another picture ({})", input.path));
    }
    (input.sha256 != checksum).then(|| format!("{} as it was before it changed", input.path))
}

/// The first value, by its keys, in which the two differ.
fn first_difference(key: &str, old: &Value, new: &Value) -> Option<String> {
    match (old, new) {
        _ if old == new => None,
        (Value::Object(old), Value::Object(new)) => new.iter().find_map(|(name, new)| {
            let old = old.get(name).unwrap_or(&Value::Null);
            let key = if key.is_empty() { spoken(name) } else { format!("{key}, {}", spoken(name)) };
            first_difference(&key, old, new)
        }),
        _ if key.is_empty() => None,
        _ => Some(format!("{key} {}, not {}", words(old), words(new))),
    }
}

/// A value of a record as a person says it.
fn words(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::Bool(is_so) => if *is_so { "yes" } else { "no" }.into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(words).collect::<Vec<_>>().join(","),
        Value::Object(values) => {
            let parts: Vec<_> =
                values.iter().map(|(name, value)| format!("{} {}", spoken(name), words(value))).collect();
            format!("with {}", parts.join(", "))
        }
    }
}

/// The name of a field; that of a file stays as it is.
fn spoken(name: &str) -> String {
    let is_field = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_field { name.replace('_', " ") } else { name.into() }
}
