//! Files of others: only what is a regular file is opened, and no more is read than such a file can have.
//!
//! A pipe, a socket or a device may never end, or never begin. They are refused before they are opened, so that nothing waits for
//! them.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// The most bytes of a record such as `run.json`.
pub const LARGEST_RECORD: u64 = 64 << 20;
/// The most bytes of a small JSON file such as `config.json`.
pub const LARGEST_SETTINGS: u64 = 1 << 20;
/// The most bytes of a checkpoint, or of the inputs or the bookmark of a run.
pub const LARGEST_ARRAYS: u64 = 8 << 30;

/// Opens a regular file for reading.
///
/// # Errors
/// What the system says; [`io::ErrorKind::InvalidInput`] for what is no regular file, saying what it is.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let refused =
        |what: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what}; name a regular file"));
    // Before it is opened: opening a pipe waits for its other end.
    let kind = fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(refused("a folder, not a file"));
    }
    if !kind.is_file() {
        return Err(refused("no file, but a pipe, a socket or a device"));
    }
    let file = File::open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(refused("no file any more")) }
}

/// The bytes of a regular file, of no more than `most`.
///
/// # Errors
/// As [`open_regular`], and [`io::ErrorKind::FileTooLarge`] for a file of more bytes.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let too_large = || {
        let message = format!("it has more than the {most} bytes that such a file can have");
        io::Error::new(io::ErrorKind::FileTooLarge, message)
    };
    let file = open_regular(path)?;
    let length = file.metadata()?.len();
    if length > most {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(length).map_err(|_| too_large())?)?;
    // A file may grow while it is read.
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}
