//! SHA-256 of files, and the record of them beside a model, as the program `sha256sum` writes and checks it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::Path;

use pulse_checkpoint::read::{LARGEST_SETTINGS, open_regular, read_regular};
use pulse_checkpoint::write::write_atomically;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, ErrorKind, Result};

/// The checksum of the file at `path`, in lower-case hexadecimal, which is never in memory as a whole. `watch` is told how many
/// bytes are done.
pub(crate) fn of_file(path: &Path, mut watch: impl FnMut(u64) -> ControlFlow<()>) -> Result<String> {
    let fault = |error| Error::io("read", path, &error);
    let mut file = open_regular(path).map_err(fault)?;
    let (mut digest, mut block, mut done) = (Sha256::new(), vec![0; 1 << 20], 0);
    loop {
        match file.read(&mut block).map_err(fault)? {
            0 => break,
            length => {
                digest.update(&block[..length]);
                done += length as u64;
            }
        }
        if watch(done).is_break() {
            return Err(Error::new(ErrorKind::Stopped, format!("{}: stopped while it was checked", path.display())));
        }
    }
    let digit = |value: u8| char::from_digit(u32::from(value), 16).expect("half a byte is one digit");
    Ok(digest.finalize().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

/// The checksums that are recorded at `path`, by the names of the files. A record that cannot be read says nothing.
pub(crate) fn recorded(path: &Path) -> BTreeMap<String, String> {
    let text = read_regular(path, LARGEST_SETTINGS).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once("  "));
    lines.map(|(sum, name)| (name.to_owned(), sum.to_ascii_lowercase())).collect()
}

/// Records them.
pub(crate) fn record(path: &Path, checksums: &[(String, String)]) -> Result<()> {
    let mut text = String::new();
    for (name, sum) in checksums {
        // A string takes whatever is written to it.
        let _ = writeln!(text, "{sum}  {name}");
    }
    Ok(write_atomically(path, text.as_bytes())?)
}
