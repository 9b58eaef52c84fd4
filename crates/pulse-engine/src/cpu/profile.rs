//! Which kernel runs each node, in what memory, and how long it takes.

use std::time::{Duration, Instant};

use super::program::Program;
use crate::{Cpu, InputId, Network, Program as _, Shape};

/// A compiled network, node by node.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The instruction set that the kernels were compiled for, as `PULSE_SIMD` names it.
    pub instructions: &'static str,
    /// Threads.
    pub threads: usize,
    /// Candidates of each pass.
    pub batch: usize,
    /// The nodes in the order in which forward runs them.
    pub steps: Vec<Step>,
    /// Bytes of all values and gradients together; they share what they do not need at the same time.
    pub memory: usize,
}

/// What runs as one.
#[derive(Clone, Debug)]
pub struct Step {
    /// The operators, joined by `+`.
    pub operators: String,
    /// How they are computed.
    pub kernel: String,
    /// The shape of the result.
    pub shape: Shape,
    /// Bytes of the result, for all candidates.
    pub bytes: usize,
    /// Multiplications of the forward pass by the operators' definitions, for all candidates. The gradient of a
    /// convolution or a matrix with respect to its argument has as many again.
    pub products: usize,
    /// The median time of the forward and of the backward pass.
    pub times: [Duration; 2],
}

impl Profile {
    pub(super) fn new(engine: &Cpu, network: &Network, batch: usize, wanted: &[InputId], runs: usize) -> Self {
        let mut program = Program::new(engine, network, batch);
        let mut steps = program.steps.clone();
        let outputs: Vec<_> = network.output_ids().collect();
        let mut state = 1u32;
        let mut random = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1u32 << 23) as f32 - 1.0
        };
        for input in network.input_ids() {
            program.input_mut(input).fill_with(&mut random);
        }
        for &output in &outputs {
            program.cotangent_mut(output).fill_with(&mut random);
        }
        let mut times = vec![[const { Vec::new() }; 2]; steps.len()];
        // The first pass touches memory for the first time.
        for run in 0..=runs {
            program.clock = Some(Clock::new(steps.len()));
            program.forward(batch, &outputs);
            program.backward(batch, wanted);
            let measured = program.clock.take().map(|clock| clock.times).unwrap_or_default();
            for (times, [forward, backward]) in times.iter_mut().zip(measured).filter(|_| run > 0 || runs == 0) {
                times[0].push(forward);
                times[1].push(backward);
            }
        }
        for (step, times) in steps.iter_mut().zip(times) {
            step.times = times.map(|mut times: Vec<Duration>| {
                times.sort_unstable();
                times[times.len() / 2]
            });
        }
        Self {
            instructions: engine.instructions.name(),
            threads: rayon::current_num_threads(),
            batch,
            steps,
            memory: program.memory(),
        }
    }
}

/// Times the nodes as a program runs them.
pub(super) struct Clock {
    last: Instant,
    times: Vec<[Duration; 2]>,
}

impl Clock {
    fn new(nodes: usize) -> Self {
        Self { last: Instant::now(), times: vec![[Duration::ZERO; 2]; nodes] }
    }

    /// A node has been run, forward (0) or backward (1).
    pub(super) fn done(&mut self, index: usize, pass: usize) {
        let now = Instant::now();
        self.times[index][pass] += now - self.last;
        self.last = now;
    }
}
