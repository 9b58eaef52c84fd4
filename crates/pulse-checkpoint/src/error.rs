//! The one error type of this crate.

use std::fmt;
use std::path::Path;

/// What went wrong, for a caller that decides by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file could not be read or written.
    Io,
    /// There is no room to write it.
    Full,
    /// The bytes are of another kind of file; the message says of which, where it can be told.
    Format,
    /// The file ends too early: a download or copy that did not finish.
    Truncated,
    /// The file contradicts itself.
    Corrupt,
    /// The file is sound, but holds something that is not read here; the message names it.
    Unsupported,
    /// Reading on would take more memory or work than any checkpoint needs.
    TooLarge,
    /// The file has no network, or not the one that was asked for.
    Missing,
    /// What was to be written cannot be: a shape that does not fit its numbers, a configuration too deep.
    Argument,
}

/// What failed, why, and what to do about it, in one line that says everything: there is no source behind it.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What could not be done with a file, and what the system said.
    pub(crate) fn io(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        let kind = if is_full(error) { ErrorKind::Full } else { ErrorKind::Io };
        Self::new(kind, format!("cannot {doing} {}: {error}", path.display()))
    }

    pub(crate) fn truncated(what: &str) -> Self {
        let message = format!("{what} ends too early: the file is cut short, download or copy it again");
        Self::new(ErrorKind::Truncated, message)
    }

    pub(crate) fn corrupt(message: impl fmt::Display) -> Self {
        let message = format!("{message}: the file is damaged, download or copy it again");
        Self::new(ErrorKind::Corrupt, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    pub(crate) fn too_large(message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::TooLarge, format!("{message}; no checkpoint of a generator needs that"))
    }

    /// The same error, its message opened by what was being read.
    pub(crate) fn within(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

// The message ends with what the system said, so there is no source that would say it again.
impl std::error::Error for Error {}

/// Whether a disk, or what a user may have of it, is full.
fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

/// A name out of a file, made fit for a message of one line: escaped, and cut when it is long.
pub(crate) fn quote(name: &str) -> String {
    const LONGEST: usize = 120;
    let shown: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    let cut = if name.chars().nth(LONGEST).is_some() { "…" } else { "" };
    format!("`{shown}{cut}`")
}
