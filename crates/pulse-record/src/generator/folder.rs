//! Folders that a generator was downloaded into.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pulse_checkpoint::Checkpoint;

use crate::{Error, ErrorKind, Result};

/// The extensions by which a file in a folder is taken for a checkpoint.
const EXTENSIONS: [&str; 6] = ["safetensors", "pt", "pth", "tar", "pkl", "onnx"];

/// The files that the generator at `path` is read from, a file or a folder.
///
/// # Errors
/// [`ErrorKind::Io`] when a folder cannot be listed, [`ErrorKind::Checkpoint`] when there is no checkpoint in it,
/// or more than one generator.
pub fn checkpoint_files(path: &Path) -> Result<Vec<PathBuf>> {
    match pulse_files(path) {
        Some(files) => Ok(files.into_iter().map(|(_, file)| file).collect()),
        None => Ok(vec![checkpoint_file(path)?]),
    }
}

/// The checkpoint at `path`: the file itself, or the only one in the folder.
pub(super) fn checkpoint_file(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let fault = |source| Error::io("list the folder", path, source);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(fault)? {
        let file = entry.map_err(fault)?.path();
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)) && file.is_file() {
            found.push(file);
        }
    }
    if found.len() > 1 {
        let message = format!("the folder {} holds {} checkpoints: name one of them", path.display(), found.len());
        return Err(Error::new(ErrorKind::Checkpoint, message));
    }
    found.pop().ok_or_else(|| {
        let message =
            format!("the folder {} holds no checkpoint (.{}): name one", path.display(), EXTENSIONS.join(", ."));
        Error::new(ErrorKind::Checkpoint, message)
    })
}

/// The files that PULSE keeps a StyleGAN in. The first must be there.
const PULSE_PARTS: [&str; 3] = ["synthesis", "mapping", "gaussian_fit"];

/// The names and files of PULSE's parts in the folder at `path`; `None` when it is no such folder.
pub(super) fn pulse_files(path: &Path) -> Option<Vec<(&'static str, PathBuf)>> {
    let file = |part: &'static str| (part, path.join(part).with_extension("pt"));
    let files: Vec<_> = PULSE_PARTS.into_iter().map(file).filter(|(_, file)| file.is_file()).collect();
    files.first().is_some_and(|(part, _)| *part == PULSE_PARTS[0]).then_some(files)
}

/// The parts as one checkpoint, each tensor with its part's name before its own.
pub(super) fn joined(
    files: Vec<(&'static str, PathBuf)>,
    read: impl Fn(&Path) -> Result<Checkpoint>,
) -> Result<Checkpoint> {
    let mut whole: Option<Checkpoint> = None;
    for (part, file) in files {
        let Checkpoint { format, tensors, configuration } = read(&file)?;
        let whole = whole.get_or_insert_with(|| Checkpoint { format, tensors: BTreeMap::new(), configuration });
        whole.tensors.extend(tensors.into_iter().map(|(name, tensor)| (format!("{part}.{name}"), tensor)));
    }
    whole.ok_or_else(|| Error::new(ErrorKind::Checkpoint, "there is no file of it"))
}
