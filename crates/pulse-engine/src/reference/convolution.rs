//! Convolutions and transposed ones.
//!
//! One bilinear form lies under both, between a *large* map (the argument of a convolution, the result of a
//! transposed one) and a *small* map: for every weight `W[a, b, k]` and small pixel `p` it joins `small[a, p]`
//! with `large[b, p · stride + k − padding]`. Reading it one way is a convolution and the gradient of a
//! transposed one; the other way is a transposed convolution and the gradient of a convolution. The weight's
//! first axis is always the small map's channels: `[out, in]` for a convolution, `[in, out]` for a transposed one.

use super::map_size;
use crate::{Convolution, Shape};

pub(super) fn forward(weights: &Convolution, x_shape: Shape, y_shape: Shape, x: &[f64]) -> Vec<f64> {
    let mut y = biases(weights, y_shape);
    gather(weights, y_shape, x_shape, &mut y, x);
    y
}

pub(super) fn pull_back(weights: &Convolution, x_shape: Shape, y_shape: Shape, cotangent: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; x_shape.len()];
    scatter(weights, y_shape, x_shape, cotangent, &mut gradient);
    gradient
}

pub(super) fn transposed_forward(weights: &Convolution, x_shape: Shape, y_shape: Shape, x: &[f64]) -> Vec<f64> {
    let mut y = biases(weights, y_shape);
    scatter(weights, x_shape, y_shape, x, &mut y);
    y
}

pub(super) fn transposed_pull_back(
    weights: &Convolution,
    x_shape: Shape,
    y_shape: Shape,
    cotangent: &[f64],
) -> Vec<f64> {
    let mut gradient = vec![0.0; x_shape.len()];
    gather(weights, x_shape, y_shape, &mut gradient, cotangent);
    gradient
}

fn biases(weights: &Convolution, shape: Shape) -> Vec<f64> {
    let bias = |i| weights.bias.as_ref().map_or(0.0, |bias| f64::from(bias[shape.channel_of(i)]));
    (0..shape.len()).map(bias).collect()
}

/// `small[a, p] += Σ W[a, b, k] large[b, p · stride + k − padding]`.
fn gather(weights: &Convolution, small_shape: Shape, large_shape: Shape, small: &mut [f64], large: &[f64]) {
    for_each_run(weights, small_shape, large_shape, |weight, run| {
        let small = &mut small[run.small..][..run.length];
        let large = large[run.large..].iter().step_by(weights.stride);
        small.iter_mut().zip(large).for_each(|(small, large)| *small += weight * large);
    });
}

/// `large[b, p · stride + k − padding] += Σ W[a, b, k] small[a, p]`.
fn scatter(weights: &Convolution, small_shape: Shape, large_shape: Shape, small: &[f64], large: &mut [f64]) {
    for_each_run(weights, small_shape, large_shape, |weight, run| {
        let small = &small[run.small..][..run.length];
        let large = large[run.large..].iter_mut().step_by(weights.stride);
        large.zip(small).for_each(|(large, small)| *large += weight * small);
    });
}

/// Neighbouring pixels of one row that one weight joins: `small + i` with `large + i · stride`.
struct Run {
    small: usize,
    large: usize,
    length: usize,
}

fn for_each_run(weights: &Convolution, small: Shape, large: Shape, mut visit: impl FnMut(f64, Run)) {
    let ([small_channels, small_height, small_width], [large_channels, large_height, large_width]) =
        (map_size(small), map_size(large));
    let [kernel_height, kernel_width] = weights.kernel;
    let mut weight = weights.weight.iter().map(|&weight| f64::from(weight));
    for a in 0..small_channels {
        for b in 0..large_channels {
            for ky in 0..kernel_height {
                let rows = joined(small_height, large_height, ky, weights);
                for kx in 0..kernel_width {
                    let columns = joined(small_width, large_width, kx, weights);
                    let weight = weight.next().expect("the builder has counted the weights");
                    if columns.is_empty() {
                        continue;
                    }
                    let column = columns.start * weights.stride + kx - weights.padding;
                    for y in rows.clone() {
                        let row = y * weights.stride + ky - weights.padding;
                        visit(
                            weight,
                            Run {
                                small: (a * small_height + y) * small_width + columns.start,
                                large: (b * large_height + row) * large_width + column,
                                length: columns.len(),
                            },
                        );
                    }
                }
            }
        }
    }
}

/// The pixels `p` of the small map, along one axis, for which `p · stride + k − padding` lies in the large one.
fn joined(small: usize, large: usize, k: usize, weights: &Convolution) -> std::ops::Range<usize> {
    let start = weights.padding.saturating_sub(k).div_ceil(weights.stride);
    let end = (large + weights.padding).saturating_sub(k).div_ceil(weights.stride).min(small);
    start.min(end)..end
}
