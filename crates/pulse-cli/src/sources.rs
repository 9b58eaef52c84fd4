//! Which pictures are searched for, and where the folder of each goes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use pulse::image::pictures_in;

use crate::failure::Failure;

/// One picture, and its folder.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) folder: PathBuf,
}

/// The pictures of `inputs`, those of a folder sorted by name, and what is wrong with the folders among them.
pub(crate) fn of(inputs: &[PathBuf], out: &Path) -> (Vec<Source>, Vec<Failure>) {
    let (mut sources, mut failures) = (Vec::new(), Vec::new());
    let mut taken = HashSet::new();
    for input in inputs {
        match pictures_of(input) {
            Ok(paths) => sources.extend(paths.into_iter().map(|path| {
                let folder = out.join(unique_name(&path, &mut taken));
                Source { path, folder }
            })),
            Err(failure) => failures.push(failure),
        }
    }
    (sources, failures)
}

fn pictures_of(input: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !input.is_dir() {
        return Ok(vec![input.to_owned()]);
    }
    let pictures = pictures_in(input)?;
    if pictures.is_empty() {
        return Err(Failure::of(input.display(), "there is no picture in this folder; name one that has some"));
    }
    Ok(pictures)
}

/// The stem of `path`, with a number when another picture has it already. Some file systems take `A` and `a`
/// for the same.
fn unique_name(path: &Path, taken: &mut HashSet<String>) -> String {
    let stem = path.file_stem().map_or_else(|| "picture".into(), |stem| stem.to_string_lossy().into_owned());
    let mut name = stem.clone();
    for number in 2.. {
        if taken.insert(name.to_lowercase()) {
            break;
        }
        name = format!("{stem}-{number}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut taken = HashSet::new();
        let mut name = |path: &str| unique_name(Path::new(path), &mut taken);
        assert_eq!(name("a/face.png"), "face");
        assert_eq!(name("b/Face.jpg"), "Face-2");
        assert_eq!(name("face-2.png"), "face-2-2");
        assert_eq!(name("c/face.png"), "face-3");
    }
}
