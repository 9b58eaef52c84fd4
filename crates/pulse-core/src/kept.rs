//! Programs that are kept from one search to the next.
//!
//! Preparing a network takes time: weights are transformed, memory is planned and allocated. Searches for many pictures
//! mostly run the same network, which depends on the generator and the measurement and not on the picture. An engine that
//! keeps its programs prepares it once.

use std::sync::{Arc, Mutex, PoisonError};

use pulse_engine::{Engine, InputId, Memory, Network, OutputId, Program};

/// An engine that reuses programs: it hands out an idle program of an equal network and batch, where it has one.
///
/// A program is idle once it was dropped. If no idle program matches, all idle programs are freed before a new one is compiled,
/// so that they never take more memory than one search does.
#[derive(Clone, Default)]
pub struct KeptPrograms<E> {
    engine: E,
    idle: Idle,
}

/// The idle programs.
type Idle = Arc<Mutex<Vec<Kept>>>;

/// A program, and what it was made of.
struct Kept {
    network: Network,
    batch: usize,
    forward_only: bool,
    program: Box<dyn Program>,
}

impl<E: Engine> KeptPrograms<E> {
    /// Keeps the programs of `engine`.
    pub fn new(engine: E) -> Self {
        Self { engine, idle: Idle::default() }
    }
}

impl<E: Engine> Engine for KeptPrograms<E> {
    fn compile(&self, network: &Network, batch: usize) -> pulse_engine::Result<Box<dyn Program>> {
        self.lend(network, batch, false)
    }

    fn compile_forward(&self, network: &Network, batch: usize) -> pulse_engine::Result<Box<dyn Program>> {
        self.lend(network, batch, true)
    }

    fn estimate(&self, network: &Network, batch: usize) -> Memory {
        self.engine.estimate(network, batch)
    }
}

impl<E: Engine> KeptPrograms<E> {
    /// An idle program that does what is asked for, or a new one.
    fn lend(&self, network: &Network, batch: usize, forward_only: bool) -> pulse_engine::Result<Box<dyn Program>> {
        let idle = &mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |kept: &Kept| (kept.batch, kept.forward_only) == (batch, forward_only) && kept.network == *network;
        let kept = if let Some(at) = idle.iter().position(fits) {
            let mut kept = idle.swap_remove(at);
            kept.clear();
            kept
        } else {
            idle.clear();
            let program = if forward_only {
                self.engine.compile_forward(network, batch)?
            } else {
                self.engine.compile(network, batch)?
            };
            Kept { network: network.clone(), batch, forward_only, program }
        };
        Ok(Box::new(Lent { kept: Some(kept), idle: Arc::clone(&self.idle) }))
    }
}

impl Kept {
    /// A program's inputs and cotangents are zero at first.
    fn clear(&mut self) {
        for input in self.network.input_ids() {
            self.program.input_mut(input).fill(0.0);
        }
        for output in self.network.output_ids() {
            self.program.cotangent_mut(output).fill(0.0);
        }
    }
}

/// A program in use. Dropping it makes it idle again.
struct Lent {
    /// Nothing only while it is dropped.
    kept: Option<Kept>,
    idle: Idle,
}

impl Lent {
    fn program(&self) -> &dyn Program {
        &*self.kept.as_ref().expect("it is there until it is dropped").program
    }

    fn program_mut(&mut self) -> &mut dyn Program {
        &mut *self.kept.as_mut().expect("it is there until it is dropped").program
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(self.kept.take());
    }
}

impl Program for Lent {
    fn batch(&self) -> usize {
        self.program().batch()
    }

    fn input_mut(&mut self, input: InputId) -> &mut [f32] {
        self.program_mut().input_mut(input)
    }

    fn forward(&mut self, active: usize, wanted: &[OutputId]) {
        self.program_mut().forward(active, wanted);
    }

    fn output(&self, output: OutputId) -> &[f32] {
        self.program().output(output)
    }

    fn cotangent_mut(&mut self, output: OutputId) -> &mut [f32] {
        self.program_mut().cotangent_mut(output)
    }

    fn backward(&mut self, active: usize, wanted: &[InputId]) {
        self.program_mut().backward(active, wanted);
    }

    fn gradient(&self, input: InputId) -> &[f32] {
        self.program().gradient(input)
    }

    fn memory(&self) -> Memory {
        self.program().memory()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use pulse_engine::{Cpu, NetworkBuilder, Operator, Shape};

    use super::*;

    /// Counts how often it compiles.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Engine for Counting {
        fn compile(&self, network: &Network, batch: usize) -> pulse_engine::Result<Box<dyn Program>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Cpu::default().compile(network, batch)
        }
    }

    /// `y = factor x`.
    fn network(factor: f32) -> Network {
        let mut builder = NetworkBuilder::new();
        let x = builder.input("x", Shape::Vector(3)).unwrap();
        let y = builder.add(Operator::affine(vec![factor], vec![0.0]), &[x]).unwrap();
        builder.output("y", y).unwrap();
        builder.build().unwrap()
    }

    #[test]
    fn an_equal_network_is_compiled_once() {
        let engine = KeptPrograms::new(Counting::default());
        let compiled = || engine.engine.0.load(Ordering::Relaxed);
        let run = |factor, batch| {
            let network = network(factor);
            let (x, y) = (network.input("x").unwrap(), network.output("y").unwrap());
            let mut program = engine.compile(&network, batch).unwrap();
            // As new.
            assert!(program.input_mut(x).iter().all(|&number| number == 0.0));
            assert!(program.cotangent_mut(y).iter().all(|&number| number == 0.0));
            program.input_mut(x).fill(1.5);
            program.cotangent_mut(y).fill(1.0);
            program.forward(batch, &[y]);
            program.backward(batch, &[x]);
            assert_eq!(program.output(y), vec![1.5 * factor; 3 * batch]);
            assert_eq!(program.gradient(x), vec![factor; 3 * batch]);
        };
        run(2.0, 1);
        run(2.0, 1);
        assert_eq!(compiled(), 1);
        run(3.0, 1);
        run(3.0, 2);
        assert_eq!(compiled(), 3);
        // The first one was freed.
        run(2.0, 1);
        assert_eq!(compiled(), 4);
    }

    #[test]
    fn a_program_in_use_is_not_shared() {
        let engine = KeptPrograms::new(Counting::default());
        let network = network(2.0);
        let both = [engine.compile(&network, 1).unwrap(), engine.compile(&network, 1).unwrap()];
        drop(both);
        let _both = [engine.compile(&network, 1).unwrap(), engine.compile(&network, 1).unwrap()];
        assert_eq!(engine.engine.0.load(Ordering::Relaxed), 2);
    }
}
