//! The one error type of this crate.

use std::fmt;
use std::io;
use std::path::Path;

/// What went wrong, for a caller that decides by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The list has no model of this name.
    Unknown,
    /// The model is published, and was not fetched.
    Absent,
    /// The address to fetch from is none.
    Setting,
    /// The licence restricts what may be done, and was not accepted. Nothing was asked of any server.
    Licence,
    /// No server could be reached, by its name or at all.
    Unreachable,
    /// It broke off, or nothing came for too long. What came is kept, and the next try goes on.
    Broken,
    /// The server has no such file any more.
    Gone,
    /// The server does not give it, or leads to where nothing is to be fetched from.
    Refused,
    /// What came is not what was to come: another kind of file, another length.
    Content,
    /// The file has another checksum than the one that was published, or than the first download had.
    Checksum,
    /// The caller said so. What came is kept, and the next try goes on.
    Stopped,
    /// Another process is fetching the same model.
    Busy,
    /// A file could not be read or written.
    Io,
    /// There is no room to write it. What came is kept, and the next try goes on.
    Full,
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
    pub(crate) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let kind = if is_full { ErrorKind::Full } else { ErrorKind::Io };
        Self::new(kind, format!("cannot {doing} {}: {error}", path.display()))
    }

    /// The same error with more to say at its end.
    #[cfg(feature = "get")]
    pub(crate) fn and(mut self, more: impl fmt::Display) -> Self {
        self.message = format!("{}; {more}", self.message);
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

impl From<pulse_checkpoint::Error> for Error {
    fn from(error: pulse_checkpoint::Error) -> Self {
        let is_full = error.kind() == pulse_checkpoint::ErrorKind::Full;
        Self::new(if is_full { ErrorKind::Full } else { ErrorKind::Io }, error.to_string())
    }
}

/// A text of a server's, made fit for a message of one line: escaped, and cut when it is long.
#[cfg(feature = "get")]
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 200;
    let shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    let cut = if text.chars().nth(LONGEST).is_some() { "…" } else { "" };
    format!("`{shown}{cut}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_faults() {
        let of = |kind: io::ErrorKind| Error::io("write", Path::new("a.pt"), &kind.into()).kind();
        assert_eq!(of(io::ErrorKind::StorageFull), ErrorKind::Full);
        assert_eq!(of(io::ErrorKind::QuotaExceeded), ErrorKind::Full);
        assert_eq!(of(io::ErrorKind::PermissionDenied), ErrorKind::Io);
    }

    #[cfg(feature = "get")]
    #[test]
    fn a_servers_text_stays_on_its_line() {
        assert_eq!(quote("a\r\n\u{1b}b"), "`a\\r\\n\\u{1b}b`");
        assert!(quote(&"x".repeat(5000)).len() < 250);
    }
}
