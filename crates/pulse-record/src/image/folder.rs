//! The pictures of a folder.

use std::path::{Path, PathBuf};

use crate::{Error, ErrorKind, Result};

/// The extensions of names, in lower case, by which [`pictures_in`] takes a file for a picture.
///
/// Safetensors are not among them: in a folder they are rather checkpoints.
pub const EXTENSIONS: &[&str] =
    &["png", "jpg", "jpeg", "jfif", "webp", "tif", "tiff", "bmp", "gif", "pbm", "pgm", "ppm", "pnm", "pam", "npy"];

/// The extensions of pictures, in lower case, that are not read: so that nobody wonders where they are.
const UNREAD: &[&str] = &["heic", "heif", "hif", "avif", "jxl", "jp2"];

/// How deep folders within folders are looked into.
const DEEPEST: usize = 64;

/// What is in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The pictures, sorted by name.
    pub pictures: Vec<PathBuf>,
    /// Pictures of formats that are not read, and, where these are not looked into, folders that have pictures in them.
    pub left_out: Vec<LeftOut>,
}

/// What was not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// A picture of a format that is not read.
    Unread(PathBuf),
    /// A folder that has pictures in it.
    Folder(PathBuf),
}

/// The files in `folder` whose extension is one of [`EXTENSIONS`] in any case, sorted by name; not those in
/// folders within it, and not hidden ones (`.name`). They are not opened.
///
/// # Errors
/// [`ErrorKind::Io`] when the folder cannot be listed, or is a file.
pub fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(list(folder, false)?.pictures)
}

/// The same, and what is left out; with `recursive` also of the folders within it, each after the pictures beside it. Folders that are
/// links are not followed.
///
/// # Errors
/// As [`pictures_in`].
pub fn list(folder: &Path, recursive: bool) -> Result<Listing> {
    if folder.is_file() {
        let message = format!("cannot list the pictures of {}: it is a file; name the folder of it", folder.display());
        return Err(Error::new(ErrorKind::Io, message));
    }
    let mut listing = Listing::default();
    add(&mut listing, folder, recursive, DEEPEST)?;
    Ok(listing)
}

fn add(listing: &mut Listing, folder: &Path, recursive: bool, depth: usize) -> Result<()> {
    let fault = |source| Error::io("list the folder", folder, source);
    let (mut pictures, mut left_out, mut folders) = (Vec::new(), Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let path = entry.path();
        if is_hidden(&path) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folders.push(path);
        } else if has_extension(&path, EXTENSIONS) && path.is_file() {
            pictures.push(path);
        } else if is_unread(&path) && path.is_file() {
            left_out.push(path);
        }
    }
    for paths in [&mut pictures, &mut left_out, &mut folders] {
        paths.sort_unstable();
    }
    listing.pictures.append(&mut pictures);
    listing.left_out.extend(left_out.into_iter().map(LeftOut::Unread));
    for within in folders {
        let mut found = Listing::default();
        // What may not be listed has nothing for us.
        if depth == 0 || add(&mut found, &within, true, depth - 1).is_err() {
            continue;
        }
        if recursive {
            listing.pictures.append(&mut found.pictures);
            listing.left_out.append(&mut found.left_out);
        } else if !found.pictures.is_empty() || !found.left_out.is_empty() {
            listing.left_out.push(LeftOut::Folder(within));
        }
    }
    Ok(())
}

/// Whether the name is that of a picture of a format that is not read.
pub fn is_unread(path: &Path) -> bool {
    has_extension(path, UNREAD)
}

/// Whether the name is that of a picture that is read.
pub fn is_read(path: &Path) -> bool {
    has_extension(path, EXTENSIONS)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    extensions.iter().any(|known| extension.eq_ignore_ascii_case(known))
}
