//! The one error type of this crate.

use std::fmt;

/// What went wrong, for a caller that decides by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An operator was given values of shapes that it cannot work on, or weights of the wrong length.
    Shape,
    /// A name that the network does not have, or has already.
    Name,
    /// A network that is sound, but that this engine cannot run.
    Unsupported,
    /// A network that needs more memory than there is, or than the engine may take.
    Memory,
}

/// Why a network could not be built or compiled.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of `kind` whose `message` says the thing and the reason. Engines outside of this crate make theirs with it.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
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

impl std::error::Error for Error {}
