//! A whole session as one file, `session.pulse`: a tar archive of its record, its pictures, and the folders of its runs.
//!
//! What comes in is from outside: only files are taken whose names a session could have given, only as many and as large as there
//! is a limit for, and only into a folder that was empty.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Component, Path};

use pulse::read::open_regular;
use pulse::write::{make_folder, write_atomically};
use pulse::{Error, ErrorKind, Result};

use crate::model::{SESSION, is_id, is_plain};

/// The ending of such a file.
pub const ENDING: &str = "pulse";

/// The most files of a session, and the most bytes of one and of all.
const MOST_FILES: usize = 200_000;
const MOST_OF_ONE: u64 = 2 << 30;
const MOST_OF_ALL: u64 = 32 << 30;

/// Writes the session in `folder`.
///
/// # Errors
/// Those of the disk, and of `out`.
pub(crate) fn write(folder: &Path, out: impl Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(out);
    append(&mut archive, &folder.join(SESSION), SESSION)?;
    for inner in sorted(&folder.join("pictures"))? {
        if let Some(name) = plain(&inner) {
            append(&mut archive, &inner, &format!("pictures/{name}"))?;
        }
    }
    for run in sorted(&folder.join("nodes"))? {
        let Some(id) = run.file_name().and_then(|name| name.to_str()).filter(|id| is_id(id) && run.is_dir()) else {
            continue;
        };
        for inner in sorted(&run)? {
            if let Some(name) = plain(&inner) {
                append(&mut archive, &inner, &format!("nodes/{id}/{name}"))?;
            }
        }
    }
    archive.into_inner()?.flush()
}

/// Adds a file, with nothing of this machine in its header.
fn append(archive: &mut tar::Builder<impl Write>, path: &Path, name: &str) -> io::Result<()> {
    let file = open_regular(path)?;
    let mut header = tar::Header::new_gnu();
    header.set_size(file.metadata()?.len());
    header.set_mode(0o644);
    archive.append_data(&mut header, name, file)
}

fn sorted(folder: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let mut paths: Vec<_> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

/// The name of a file that belongs to a session.
fn plain(path: &Path) -> Option<&str> {
    path.file_name()?.to_str().filter(|name| is_plain(name) && path.is_file())
}

/// Unpacks the file at `path` into `folder`, which has to be empty or not there.
///
/// # Errors
/// [`ErrorKind::Io`] when it cannot be read or written, [`ErrorKind::Run`] when it is no session.
pub(crate) fn unpack(path: &Path, folder: &Path) -> Result<()> {
    make_folder(folder)?;
    let is_empty =
        fs::read_dir(folder).map_err(|source| Error::io("list the folder", folder, source))?.next().is_none();
    if !is_empty {
        let message = format!("the folder {} is not empty; choose another for the session", folder.display());
        return Err(Error::new(ErrorKind::Io, message));
    }
    let file = open_regular(path).map_err(|source| Error::io("read", path, source))?;
    take(file, folder).map_err(|error| {
        // It was empty: what is there is a part of a session, which is none.
        let _ = fs::remove_dir_all(folder);
        error.worded(|reason| format!("cannot open {} as a session: {reason}", path.display()))
    })
}

fn take(file: impl Read, folder: &Path) -> Result<()> {
    let broken = |error: io::Error| {
        let message = format!("it is damaged, or not a session that was carried away ({error})");
        Error::new(ErrorKind::Run, message)
    };
    let foreign = |what: String| Error::new(ErrorKind::Run, what);
    let mut archive = tar::Archive::new(file);
    let (mut files, mut bytes) = (0, 0);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = entry.path().map_err(broken)?.into_owned();
        let shown = name.display().to_string().escape_debug().to_string();
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(foreign(format!("`{shown}` in it is no file")));
        }
        if !is_of_session(&name) {
            return Err(foreign(format!("`{shown}` in it is no file of a session")));
        }
        files += 1;
        bytes += entry.size();
        if files > MOST_FILES || entry.size() > MOST_OF_ONE || bytes > MOST_OF_ALL {
            return Err(foreign("it is larger than any session".to_owned()));
        }
        let mut content = Vec::new();
        (&mut entry).take(MOST_OF_ONE).read_to_end(&mut content).map_err(broken)?;
        let place = folder.join(&name);
        if let Some(above) = place.parent() {
            make_folder(above)?;
        }
        write_atomically(&place, &content)?;
    }
    if folder.join(SESSION).is_file() { Ok(()) } else { Err(foreign(format!("it holds no {SESSION}"))) }
}

/// Whether a session could have given a file this name.
fn is_of_session(name: &Path) -> bool {
    let parts: Option<Vec<&str>> = name
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect();
    match parts.as_deref() {
        Some([only]) => *only == SESSION,
        Some(["pictures", file]) => is_plain(file),
        Some(["nodes", id, file]) => is_id(id) && is_plain(file),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            // Not through `set_path`, which refuses what is tried here.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            archive.append(&header, *content).unwrap();
        }
        archive.into_inner().unwrap()
    }

    #[test]
    fn a_damaged_file_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (file, inner) = (folder.path().join("a.pulse"), folder.path().join("in"));
        let whole = archive(&[("session.json", b"{}"), ("pictures/a.png", b"picture")]);
        for bytes in [&b"junk"[..], &whole[..700]] {
            fs::write(&file, bytes).unwrap();
            let error = unpack(&file, &inner).unwrap_err().to_string();
            assert!(error.contains("damaged") && !inner.exists(), "{error}");
        }
        fs::write(&file, whole).unwrap();
        unpack(&file, &inner).unwrap();
    }

    #[test]
    fn what_leads_out_is_refused() {
        for name in [
            "../session.json",
            "/x",
            "pictures/../../x",
            "nodes/n1/../../x",
            "nodes/x/run.json",
            "pictures/.x",
            "other/x",
            "nodes/n1/a/b",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let inner = folder.path().join("in");
            let bytes = archive(&[("session.json", b"{}"), (name, b"bad")]);
            assert!(take(&bytes[..], &inner).is_err(), "{name}");
            let outside: Vec<_> =
                fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert!(outside.iter().all(|name| name == "in"), "{outside:?}");
        }
    }

    #[test]
    fn links_are_refused() {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        archive.append_link(&mut header, "pictures/p1.png", "/etc/passwd").unwrap();
        let folder = tempfile::tempdir().unwrap();
        assert!(take(&archive.into_inner().unwrap()[..], folder.path()).is_err());
    }

    #[test]
    fn a_session_comes_back_as_it_was() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (name, content) in [
            ("session.json", "{}"),
            ("pictures/p1.png", "a"),
            ("nodes/n1/run.json", "b"),
            ("views/x.png", "c"),
            ("nodes/n1.bookmark", "d"),
        ] {
            let path = from.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let mut bytes = Vec::new();
        write(from.path(), &mut bytes).unwrap();
        take(&bytes[..], to.path()).unwrap();
        assert_eq!(fs::read(to.path().join("nodes/n1/run.json")).unwrap(), b"b");
        assert_eq!(fs::read(to.path().join("pictures/p1.png")).unwrap(), b"a");
        assert!(!to.path().join("views").exists() && !to.path().join("nodes/n1.bookmark").exists());
        assert!(take(&bytes[..700], tempfile::tempdir().unwrap().path()).is_err());
    }
}
