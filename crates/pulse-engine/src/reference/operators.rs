//! Which loops stand for which operator.

use super::{
    Arguments, attention, call, convolution, depthwise, elementwise, filter, fourier, normalize, pad, pool, vector,
};
use crate::{Node, Operator};

/// The value of a node from those of its arguments.
pub(super) fn apply(node: &Node, arguments: &Arguments) -> Vec<f64> {
    let (values, shapes) = (&arguments.values, &arguments.shapes);
    match &node.operator {
        Operator::Input => unreachable!("an input has no equation"),
        Operator::Constant(_, constant) => constant.iter().map(|&y| f64::from(y)).collect(),
        Operator::Dense(dense) => vector::dense(dense, values[0]),
        Operator::Row(row) => vector::slice(values[0], row * node.shape.len(), node.shape.len()),
        Operator::RepeatRows(rows) => values[0].repeat(*rows),
        Operator::Slice { start, .. } => {
            let one = node.shape.len() / node.shape.outermost();
            vector::slice(values[0], start * one, node.shape.len())
        }
        Operator::Concatenate => values.concat(),
        Operator::Normalize { epsilon } => normalize::rms(values[0], node.shape.channels(), *epsilon),
        Operator::Reshape(_) => values[0].to_vec(),
        Operator::Affine(affine) => elementwise::affine(affine, node.shape, values[0]),
        Operator::LeakyRelu { slope, gain, clamp } => {
            values[0].iter().map(|&x| elementwise::leaky_relu(x, *slope, *gain, *clamp)).collect()
        }
        Operator::Tanh => values[0].iter().map(|x| x.tanh()).collect(),
        Operator::Sigmoid => values[0].iter().map(|&x| elementwise::sigmoid(x)).collect(),
        Operator::Silu => values[0].iter().map(|&x| x * elementwise::sigmoid(x)).collect(),
        Operator::Square => values[0].iter().map(|x| x * x).collect(),
        Operator::InverseSqrt { epsilon } => values[0].iter().map(|x| 1.0 / (x + f64::from(*epsilon)).sqrt()).collect(),
        Operator::Add if shapes[0] != shapes[1] => elementwise::add_channels(node.shape, values),
        Operator::Add => elementwise::zip(values[0], values[1], |a, b| a + b),
        Operator::Multiply => elementwise::zip(values[0], values[1], |a, b| a * b),
        Operator::Convolution(weights) => convolution::forward(weights, shapes[0], node.shape, values[0]),
        Operator::TransposedConvolution(weights) => {
            convolution::transposed_forward(weights, shapes[0], node.shape, values[0])
        }
        Operator::DepthwiseConvolution(weights) => depthwise::forward(weights, shapes[0], node.shape, values[0]),
        Operator::MaxPool { window } => pool::forward(*window, shapes[0], node.shape, values[0]),
        Operator::Fir(fir) => filter::fir(fir, shapes[0], node.shape, values[0]),
        Operator::SeparableMap(separable) => filter::separable(separable, shapes[0], node.shape, values[0]),
        Operator::InstanceNorm { epsilon } => normalize::instance(values[0], node.shape, *epsilon),
        Operator::GroupNorm { groups, epsilon } => normalize::group(values[0], *groups, *epsilon),
        Operator::Attention { heads } => attention::forward(*heads, node.shape, values),
        Operator::Pad { vertical, horizontal } => {
            pad::forward([vertical[0], horizontal[0]], shapes[0], node.shape, values[0])
        }
        Operator::Modulate => elementwise::modulate(node.shape, values),
        Operator::AddNoise(strength) => elementwise::add_noise(strength, node.shape, values[0], values[1]),
        Operator::FourierFeatures(features) => fourier::forward(features, values[0]),
        Operator::Call(own) => call::forward(own, values),
    }
}

