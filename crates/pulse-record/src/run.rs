//! The folder that a run leaves behind: pictures for people, arrays and figures for programs.
//!
//! | file | what it is |
//! |---|---|
//! | `candidate-01.png` … | the sharp pictures |
//! | `shrunk-01.png` … | `A` of each, to be compared with the target |
//! | `target.png` | the small picture that was searched for |
//! | `target.safetensors` | the same without rounding, where 8 bits do not hold it |
//! | `original.png` | the sharp picture that the target was made from, in a demonstration |
//! | `known.png` | white where the small picture is known, where a part of it was transparent |
//! | `sheet.png` | all of it at a glance |
//! | `certainty.png` | where the candidates differ, where there are two |
//! | `report.html` | all of it on one page that opens offline |
//! | `candidates.csv` | the candidates' figures as a table |
//! | `quantities.csv` | what was read off the candidates, where that was asked for |
//! | `inputs.safetensors` | every input of every candidate, one row each; see [`Inputs`] |
//! | `bookmark.bin` | what the search goes on from, where it was stopped |
//! | `run.json` | settings, checksums, outcomes and figures: [`Record`] |
//!
//! Each file is whole or not there. `run.json` comes last: a folder that has it has everything.

mod finished;
mod folder;
mod left;
mod reopen;
mod table;

use std::path::{Path, PathBuf};

pub use finished::{Finished, Page};
pub use folder::{INTERMEDIATE, KNOWN, RECORD, RunFolder, intermediate_file};
pub use left::{EXPLORED, remove_run};

use pulse_checkpoint::read::{LARGEST_ARRAYS, LARGEST_RECORD, read_regular};

use crate::checksum::sha256_of_file;
use crate::image::Reader;
use crate::inputs::read_inputs;
use crate::record::{CandidateRecord, Record};
use crate::{Error, ErrorKind, Result};
use pulse_core::image::Image;
use pulse_core::inputs::Inputs;
use pulse_core::tape::Bookmark;

/// A run that was read back from its folder.
#[derive(Clone, Debug)]
pub struct Run {
    folder: PathBuf,
    record: Record,
    /// Whether files may be read that its record names elsewhere.
    reads_elsewhere: bool,
}

impl Run {
    /// Reads `run.json` in `folder`. The other files are read when they are asked for.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when there is none, [`ErrorKind::Run`] when it is damaged or of another schema.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(RECORD);
        let bytes = read_regular(&path, LARGEST_RECORD).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::new(
                ErrorKind::Io,
                format!("{} is no finished run: it holds no {}; run the search again", folder.display(), RECORD),
            )
            .with_source(source),
            _ => Error::io("read", &path, source),
        })?;
        let record = Record::from_json(&bytes).map_err(|error| {
            Error::new(error.kind(), format!("cannot read {}: {error}", path.display())).with_source(error)
        })?;
        Ok(Self { folder: folder.to_owned(), record, reads_elsewhere: false })
    }

    /// The same, but files that its measurement names may lie anywhere: who says so knows where the run is from. A record that came
    /// from others could name any file, and tell by what follows what is in it.
    #[must_use]
    pub fn reading_elsewhere(self, reads: bool) -> Self {
        Self { reads_elsewhere: reads, ..self }
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its settings, outcomes and figures.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Whether it is finished, and every file that its record names is there. Their content is not checked.
    pub fn is_whole(&self) -> bool {
        let there = |name| self.folder.join(name).metadata().is_ok_and(|file| file.is_file() && file.len() > 0);
        !self.record.summary.stopped && left::files_of(&self.record).all(there)
    }

    /// The small picture that was searched for, exactly as the search had it.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn target(&self) -> Result<Image> {
        let files = &self.record.files;
        self.picture(files.target_exact.as_deref().unwrap_or(&files.target))
    }

    /// The sharp picture that the target was made from, in a demonstration.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn original(&self) -> Result<Option<Image>> {
        self.record.files.original.as_deref().map(|name| self.picture(name)).transpose()
    }

    /// What of the small picture is known, where a part of it was transparent.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn known(&self) -> Result<Option<Image>> {
        self.record.files.known.as_deref().map(|name| self.picture(name)).transpose()
    }

    /// The picture of one candidate, of 8 bits.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn candidate(&self, candidate: &CandidateRecord) -> Result<Image> {
        self.picture(&candidate.image)
    }

    /// Every input of every candidate.
    ///
    /// # Errors
    /// As [`read_inputs`].
    pub fn inputs(&self) -> Result<Inputs> {
        read_inputs(&self.path(&self.record.files.inputs)?)
    }

    /// What its search goes on from, where it was stopped.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be read.
    pub fn bookmark(&self) -> Result<Option<Bookmark>> {
        let Some(name) = &self.record.files.bookmark else { return Ok(None) };
        let path = self.path(name)?;
        read_regular(&path, LARGEST_ARRAYS)
            .map(Bookmark::of_bytes)
            .map(Some)
            .map_err(|source| Error::io("read", &path, source))
    }

    /// The checksum of the file of the inputs, by which what was explored from this run is told from what was explored
    /// from another.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be read.
    pub fn inputs_checksum(&self) -> Result<String> {
        sha256_of_file(&self.path(&self.record.files.inputs)?)
    }

    fn picture(&self, name: &str) -> Result<Image> {
        Reader::default().read(&self.path(name)?)
    }

    /// A record is not trusted: what it names has to be in its own folder.
    fn path(&self, name: &str) -> Result<PathBuf> {
        if Path::new(name).file_name().is_some_and(|own| own == name) {
            return Ok(self.folder.join(name));
        }
        let message = format!("the record in {} names `{name}`, which is no file of its folder", self.folder.display());
        Err(Error::new(ErrorKind::Run, message))
    }
}
