//! `--threads`, the same for every command that computes for long.

use std::num::NonZeroUsize;

use clap::Args;

use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct Threads {
    /// How many threads to compute with [default: one a core]
    #[arg(short = 'j', long = "threads", value_name = "N")]
    count: Option<NonZeroUsize>,
}

impl Threads {
    /// How many were asked for.
    pub(crate) const fn count(&self) -> Option<NonZeroUsize> {
        self.count
    }

    /// Starts as many as were asked for, for the whole program.
    pub(crate) fn start(&self) -> Result<(), Failure> {
        let Some(count) = self.count else { return Ok(()) };
        let built = rayon::ThreadPoolBuilder::new().num_threads(count.get()).build_global();
        built.map_err(|error| Failure::of("--threads", format!("{count} cannot be started: {error}; ask for fewer")))
    }
}
