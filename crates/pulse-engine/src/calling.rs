//! Networks in which functions of the caller's own are called.

mod parts;
mod program;

use crate::{Engine, Memory, Network, Program, Result};
use parts::Parts;
use program::Composed;

/// An engine for networks with [calls](crate::Call). It makes the calls itself, on the thread that runs the program, and leaves
/// what lies between them to another engine.
///
/// The network is cut where something is called: all that needs no call is a part of its own, all that needs the results of the
/// first calls is the next, and so on. A function may be slow, and its thread may hold locks of another world: no
/// thread of a pool ever waits for it, or runs it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calling<E> {
    engine: E,
}

impl<E: Engine> Calling<E> {
    /// Leaves what lies between calls to `engine`.
    pub const fn new(engine: E) -> Self {
        Self { engine }
    }

    fn compose(&self, network: &Network, batch: usize, differentiable: bool) -> Result<Box<dyn Program>> {
        let compile = |part: &Network| {
            if differentiable { self.engine.compile(part, batch) } else { self.engine.compile_forward(part, batch) }
        };
        if !network.has_calls() {
            return compile(network);
        }
        let parts = Parts::of(network)?;
        let programs = parts.parts.iter().map(|part| part.network.as_ref().map(compile).transpose());
        let programs = programs.collect::<Result<_>>()?;
        Ok(Box::new(Composed::new(network, parts, programs, batch, differentiable)))
    }
}

impl<E: Engine> Engine for Calling<E> {
    fn compile(&self, network: &Network, batch: usize) -> Result<Box<dyn Program>> {
        self.compose(network, batch, true)
    }

    /// That of the parts, and what crosses between them; functions have their own.
    fn estimate(&self, network: &Network, batch: usize) -> Memory {
        if !network.has_calls() {
            return self.engine.estimate(network, batch);
        }
        let Ok(parts) = Parts::of(network) else { return Memory::default() };
        let numbers: usize = parts.crossings(network).iter().map(|&node| network.nodes()[node].shape.len()).sum();
        let crossing = 2 * size_of::<f32>() * batch * numbers;
        let needed = parts.parts.iter().filter_map(|part| Some(self.engine.estimate(part.network.as_ref()?, batch)));
        needed.fold(Memory { weights: 0, values: crossing }, |sum, part| Memory {
            weights: sum.weights + part.weights,
            values: sum.values + part.values,
        })
    }

    fn compile_forward(&self, network: &Network, batch: usize) -> Result<Box<dyn Program>> {
        self.compose(network, batch, false)
    }
}
