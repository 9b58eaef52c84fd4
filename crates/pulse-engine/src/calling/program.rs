//! Parts and calls, run one after the other.

use super::parts::{Part, Parts};
use crate::{InputId, Memory, Network, OutputId, PreparedFunction, Program};

/// What crosses a cut, or is an end of the whole: `batch` rows of a node's value, and of its gradient.
#[derive(Default)]
struct Crossing {
    length: usize,
    numbers: Vec<f32>,
    gradient: Vec<f32>,
}

struct Output {
    node: usize,
    numbers: Vec<f32>,
    cotangent: Vec<f32>,
}

struct Own {
    function: Box<dyn PreparedFunction>,
    arguments: Vec<usize>,
    node: usize,
    gradients: Vec<Vec<f32>>,
}

struct Step {
    calls: Vec<Own>,
    program: Option<Box<dyn Program>>,
    part: Part,
}

pub(super) struct Composed {
    batch: usize,
    differentiable: bool,
    steps: Vec<Step>,
    /// One for each node; empty where nothing crosses.
    crossings: Vec<Crossing>,
    inputs: Vec<usize>,
    outputs: Vec<Output>,
    made_of: Vec<Vec<usize>>,
    /// What a part is asked for, kept so that nothing is allocated.
    asked: (Vec<OutputId>, Vec<InputId>),
}

impl Composed {
    pub(super) fn new(
        network: &Network,
        parts: Parts,
        programs: Vec<Option<Box<dyn Program>>>,
        batch: usize,
        differentiable: bool,
    ) -> Self {
        let nodes = network.nodes();
        let mut crossings: Vec<Crossing> = nodes.iter().map(|_| Crossing::default()).collect();
        for node in parts.crossings(network) {
            let length = nodes[node].shape.len();
            let numbers = || vec![0.0; batch * length];
            let gradient = if differentiable { numbers() } else { Vec::new() };
            crossings[node] = Crossing { length, numbers: numbers(), gradient };
        }
        let mut steps = Vec::new();
        for (part, program) in parts.parts.into_iter().zip(programs) {
            let call = |(call, node): &(crate::Call, usize)| {
                let rows = |shape: &crate::Shape| vec![0.0; if differentiable { batch * shape.len() } else { 0 }];
                Own {
                    function: call.function.prepare(batch, differentiable),
                    arguments: nodes[*node].arguments.iter().map(|argument| argument.index()).collect(),
                    node: *node,
                    gradients: call.arguments.iter().map(rows).collect(),
                }
            };
            steps.push(Step { calls: part.calls.iter().map(call).collect(), program, part });
        }
        let output = |port: &crate::Port| {
            let numbers = || vec![0.0; batch * port.shape.len()];
            Output { node: port.value.index(), numbers: numbers(), cotangent: numbers() }
        };
        Self {
            batch,
            differentiable,
            steps,
            crossings,
            inputs: network.inputs().iter().map(|port| port.value.index()).collect(),
            outputs: network.outputs().iter().map(output).collect(),
            made_of: parts.made_of,
            asked: (Vec::new(), Vec::new()),
        }
    }
}

impl Own {
    fn forward(&mut self, active: usize, crossings: &mut [Crossing]) {
        let mut result = std::mem::take(&mut crossings[self.node].numbers);
        let rows = |&argument: &usize| {
            let Crossing { length, numbers, .. } = &crossings[argument];
            &numbers[..active * length]
        };
        let arguments: Vec<&[f32]> = self.arguments.iter().map(rows).collect();
        self.function.forward(active, &arguments, &mut result[..active * crossings[self.node].length]);
        crossings[self.node].numbers = result;
    }

    fn backward(&mut self, active: usize, crossings: &mut [Crossing]) {
        let Crossing { length, gradient, .. } = &crossings[self.node];
        for (rows, &argument) in self.gradients.iter_mut().zip(&self.arguments) {
            rows.resize(active * crossings[argument].length, 0.0);
        }
        self.function.backward(active, &gradient[..active * length], &mut self.gradients);
        for (rows, &argument) in self.gradients.iter().zip(&self.arguments) {
            add(&mut crossings[argument].gradient, rows);
        }
    }
}

