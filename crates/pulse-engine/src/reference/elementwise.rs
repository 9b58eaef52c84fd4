//! Operators that work on each element by itself.

use crate::{Affine, Shape, Weights};

pub(super) fn zip(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect()
}

pub(super) fn affine(affine: &Affine, shape: Shape, x: &[f64]) -> Vec<f64> {
    let term = |(i, x): (usize, &f64)| {
        coefficient(&affine.scale, shape, i).unwrap_or(1.0) * x + coefficient(&affine.shift, shape, i).unwrap_or(0.0)
    };
    x.iter().enumerate().map(term).collect()
}

pub(super) fn affine_adjoint(affine: &Affine, shape: Shape, cotangent: &[f64]) -> Vec<f64> {
    let term = |(i, g): (usize, &f64)| coefficient(&affine.scale, shape, i).unwrap_or(1.0) * g;
    cotangent.iter().enumerate().map(term).collect()
}

/// The broadcast coefficient of the element at `index`.
fn coefficient(coefficients: &[f32], shape: Shape, index: usize) -> Option<f64> {
    let position = match coefficients.len() {
        0 => return None,
        1 => 0,
        n if n == shape.channels() => shape.channel_of(index),
        _ => index,
    };
    Some(f64::from(coefficients[position]))
}

pub(super) fn leaky_relu(x: f64, slope: f32, gain: f32, clamp: Option<f32>) -> f64 {
    let y = f64::from(gain) * if x < 0.0 { f64::from(slope) * x } else { x };
    match clamp.map(f64::from) {
        // Not `f64::clamp`, which panics when its bounds are not in order.
        Some(clamp) if y > clamp => clamp,
        Some(clamp) if y < -clamp => -clamp,
        _ => y,
    }
}

pub(super) fn leaky_relu_derivative(x: f64, slope: f32, gain: f32, clamp: Option<f32>) -> f64 {
    let derivative = f64::from(gain) * if x < 0.0 { f64::from(slope) } else { 1.0 };
    let binds = clamp.is_some_and(|clamp| (derivative * x).abs() >= f64::from(clamp));
    if binds { 0.0 } else { derivative }
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `d/dx x σ(x) = σ(x) (1 + x (1 − σ(x)))`.
pub(super) fn silu_derivative(x: f64) -> f64 {
    let sigmoid = sigmoid(x);
    sigmoid * (1.0 + x * (1.0 - sigmoid))
}

/// `y[c,p] = a[c,p] + b[c]`.
pub(super) fn add_channels(shape: Shape, arguments: &[&[f64]]) -> Vec<f64> {
    arguments[0].iter().enumerate().map(|(i, a)| a + arguments[1][shape.channel_of(i)]).collect()
}

/// The sum over the pixels of each channel.
pub(super) fn sum_pixels(shape: Shape, x: &[f64]) -> Vec<f64> {
    x.chunks_exact(shape.len() / shape.channels()).map(|channel| channel.iter().sum()).collect()
}

pub(super) fn modulate(shape: Shape, arguments: &[&[f64]]) -> Vec<f64> {
    let term = |(i, x): (usize, &f64)| {
        let channel = shape.channel_of(i);
        x * arguments[1][channel] + arguments.get(2).map_or(0.0, |shift| shift[channel])
    };
    arguments[0].iter().enumerate().map(term).collect()
}

pub(super) fn modulate_pull_back(shape: Shape, arguments: &[&[f64]], cotangent: &[f64]) -> Vec<Vec<f64>> {
    let mut gradients: Vec<Vec<f64>> = arguments.iter().map(|argument| vec![0.0; argument.len()]).collect();
    for (i, g) in cotangent.iter().enumerate() {
        let channel = shape.channel_of(i);
        gradients[0][i] = g * arguments[1][channel];
        gradients[1][channel] += g * arguments[0][i];
        if let Some(shift) = gradients.get_mut(2) {
            shift[channel] += g;
        }
    }
    gradients
}

pub(super) fn add_noise(strength: &Weights, shape: Shape, x: &[f64], noise: &[f64]) -> Vec<f64> {
    let term = |(i, x): (usize, &f64)| x + strength_at(strength, shape, i) * noise[i % noise.len()];
    x.iter().enumerate().map(term).collect()
}

/// The cotangent of the noise: the weighted sum over the channels.
pub(super) fn noise_adjoint(strength: &Weights, shape: Shape, cotangent: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; shape.len() / shape.channels()];
    let pixels = gradient.len();
    for (i, g) in cotangent.iter().enumerate() {
        gradient[i % pixels] += strength_at(strength, shape, i) * g;
    }
    gradient
}

fn strength_at(strength: &Weights, shape: Shape, index: usize) -> f64 {
    f64::from(if strength.len() == 1 { strength[0] } else { strength[shape.channel_of(index)] })
}
