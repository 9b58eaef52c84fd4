//! The answer of a command.

use std::process::ExitCode;

/// How the program ends when nothing failed; of several, the last of these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Exit status 0.
    Good,
    /// Exit status 1: it worked, and the answer is no.
    Bad,
    /// Exit status 2: something failed and was reported already.
    Failed,
}

impl From<Status> for ExitCode {
    fn from(verdict: Status) -> Self {
        match verdict {
            Status::Good => Self::SUCCESS,
            Status::Bad => Self::from(1),
            Status::Failed => Self::from(2),
        }
    }
}