fn add(sum: &mut [f32], rows: &[f32]) {
    sum.iter_mut().zip(rows).for_each(|(sum, number)| *sum += number);
}

impl Program for Composed {
    fn batch(&self) -> usize {
        self.batch
    }

    fn input_mut(&mut self, input: InputId) -> &mut [f32] {
        &mut self.crossings[self.inputs[input.index()]].numbers
    }

    fn forward(&mut self, active: usize, wanted: &[OutputId]) {
        assert!((1..=self.batch).contains(&active), "{active} of {} candidates", self.batch);
        let Self { steps, crossings, asked: (asked, _), .. } = self;
        for Step { calls, program, part } in steps {
            for call in calls {
                call.forward(active, crossings);
            }
            let Some(program) = program else { continue };
            for &(input, node) in &part.inputs {
                let Crossing { length, numbers, .. } = &crossings[node];
                program.input_mut(input)[..active * length].copy_from_slice(&numbers[..active * length]);
            }
            asked.clear();
            asked.extend(part.outputs.iter().map(|(output, _)| *output));
            program.forward(active, asked);
            for &(output, node) in &part.outputs {
                let Crossing { length, numbers, .. } = &mut crossings[node];
                numbers[..active * *length].copy_from_slice(&program.output(output)[..active * *length]);
            }
        }
        for wanted in wanted {
            let Output { node, numbers, .. } = &mut self.outputs[wanted.index()];
            let rows = active * self.crossings[*node].length;
            numbers[..rows].copy_from_slice(&self.crossings[*node].numbers[..rows]);
        }
    }

    fn output(&self, output: OutputId) -> &[f32] {
        &self.outputs[output.index()].numbers
    }

    fn cotangent_mut(&mut self, output: OutputId) -> &mut [f32] {
        &mut self.outputs[output.index()].cotangent
    }

    fn backward(&mut self, active: usize, wanted: &[InputId]) {
        assert!(self.differentiable, "the program was compiled for forward alone");
        assert!((1..=self.batch).contains(&active), "{active} of {} candidates", self.batch);
        let Self { steps, crossings, made_of, outputs, asked: (_, asked), .. } = self;
        let needed = |node: usize| made_of[node].iter().any(|&input| wanted.iter().any(|id| id.index() == input));
        for crossing in crossings.iter_mut() {
            crossing.gradient.fill(0.0);
        }
        for Output { node, cotangent, .. } in outputs.iter() {
            let rows = active * crossings[*node].length;
            add(&mut crossings[*node].gradient, &cotangent[..rows]);
        }
        for Step { calls, program, part } in steps.iter_mut().rev() {
            asked.clear();
            asked.extend(part.inputs.iter().filter(|(_, node)| needed(*node)).map(|(input, _)| *input));
            if let Some(program) = program.as_mut().filter(|_| !asked.is_empty()) {
                for &(output, node) in &part.outputs {
                    let rows = active * crossings[node].length;
                    program.cotangent_mut(output)[..rows].copy_from_slice(&crossings[node].gradient[..rows]);
                }
                program.backward(active, asked);
                for &(input, node) in part.inputs.iter().filter(|(_, node)| needed(*node)) {
                    let rows = active * crossings[node].length;
                    add(&mut crossings[node].gradient, &program.gradient(input)[..rows]);
                }
            }
            for call in calls.iter_mut().filter(|call| needed(call.node)) {
                call.backward(active, crossings);
            }
        }
    }

    fn gradient(&self, input: InputId) -> &[f32] {
        &self.crossings[self.inputs[input.index()]].gradient
    }

    /// That of the parts, and what crosses between them; functions have their own.
    fn memory(&self) -> Memory {
        let parts = self.steps.iter().filter_map(|step| Some(step.program.as_ref()?.memory()));
        let crossing = self.crossings.iter().map(|crossing| crossing.numbers.len() + crossing.gradient.len());
        let crossing = size_of::<f32>() * crossing.sum::<usize>();
        parts.fold(Memory { weights: 0, values: crossing }, |sum, part| Memory {
            weights: sum.weights + part.weights,
            values: sum.values + part.values,
        })
    }
}
