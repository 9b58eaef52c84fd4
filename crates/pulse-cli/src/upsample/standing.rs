//! How a picture stands before it is searched for: finished by an earlier run, open, or in the way of another run.

use std::path::Path;

use pulse::checksum::sha256_of_file;
use pulse::record::{GeneratorRecord, InputRecord, Record, RequestRecord, SettingsRecord};
use pulse::run::Run;
use serde_json::Value;

use super::faces;
use crate::failure::Failure;
use crate::sources::Source;

/// What is to be done about a picture.
pub(super) enum Standing {
    /// Nothing: an earlier run left just what this one would, these records among it.
    Finished(Vec<Record>),
    /// It is to be searched for. What is in its folder may be replaced, or may not.
    Open { replace: bool },
    /// Its folder holds another run.
    Taken(Failure),
}

/// What the record of a run says when it is the one that is asked for.
pub(super) struct Asked<'a> {
    pub(super) generator: &'a GeneratorRecord,
    pub(super) settings: SettingsRecord,
    pub(super) request: RequestRecord,
    /// Whether every picture is to be searched for again.
    pub(super) force: bool,
}

impl Asked<'_> {
    /// How `source` stands. Its bytes are read when all the rest of an earlier run agrees, and never decoded.
    pub(super) fn standing(&self, source: &Source) -> Standing {
        if self.force {
            return Standing::Open { replace: true };
        }
        if self.request.faces.is_some() {
            return match faces::earlier(&source.folder) {
                Some(earlier) => self.judge(source, earlier.runs, earlier.is_whole),
                None => Standing::Open { replace: false },
            };
        }
        match Run::open(&source.folder) {
            Ok(run) => {
                let is_whole = run.is_whole();
                self.judge(source, vec![run.record().clone()], is_whole)
            }
            // Whether that is a folder for a run is found out when one is to be written.
            Err(_) => Standing::Open { replace: false },
        }
    }

    fn judge(&self, source: &Source, runs: Vec<Record>, is_whole: bool) -> Standing {
        let other = runs.iter().find_map(|record| self.difference(record));
        let other = match other {
            None => match sha256_of_file(&source.path) {
                Ok(checksum) => runs.iter().find_map(|run| other_picture(&run.input, &source.path, &checksum)),
                // Reading it will say so.
                Err(_) => return Standing::Open { replace: false },
            },
            Some(other) => Some(other),
        };
        match other {
            None if is_whole => Standing::Finished(runs),
            None => Standing::Open { replace: true },
            Some(other) => Standing::Taken(Failure::of(
                source.path.display(),
                format!(
                    "the folder {} is not empty: it holds the run of {other}; choose another --out, or replace it with \
                     --force",
                    source.folder.display()
                ),
            )),
        }
    }

    /// In what `record` is of another run, the picture apart.
    fn difference(&self, record: &Record) -> Option<String> {
        if record.generator.sha256 != self.generator.sha256 {
            return Some(format!("another generator ({})", record.generator.name));
        }
        if record.settings == self.settings && record.request.as_ref() == Some(&self.request) {
            return None;
        }
        let value = |record: Result<Value, _>| record.unwrap_or(Value::Null);
        let settings = [&record.settings, &self.settings].map(|settings| value(serde_json::to_value(settings)));
        let requests =
            [record.request.as_ref(), Some(&self.request)].map(|request| value(serde_json::to_value(request)));
        let found = first_difference("", &settings[0], &settings[1])
            .or_else(|| first_difference("", &requests[0], &requests[1]))
            .map_or_else(String::new, |found| format!(" ({found})"));
        Some(format!("other settings{found}"))
    }
}

/// In what an earlier run's `input` is not the picture at `path`, which has this `checksum` now.
fn other_picture(input: &InputRecord, path: &Path, checksum: &str) -> Option<String> {
    // A picture of the same bytes under another name has a folder of its own.
    let same_name = Path::new(&input.path).file_name() == path.file_name();
    if !same_name {
        return Some(format!("another picture ({})", input.path));
    }
    (input.sha256 != checksum).then(|| format!("{} as it was before it changed", input.path))
}

/// The first value, by its keys, in which the old one is not the new one.
fn first_difference(key: &str, old: &Value, new: &Value) -> Option<String> {
    match (old, new) {
        _ if old == new => None,
        (Value::Object(old), Value::Object(new)) => new.iter().find_map(|(name, new)| {
            let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            first_difference(&key, old.get(name).unwrap_or(&Value::Null), new)
        }),
        _ if key.is_empty() => None,
        _ => Some(format!("{key} {old}, not {new}")),
    }
}
