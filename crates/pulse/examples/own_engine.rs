//! An engine of one's own: one that wraps another, and counts what the search asks of it.
//!
//! ```text
//! cargo run --release --example own_engine
//! ```
//!
//! The search knows an engine by two traits. One for another device, or one that writes down what happens, is put in the same way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pulse::Result;
use pulse::candidate::Candidate;
use pulse::engine::{self, Cpu, Engine, InputId, Network, OutputId, Program};
use pulse::event::Silent;
use pulse::generator::EMBEDDED;
use pulse::image::{Image, Size};
use pulse::measurement::MeasurementKind;
use pulse::search::{Problem, SearchConfig, search};

/// What an engine did, in all of its programs together.
#[derive(Debug, Default)]
pub struct Counts {
    /// Networks compiled.
    pub compiled: AtomicUsize,
    /// Forward passes.
    pub forward: AtomicUsize,
    /// Backward passes.
    pub backward: AtomicUsize,
    /// Candidates in all of those passes.
    pub rows: AtomicUsize,
}

/// An engine that counts what another one does.
pub struct Counting<E> {
    engine: E,
    /// What was counted.
    pub counts: Arc<Counts>,
}

impl<E> Counting<E> {
    /// Nothing is counted yet.
    pub fn new(engine: E) -> Self {
        Self { engine, counts: Arc::default() }
    }
}

impl<E: Engine> Engine for Counting<E> {
    fn compile(&self, network: &Network, batch: usize) -> engine::Result<Box<dyn Program>> {
        self.counts.compiled.fetch_add(1, Ordering::Relaxed);
        let program = self.engine.compile(network, batch)?;
        Ok(Box::new(Counted { program, counts: Arc::clone(&self.counts) }))
    }
}

/// A program of such an engine.
struct Counted {
    program: Box<dyn Program>,
    counts: Arc<Counts>,
}

impl Program for Counted {
    fn batch(&self) -> usize {
        self.program.batch()
    }

    fn input_mut(&mut self, input: InputId) -> &mut [f32] {
        self.program.input_mut(input)
    }

    fn forward(&mut self, active: usize, wanted: &[OutputId]) {
        self.counts.forward.fetch_add(1, Ordering::Relaxed);
        self.counts.rows.fetch_add(active, Ordering::Relaxed);
        self.program.forward(active, wanted);
    }

    fn output(&self, output: OutputId) -> &[f32] {
        self.program.output(output)
    }

    fn cotangent_mut(&mut self, output: OutputId) -> &mut [f32] {
        self.program.cotangent_mut(output)
    }

    fn backward(&mut self, active: usize, wanted: &[InputId]) {
        self.counts.backward.fetch_add(1, Ordering::Relaxed);
        self.counts.rows.fetch_add(active, Ordering::Relaxed);
        self.program.backward(active, wanted);
    }

    fn gradient(&self, input: InputId) -> &[f32] {
        self.program.gradient(input)
    }
}

/// Searches for a grey pixel with any engine.
pub fn search_with(engine: &dyn Engine, config: &SearchConfig) -> Result<Vec<Candidate>> {
    let generator = EMBEDDED[0].open()?;
    let target = Image::new(3, 1, 1, vec![0.5; 3])?;
    let spec = generator.spec();
    let sharp = Size::new(spec.width, spec.height);
    let measurement = MeasurementKind::default().resolve(spec.channels, sharp, target.size())?;
    search(&Problem::new(&*generator, &*measurement, &target), config, engine, &mut Silent)
}

fn main() -> Result<()> {
    let engine = Counting::new(Cpu::default());
    let found = search_with(&engine, &SearchConfig::default())?;
    println!("{} candidates: {:?}", found.len(), engine.counts);
    Ok(())
}
