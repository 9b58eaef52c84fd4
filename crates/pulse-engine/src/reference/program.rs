//! The reference as an engine.

use super::{backward, forward};
use crate::{Engine, InputId, Network, OutputId, Port, Program, Result};

/// The reference engine: [`forward`] and [`backward`] in `f64`, one candidate after another, `f32` at the
/// border. It is for comparing, not for searching: it allocates in every call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

impl Engine for Reference {
    fn compile(&self, network: &Network, batch: usize) -> Result<Box<dyn Program>> {
        let buffers = |ports: &[Port]| ports.iter().map(|port| vec![0.0; batch * port.shape.len()]).collect();
        Ok(Box::new(ReferenceProgram {
            network: network.clone(),
            batch,
            inputs: buffers(network.inputs()),
            outputs: buffers(network.outputs()),
            cotangents: buffers(network.outputs()),
            gradients: buffers(network.inputs()),
            values: Vec::new(),
        }))
    }
}

struct ReferenceProgram {
    network: Network,
    batch: usize,
    inputs: Vec<Vec<f32>>,
    outputs: Vec<Vec<f32>>,
    cotangents: Vec<Vec<f32>>,
    gradients: Vec<Vec<f32>>,
    /// The value of every node, for each candidate of the last forward pass.
    values: Vec<Vec<Vec<f64>>>,
}

impl Program for ReferenceProgram {
    fn batch(&self) -> usize {
        self.batch
    }

    fn input_mut(&mut self, input: InputId) -> &mut [f32] {
        &mut self.inputs[input.index()]
    }

    fn forward(&mut self, active: usize, wanted: &[OutputId]) {
        assert!((1..=self.batch).contains(&active), "{active} active candidates in a batch of {}", self.batch);
        self.values.clear();
        for candidate in 0..active {
            let values = forward(&self.network, &rows(self.network.inputs(), &self.inputs, candidate));
            for &output in wanted {
                let value = self.network.output_port(output).value;
                narrow(&values[value.index()], &mut self.outputs[output.index()], candidate);
            }
            self.values.push(values);
        }
    }

    fn output(&self, output: OutputId) -> &[f32] {
        &self.outputs[output.index()]
    }

    fn cotangent_mut(&mut self, output: OutputId) -> &mut [f32] {
        &mut self.cotangents[output.index()]
    }

    fn backward(&mut self, active: usize, wanted: &[InputId]) {
        let known = self.values.len();
        assert!((1..=known).contains(&active), "{active} active candidates after a forward pass of {known}");
        for (candidate, values) in self.values[..active].iter().enumerate() {
            let cotangents = rows(self.network.outputs(), &self.cotangents, candidate);
            let gradients = backward(&self.network, values, &cotangents);
            for input in wanted {
                narrow(&gradients[input.index()], &mut self.gradients[input.index()], candidate);
            }
        }
    }

    fn gradient(&self, input: InputId) -> &[f32] {
        &self.gradients[input.index()]
    }
}

/// One candidate's row of every port, widened.
fn rows(ports: &[Port], buffers: &[Vec<f32>], candidate: usize) -> Vec<Vec<f64>> {
    let row = |(port, buffer): (&Port, &Vec<f32>)| {
        let n = port.shape.len();
        buffer[candidate * n..][..n].iter().map(|&x| f64::from(x)).collect()
    };
    ports.iter().zip(buffers).map(row).collect()
}

fn narrow(row: &[f64], buffer: &mut [f32], candidate: usize) {
    let target = &mut buffer[candidate * row.len()..][..row.len()];
    target.iter_mut().zip(row).for_each(|(target, &x)| *target = x as f32);
}
