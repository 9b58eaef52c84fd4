//! Which kernel runs each node, in what memory, and how long it takes.

use std::time::Duration;

use super::program::Program;
use super::step::{Clock, Step};
use crate::cpu::settings::Settings;
use crate::{InputId, Network, Program as _, Result};

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
    /// Bytes of the engine's own copies of the weights.
    pub weights: usize,
}

impl Profile {
    pub(crate) fn new(
        settings: Settings,
        network: &Network,
        batch: usize,
        wanted: &[InputId],
        runs: usize,
    ) -> Result<Self> {
        let mut program = Program::new(settings, network, batch, usize::MAX)?;
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
            if !settings.forward_only {
                program.backward(batch, wanted);
            }
            let measured = program.clock.take().map(Clock::times).unwrap_or_default();
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
        Ok(Self {
            instructions: settings.instructions.name(),
            threads: rayon::current_num_threads(),
            batch,
            steps,
            memory: program.memory().values,
            weights: program.memory().weights,
        })
    }
}
