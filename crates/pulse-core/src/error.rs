//! The one error type of this crate.

use std::fmt;
use std::path::Path;

/// What went wrong, for a caller that decides by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file or folder could not be read or written.
    Io,
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
    /// The record that a run left behind cannot be read.
    Run,
}

/// What failed, why, and what to do about it, in one line.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of `kind` whose `message` says the thing, the reason and the way out.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// What could not be done with a file, and what the system said.
    pub fn io(doing: &str, path: &Path, source: std::io::Error) -> Self {
        let message = format!("cannot {doing} {}: {source}", path.display());
        Self { kind: ErrorKind::Io, message, source: Some(Box::new(source)) }
    }

    /// Keeps the error that caused this one. Its text belongs into the message already.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
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

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

impl From<pulse_engine::Error> for Error {
    fn from(source: pulse_engine::Error) -> Self {
        Self::new(ErrorKind::Network, source.to_string()).with_source(source)
    }
}
