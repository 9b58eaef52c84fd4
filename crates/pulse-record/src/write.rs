//! Files that are whole or not there at all.

use std::fs;
use std::path::Path;

use pulse_checkpoint::write;

use crate::{Error, ErrorKind, Result};

pub(crate) use pulse_checkpoint::write::is_temporary;

/// Writes `bytes` to `path`, replacing what is there: at any time and after any failure, `path` is the old
/// file or the whole new one.
///
/// The bytes go to a hidden file beside it first, which then takes its name; when anything fails, the
/// hidden file is removed.
///
/// # Errors
/// [`ErrorKind::Io`] when the path names no file, its folder does not exist, or the system cannot write.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    write::write_atomically(path, bytes).map_err(|error| io(&error))
}

/// Makes the folder at `path` that something is to be written into, and those above it.
///
/// # Errors
/// [`ErrorKind::Io`], or [`ErrorKind::Full`] where there is no room for it.
pub fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|source| {
        Error::io("make the folder", path, source).worded(|reason| format!("{reason}; choose another place for it"))
    })
}

/// Removes the hidden files in `folder` that killed writers left behind. No process may be writing there.
pub(crate) fn remove_temporaries(folder: &Path) -> Result<()> {
    write::remove_temporaries(folder).map_err(|error| io(&error))
}

/// The same text as an error of this crate, without a cause that would repeat it.
fn io(error: &pulse_checkpoint::Error) -> Error {
    let kind = if error.kind() == pulse_checkpoint::ErrorKind::Full { ErrorKind::Full } else { ErrorKind::Io };
    Error::new(kind, error.to_string())
}
