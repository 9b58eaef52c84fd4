//! Files that are whole or not there at all.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind as IoKind, Write as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, ErrorKind, Result};

/// Writes `bytes` to `path`, replacing what is there: whoever reads `path`, at any time and after any
/// failure, finds the old file or the whole new one.
///
/// The bytes go to a hidden file beside it first, which then takes its name; when anything fails, the
/// hidden file is removed.
///
/// # Errors
/// [`ErrorKind::Io`] when the path names no file, its folder does not exist, or the system cannot write.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    if path.file_name().is_none() || path.is_dir() {
        let message = format!("cannot write {}: it is a folder; name a file inside of it", path.display());
        return Err(Error::new(ErrorKind::Io, message));
    }
    let fault = |source: std::io::Error| match source.kind() {
        IoKind::NotFound => {
            let message = format!("cannot write {}: its folder does not exist; make it first", path.display());
            Error::new(ErrorKind::Io, message).with_source(source)
        }
        _ => Error::io("write", path, source),
    };
    let (mut temporary, mut file) = Temporary::create(path).map_err(fault)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fault)?;
    drop(file);
    fs::rename(&temporary.path, path).map_err(fault)?;
    temporary.exists = false;
    Ok(())
}

/// Makes the folder at `path` that something is to be written into, and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|source| {
        let message = format!("cannot make the folder {}: {source}; choose another place for it", path.display());
        Error::new(ErrorKind::Io, message).with_source(source)
    })
}

/// Removes the hidden files in `folder` that killed writers left behind. Nobody may be writing there.
pub(crate) fn remove_temporaries(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|source| Error::io("list the folder", folder, source))?.flatten() {
        if entry.file_name().to_str().is_some_and(is_temporary) {
            fs::remove_file(entry.path()).map_err(|source| Error::io("remove", &entry.path(), source))?;
        }
    }
    Ok(())
}

/// Whether a hidden file of [`write_atomically`] has such a name.
pub(crate) fn is_temporary(name: &str) -> bool {
    let numbers = name.strip_prefix(".pulse-").and_then(|name| name.strip_suffix(".tmp"));
    numbers.and_then(|numbers| numbers.split_once('-')).is_some_and(|(process, number)| {
        [process, number].iter().all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// A file under a name of its own, removed unless it got its final name.
struct Temporary {
    path: PathBuf,
    exists: bool,
}

impl Temporary {
    /// A new file beside `path` under a name that no other writer in any process has; one that was left behind by a
    /// killed process of the same number is passed over. The name does not hold the name of `path`, which may
    /// already be as long as names can be.
    fn create(path: &Path) -> std::io::Result<(Self, File)> {
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
            let path = path.with_file_name(format!(".pulse-{}-{number}.tmp", process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((Self { path, exists: true }, file)),
                Err(error) if error.kind() == IoKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.exists {
            // The error that led here is the one to report.
            let _ = fs::remove_file(&self.path);
        }
    }
}
