//! The folder that a run leaves behind: pictures for people, arrays and figures for programs.
//!
//! | file | what it is |
//! |---|---|
//! | `candidate-01.png` … | the sharp pictures |
//! | `shrunk-01.png` … | `A` of each, to be compared with the target |
//! | `target.png` | the small picture that was searched for |
//! | `target.safetensors` | the same without rounding, where 8 bits do not hold it |
//! | `original.png` | the sharp picture that the target was made from, in a demonstration |
//! | `sheet.png` | all of it at a glance |
//! | `certainty.png` | where the candidates differ, where there are two |
//! | `report.html` | all of it on one page that opens offline |
//! | `inputs.safetensors` | every input of every candidate, one row each; see [`Inputs`] |
//! | `run.json` | settings, checksums, outcomes and figures: [`Record`] |
//!
//! Each file is whole or not there. `run.json` comes last: a folder that has it has everything.

mod checksum;
mod folder;
mod measured;
mod record;

use std::path::{Path, PathBuf};

pub(crate) use checksum::hexadecimal;
pub use checksum::{sha256, sha256_of_file, sha256_of_files};
pub use folder::{Finished, INTERMEDIATE, Page, RunFolder, intermediate_file};
pub use measured::{BandRecord, CertaintyRecord, PlausibilityRecord, SpreadRecord};
pub use record::{
    CandidateRecord, FeatureRecord, Files, GeneratorRecord, InputRecord, MosaicRecord, ProgramRecord, Record,
    RestartRecord, SCHEMA, SettingsRecord, SpaceRecord, Summary, TargetRecord,
};

use crate::image::{Image, Reader};
use crate::inputs::Inputs;
use crate::{Error, ErrorKind, Result};

/// A run that was read back from its folder.
#[derive(Clone, Debug)]
pub struct Run {
    folder: PathBuf,
    record: Record,
}

impl Run {
    /// Reads `run.json` in `folder`. The other files are read when they are asked for.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when there is none, [`ErrorKind::Run`] when it is damaged or of another schema.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(folder::RECORD);
        let bytes = std::fs::read(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::new(
                ErrorKind::Io,
                format!(
                    "{} is no finished run: it holds no {}; run the search again",
                    folder.display(),
                    folder::RECORD
                ),
            )
            .with_source(source),
            _ => Error::io("read", &path, source),
        })?;
        let record = Record::from_json(&bytes).map_err(|error| {
            Error::new(error.kind(), format!("cannot read {}: {error}", path.display())).with_source(error)
        })?;
        Ok(Self { folder: folder.to_owned(), record })
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its settings, outcomes and figures.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The small picture that was searched for, exactly as the search had it.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn target(&self) -> Result<Image> {
        let files = &self.record.files;
        self.picture(files.target_exact.as_deref().unwrap_or(&files.target))
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
    /// As [`Inputs::read`].
    pub fn inputs(&self) -> Result<Inputs> {
        Inputs::read(&self.path(&self.record.files.inputs)?)
    }

    fn picture(&self, name: &str) -> Result<Image> {
        Reader::default().read(&self.path(name)?)
    }

    /// A record may come from anyone: what it names lies in its own folder and nowhere else.
    fn path(&self, name: &str) -> Result<PathBuf> {
        if Path::new(name).file_name().is_some_and(|own| own == name) {
            return Ok(self.folder.join(name));
        }
        let message = format!("the record in {} names `{name}`, which is no file of its folder", self.folder.display());
        Err(Error::new(ErrorKind::Run, message))
    }
}
