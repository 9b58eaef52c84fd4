//! A compiled network: its kernels, its memory, and the two passes.

#![allow(unsafe_code)]

use super::lower::{Maker, lower};
use super::plan::{NodePlan, Spot, plan};
use super::port::{export, import};
use super::step::{Clock, Step};
use crate::cpu::lanes::{Floats, InstructionSet, Kernel, Run, Tensor, Values, clear_border, untouched_zeros};
use crate::cpu::linear::is_compact;
use crate::cpu::pointwise::accumulate;
use crate::cpu::settings::Settings;
use crate::{Error, ErrorKind, InputId, Memory, Network, Operator, OutputId, Result};

/// One end of the network: its numbers and their gradients, row-major.
struct Port {
    numbers: Vec<f32>,
    gradient: Vec<f32>,
}

enum Source {
    Input(usize),
    Constant,
    Kernel(Box<dyn Kernel>),
}

struct Node {
    source: Source,
    arguments: Vec<usize>,
    /// The arguments' values.
    values: Vec<Tensor>,
    value: Tensor,
    gradient: Option<Tensor>,
    /// For each argument, where its gradient goes when there is one already.
    temporaries: Vec<Option<Tensor>>,
    scratch: [*mut f32; 2],
    saved: *mut f32,
    clear_value: bool,
    clear_gradient: bool,
    outputs: Vec<usize>,
}

pub(crate) struct Program {
    batch: usize,
    instructions: InstructionSet,
    workers: usize,
    nodes: Vec<Node>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    /// Which nodes lie between a wanted input and an output.
    needed: Vec<bool>,
    /// Which nodes have a gradient already.
    written: Vec<bool>,
    /// What runs as one, as a profile shows it.
    pub(crate) steps: Vec<Step>,
    pub(crate) clock: Option<Clock>,
    memory: Floats,
    constants: Vec<Floats>,
    forward_only: bool,
}

// SAFETY: the addresses inside point to the memory that it owns, and only `&mut self` writes there.
unsafe impl Send for Program {}

impl Program {
    /// What a program would need, without making it.
    pub(crate) fn estimate(settings: Settings, network: &Network, batch: usize) -> Memory {
        let settings = Settings { sizes_only: true, ..settings.fitting(network) };
        let lowered = lower(settings, network);
        let plan = plan(&lowered, [batch, rayon::current_num_threads()], settings.forward_only);
        let weights = lowered.iter().enumerate().map(|(index, node)| match &node.maker {
            Maker::Kernel(kernel) => kernel.weights(),
            Maker::Constant(_) => plan.nodes.get(index).map_or(0, |node| node.value.layout.len()),
            Maker::Input(_) => 0,
        });
        let bytes = |floats: usize| floats.saturating_mul(size_of::<f32>());
        Memory { weights: bytes(weights.sum()), values: bytes(plan.total.saturating_add(ports(network, batch))) }
    }

