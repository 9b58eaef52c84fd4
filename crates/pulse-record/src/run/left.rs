//! The files of earlier runs in a folder, told apart from files of the user.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::Run;
use super::folder::{
    BOOKMARK, CERTAINTY, INPUTS, INTERMEDIATE, KNOWN, ORIGINAL, QUANTITIES, RECORD, REPORT, SHEET, TABLE, TARGET,
    TARGET_EXACT,
};
use pulse_checkpoint::read::{LARGEST_RECORD, read_regular};

use crate::checksum::{sha256, sha256_of_file};
use crate::folder::{Claim, MARK, is_real_folder, names_in, remove_file};
use crate::record::{Files, Record};
use crate::write::is_temporary;
use crate::{Error, ErrorKind, Result, WayOut};

/// The folder within a run's folder for what is explored from it.
pub const EXPLORED: &str = "explore";

/// The beginning of the name that this folder gets when the run is made anew.
const SET_ASIDE: &str = "explore-of-";
/// How many digits of a checksum tell the runs of one folder apart.
const TELLING: usize = 8;

/// The files in the folder at `path` that may be removed for a new run: none in an empty folder; those of an unfinished run;
/// those of a finished run only when `replace` is set. Files of the user stay, and so does what was explored from a run.
///
/// # Errors
/// [`ErrorKind::Io`] when something is there that may not be replaced.
pub(super) fn replaceable(path: &Path, replace: bool) -> Result<Vec<PathBuf>> {
    let mut names = names_in(path)?;
    names.retain(|name| name != EXPLORED && !name.starts_with(SET_ASIDE));
    let own = |names: &[String]| {
        let own = names.iter().filter(|name| is_of_run(name) && *name != INTERMEDIATE && *name != MARK);
        own.map(|name| path.join(name)).collect()
    };
    if names.iter().all(|name| is_temporary(name) || name == MARK) {
        return Ok(Vec::new());
    }
    let sealed = names.iter().any(|name| name == RECORD);
    if !sealed && Claim::is_on(path) || sealed && is_torn(path) && names.iter().all(|name| is_of_run(name)) {
        return Ok(own(&names));
    }
    let name = path.display();
    if !replace {
        let message = format!("the folder {name} is not empty");
        return Err(Error::new(ErrorKind::Io, message).with_way_out(WayOut::ReplaceFolder));
    }
    if sealed && is_torn(path) {
        // What it named is not known, but what a run calls its files is. Others stay.
        return Ok(own(&names));
    }
    let run = Run::open(path).map_err(|error| {
        let message =
            format!("the folder {name} holds no run that could be replaced ({error}): empty it or choose another");
        Error::new(ErrorKind::Io, message).with_source(error)
    })?;
    Ok(own_files_of(run.record()).map(|file| path.join(file)).collect())
}

/// Removes the finished run in `folder`: the files that its record names, its record and its pictures of steps; and
/// the folder, when nothing else is in it. Where there is no run, nothing happens.
///
/// # Errors
/// [`ErrorKind::Io`] when a file cannot be removed.
pub fn remove_run(folder: &Path) -> Result<()> {
    let Ok(run) = Run::open(folder) else { return Ok(()) };
    remove_file(&folder.join(RECORD))?;
    own_files_of(run.record()).try_for_each(|file| remove_file(&folder.join(file)))?;
    remove_intermediate(folder)?;
    // A folder with files of the user stays.
    let _ = fs::remove_dir(folder);
    Ok(())
}

/// The names of the files of a run within its folder, whatever a record says beside them.
pub(super) fn files_of(record: &Record) -> impl Iterator<Item = &OsStr> {
    let Files {
        target,
        target_exact,
        original,
        known,
        sheet,
        certainty,
        report,
        quantities,
        table,
        inputs,
        bookmark,
        photographs,
    } = &record.files;
    let single = [Some(target), Some(sheet), Some(inputs)];
    let some = [target_exact, original, known, certainty, report, quantities, table, bookmark].map(Option::as_ref);
    let pictures = record.candidates.iter().flat_map(|candidate| [&candidate.image, &candidate.shrunk]);
    single
        .into_iter()
        .chain(some)
        .flatten()
        .chain(photographs)
        .chain(pictures)
        .filter_map(|name| Path::new(name).file_name())
}

/// Those that a run gives such names to itself. A record is not trusted, and nothing else is removed for it.
fn own_files_of(record: &Record) -> impl Iterator<Item = &OsStr> {
    files_of(record).filter(|name| name.to_str().is_some_and(is_of_run))
}

/// Removes the pictures of an earlier run's steps. A folder with other files in it stays.
pub(super) fn remove_intermediate(folder: &Path) -> Result<()> {
    let intermediate = folder.join(INTERMEDIATE);
    // What a link points to is somebody else's.
    if is_real_folder(&intermediate) {
        let pictures = names_in(&intermediate)?.into_iter().filter(|name| is_numbered(name, "candidate-"));
        pictures.map(|name| intermediate.join(name)).try_for_each(|picture| remove_file(&picture))?;
        let _ = fs::remove_dir(&intermediate);
    }
    Ok(())
}

/// Renames the folder of what was explored from the run in `folder` to `explore-of-` and the beginning of the checksum of that
/// run's inputs, unless the new run has the same `inputs`: then it belongs to that one too.
pub(super) fn set_aside_explored(folder: &Path, inputs: &[u8]) -> Result<()> {
    let explored = folder.join(EXPLORED);
    if !explored.is_dir() {
        return Ok(());
    }
    let old = sha256_of_file(&folder.join(INPUTS)).ok();
    if old.as_ref() == Some(&sha256(inputs)) {
        return Ok(());
    }
    // Without the old inputs it is not known what it was explored from.
    let name = format!("{SET_ASIDE}{}", old.as_ref().map_or("unknown", |checksum| &checksum[..TELLING]));
    let mut numbered = (2..).map(|number| folder.join(format!("{name}-{number}")));
    let mut aside = folder.join(&name);
    while aside.exists() {
        aside = numbered.next().unwrap_or_default();
    }
    fs::rename(&explored, aside).map_err(|source| Error::io("rename", &explored, source))
}

/// Whether `run.json` is there and is cut off, or no JSON at all. One of another schema counts as a file of the user.
fn is_torn(folder: &Path) -> bool {
    let bytes = read_regular(&folder.join(RECORD), LARGEST_RECORD);
    bytes.is_ok_and(|bytes| serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_err())
}

/// Whether a run gives such a name to something in its folder.
fn is_of_run(name: &str) -> bool {
    const SINGLE: [&str; 14] = [
        RECORD,
        TARGET,
        TARGET_EXACT,
        ORIGINAL,
        KNOWN,
        SHEET,
        CERTAINTY,
        REPORT,
        QUANTITIES,
        TABLE,
        INPUTS,
        BOOKMARK,
        INTERMEDIATE,
        MARK,
    ];
    SINGLE.contains(&name)
        || is_temporary(name)
        || ["candidate-", "shrunk-", "photograph-"].into_iter().any(|start| is_numbered(name, start))
}

/// Whether it is `start` with a number, and perhaps a step, as a picture.
fn is_numbered(name: &str, start: &str) -> bool {
    let number = name.strip_suffix(".png").and_then(|name| name.strip_prefix(start));
    number.is_some_and(|number| {
        !number.is_empty() && number.replace("-step-", "").bytes().all(|byte| byte.is_ascii_digit())
    })
}
