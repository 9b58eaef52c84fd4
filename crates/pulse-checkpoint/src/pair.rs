//! The two networks of a file that were trained against each other.

use std::path::Path;

use crate::checkpoint::{Checkpoint, in_archive, load};
use crate::error::Result;
use crate::kind::{self, Kind};
use crate::network;
use crate::safetensors;

/// The name of the discriminator in NVIDIA's files, and in those that are written here.
pub(crate) const DISCRIMINATOR: &str = "D";

/// A generator and the discriminator that it was trained against, from one file.
#[derive(Debug)]
pub struct Pair {
    /// The averaged generator, where there are several.
    pub generator: Checkpoint,
    /// The network `D` of the file, or `d`; nothing where there is none. One that cannot be read keeps nobody from
    /// the generator.
    pub discriminator: Option<Result<Checkpoint>>,
}

impl Pair {
    /// Reads both networks of a file.
    ///
    /// # Errors
    /// As [`Checkpoint::open`], for the generator.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_bytes(&load(path)?).map_err(|error| error.within(path.display()))
    }

    /// As [`Pair::open`], from the bytes of a file.
    ///
    /// # Errors
    /// As [`Checkpoint::from_bytes`], for the generator.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        match kind::tell(bytes)? {
            Kind::Safetensors => safetensors::read(bytes),
            kind => in_archive(kind, bytes, |arrays| {
                let generator = network::find(arrays, None)?.into_checkpoint(kind);
                let discriminator = network::find_discriminator(arrays);
                let discriminator = discriminator.map(|found| found.map(|network| network.into_checkpoint(kind)));
                Ok(Self { generator, discriminator })
            }),
        }
    }

    /// Writes both networks as one safetensors file, which [`Pair::open`] reads back as the same, and
    /// [`Checkpoint::open`] as the generator. The tensors of the discriminator have `D.` before their names, and its
    /// configuration is the entry `pulse.discriminator` of the metadata. One that could not be read is left out.
    ///
    /// # Errors
    /// As [`write_safetensors`](crate::write_safetensors).
    pub fn write_safetensors(&self, path: impl AsRef<Path>) -> Result<()> {
        safetensors::write_pair(path.as_ref(), self)
    }
}
