//! Which pictures are searched for, and where the folder of each goes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use pulse::image::{LeftOut, is_read, is_unread, list};

use crate::failure::Failure;

/// One picture, and its folder.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) folder: PathBuf,
}

/// A picture, or a folder of pictures, that is not looked at.
#[derive(Debug)]
pub(crate) struct LeftOutSource {
    pub(crate) path: PathBuf,
    /// Why, and what can be done.
    pub(crate) reason: &'static str,
}

/// What is searched for, and what is not.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) pictures: Vec<Source>,
    pub(crate) left_out: Vec<LeftOutSource>,
    /// What is wrong with the folders that were named.
    pub(crate) failures: Vec<Failure>,
}

const UNREAD: &str = "its format is not read here: convert it to PNG or JPEG";
const FOLDER: &str = "it is a folder with pictures in it: --recursive takes them too";

/// The pictures of `inputs`, those of a folder sorted by name, with `recursive` those of the folders within it too.
pub(crate) fn of(inputs: &[PathBuf], out: &Path, recursive: bool) -> Sources {
    let mut sources = Sources::default();
    let mut taken = HashSet::new();
    for input in inputs {
        if !input.is_dir() {
            // One alone fails with what is in it; among others it stops nothing.
            if inputs.len() > 1 && is_unread(input) && input.is_file() {
                sources.left_out.push(LeftOutSource { path: input.clone(), reason: UNREAD });
            } else {
                let name = unique_name(&name_of(input), &mut taken);
                sources.pictures.push(Source { path: input.clone(), folder: out.join(name) });
            }
            continue;
        }
        let listing = match list(input, recursive) {
            Ok(listing) => listing,
            Err(error) => {
                sources.failures.push(error.into());
                continue;
            }
        };
        if listing.pictures.is_empty() && listing.left_out.is_empty() {
            let reason = "there is no picture in this folder; name one that has some";
            sources.failures.push(Failure::of(input.display(), reason));
        }
        sources.pictures.extend(listing.pictures.into_iter().map(|path| {
            let within = path.parent().and_then(|parent| parent.strip_prefix(input).ok());
            let folders = within.into_iter().flat_map(Path::components);
            let mut name: String = folders.map(|part| part.as_os_str().to_string_lossy() + "--").collect();
            name += &name_of(&path);
            let folder = out.join(unique_name(&name, &mut taken));
            Source { path, folder }
        }));
        sources.left_out.extend(listing.left_out.into_iter().map(|left| match left {
            LeftOut::Unread(path) => LeftOutSource { path, reason: UNREAD },
            LeftOut::Folder(path) => LeftOutSource { path, reason: FOLDER },
        }));
    }
    sources
}

/// The name of a picture's folder: that of its file. The `.png` that most have is left out, and nothing else, so that the name depends
/// on no other file.
fn name_of(path: &Path) -> String {
    let whole = path.file_name().map_or_else(|| "picture".into(), |name| name.to_string_lossy().into_owned());
    let is_png = path.extension().is_some_and(|extension| extension == "png");
    match path.file_stem() {
        Some(stem) if is_png && !is_read(Path::new(stem)) => stem.to_string_lossy().into_owned(),
        _ if path.extension().is_none() => whole + ".picture",
        _ => whole,
    }
}

/// The name, with a number when another picture has it already, which is then in another folder. Some file systems take `A` and `a`
/// for the same.
fn unique_name(whole: &str, taken: &mut HashSet<String>) -> String {
    let mut name = whole.to_owned();
    for number in 2.. {
        if taken.insert(name.to_lowercase()) {
            break;
        }
        name = format!("{whole}-{number}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut taken = HashSet::new();
        let mut name = |path: &str| unique_name(&name_of(Path::new(path)), &mut taken);
        assert_eq!(name("a/face.png"), "face");
        assert_eq!(name("b/Face.png"), "Face-2");
        assert_eq!(name("b/face.jpg"), "face.jpg");
        assert_eq!(name("c/face.png"), "face-3");
    }

    #[test]
    fn a_name_depends_on_its_file_alone() {
        let name = |path: &str| name_of(Path::new(path));
        assert_eq!(name("b.png"), "b");
        for path in ["b.jpg", "b.webp", "b.jpg.png", "b.PNG", "b.png.png"] {
            assert_eq!(name(path), path);
        }
        assert_eq!(name("b"), "b.picture");
    }
}
