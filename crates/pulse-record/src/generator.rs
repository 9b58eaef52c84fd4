//! Reading generators from files and folders.

mod fit_cache;
mod folder;

use std::path::Path;

use pulse_checkpoint::{Checkpoint, OpenOptions, Pair};
use pulse_core::generator::{Generator, from_checkpoint};

pub use fit_cache::{FitCache, FitOrigin};
pub use folder::checkpoint_files;

use crate::{Error, ErrorKind, Result};

/// Reads the generator in the file or folder at `path`.
///
/// # Errors
/// [`ErrorKind::Io`] and [`ErrorKind::Checkpoint`] for files that cannot be read, [`ErrorKind::Generator`]
/// for tensors that no family here is made of.
pub fn open(path: &Path) -> Result<Box<dyn Generator>> {
    let checkpoint = checkpoint(path, &OpenOptions::new()).map_err(|error| {
        Error::new(error.kind(), format!("cannot use it as a generator: {error}")).with_source(error)
    })?;
    from_checkpoint(&checkpoint).map_err(|error| {
        Error::new(error.kind(), format!("cannot use {} as a generator: {error}", path.display())).with_source(error)
    })
}

/// Reads the checkpoint in the file or folder at `path`. PULSE's three files in a folder are one.
///
/// # Errors
/// [`ErrorKind::Io`] and [`ErrorKind::Checkpoint`] for files that cannot be read.
pub fn checkpoint(path: &Path, options: &OpenOptions) -> Result<Checkpoint> {
    let read = |file: &Path| {
        let opened = options.open(file);
        opened.map_err(|error| Error::new(ErrorKind::Checkpoint, error.to_string()).with_source(error))
    };
    match folder::pulse_files(path) {
        Some(files) => folder::joined(files, read),
        None => read(&folder::checkpoint_file(path)?),
    }
}

/// Reads the generator and the discriminator in the file or folder at `path`; or only the network of it that is named.
///
/// # Errors
/// As [`checkpoint`], for the generator.
pub fn pair(path: &Path, network: Option<&str>) -> Result<Pair> {
    if let Some(network) = network {
        let generator = checkpoint(path, &OpenOptions::new().network(network))?;
        return Ok(Pair { generator, discriminator: None });
    }
    if folder::pulse_files(path).is_some() {
        return Ok(Pair { generator: checkpoint(path, &OpenOptions::new())?, discriminator: None });
    }
    let opened = Pair::open(folder::checkpoint_file(path)?);
    opened.map_err(|error| Error::new(ErrorKind::Checkpoint, error.to_string()).with_source(error))
}
