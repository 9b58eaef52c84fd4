//! How the engine computes: the same options for every command that computes for long.

use std::num::NonZeroUsize;

use clap::Args;
use pulse_engine::Cpu;

use crate::failure::{Failure, note};

#[derive(Args, Clone)]
pub(crate) struct EngineArguments {
    /// How many threads to compute with [default: one for each physical core]
    #[arg(short = 'j', long, value_name = "N", value_parser = at_least_one)]
    threads: Option<NonZeroUsize>,

    /// Compute every convolution by its definition: slower, and a little closer to exact
    #[arg(long)]
    precise: bool,

    /// The most memory that a network may take, such as 8GB [default: three quarters of what this process may have]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    memory: Option<usize>,
}

impl EngineArguments {
    /// Whether every convolution is computed by its definition.
    pub(crate) fn is_precise(&self) -> bool {
        self.precise
    }

    /// The options as another process of this program takes them.
    pub(crate) fn repeated(&self) -> Vec<String> {
        let threads = self.threads.iter().flat_map(|count| ["--threads".to_owned(), count.to_string()]);
        let memory = self.memory.iter().flat_map(|bytes| ["--memory".to_owned(), format!("{bytes}B")]);
        threads.chain(memory).chain(self.precise.then(|| "--precise".to_owned())).collect()
    }

    /// The engine, with as many threads as were asked for, for the whole program.
    pub(crate) fn start(&self) -> Result<Cpu, Failure> {
        // A user who sets the thread pool's own variable means it.
        if self.threads.is_some() || std::env::var_os("RAYON_NUM_THREADS").is_none() {
            let count = self.threads.map_or_else(physical_cores, |asked| at_most_cores(asked.get()));
            let built = rayon::ThreadPoolBuilder::new().num_threads(count).build_global();
            built.map_err(|error| {
                Failure::of("--threads", format!("{count} cannot be started: {error}; ask for fewer"))
            })?;
        }
        let engine = self.memory.into_iter().fold(pulse::allowed_engine(), Cpu::within);
        Ok(if self.precise { engine.precise() } else { engine })
    }
}

fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "give a whole number from 1".to_owned())
}

/// A number of bytes, with its unit.
fn bytes(text: &str) -> Result<usize, String> {
    const UNITS: [(&str, f64); 4] = [("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("B", 1.0)];
    let upper = text.trim().to_ascii_uppercase();
    let read = |&(unit, size): &(&str, f64)| Some(upper.strip_suffix(unit)?.trim().parse::<f64>().ok()? * size);
    let bytes = UNITS.iter().find_map(read).filter(|bytes| (1.0..1e18).contains(bytes));
    bytes.map(|bytes| bytes as usize).ok_or_else(|| "give a size with its unit, such as 8GB or 500MB".to_owned())
}

/// As many as this process may use. Two threads on one core get in each other's way here: both wait for the same
/// arithmetic.
fn physical_cores() -> usize {
    num_cpus::get_physical().clamp(1, allowed_cores())
}

/// As many threads as were asked for, but no more than there are cores: they would only wait for each other.
fn at_most_cores(asked: usize) -> usize {
    let cores = allowed_cores();
    if asked > cores {
        let plural = if cores == 1 { "" } else { "s" };
        note(&format!(
            "--threads {asked}: there are {cores} core{plural} to compute with, and so many threads are used"
        ));
    }
    asked.min(cores)
}

fn allowed_cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
