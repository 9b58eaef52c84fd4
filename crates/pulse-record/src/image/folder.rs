//! The pictures of a folder.

use std::path::{Path, PathBuf};

use crate::{Error, ErrorKind, Result};

/// The extensions of names, in lower case, by which [`pictures_in`] takes a file for a picture.
///
/// Safetensors are not among them: in a folder they are rather checkpoints.
pub const EXTENSIONS: &[&str] =
    &["png", "jpg", "jpeg", "jfif", "webp", "tif", "tiff", "bmp", "gif", "pbm", "pgm", "ppm", "pnm", "pam", "npy"];

/// The files in `folder` whose extension is one of [`EXTENSIONS`] in any case, sorted by name; not those in
/// folders within it, and not hidden ones (`.name`). They are not opened.
///
/// # Errors
/// [`ErrorKind::Io`] when the folder cannot be listed, or is a file.
pub fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>> {
    if folder.is_file() {
        let message = format!("cannot list the pictures of {}: it is a file; name the folder of it", folder.display());
        return Err(Error::new(ErrorKind::Io, message));
    }
    let fault = |source| Error::io("list the folder", folder, source);
    let mut pictures = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if has_picture_name(&path) && path.is_file() {
            pictures.push(path);
        }
    }
    pictures.sort_unstable();
    Ok(pictures)
}

fn has_picture_name(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    !hidden && EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}
