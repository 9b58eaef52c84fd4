//! Files that are whole or not there at all.
//!
//! The bytes go to a hidden file beside the target, reach the disk, and then take the target's name. Whoever reads the
//! target, at any time and after any failure, finds the old file or the whole new one. A link of that name is
//! replaced, and what it points to stays as it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind as IoKind, Write as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, ErrorKind, Result};

/// Writes `bytes` to `path`, replacing what is there.
///
/// # Errors
/// [`ErrorKind::Io`] when the path names no file, its folder does not exist, or the system cannot write. Nothing is
/// left behind then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    write_atomically_with(path, |file| file.write_all(bytes))
}

/// As [`write_atomically`], for bytes that are not in memory as a whole: `write` writes them to the file that it is
/// given.
///
/// # Errors
/// As [`write_atomically`], and of the same kind when `write` fails.
pub fn write_atomically_with(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    if path.file_name().is_none() || path.is_dir() {
        let message = format!("cannot write {}: it is a folder; name a file inside of it", path.display());
        return Err(Error::new(ErrorKind::Io, message));
    }
    replace(path, write).map_err(|error| match error.kind() {
        IoKind::NotFound => {
            let message = format!("cannot write {}: its folder does not exist; make it first", path.display());
            Error::new(ErrorKind::Io, message)
        }
        _ => Error::io("write", path, &error),
    })
}

fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let (mut temporary, mut file) = Temporary::create(path)?;
    write(&mut file)?;
    file.sync_all()?;
    // An open file cannot be renamed on every system.
    drop(file);
    fs::rename(&temporary.path, path)?;
    temporary.exists = false;
    Ok(())
}

/// Removes the hidden files in `folder` that killed writers left behind. Nobody may be writing there.
///
/// # Errors
/// [`ErrorKind::Io`] when the folder cannot be listed, or a file in it cannot be removed.
pub fn remove_temporaries(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|error| Error::io("list the folder", folder, &error))?.flatten() {
        if entry.file_name().to_str().is_some_and(is_temporary) {
            fs::remove_file(entry.path()).map_err(|error| Error::io("remove", &entry.path(), &error))?;
        }
    }
    Ok(())
}

/// Whether a hidden file of [`write_atomically`] has such a name.
pub fn is_temporary(name: &str) -> bool {
    let numbers = name.strip_prefix(".pulse-").and_then(|name| name.strip_suffix(".tmp"));
    numbers.and_then(|numbers| numbers.split_once('-')).is_some_and(|(process, number)| {
        [process, number].iter().all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// What tells this process from others. In a page there is only one.
fn process_number() -> u32 {
    if cfg!(target_family = "wasm") { 0 } else { process::id() }
}

/// A file under a name of its own, removed unless it got its final name.
struct Temporary {
    path: PathBuf,
    exists: bool,
}

impl Temporary {
    /// A new file beside `path` under a name that no other writer in any process has. A name that is taken, by what a
    /// killed process of the same number left behind or by a link, is passed over and never written through. The name
    /// does not hold the name of `path`, which may already be as long as names can be.
    fn create(path: &Path) -> io::Result<(Self, File)> {
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
            let path = path.with_file_name(format!(".pulse-{}-{number}.tmp", process_number()));
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
