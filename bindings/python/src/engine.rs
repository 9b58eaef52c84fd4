//! The engine: its passes run on a pool of threads that belongs to this process alone.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use pulse::kept::KeptPrograms;
use pulse_engine::{Calling, Cpu, Engine, InputId, Memory, Network, OutputId, Program};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::of_kind;

/// What searches run on. Functions of the caller's own stay on the thread that asked, and what lies between them goes to the pool.
pub(crate) type SearchEngine = Calling<Pooled>;
/// The same, with programs kept for the next search.
pub(crate) type Kept = KeptPrograms<SearchEngine>;

/// The engine for a generator.
pub(crate) fn kept() -> Arc<Kept> {
    Arc::new(KeptPrograms::new(once()))
}

/// The engine for what is done once.
pub(crate) fn once() -> SearchEngine {
    Calling::new(Pooled)
}

/// The pool of a process. A process that was forked has none of its parent's threads, and makes its own.
struct Pool {
    process: u32,
    pool: Arc<ThreadPool>,
}

static POOL: Mutex<Option<Pool>> = Mutex::new(None);

fn pool_of(threads: Option<usize>) -> Result<Arc<ThreadPool>, String> {
    let process = std::process::id();
    let kept = &mut *POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let (Some(kept), None) = (&*kept, threads)
        && kept.process == process
    {
        return Ok(Arc::clone(&kept.pool));
    }
    let count = threads.or_else(of_environment).unwrap_or_else(physical_cores);
    let built = ThreadPoolBuilder::new().num_threads(count).thread_name(|index| format!("pulse-{index}")).build();
    let pool = Arc::new(built.map_err(|error| format!("{count} threads cannot be started: {error}; ask for fewer"))?);
    let before = kept.replace(Pool { process, pool: Arc::clone(&pool) });
    // What a parent's pool would wait for at its end are threads that are not here.
    if let Some(before) = before.filter(|before| before.process != process) {
        std::mem::forget(before);
    }
    Ok(pool)
}

/// Rayon's own variable.
fn of_environment() -> Option<usize> {
    std::env::var("RAYON_NUM_THREADS").ok()?.parse().ok().filter(|&count| count > 0)
}

/// As many as this process may use. Two threads on one core wait for the same arithmetic.
fn physical_cores() -> usize {
    let allowed = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    num_cpus::get_physical().clamp(1, allowed)
}

/// How many threads compute.
#[pyfunction]
pub(crate) fn threads(py: Python<'_>) -> PyResult<usize> {
    let pool = py.detach(|| pool_of(None)).map_err(|reason| of_kind(py, "setting", &reason))?;
    Ok(pool.current_num_threads())
}

/// Computes with so many threads from now on, in this process.
#[pyfunction]
pub(crate) fn set_threads(py: Python<'_>, count: usize) -> PyResult<()> {
    if count == 0 {
        return Err(of_kind(py, "setting", "0 threads compute nothing: ask for 1 or more"));
    }
    py.detach(|| pool_of(Some(count))).map(drop).map_err(|reason| of_kind(py, "setting", &reason))
}

/// The fast engine on the pool of this process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pooled;

impl Pooled {
    fn run(
        make: impl FnOnce(&Cpu) -> pulse_engine::Result<Box<dyn Program>> + Send,
    ) -> pulse_engine::Result<Box<dyn Program>> {
        let pool =
            pool_of(None).map_err(|reason| pulse_engine::Error::new(pulse_engine::ErrorKind::Unsupported, reason))?;
        let process = std::process::id();
        let program = pool.install(|| make(&pulse::allowed_engine()))?;
        Ok(Box::new(OnPool { process, pool, program }))
    }
}

impl Engine for Pooled {
    fn compile(&self, network: &Network, batch: usize) -> pulse_engine::Result<Box<dyn Program>> {
        Self::run(|cpu| cpu.compile(network, batch))
    }

    fn compile_forward(&self, network: &Network, batch: usize) -> pulse_engine::Result<Box<dyn Program>> {
        Self::run(|cpu| cpu.compile_forward(network, batch))
    }
}

/// A program whose passes run on a pool.
struct OnPool {
    process: u32,
    pool: Arc<ThreadPool>,
    program: Box<dyn Program>,
}

impl OnPool {
    fn pass(&mut self, pass: impl FnOnce(&mut dyn Program) + Send) {
        let process = std::process::id();
        if self.process != process
            && let Ok(pool) = pool_of(None)
        {
            // It was compiled before this process was forked. Its own pool has no threads here.
            std::mem::forget(std::mem::replace(&mut self.pool, pool));
            self.process = process;
        }
        let Self { pool, program, .. } = self;
        pool.install(|| pass(&mut **program));
    }
}

impl Program for OnPool {
    fn batch(&self) -> usize {
        self.program.batch()
    }

    fn input_mut(&mut self, input: InputId) -> &mut [f32] {
        self.program.input_mut(input)
    }

    fn forward(&mut self, active: usize, wanted: &[OutputId]) {
        self.pass(|program| program.forward(active, wanted));
    }

    fn output(&self, output: OutputId) -> &[f32] {
        self.program.output(output)
    }

    fn cotangent_mut(&mut self, output: OutputId) -> &mut [f32] {
        self.program.cotangent_mut(output)
    }

    fn backward(&mut self, active: usize, wanted: &[InputId]) {
        self.pass(|program| program.backward(active, wanted));
    }

    fn gradient(&self, input: InputId) -> &[f32] {
        self.program.gradient(input)
    }

    fn memory(&self) -> Memory {
        self.program.memory()
    }
}
