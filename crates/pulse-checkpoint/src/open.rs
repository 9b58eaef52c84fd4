//! The opening of any file: its kind is told, and the reader of that kind finds the network in it.

use std::io::Read;
use std::path::Path;

use crate::array::Arrays;
use crate::budget::Budget;
use crate::checkpoint::{Checkpoint, Format};
use crate::error::{Error, ErrorKind, Result, quote};
use crate::kind::{self, Kind};
use crate::network::{self, Network, Origin};
use crate::pair::{DISCRIMINATOR, Pair};
use crate::pickle::{self, Source};
use crate::read::{LARGEST_ARRAYS, open_regular};
use crate::safetensors;
use crate::torch::{self, Archive, Storages, Stored};

/// Which network of a file to read.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    network: Option<String>,
}

impl OpenOptions {
    /// The averaged generator, where a file has several networks.
    pub fn new() -> Self {
        Self::default()
    }

    /// The network of this name in the file, such as `D`, instead; or, where there is none, that of the tensors whose names begin
    /// with it and a dot, such as `decoder` ([`Checkpoint::under`]).
    #[must_use]
    pub fn network(mut self, name: impl Into<String>) -> Self {
        self.network = Some(name.into());
        self
    }

    /// Reads a file.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Checkpoint> {
        let path = path.as_ref();
        self.read(&load(path)?).map_err(|error| error.within(path.display()))
    }

    /// Reads the bytes of a file.
    pub fn read(&self, bytes: &[u8]) -> Result<Checkpoint> {
        match kind::tell(bytes)? {
            Kind::Safetensors => self.read_safetensors(bytes),
            kind => in_archive(kind, bytes, |arrays| {
                let find = |name| network::find(arrays, name).map(|network| network.into_checkpoint(kind));
                match (find(self.network.as_deref()), &self.network) {
                    (Err(error), Some(prefix)) if error.kind() == ErrorKind::Missing => {
                        find(None).ok().and_then(|whole| whole.under(prefix)).ok_or(error)
                    }
                    (found, _) => found,
                }
            }),
        }
    }

    fn read_safetensors(&self, bytes: &[u8]) -> Result<Checkpoint> {
        let Pair { generator, discriminator } = safetensors::read(bytes)?;
        let Some(name) = &self.network else { return Ok(generator) };
        if let Some(discriminator) = discriminator.filter(|_| name == DISCRIMINATOR) {
            return discriminator;
        }
        generator.under(name).ok_or_else(|| {
            let message = format!(
                "the safetensors file has no network {}, nor names that begin with it and a dot: leave it out",
                quote(name)
            );
            Error::new(ErrorKind::Missing, message)
        })
    }
}

impl Checkpoint {
    /// Reads the network of a file: the averaged generator, where there are several.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        OpenOptions::new().open(path)
    }

    /// As [`Checkpoint::open`], from the bytes of a file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        OpenOptions::new().read(bytes)
    }
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
}

/// What `read` finds among the objects of a file that is no safetensors file.
fn in_archive<T>(kind: Kind, bytes: &[u8], read: impl FnOnce(&Arrays<'_, '_>) -> Result<T>) -> Result<T> {
    let unpacked = if kind == Kind::TorchZip { Some(torch::unpack_zip(bytes)?) } else { None };
    let budget = Budget::of_file(bytes.len() + unpacked.as_ref().map_or(0, |unpacked| unpacked.inflated));
    let Archive { pickle, stored } = match (kind, &unpacked) {
        (Kind::TorchZip, Some(unpacked)) => torch::read_zip(unpacked, &budget)?,
        (Kind::TorchLegacy, _) => torch::read_legacy(bytes, &budget)?,
        _ => {
            let pickle = pickle::run(&mut Source::new(bytes, "the pickle"), &budget)?;
            Archive { pickle, stored: Stored::none() }
        }
    };
    read(&Arrays::new(&pickle, Storages::new(stored), &budget))
}

impl Network {
    fn into_checkpoint(self, kind: Kind) -> Checkpoint {
        let format = match (kind, self.origin) {
            (_, Origin::NvidiaTorch) => Format::NvidiaTorch,
            (_, Origin::NvidiaTensorFlow) => Format::NvidiaTensorFlow,
            (Kind::TorchZip, Origin::Plain) => Format::TorchZip,
            (Kind::TorchLegacy, Origin::Plain) => Format::TorchLegacy,
            (Kind::Pickle | Kind::Safetensors, Origin::Plain) => Format::Pickle,
        };
        Checkpoint { format, tensors: self.tensors, configuration: self.configuration }
    }
}

/// The bytes of a file, once its beginning is that of a checkpoint.
fn load(path: &Path) -> Result<Vec<u8>> {
    const LARGEST: u64 = LARGEST_ARRAYS;
    let failed = |error| Error::io("read", path, &error);
    let mut file = open_regular(path).map_err(failed)?;
    let mut bytes = Vec::new();
    (&mut file).take(kind::BEGINNING as u64).read_to_end(&mut bytes).map_err(failed)?;
    kind::tell(&bytes).map_err(|error| error.within(path.display()))?;
    let rest = file.metadata().map_err(failed)?.len().saturating_sub(bytes.len() as u64).min(LARGEST);
    let memory = usize::try_from(rest).is_ok_and(|rest| bytes.try_reserve_exact(rest).is_ok());
    if memory {
        file.take(LARGEST).read_to_end(&mut bytes).map_err(failed)?;
    }
    if !memory || bytes.len() as u64 > LARGEST {
        return Err(Error::too_large(format_args!("{} does not fit into memory", path.display())));
    }
    Ok(bytes)
}
