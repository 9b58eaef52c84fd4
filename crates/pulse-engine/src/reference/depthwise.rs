//! Convolutions that keep the channels apart.

use super::map_size;
use crate::{DepthwiseConvolution, Shape};

pub(super) fn forward(weights: &DepthwiseConvolution, x_shape: Shape, y_shape: Shape, x: &[f64]) -> Vec<f64> {
    let bias = |i| weights.bias.as_ref().map_or(0.0, |bias| f64::from(bias[y_shape.channel_of(i)]));
    let mut y: Vec<f64> = (0..y_shape.len()).map(bias).collect();
    for_each_product(weights, x_shape, y_shape, |weight, x_index, y_index| y[y_index] += weight * x[x_index]);
    y
}

pub(super) fn pull_back(weights: &DepthwiseConvolution, x_shape: Shape, y_shape: Shape, cotangent: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; x_shape.len()];
    for_each_product(weights, x_shape, y_shape, |weight, x_index, y_index| {
        gradient[x_index] += weight * cotangent[y_index];
    });
    gradient
}

/// Visits every weight with each pair of pixels that it joins: `(weight, argument, result)`.
fn for_each_product(weights: &DepthwiseConvolution, x: Shape, y: Shape, mut visit: impl FnMut(f64, usize, usize)) {
    let ([channels, x_height, x_width], [_, y_height, y_width]) = (map_size(x), map_size(y));
    let [kernel_height, kernel_width] = weights.kernel;
    let source = |i: usize, k: usize, length: usize| {
        (i * weights.stride + k).checked_sub(weights.padding[0]).filter(|&pixel| pixel < length)
    };
    for channel in 0..channels {
        for i in 0..y_height {
            for k in 0..kernel_height {
                let Some(row) = source(i, k, x_height) else { continue };
                for l in 0..kernel_width {
                    let weight = f64::from(weights.weight[(channel * kernel_height + k) * kernel_width + l]);
                    for j in 0..y_width {
                        let Some(column) = source(j, l, x_width) else { continue };
                        let x_index = (channel * x_height + row) * x_width + column;
                        visit(weight, x_index, (channel * y_height + i) * y_width + j);
                    }
                }
            }
        }
    }
}
