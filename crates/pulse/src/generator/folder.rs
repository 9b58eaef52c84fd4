//! Folders that a generator was downloaded into.

use std::path::{Path, PathBuf};

use crate::{Error, ErrorKind, Result};

/// The extensions by which a file in a folder is taken for a checkpoint.
const EXTENSIONS: [&str; 5] = ["safetensors", "pt", "pth", "tar", "pkl"];

/// The checkpoint at `path`: the file itself, or the only one in the folder.
///
/// # Errors
/// [`ErrorKind::Io`] when a folder cannot be listed, [`ErrorKind::Checkpoint`] when there is not exactly one
/// checkpoint in it.
pub fn checkpoint_file(path: &Path) -> Result<PathBuf> {
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
