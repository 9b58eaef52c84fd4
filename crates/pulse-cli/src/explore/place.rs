//! The folder for what is explored: it may replace the same, and never anything else.

use std::path::{Path, PathBuf};

use pulse::run::EXPLORED;
use pulse::steer::Holds;

use super::Arguments;
use super::steer::example;
use crate::failure::{Failure, note, print};

/// How much of a file's name goes into that of a folder.
const LONGEST_STEM: usize = 40;

/// The folder for it: where `--out` says; or, in `explore` in the folder of the run, `name`, or the first of `name-v2`,
/// `name-v3` and so on, that holds the same or is free.
pub(super) fn place(arguments: &Arguments, name: &str, holds: impl Fn(&Path) -> Holds) -> PathBuf {
    if let Some(out) = &arguments.out {
        return out.clone();
    }
    let explored = arguments.run.join(EXPLORED);
    let mut folder = explored.join(name);
    for version in 2.. {
        match holds(&folder) {
            Holds::Nothing | Holds::Same => break,
            Holds::Other => {}
            Holds::Stale => {
                let (folder, run) = (folder.display(), arguments.run.display());
                note(&format!("{folder}: left alone, for it was explored from a run that is no longer in {run}"));
            }
        }
        folder = explored.join(format!("{name}-v{version}"));
    }
    folder
}

/// Prints that there is nothing to do.
pub(super) fn print_found(folder: &Path) -> Result<(), Failure> {
    let folder = folder.display();
    print(&format!("it was explored before; --force explores again\n  {folder}\n"))
}

/// `keep-3-mouth`, `toward-glasses-eyes`: what was asked for, with the names of its pictures.
pub(super) fn steered_name(arguments: &Arguments) -> String {
    let options = &arguments.steer;
    let mut parts = Vec::new();
    for (what, mask) in [("keep", &options.keep), ("vary", &options.vary)] {
        if let (Some(mask), Some(candidate)) = (mask, arguments.candidate) {
            parts.extend([what.into(), candidate.to_string(), stem(mask)]);
        }
    }
    if let Some(text) = &options.toward {
        let (picture, mask) = example(text);
        parts.extend(["toward".into(), stem(&picture)]);
        parts.extend(mask.as_deref().map(stem));
    }
    if let Some(like) = options.like {
        parts.extend(["like".into(), like.to_string()]);
    } else if let (Some(candidate), Some(_)) = (arguments.candidate, &options.toward)
        && options.keep.is_none()
        && options.vary.is_none()
    {
        parts.extend(["from".into(), candidate.to_string()]);
    }
    parts.join("-")
}

/// A file's name without its ending, as a part of a folder's name anywhere: of letters and digits, and not too long.
fn stem(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    stem.chars().take(LONGEST_STEM).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_is_plain_and_short() {
        assert_eq!(stem(Path::new("masks/My mouth_2.v1.png")), "My-mouth_2-v1");
        assert_eq!(stem(Path::new("größe.png")), "gr--e");
        assert_eq!(stem(Path::new(&"a".repeat(200))).len(), LONGEST_STEM);
    }
}
