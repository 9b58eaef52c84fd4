//! Gaussian fits, kept from one process to the next.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use pulse_checkpoint::{Checkpoint, Configuration, Format, Tensor, Value, safetensors_to_vec};
use pulse_core::generator::{Entrance, Generator};
use pulse_engine::Engine;
use sha2::{Digest as _, Sha256};

use crate::checksum::{hexadecimal, sha256};
use crate::write::write_atomically;
use crate::{Error, ErrorKind, Result};

/// Larger than the file of any fit.
const LARGEST: u64 = 1 << 20;

/// A folder with a small safetensors file for each mapping that a Gaussian fit was made of.
///
/// A file is called by the SHA-256 of the mapping's numbers and of how the fit is made, so that it can never be that
/// of another mapping, and it holds a checksum of its own. It is whole or not there, also when several processes
/// write it at the same time. A broken or foreign file is ignored and replaced. A folder that cannot be made or written is
/// no error: the next process makes the fit again.
///
/// Only [`FitCache::fit`] reads or writes it; a search does not.
#[derive(Clone, Debug)]
pub struct FitCache {
    folder: PathBuf,
}

/// Where the Gaussian fit of a generator came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FitOrigin {
    /// The generator had it: from its file, or because it was asked for before.
    Known,
    /// It was in the cache.
    Cached,
    /// It was made just now of the mapping.
    Made,
}

impl FitCache {
    /// The cache in `folder`, which is made when the first fit is kept in it.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Gives `generator` its Gaussian fit: from the cache, or made and stored there. `None` where it can have none.
    ///
    /// # Errors
    /// [`ErrorKind::Network`](pulse_core::ErrorKind::Network) when its mapping cannot be run.
    pub fn fit(&self, generator: &dyn Generator, engine: &dyn Engine) -> Result<Option<FitOrigin>> {
        let Some(entrance) = generator.entrance() else { return Ok(None) };
        if !entrance.lacks_fit() {
            return Ok(Some(FitOrigin::Known));
        }
        let key = key(entrance);
        let path = self.folder.join(&key).with_extension("safetensors");
        if read(&path, &key).is_some_and(|fit| entrance.take_fit_tensors(&fit)) {
            return Ok(Some(FitOrigin::Cached));
        }
        entrance.prepare(engine)?;
        // A fit that cannot be stored is made again next time.
        let _ = fs::create_dir_all(&self.folder);
        let _ = write(&path, &key, entrance.fit_tensors()?);
        Ok(Some(FitOrigin::Made))
    }
}

/// The SHA-256 of all that the fit depends on.
fn key(entrance: &Entrance) -> String {
    let mut digest = Sha256::new();
    entrance.feed_fit(&mut |bytes| digest.update(bytes));
    hexadecimal(&digest.finalize())
}

/// The fit in the file at `path`, when it is whole and of this `key`.
fn read(path: &Path, key: &str) -> Option<BTreeMap<String, Tensor>> {
    // Opening what is no file, such as a pipe, may wait for ever.
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
    let checkpoint =
        Checkpoint::from_bytes(&bytes).ok().filter(|checkpoint| checkpoint.format == Format::Safetensors)?;
    if checkpoint.configuration != description(key, &checkpoint) {
        return None;
    }
    Some(checkpoint.tensors)
}

fn write(path: &Path, key: &str, tensors: BTreeMap<String, Tensor>) -> Result<()> {
    let checkpoint = Checkpoint { format: Format::Safetensors, tensors, configuration: Configuration::new() };
    let bytes = safetensors_to_vec(&checkpoint.tensors, &description(key, &checkpoint))
        .map_err(|error| Error::new(ErrorKind::Checkpoint, error.to_string()).with_source(error))?;
    write_atomically(path, &bytes)
}

/// The metadata of a whole file: the key of the mapping, and the checksum of the numbers.
fn description(key: &str, checkpoint: &Checkpoint) -> Configuration {
    let numbers = checkpoint.tensors.values().flat_map(|tensor| tensor.data().iter());
    let bytes: Vec<u8> = numbers.flat_map(|number| number.to_le_bytes()).collect();
    let text = |text: &str| Value::String(text.to_owned());
    Configuration::from([("mapping".to_owned(), text(key)), ("sha256".to_owned(), text(&sha256(&bytes)))])
}
