//! Files that measurements name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Error, ErrorKind, Result};

/// A file that a stage names, and its content once it was read. This crate reads no files: the text of a measurement gives the
/// name alone, and the caller adds the content, from a disk, an upload or an array.
#[derive(Clone, Debug, PartialEq)]
pub struct InFile<T> {
    path: PathBuf,
    content: Option<Arc<T>>,
}

impl<T> InFile<T> {
    /// A file that is still to be read.
    pub fn named(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), content: None }
    }

    /// A file with its content, or any content under this name.
    pub fn read(path: impl Into<PathBuf>, content: T) -> Self {
        Self { path: path.into(), content: Some(Arc::new(content)) }
    }

    /// Its name, as the text of a measurement has it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its content is there.
    pub fn is_read(&self) -> bool {
        self.content.is_some()
    }

    /// What it holds.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when it was not read yet.
    pub fn content(&self) -> Result<&T> {
        self.content.as_deref().ok_or_else(|| {
            let message =
                format!("the measurement names {}, which was not read: read its files first", self.path.display());
            Error::new(ErrorKind::Setting, message)
        })
    }
}
