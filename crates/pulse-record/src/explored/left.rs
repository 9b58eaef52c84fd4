//! The files of earlier exploring in a folder, told apart from files of the user.

use std::path::{Path, PathBuf};

use super::{FRAMES, INPUTS, PAGE, PICTURE, RECORD, STEP};
use crate::folder::{self, Claim, MARK, is_real_folder};
use crate::record::ExploreRecord;
use crate::write::is_temporary;
use crate::{Error, ErrorKind, Result, WayOut};

/// The files in the folder at `path`, without its record, that may be removed for what is explored now. Unfinished files may be
/// removed where a killed process left its mark, or, when `replace` is set, where nothing else is there. Finished files may be
/// removed only when `replace` is set: those that the record names.
///
/// # Errors
/// [`ErrorKind::Io`] when something is there that may not be replaced.
pub(super) fn replaceable(path: &Path, replace: bool) -> Result<Vec<PathBuf>> {
    let names = names_in(path)?;
    if names.iter().all(|name| is_temporary(name) || name == MARK) {
        return Ok(Vec::new());
    }
    let sealed = names.iter().any(|name| name == RECORD);
    if !sealed && (Claim::is_on(path) || replace && names.iter().all(|name| is_own(name))) {
        let own = names.iter().filter(|name| is_own(name) && *name != MARK);
        return Ok(own.map(|name| path.join(name)).collect());
    }
    let name = path.display();
    if !replace {
        let message = format!("the folder {name} is not empty");
        return Err(Error::new(ErrorKind::Io, message).with_way_out(WayOut::ReplaceFolder));
    }
    let record = ExploreRecord::open(path).map_err(|error| {
        let message = format!(
            "the folder {name} holds nothing explored that could be replaced ({error}): empty it or choose another"
        );
        Error::new(ErrorKind::Io, message).with_source(error)
    })?;
    Ok(record.files.iter().filter(|file| is_within(file) && is_own(file)).map(|file| path.join(file)).collect())
}

/// What is in the folder; of its frames, every one, as `frames/frame-01.png`.
fn names_in(place: &Path) -> Result<Vec<String>> {
    let mut names = folder::names_in(place)?;
    let frames = place.join(FRAMES);
    if is_real_folder(&frames) {
        names.retain(|name| name != FRAMES);
        names.extend(folder::names_in(&frames)?.into_iter().map(|name| format!("{FRAMES}/{name}")));
    }
    Ok(names)
}

/// Whether exploring gives such a name to a file in its folder.
fn is_own(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let within = |name: &str, start, end| name.strip_prefix(start)?.strip_suffix(end).map(str::to_owned);
    if let Some(frame) = name.strip_prefix(FRAMES).and_then(|name| name.strip_prefix('/')) {
        return is_temporary(frame) || within(frame, "frame-", ".png").is_some_and(|number| is_number(&number));
    }
    let ends = within(name, "path-", ".png").or_else(|| within(name, "path-", ".apng"));
    [RECORD, INPUTS, PAGE, PICTURE, STEP, MARK].contains(&name)
        || is_temporary(name)
        || within(name, "direction-", ".png").is_some_and(|number| is_number(&number))
        || ends.is_some_and(|ends| ends.split_once('-').is_some_and(|(from, to)| is_number(from) && is_number(to)))
}

/// A record is not trusted: what it names has to be in its own folder.
pub(super) fn is_within(file: &str) -> bool {
    let own = file.strip_prefix("frames/").unwrap_or(file);
    Path::new(own).file_name().is_some_and(|name| name == own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_names_are_told_from_others() {
        for own in ["direction-1.png", "path-2-17.png", "path-2-17.apng", "frames/frame-01.png", INPUTS, RECORD] {
            assert!(is_own(own), "{own}");
        }
        for other in ["direction-.png", "direction-a.png", "path-2.png", "path--.png", "frame-01.png", "frames/a.png"] {
            assert!(!is_own(other), "{other}");
        }
    }
}
