//! The answer of a command.

use std::process::ExitCode;

/// How the program ends when nothing failed; of several, the last of these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Exit status 0.
    Good,
    /// Exit status 1: it worked, and the answer is no.
    Bad,
    /// Exit status 2: something failed and was reported already.
    Failed,
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Good => Self::SUCCESS,
            Verdict::Bad => Self::from(1),
            Verdict::Failed => Self::from(2),
        }
    }
}
