//! Gaussian fits, kept from one process to the next.

use std::path::PathBuf;

use pulse_core::generator::{Entrance, Generator};
use pulse_engine::Engine;
use sha2::{Digest as _, Sha256};

use crate::Result;
use crate::cache::Cache;
use crate::checksum::hexadecimal;

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
        let cache = Cache::new(&self.folder);
        if cache.read(&key).is_some_and(|fit| entrance.take_fit_tensors(&fit)) {
            return Ok(Some(FitOrigin::Cached));
        }
        entrance.prepare(engine)?;
        cache.write(&key, &entrance.fit_tensors()?);
        Ok(Some(FitOrigin::Made))
    }
}

/// The SHA-256 of all that the fit depends on.
fn key(entrance: &Entrance) -> String {
    let mut digest = Sha256::new();
    entrance.feed_fit(&mut |bytes| digest.update(bytes));
    hexadecimal(&digest.finalize())
}
