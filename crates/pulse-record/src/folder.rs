//! Folders that are finished or free: a mark while they are written, a seal at the end.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use pulse_checkpoint::read::open_regular;

use crate::write::{make_folder, remove_temporaries, write_atomically, write_atomically_with};
use crate::{Error, ErrorKind, Result};

/// The mark's file.
pub(crate) const MARK: &str = ".pulse-unfinished";

/// A folder that only this process writes, until it is done or has ended.
///
/// The mark is an empty file. It is made before anything is written, and locked; the system releases the lock however the
/// process ends. So a mark without a lock is that of a process that was killed, and the files beside it were never finished.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    seal: &'static str,
    lock: Option<File>,
}

impl Claim {
    /// Marks a folder that counts as finished once it holds the file `seal`. Temporary files that a killed process left
    /// in it are removed.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] when another process is at work in it, [`ErrorKind::Io`] when the mark cannot be made.
    pub fn take(folder: &Path, seal: &'static str) -> Result<Self> {
        let path = folder.join(MARK);
        let lock = loop {
            if fs::symlink_metadata(&path).is_ok_and(|at| !at.is_file()) {
                let message = format!("cannot write {}: it is no file of its own; remove it", path.display());
                return Err(Error::new(ErrorKind::Io, message));
            }
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
            let file = file.map_err(|source| Error::io("write", &path, source))?;
            if is_locked(&file) {
                let message = format!(
                    "another process is at work in the folder {}: wait for it, or choose another folder",
                    folder.display()
                );
                return Err(Error::new(ErrorKind::Busy, message));
            }
            // Who was done just now took the file away that was opened here.
            if path.exists() {
                break file;
            }
        };
        // Some file systems have no locks. There, the user has to see to it that two processes do not share a folder.
        let claim = Self { folder: folder.to_owned(), seal, lock: Some(lock) };
        remove_temporaries(folder)?;
        Ok(claim)
    }

    /// Whether another process is at work in `folder`.
    pub fn is_taken(folder: &Path) -> bool {
        open_regular(&folder.join(MARK)).is_ok_and(|file| is_locked(&file))
    }

    /// Whether a mark lies in `folder`.
    pub fn is_on(folder: &Path) -> bool {
        folder.join(MARK).exists()
    }

    /// Takes away the mark of a process that was killed just after it had finished `folder`.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn clear(folder: &Path, seal: &'static str) -> Result<()> {
        if Self::is_on(folder) { Self::take(folder, seal).map(drop) } else { Ok(()) }
    }
}

