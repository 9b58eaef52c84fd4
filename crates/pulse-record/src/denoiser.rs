//! Reading diffusion, flow and consistency models from files and folders.
//!
//! A folder of diffusers has `model_index.json`, the network in `unet/` (`config.json` and
//! `diffusion_pytorch_model.safetensors`, `.bin`, or several files with an index) and `scheduler/scheduler_config.json`. The
//! network's folder alone is enough; a scheduler is looked for within it and beside it.

mod folder;
mod sidecar;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pulse_checkpoint::{Checkpoint, Configuration, OpenOptions, Value, configuration_from_json};
use pulse_core::denoiser::{Denoiser, SCHEDULER};

use self::folder::Folder;
pub use self::sidecar::settings_beside;
use crate::generator::checkpoint_files;
use crate::{Error, ErrorKind, Result};

/// Reads the denoiser in the file or folder at `path`; `None` where it is of no kind that is read here. Settings that are `given`
/// count more than those [beside the file](settings_beside).
///
/// # Errors
/// [`ErrorKind::Io`] and [`ErrorKind::Checkpoint`] for files that cannot be read, and as [`Denoiser::from_checkpoint`].
pub fn open_denoiser(path: &Path, given: &Configuration) -> Result<Option<Denoiser>> {
    if let Some(folder) = Folder::find(path)? {
        return of_checkpoint(&whole(&folder)?, path, given);
    }
    let files = checkpoint_files(path)?;
    let [file] = &files[..] else { return Ok(None) };
    of_checkpoint(&read(file)?, file, given)
}

/// The denoiser in a folder of diffusers; `None` where `path` is none.
///
/// # Errors
/// As [`open_denoiser`].
pub fn open_folder(path: &Path, given: &Configuration) -> Result<Option<Denoiser>> {
    match Folder::find(path)? {
        Some(folder) => of_checkpoint(&whole(&folder)?, path, given),
        None => Ok(None),
    }
}

/// The denoiser in a checkpoint that was read from `file`.
///
/// # Errors
/// As [`open_denoiser`].
pub fn of_checkpoint(checkpoint: &Checkpoint, file: &Path, given: &Configuration) -> Result<Option<Denoiser>> {
    let mut settings = if file.is_file() { settings_beside(file)? } else { Configuration::new() };
    settings.extend(given.iter().map(|(key, value)| (key.clone(), value.clone())));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Denoiser::from_checkpoint(checkpoint, &name, &settings).map_err(|error| {
        let message = format!("cannot use {} as a denoiser: {error}", file.display());
        Error::new(error.kind(), message).with_source(error)
    })
}

/// The files that the denoiser at `path` is read from; none where it is of no kind that is read here.
///
/// # Errors
/// [`ErrorKind::Io`] when a folder cannot be listed, [`ErrorKind::Checkpoint`] when it lacks a file.
pub fn denoiser_files(path: &Path) -> Result<Vec<PathBuf>> {
    match Folder::find(path)? {
        Some(folder) => Ok(folder.files()),
        None => Ok(if path.is_file() { vec![path.to_owned()] } else { vec![] }),
    }
}

/// The checkpoint in a folder of diffusers: the tensors of the network, and `config.json` with the scheduler's as its entry
/// [`SCHEDULER`].
fn whole(folder: &Folder) -> Result<Checkpoint> {
    let mut configuration = folder::json(&folder.configuration)?;
    if let Some(scheduler) = &folder.scheduler {
        configuration.insert(SCHEDULER.to_owned(), Value::Map(folder::json(scheduler)?));
    }
    let mut whole: Option<Checkpoint> = None;
    for file in &folder.weights {
        let Checkpoint { format, tensors, .. } = read(file)?;
        let whole = whole.get_or_insert_with(|| Checkpoint {
            format,
            tensors: BTreeMap::new(),
            configuration: std::mem::take(&mut configuration),
        });
        whole.tensors.extend(tensors);
    }
    whole.ok_or_else(|| Error::new(ErrorKind::Checkpoint, "there is no file of the network's weights"))
}

fn read(file: &Path) -> Result<Checkpoint> {
    let opened = OpenOptions::new().open(file);
    opened.map_err(|error| Error::new(ErrorKind::Checkpoint, error.to_string()).with_source(error))
}

/// The entries of a JSON text, of a file that messages name.
fn parsed(text: &str, file: &Path) -> Result<Configuration> {
    configuration_from_json(text).map_err(|error| {
        let message = format!("cannot read {}: {error}", file.display());
        Error::new(ErrorKind::Checkpoint, message).with_source(error)
    })
}
