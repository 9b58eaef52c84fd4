//! `--trace`: a line of JSON for every step of every candidate.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use pulse::event::Step;
use pulse::read::open_regular;
use serde_json::{Map, json};

use crate::failure::Failure;

/// A log that grows line by line while the search runs, so that it can be followed.
pub(super) struct Trace {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Trace {
    /// Begins the file at `path` anew; where a stopped search goes on, so does the file. What is there is replaced only when it is a
    /// trace too.
    pub(super) fn create(path: &Path, goes_on: bool) -> Result<Self, Failure> {
        let mut beginning = [0; 2];
        if std::fs::symlink_metadata(path).is_ok_and(|at| !at.is_file()) {
            let reason = "is there already and is no file of its own: choose another place for the trace";
            return Err(Failure::of(path.display(), reason));
        }
        let length = open_regular(path).and_then(|mut file| file.read(&mut beginning)).unwrap_or(0);
        if !b"{\"".starts_with(&beginning[..length]) {
            let reason = "is there already and is no trace: choose another place for the trace";
            return Err(Failure::of(path.display(), reason));
        }
        let file = OpenOptions::new().create(true).write(true).append(goes_on).truncate(!goes_on).open(path);
        let file = file.map_err(|error| fault(path, error))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// The trace of the search for one picture.
    pub(super) fn of<'a>(&'a mut self, input: &'a str) -> InputTrace<'a> {
        InputTrace { trace: self, input }
    }
}

/// The part of a trace that is about one picture.
pub(super) struct InputTrace<'a> {
    trace: &'a mut Trace,
    input: &'a str,
}

impl InputTrace<'_> {
    /// Writes one line.
    pub(super) fn step(&mut self, step: &Step<'_>) -> Result<(), Failure> {
        let mut losses: Map<_, _> = step.losses.iter().map(|(term, value)| (term.to_string(), json!(value))).collect();
        losses.insert("total".into(), json!(step.total));
        let line = json!({
            "input": self.input,
            "candidate": step.candidate + 1,
            "step": step.step,
            "losses": losses,
            "learning_rate": step.learning_rate,
            "db": step.db,
        });
        writeln!(self.trace.file, "{line}").map_err(|error| fault(&self.trace.path, error))
    }

    /// Writes what is still in memory to the file.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.trace.file.flush().map_err(|error| fault(&self.trace.path, error))
    }
}

fn fault(path: &Path, error: std::io::Error) -> Failure {
    let error = pulse::Error::io("write the trace", path, error);
    Failure::from(error.worded(|reason| format!("{reason}; choose another place for it")))
}