    /// # Errors
    /// [`ErrorKind::Memory`] when it needs more than `most` bytes, or more than the system gives.
    pub(crate) fn new(settings: Settings, network: &Network, batch: usize, most: usize) -> Result<Self> {
        let needed = Self::estimate(settings, network, batch);
        if needed.total() > most {
            return Err(too_much(needed, batch, &format!("more than the {} that it may take", gigabytes(most))));
        }
        let refused = || too_much(needed, batch, "more than the system gives");
        let instructions = settings.instructions;
        let settings = settings.fitting(network);
        let workers = rayon::current_num_threads();
        let lowered = lower(settings, network);
        let plan = plan(&lowered, [batch, workers], settings.forward_only);
        let memory = Floats::try_zeroed(plan.total).ok_or_else(refused)?;
        let mut constants = Vec::new();
        let run =
            Run { instructions, workers: 1, active: 1, scratch: std::ptr::null_mut(), saved: std::ptr::null_mut() };
        // SAFETY: the plan's places are inside of its total.
        let at = |start: usize| unsafe { memory.start().add(start) };
        let tensor = |spot: &Spot| Tensor { data: at(spot.start), stride: spot.layout.len(), layout: spot.layout };

        let steps = lowered.iter().map(|node| node.step(batch)).collect();
        let mut nodes: Vec<Node> = Vec::new();
        for (node, NodePlan { value, gradient, temporaries, scratch, saved }) in lowered.into_iter().zip(&plan.nodes) {
            let mut own = tensor(value);
            let source = match node.maker {
                Maker::Input(input) => Source::Input(input),
                Maker::Kernel(kernel) => Source::Kernel(kernel),
                Maker::Constant(values) => {
                    let floats = Floats::zeroed(value.layout.len());
                    own = Tensor { data: floats.start(), stride: 0, layout: value.layout };
                    import(&run, &values, own, false);
                    constants.push(floats);
                    Source::Constant
                }
            };
            nodes.push(Node {
                source,
                values: node.arguments.iter().map(|&argument| nodes[argument].value).collect(),
                arguments: node.arguments,
                value: own,
                gradient: gradient.as_ref().map(tensor),
                temporaries: temporaries.iter().map(|spot| spot.as_ref().map(tensor)).collect(),
                scratch: scratch.map(at),
                saved: at(*saved),
                clear_value: value.clear,
                clear_gradient: gradient.is_some_and(|spot| spot.clear),
                outputs: node.outputs,
            });
        }
        let ports = |ports: &[crate::Port]| -> Result<Vec<Port>> {
            // Not every gradient is wanted, and those that are not take no pages.
            let numbers = |port: &crate::Port| untouched_zeros(batch * port.shape.len()).ok_or_else(refused);
            ports.iter().map(|port| Ok(Port { numbers: numbers(port)?, gradient: numbers(port)? })).collect()
        };
        Ok(Self {
            batch,
            instructions,
            workers,
            inputs: ports(network.inputs())?,
            outputs: ports(network.outputs())?,
            needed: vec![false; nodes.len()],
            written: vec![false; nodes.len()],
            steps,
            clock: None,
            nodes,
            memory,
            constants,
            forward_only: settings.forward_only,
        })
    }

    fn run(&self, active: usize, scratch: *mut f32, saved: *mut f32) -> Run {
        Run { instructions: self.instructions, workers: self.workers, active, scratch, saved }
    }

    fn run_forward(&mut self, active: usize, wanted: &[OutputId]) {
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            let run = self.run(active, node.scratch[0], node.saved);
            if node.clear_value {
                clear_border(&run, node.value);
            }
            match &node.source {
                Source::Input(input) => import(&run, &self.inputs[*input].numbers, node.value, false),
                Source::Constant => {}
                Source::Kernel(kernel) => kernel.forward(&run, &node.values, node.value),
            }
            for &output in &node.outputs {
                if wanted.iter().any(|wanted| wanted.index() == output) {
                    export(&run, node.value, &mut self.outputs[output].numbers);
                }
            }
            if let Some(clock) = &mut self.clock {
                clock.done(index, 0);
            }
        }
    }

    fn run_backward(&mut self, active: usize, wanted: &[InputId]) {
        self.written.fill(false);
        for (index, node) in self.nodes.iter().enumerate() {
            self.needed[index] = match node.source {
                Source::Input(input) => wanted.iter().any(|wanted| wanted.index() == input),
                _ => node.arguments.iter().any(|&argument| self.needed[argument]),
            };
        }
        for index in (0..self.nodes.len()).rev() {
            let node = &self.nodes[index];
            let Some(gradient) = node.gradient.filter(|_| self.needed[index]) else { continue };
            let run = self.run(active, node.scratch[1], node.saved);
            for &output in &node.outputs {
                if !self.written[index] && node.clear_gradient {
                    clear_border(&run, gradient);
                }
                import(&run, &self.outputs[output].gradient, gradient, self.written[index]);
                self.written[index] = true;
            }
            match &node.source {
                Source::Input(input) if self.written[index] => {
                    export(&run, gradient, &mut self.inputs[*input].gradient);
                }
                Source::Input(input) => self.inputs[*input].gradient.fill(0.0),
                Source::Kernel(kernel) if self.written[index] => {
                    descend(&run, kernel.as_ref(), &self.nodes, index, &self.needed, &mut self.written);
                }
                _ => {}
            }
            if let Some(clock) = &mut self.clock {
                clock.done(index, 1);
            }
        }
    }
}

