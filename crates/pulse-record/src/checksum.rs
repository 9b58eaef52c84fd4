//! SHA-256 (FIPS 180-4), by which a run says what it was made from.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use pulse_checkpoint::read::open_regular;
use sha2::{Digest as _, Sha256};

use crate::{Error, Result};

/// The checksum of `bytes`, in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// The checksum of the file at `path`, in lower-case hexadecimal. The file is never in memory as a whole.
///
/// # Errors
/// [`ErrorKind::Io`](pulse_core::ErrorKind::Io) when it cannot be read.
pub fn sha256_of_file(path: &Path) -> Result<String> {
    let fault = |source| Error::io("read", path, source);
    let mut file = open_regular(path).map_err(fault)?;
    let (mut digest, mut block) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut block).map_err(fault)? {
            0 => return Ok(hexadecimal(&digest.finalize())),
            length => digest.update(&block[..length]),
        }
    }
}

/// The checksum of what a generator is read from: that of its only file, or of the lines `CHECKSUM  NAME` of its
/// files, as the program `sha256sum` prints them.
///
/// # Errors
/// [`ErrorKind::Io`](pulse_core::ErrorKind::Io) when a file cannot be read.
pub fn sha256_of_files(paths: &[PathBuf]) -> Result<String> {
    if let [only] = paths {
        return sha256_of_file(only);
    }
    let mut lines = String::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        lines.extend([&sha256_of_file(path)?, "  ", &*name, "\n"]);
    }
    Ok(sha256(lines.as_bytes()))
}

/// Two lower-case digits a byte.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).expect("half a byte is one digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of FIPS 180-4.
    #[test]
    fn is_the_standards() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
