//! How the engine computes: the same options for every command that computes for long.

use std::num::NonZeroUsize;

use clap::Args;
use pulse_engine::Cpu;

use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct EngineArguments {
    /// How many threads to compute with [default: one for each physical core]
    #[arg(short = 'j', long, value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// Compute every convolution by its definition: slower, and a little closer to exact
    #[arg(long)]
    precise: bool,
}

impl EngineArguments {
    /// Whether every convolution is computed by its definition.
    pub(crate) fn is_precise(&self) -> bool {
        self.precise
    }

    /// The options as another process of this program takes them.
    pub(crate) fn repeated(&self) -> Vec<String> {
        let threads = self.threads.iter().flat_map(|count| ["--threads".to_owned(), count.to_string()]);
        threads.chain(self.precise.then(|| "--precise".to_owned())).collect()
    }

    /// The engine, with as many threads as were asked for, for the whole program.
    pub(crate) fn start(&self) -> Result<Cpu, Failure> {
        // A user who sets the thread pool's own variable means it.
        if self.threads.is_some() || std::env::var_os("RAYON_NUM_THREADS").is_none() {
            let count = self.threads.map_or_else(physical_cores, NonZeroUsize::get);
            let built = rayon::ThreadPoolBuilder::new().num_threads(count).build_global();
            built.map_err(|error| {
                Failure::of("--threads", format!("{count} cannot be started: {error}; ask for fewer"))
            })?;
        }
        let engine = Cpu::default();
        Ok(if self.precise { engine.precise() } else { engine })
    }
}

/// As many as this process may use. Two threads on one core get in each other's way here: both wait for the same
/// arithmetic.
fn physical_cores() -> usize {
    let allowed = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    num_cpus::get_physical().clamp(1, allowed)
}
