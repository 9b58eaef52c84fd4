//! Files that are whole or not there at all.

use std::fs;
use std::io::{self, BufWriter, Write};
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
    write::write_atomically(path, bytes).map_err(|error| of_checkpoint(&error))
}

/// The same for bytes that are not in memory as a whole: `write` writes them where it is told to.
///
/// # Errors
/// As [`write_atomically`], and what `write` gives where writing itself did not fail.
pub(crate) fn write_atomically_with(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut failure = None;
    let written = write::write_atomically_with(path, |file| {
        let mut to = Watched { to: BufWriter::new(file), error: None };
        let done = write(&mut to);
        if let Some(error) = to.error {
            return Err(error);
        }
        done.map_err(|error| {
            failure = Some(error);
            io::Error::other("there is nothing to write")
        })?;
        to.to.flush()
    });
    failure.map_or_else(|| written.map_err(|error| of_checkpoint(&error)), Err)
}

/// Keeps what went wrong in writing, whatever is made of it by what writes.
struct Watched<W> {
    to: W,
    error: Option<io::Error>,
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes).map_err(|error| {
            let kind = error.kind();
            self.error = Some(error);
            kind.into()
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
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
    write::remove_temporaries(folder).map_err(|error| of_checkpoint(&error))
}

/// The same text as an error of this crate, without a cause that would repeat it.
fn of_checkpoint(error: &pulse_checkpoint::Error) -> Error {
    let kind = if error.kind() == pulse_checkpoint::ErrorKind::Full { ErrorKind::Full } else { ErrorKind::Io };
    Error::new(kind, error.to_string())
}
