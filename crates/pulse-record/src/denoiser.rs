//! Reading diffusion, flow and consistency models from files and folders.
//!
//! A folder of diffusers has `model_index.json`, the network in `unet/` (`config.json` and
//! `diffusion_pytorch_model.safetensors`, `.bin`, or several files with an index) and `scheduler/scheduler_config.json`. The
//! network's folder alone is enough; a scheduler is looked for within it and beside it.

mod folder;

use std::path::{Path, PathBuf};

use pulse_checkpoint::{Checkpoint, OpenOptions, Value, configuration_from_json};
use pulse_core::denoiser::{Denoiser, SCHEDULER};

use self::folder::Folder;
use crate::{Error, ErrorKind, Result};

/// Reads the denoiser in the file or folder at `path`; `None` where it is of no kind that is read here.
///
/// # Errors
/// [`ErrorKind::Io`] and [`ErrorKind::Checkpoint`] for files that cannot be read, [`ErrorKind::Generator`] for a denoiser that
/// does not fit its kind.
pub fn open_denoiser(path: &Path) -> Result<Option<Denoiser>> {
    let Some(checkpoint) = denoiser_checkpoint(path)? else { return Ok(None) };
    Denoiser::from_checkpoint(&checkpoint).map_err(|error| {
        let message = format!("cannot use {} as a denoiser: {error}", path.display());
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

/// The checkpoint at `path`, of any kind where it is a file: the tensors of the network, and its configuration. Of a folder of
/// diffusers that is `config.json`, with the scheduler's as its entry [`SCHEDULER`].
fn denoiser_checkpoint(path: &Path) -> Result<Option<Checkpoint>> {
    let Some(folder) = Folder::find(path)? else {
        return if path.is_file() { read(path).map(Some) } else { Ok(None) };
    };
    let mut configuration = folder::json(&folder.configuration)?;
    if let Some(scheduler) = &folder.scheduler {
        configuration.insert(SCHEDULER.to_owned(), Value::Map(folder::json(scheduler)?));
    }
    let mut whole: Option<Checkpoint> = None;
    for file in &folder.weights {
        let Checkpoint { format, tensors, .. } = read(file)?;
        let whole = whole.get_or_insert_with(|| Checkpoint {
            format,
            tensors: Default::default(),
            configuration: std::mem::take(&mut configuration),
        });
        whole.tensors.extend(tensors);
    }
    Ok(whole)
}

fn read(file: &Path) -> Result<Checkpoint> {
    let opened = OpenOptions::new().open(file);
    opened.map_err(|error| Error::new(ErrorKind::Checkpoint, error.to_string()).with_source(error))
}

/// The entries of a JSON text, of a file that messages name.
fn parsed(text: &str, file: &Path) -> Result<pulse_checkpoint::Configuration> {
    configuration_from_json(text).map_err(|error| {
        let message = format!("cannot read {}: {error}; take the file as it was downloaded", file.display());
        Error::new(ErrorKind::Checkpoint, message).with_source(error)
    })
}