/// The vector-Jacobian product of a node, `Jᵀ cotangent`, one for each of its arguments. `y` is its value.
pub(super) fn pull_back(node: &Node, arguments: &Arguments, y: &[f64], cotangent: &[f64]) -> Vec<Vec<f64>> {
    let (values, shapes) = (&arguments.values, &arguments.shapes);
    match &node.operator {
        Operator::Input | Operator::Constant(..) => Vec::new(),
        Operator::Dense(dense) => vec![vector::dense_adjoint(dense, cotangent)],
        Operator::Row(row) => vec![vector::slice_adjoint(shapes[0].len(), row * cotangent.len(), cotangent)],
        Operator::RepeatRows(rows) => vec![vector::sum_rows(cotangent, *rows)],
        Operator::Slice { start, .. } => {
            let one = node.shape.len() / node.shape.outermost();
            vec![vector::slice_adjoint(shapes[0].len(), start * one, cotangent)]
        }
        Operator::Concatenate => vector::split(cotangent, shapes),
        Operator::Normalize { epsilon } => {
            vec![normalize::rms_pull_back(values[0], cotangent, node.shape.channels(), *epsilon)]
        }
        Operator::Reshape(_) => vec![cotangent.to_vec()],
        Operator::Affine(affine) => vec![elementwise::affine_adjoint(affine, node.shape, cotangent)],
        Operator::LeakyRelu { slope, gain, clamp } => {
            let slope_at = |x, g| g * elementwise::leaky_relu_derivative(x, *slope, *gain, *clamp);
            vec![elementwise::zip(values[0], cotangent, slope_at)]
        }
        Operator::Tanh => vec![elementwise::zip(y, cotangent, |y, g| g * (1.0 - y * y))],
        Operator::Sigmoid => vec![elementwise::zip(y, cotangent, |y, g| g * y * (1.0 - y))],
        Operator::Silu => vec![elementwise::zip(values[0], cotangent, |x, g| g * elementwise::silu_derivative(x))],
        Operator::Square => vec![elementwise::zip(values[0], cotangent, |x, g| 2.0 * x * g)],
        // y = (x + ε)^(−1/2), so dy/dx = −(x + ε)^(−3/2) / 2 = −y³ / 2.
        Operator::InverseSqrt { .. } => vec![elementwise::zip(y, cotangent, |y, g| -0.5 * y * y * y * g)],
        Operator::Add if shapes[0] != shapes[1] => {
            vec![cotangent.to_vec(), elementwise::sum_pixels(node.shape, cotangent)]
        }
        Operator::Add => vec![cotangent.to_vec(); 2],
        Operator::Multiply => {
            [values[1], values[0]].map(|other| elementwise::zip(other, cotangent, |other, g| other * g)).into()
        }
        Operator::Convolution(weights) => vec![convolution::pull_back(weights, shapes[0], node.shape, cotangent)],
        Operator::TransposedConvolution(weights) => {
            vec![convolution::transposed_pull_back(weights, shapes[0], node.shape, cotangent)]
        }
        Operator::DepthwiseConvolution(weights) => {
            vec![depthwise::pull_back(weights, shapes[0], node.shape, cotangent)]
        }
        Operator::MaxPool { window } => {
            vec![pool::pull_back(*window, shapes[0], node.shape, values[0], cotangent)]
        }
        Operator::Fir(fir) => vec![filter::fir_adjoint(fir, shapes[0], node.shape, cotangent)],
        Operator::SeparableMap(separable) => {
            vec![filter::separable_adjoint(separable, shapes[0], node.shape, cotangent)]
        }
        Operator::InstanceNorm { epsilon } => {
            vec![normalize::instance_pull_back(values[0], y, cotangent, node.shape, *epsilon)]
        }
        Operator::GroupNorm { groups, epsilon } => {
            vec![normalize::group_pull_back(values[0], y, cotangent, *groups, *epsilon)]
        }
        Operator::Attention { heads } => attention::pull_back(*heads, node.shape, values, cotangent),
        Operator::Pad { vertical, horizontal } => {
            vec![pad::pull_back([vertical[0], horizontal[0]], shapes[0], node.shape, cotangent)]
        }
        Operator::Modulate => elementwise::modulate_pull_back(node.shape, values, cotangent),
        Operator::AddNoise(strength) => {
            vec![cotangent.to_vec(), elementwise::noise_adjoint(strength, node.shape, cotangent)]
        }
        Operator::FourierFeatures(features) => vec![fourier::pull_back(features, values[0], cotangent)],
        Operator::Call(own) => call::pull_back(own, values, cotangent),
    }
}
