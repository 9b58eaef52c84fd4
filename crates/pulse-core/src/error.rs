//! The one error type of this crate.

use std::fmt;
use std::path::Path;

/// What went wrong, for a caller to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file or folder could not be read or written.
    Io,
    /// There is no room on the disk.
    Full,
    /// Another process is at work on it.
    Busy,
    /// A file is no picture that can be read, or one of a size that cannot be used.
    Picture,
    /// A checkpoint cannot be read.
    Checkpoint,
    /// A checkpoint was read, but no generator known here fits its tensors.
    Generator,
    /// Inputs given for a generator do not fit it, or hold a number that is not finite.
    Inputs,
    /// A setting that cannot be parsed or cannot be met.
    Setting,
    /// A network could not be built or compiled.
    Network,
    /// A network needs more memory than there is, or than it may take.
    Memory,
    /// The record that a run left behind cannot be read.
    Run,
}

/// What can be done about an error, where that depends on the front: a command line names an option, a page shows a button.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum WayOut {
    /// Take another folder, or let what is in this one be replaced.
    ReplaceFolder,
    /// Shrink the picture first, or take a part of it. Where it looks blurred: by a Gaussian of this σ in its own pixels, and in
    /// the generator's.
    Shrink {
        /// In pixels of the picture as it is, and in those of the generator's picture.
        blur: Option<[f64; 2]>,
        /// What may be the blocks that it is made of, where none were found: their size, and where the first of them begins.
        blocks: Option<[f64; 3]>,
        /// By how many degrees those are turned clockwise; they lie so in the picture that was turned back about its middle.
        turned: f64,
    },
    /// See which generators can be read.
    Families,
    /// Say that files which a run names may lie anywhere.
    FilesElsewhere,
    /// Say which network of the file is meant.
    Networks,
    /// Take a smaller generator or fewer candidates at a time, or let more memory be taken.
    Memory,
}

/// What failed and why, in one line.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    way_out: Option<WayOut>,
}

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of `kind` whose `message` says the thing, the reason and, where it is the same for everyone, the way out.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: None, way_out: None }
    }

    /// What could not be done with a file, and what the system said.
    pub fn io(doing: &str, path: &Path, source: std::io::Error) -> Self {
        let is_full = matches!(source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded);
        let kind = if is_full { ErrorKind::Full } else { ErrorKind::Io };
        Self::new(kind, format!("cannot {doing} {}: {source}", path.display())).with_source(source)
    }

    /// Keeps the error that caused this one. The message has to contain its text already.
    #[must_use]
    pub fn with_source(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }

    /// Says what can be done, where that is for a front to put into words.
    #[must_use]
    pub fn with_way_out(mut self, way_out: WayOut) -> Self {
        self.way_out = Some(way_out);
        self
    }

    /// The same error with another message, which has to contain the old one.
    #[must_use]
    pub fn worded(self, message: impl FnOnce(&str) -> String) -> Self {
        Self { message: message(&self.message), ..self }
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What can be done about it, where that is for a front to put into words.
    pub fn way_out(&self) -> Option<WayOut> {
        self.way_out
    }

    /// The error that caused this one, for a caller to act on. Its text is in this one's already. So it is not given as the
    /// standard library's `source`, which reporters of errors would print a second time.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<pulse_engine::Error> for Error {
    fn from(source: pulse_engine::Error) -> Self {
        let error = match source.kind() {
            pulse_engine::ErrorKind::Memory => {
                Self::new(ErrorKind::Memory, source.to_string()).with_way_out(WayOut::Memory)
            }
            _ => Self::new(ErrorKind::Network, source.to_string()),
        };
        error.with_source(source)
    }
}

impl From<pulse_checkpoint::Error> for Error {
    fn from(source: pulse_checkpoint::Error) -> Self {
        Self::new(ErrorKind::Checkpoint, source.to_string()).with_source(source)
    }
}
