//! The mark on a folder that somebody writes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::write::remove_temporaries;
use crate::{Error, ErrorKind, Result};

/// The mark's file.
pub(crate) const MARK: &str = ".pulse-unfinished";

/// A folder that this process writes, and no other until it is done or dead.
///
/// The mark is an empty file. It is made before anything is written, and locked; the system lets go of the lock however
/// the process ends. So a mark that nobody has locked is that of a process that was killed, and what lies beside it was
/// never finished.
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
    /// [`ErrorKind::Io`] when another process is at work in it, or the mark cannot be made.
    pub fn take(folder: &Path, seal: &'static str) -> Result<Self> {
        let path = folder.join(MARK);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|source| Error::io("write", &path, source))?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            let message = format!(
                "another process is at work in the folder {}: wait for it, or choose another folder",
                folder.display()
            );
            return Err(Error::new(ErrorKind::Io, message));
        }
        // Some file systems have no locks. There, that two processes do not share a folder is up to who starts them.
        let claim = Self { folder: folder.to_owned(), seal, lock: Some(file) };
        remove_temporaries(folder)?;
        Ok(claim)
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

impl Drop for Claim {
    fn drop(&mut self) {
        let others = || {
            let mut entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
            entries.any(|entry| entry.file_name() != MARK)
        };
        // What could not be finished stays marked.
        if self.folder.join(self.seal).exists() || !others() {
            let _ = fs::remove_file(self.folder.join(MARK));
        }
        self.lock = None;
    }
}
