//! Functions of the caller's own, in the single precision that they have.

use crate::{Call, PreparedFunction};

fn run(call: &Call, values: &[&[f64]], differentiable: bool) -> (Box<dyn PreparedFunction>, Vec<f32>) {
    let arguments: Vec<_> = values.iter().map(|value| narrowed(value)).collect();
    let arguments: Vec<_> = arguments.iter().map(Vec::as_slice).collect();
    let mut result = vec![0.0; call.result.len()];
    let mut prepared = call.function.prepare(1, differentiable);
    prepared.forward(1, &arguments, &mut result);
    (prepared, result)
}

pub(super) fn forward(call: &Call, values: &[&[f64]]) -> Vec<f64> {
    widened(&run(call, values, false).1)
}

pub(super) fn pull_back(call: &Call, values: &[&[f64]], cotangent: &[f64]) -> Vec<Vec<f64>> {
    let mut gradients: Vec<_> = call.arguments.iter().map(|shape| vec![0.0; shape.len()]).collect();
    run(call, values, true).0.backward(1, &narrowed(cotangent), &mut gradients);
    gradients.iter().map(|gradient| widened(gradient)).collect()
}

fn narrowed(numbers: &[f64]) -> Vec<f32> {
    numbers.iter().map(|&number| number as f32).collect()
}

fn widened(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|&number| f64::from(number)).collect()
}