/// Whether another process has locked a file; if not, this one has now.
fn is_locked(file: &File) -> bool {
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

impl Drop for Claim {
    fn drop(&mut self) {
        let others = || {
            let mut entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
            entries.any(|entry| entry.file_name() != MARK)
        };
        // An unfinished folder stays marked.
        if self.folder.join(self.seal).exists() || !others() {
            let _ = fs::remove_file(self.folder.join(MARK));
        }
        self.lock = None;
    }
}

/// A folder that is written by this process: claimed before the work starts, sealed by its record at the end. Dropping it
/// unsealed removes what was written, and the folders that are empty then: half of a result would only take room.
#[derive(Debug)]
pub(crate) struct ClaimedFolder {
    path: PathBuf,
    seal: &'static str,
    /// The folder within it that pictures of one kind go to, where there is one.
    inner: Option<&'static str>,
    /// The folders that were made for it, the innermost first.
    made: Vec<PathBuf>,
    /// The files of an earlier result, which are removed before new ones are written.
    replaced: Vec<PathBuf>,
    /// What was written so far.
    written: Mutex<Vec<PathBuf>>,
    claim: Option<Claim>,
}

impl ClaimedFolder {
    /// Makes the folder at `path`, and those above it, and claims it. `replaceable` gives the files in a folder that may be
    /// removed for new ones, or says why the folder may not be taken.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be made, or another process is at work in it; and those of `replaceable`.
    pub(crate) fn take(
        path: &Path,
        seal: &'static str,
        inner: Option<&'static str>,
        replaceable: impl Fn(&Path) -> Result<Vec<PathBuf>>,
    ) -> Result<Self> {
        let above = path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let made = above.map(Path::to_owned).collect();
        let mut folder = Self {
            path: path.to_owned(),
            seal,
            inner,
            made,
            replaced: Vec::new(),
            written: Mutex::default(),
            claim: None,
        };
        make_folder(path)?;
        // A folder that is refused is not marked.
        replaceable(path)?;
        folder.claim = Some(Claim::take(path, seal)?);
        // From here on no other process writes.
        folder.replaced = replaceable(path)?;
        Ok(folder)
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether an earlier result is to be replaced.
    pub(crate) fn replaces(&self) -> bool {
        !self.replaced.is_empty()
    }

    /// Removes the old seal: from here on the earlier result counts as unfinished.
    pub(crate) fn break_seal(&self) -> Result<()> {
        remove_file(&self.path.join(self.seal))
    }

    /// Removes the files of the earlier result, its seal first.
    pub(crate) fn make_way(&self) -> Result<()> {
        self.break_seal()?;
        self.replaced.iter().try_for_each(|file| remove_file(file))
    }

    /// Writes one file.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        write_atomically(&path, bytes)?;
        self.written.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        Ok(())
    }

    /// The same of a file that is not in memory as a whole.
    pub(crate) fn file_with(&self, name: &str, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        let path = self.path.join(name);
        write_atomically_with(&path, write)?;
        self.written.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        Ok(())
    }

    /// Writes the record, after which the folder is finished.
    pub(crate) fn seal(&self, record: &[u8]) -> Result<()> {
        self.file(self.seal, record)
    }
}

impl Drop for ClaimedFolder {
    fn drop(&mut self) {
        // Who drops it has an error to report already.
        if !self.path.join(self.seal).exists() {
            let written = self.written.get_mut().unwrap_or_else(PoisonError::into_inner);
            for file in written {
                let _ = fs::remove_file(file);
            }
        }
        // This removes empty folders only.
        if let Some(inner) = self.inner {
            let _ = fs::remove_dir(self.path.join(inner));
        }
        self.claim = None;
        for folder in &self.made {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Removes a file, where there is one.
pub(crate) fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path, source)),
        _ => Ok(()),
    }
}

/// Whether there is a folder itself, not a link to one.
pub(crate) fn is_real_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|at| at.is_dir())
}

/// Makes a folder within one that is written by this program. A link of that name is not followed.
///
/// # Errors
/// [`ErrorKind::Io`] when it is a link, or cannot be made.
pub fn make_own_folder(path: &Path) -> Result<()> {
    refuse_link(path)?;
    make_folder(path)
}

/// Refuses a link where a folder of this program's is to be.
pub(crate) fn refuse_link(path: &Path) -> Result<()> {
    if !fs::symlink_metadata(path).is_ok_and(|at| at.is_symlink()) {
        return Ok(());
    }
    let message = format!("cannot write into {}: it is a link to another folder; remove the link", path.display());
    Err(Error::new(ErrorKind::Io, message))
}

/// The names of what is in `folder`. In names that are no text, replacement characters stand for the bytes that are none.
pub(crate) fn names_in(folder: &Path) -> Result<Vec<String>> {
    let fault = |source| Error::io("list the folder", folder, source);
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.map(|entry| entry.file_name().to_string_lossy().into_owned()).map_err(fault)
    };
    fs::read_dir(folder).map_err(fault)?.map(name).collect()
}

/// What a record names as a file of its own folder. A record is not trusted: what it names has to be in its own folder.
pub(crate) fn within<'a>(folder: &Path, names: impl IntoIterator<Item = &'a String>) -> impl Iterator<Item = PathBuf> {
    names.into_iter().filter_map(move |name| Path::new(name).file_name().map(|name| folder.join(name)))
}
