//! A cache of numbers that take long to make.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use pulse_checkpoint::{Checkpoint, Configuration, Format, Tensor, Value, safetensors_to_vec};

use crate::checksum::sha256;
use crate::write::write_atomically;
use crate::{Error, ErrorKind, Result};

/// Larger than any file that is kept.
const LARGEST: u64 = 1 << 26;

/// A folder with a safetensors file for each set of numbers that was made.
///
/// A file is called by the SHA-256 of all that it was made of, its key, and holds a checksum of its own. It is whole or not
/// there, also when several processes write it at the same time. A broken or foreign file is ignored and replaced. A folder that
/// cannot be made or written is no error: the next process makes the numbers again.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in `folder`, which is made when the first file is kept in it.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The numbers of this key, where their file is there and whole.
    pub fn read(&self, key: &str) -> Option<BTreeMap<String, Tensor>> {
        let path = self.path(key);
        // Opening something that is no file, such as a pipe, may block.
        if !fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
        let kept = Checkpoint::from_bytes(&bytes).ok().filter(|kept| kept.format == Format::Safetensors)?;
        (kept.configuration == description(key, &kept.tensors)).then_some(kept.tensors)
    }

    /// Stores the numbers of this key. Numbers that cannot be stored are made again next time.
    pub fn write(&self, key: &str, tensors: &BTreeMap<String, Tensor>) {
        let write = || -> Result<()> {
            let bytes = safetensors_to_vec(tensors, &description(key, tensors))
                .map_err(|error| Error::new(ErrorKind::Checkpoint, error.to_string()).with_source(error))?;
            write_atomically(&self.path(key), &bytes)
        };
        let _ = fs::create_dir_all(&self.folder);
        let _ = write();
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(key).with_extension("safetensors")
    }
}

/// The metadata of a whole file: its key, and the checksum of the numbers.
fn description(key: &str, tensors: &BTreeMap<String, Tensor>) -> Configuration {
    let numbers = tensors.values().flat_map(|tensor| tensor.data().iter());
    let bytes: Vec<u8> = numbers.flat_map(|number| number.to_le_bytes()).collect();
    let text = |text: &str| Value::String(text.to_owned());
    Configuration::from([("mapping".to_owned(), text(key)), ("sha256".to_owned(), text(&sha256(&bytes)))])
}
