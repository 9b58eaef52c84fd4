//! A file that is not whole yet, and what is known of the whole one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use pulse_checkpoint::read::{LARGEST_SETTINGS, read_regular};
use pulse_checkpoint::write::write_atomically;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// What a server said of a file when it began to send it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) address: String,
    /// By what the server tells this version of the file from others: a strong entity tag, or else when it was changed.
    pub(crate) validator: Option<String>,
    pub(crate) length: Option<u64>,
}

/// The bytes so far in one file, and what the server said in one beside it.
pub(crate) struct Part {
    bytes: PathBuf,
    about: PathBuf,
}

impl Part {
    /// That of the file of this number among those of a model.
    pub(crate) fn new(folder: &Path, number: usize) -> Self {
        Self { bytes: folder.join(format!("{number}.part")), about: folder.join(format!("{number}.json")) }
    }

    /// How many bytes are there, and of what; nothing where they cannot be gone on with.
    pub(crate) fn kept(&self, address: &str) -> Option<(u64, About)> {
        let bytes = read_regular(&self.about, LARGEST_SETTINGS).ok()?;
        let about: About = serde_json::from_slice(&bytes).ok()?;
        let length = fs::symlink_metadata(&self.bytes).ok().filter(fs::Metadata::is_file)?.len();
        let fits = about.length.is_none_or(|whole| length <= whole);
        (about.address == address && about.validator.is_some() && fits && length > 0).then_some((length, about))
    }

    /// Begins anew.
    pub(crate) fn begin(&self, about: &About) -> Result<Growing> {
        self.clear()?;
        let text = serde_json::to_vec(about).map_err(|error| Error::new(ErrorKind::Io, error.to_string()))?;
        write_atomically(&self.about, &text)?;
        self.grow(OpenOptions::new().write(true).create_new(true))
    }

    /// Goes on where it ended.
    pub(crate) fn go_on(&self) -> Result<Growing> {
        self.grow(OpenOptions::new().append(true))
    }

    fn grow(&self, options: &OpenOptions) -> Result<Growing> {
        let file = options.open(&self.bytes).map_err(|error| Error::io("write", &self.bytes, &error))?;
        Ok(Growing { file, path: self.bytes.clone() })
    }

    /// Removes what there is.
    pub(crate) fn clear(&self) -> Result<()> {
        for path in [&self.bytes, &self.about] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::io("remove", path, &error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Gives the whole file its place.
    pub(crate) fn finish(&self, place: &Path) -> Result<()> {
        fs::rename(&self.bytes, place).map_err(|error| Error::io("write", place, &error))?;
        self.clear()
    }
}

/// The bytes while they grow.
pub(crate) struct Growing {
    file: File,
    path: PathBuf,
}

impl Growing {
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| Error::io("write", &self.path, &error))
    }

    /// Sees to it that all of it has reached the disk.
    pub(crate) fn end(self) -> Result<()> {
        self.file.sync_all().map_err(|error| Error::io("write", &self.path, &error))
    }
}