impl Settings {
    /// The same, as it suits the network.
    fn fitting(self, network: &Network) -> Self {
        Self { compact: is_compact(self.forward_only, weights(network)), ..self }
    }
}

/// Why a program is not made.
fn too_much(needed: Memory, batch: usize, reason: &str) -> Error {
    let total = gigabytes(needed.total());
    let message = format!("the network needs {total} of memory for {batch} candidates at a time, {reason}");
    Error::new(ErrorKind::Memory, message)
}

fn gigabytes(bytes: usize) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

/// Floats that the ends of a network take: their numbers and gradients.
fn ports(network: &Network, batch: usize) -> usize {
    let ends = network.inputs().iter().chain(network.outputs());
    ends.map(|port| port.shape.len().saturating_mul(batch).saturating_mul(2)).fold(0, usize::saturating_add)
}

/// How many numbers the matrices and convolutions of a network have.
fn weights(network: &Network) -> usize {
    let of = |node: &crate::Node| match &node.operator {
        Operator::Dense(dense) => dense.weight.len(),
        Operator::Convolution(convolution) | Operator::TransposedConvolution(convolution) => convolution.weight.len(),
        _ => 0,
    };
    network.nodes().iter().map(of).sum()
}

/// Gives the gradient of a node to its arguments, the first one last or first.
fn descend(run: &Run, kernel: &dyn Kernel, nodes: &[Node], index: usize, needed: &[bool], written: &mut [bool]) {
    let node = &nodes[index];
    let values = Values { arguments: &node.values, result: node.value };
    let leads = kernel.leads();
    let others = (0..node.arguments.len()).rev();
    let order = leads.then_some(0).into_iter().chain(others.filter(|&which| !leads || which > 0));
    for which in order {
        let argument = node.arguments[which];
        let wanted = needed[argument] || (leads && which == 0);
        let (Some(gradient), Some(target), true) = (node.gradient, nodes[argument].gradient, wanted) else { continue };
        if let Some(temporary) = node.temporaries[which].filter(|_| written[argument]) {
            kernel.backward(run, which, &values, gradient, temporary);
            accumulate(run, temporary, target);
        } else {
            if nodes[argument].clear_gradient {
                clear_border(run, target);
            }
            kernel.backward(run, which, &values, gradient, target);
        }
        written[argument] = true;
    }
}

impl crate::Program for Program {
    fn batch(&self) -> usize {
        self.batch
    }

    fn input_mut(&mut self, input: InputId) -> &mut [f32] {
        &mut self.inputs[input.index()].numbers
    }

    fn forward(&mut self, active: usize, wanted: &[OutputId]) {
        assert!((1..=self.batch).contains(&active), "{active} of {} candidates", self.batch);
        rayon::scope(|_| self.run_forward(active, wanted));
    }

    fn output(&self, output: OutputId) -> &[f32] {
        &self.outputs[output.index()].numbers
    }

    fn cotangent_mut(&mut self, output: OutputId) -> &mut [f32] {
        &mut self.outputs[output.index()].gradient
    }

    fn backward(&mut self, active: usize, wanted: &[InputId]) {
        assert!(!self.forward_only, "the program was compiled for forward alone");
        assert!((1..=self.batch).contains(&active), "{active} of {} candidates", self.batch);
        rayon::scope(|_| self.run_backward(active, wanted));
    }

    fn gradient(&self, input: InputId) -> &[f32] {
        &self.inputs[input.index()].gradient
    }

    fn memory(&self) -> Memory {
        let kernels = self.nodes.iter().map(|node| match &node.source {
            Source::Kernel(kernel) => kernel.weights(),
            _ => 0,
        });
        let constants = self.constants.iter().map(|floats| floats.len());
        let ends = self.inputs.iter().chain(&self.outputs).flat_map(|port| [&port.numbers, &port.gradient]);
        Memory {
            weights: size_of::<f32>() * kernels.chain(constants).sum::<usize>(),
            values: size_of::<f32>() * (self.memory.len() + ends.map(Vec::len).sum::<usize>()),
        }
    }
}
