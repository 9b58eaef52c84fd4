//! Operators that divide by a root mean square.

use crate::Shape;

/// `y = x / sqrt(mean(x²) + epsilon)` over each run of `width` elements.
pub(super) fn rms(x: &[f64], width: usize, epsilon: f32) -> Vec<f64> {
    let row = |x: &[f64]| {
        let root = root_mean_square(x, epsilon);
        x.iter().map(move |x| x / root).collect::<Vec<_>>()
    };
    x.chunks_exact(width).flat_map(row).collect()
}

/// With `r` the root: `gradient = (g − x mean(g x) / r²) / r`.
pub(super) fn rms_pull_back(x: &[f64], cotangent: &[f64], width: usize, epsilon: f32) -> Vec<f64> {
    let row = |(x, g): (&[f64], &[f64])| {
        let root = root_mean_square(x, epsilon);
        let projection = mean_product(x, g) / (root * root);
        x.iter().zip(g).map(move |(x, g)| (g - x * projection) / root).collect::<Vec<_>>()
    };
    x.chunks_exact(width).zip(cotangent.chunks_exact(width)).flat_map(row).collect()
}

/// `y = (x − mean) / sqrt(variance + epsilon)` over the pixels of each channel.
pub(super) fn instance(x: &[f64], shape: Shape, epsilon: f32) -> Vec<f64> {
    group(x, shape.channels(), epsilon)
}

/// The gradient of [`instance`].
pub(super) fn instance_pull_back(x: &[f64], y: &[f64], cotangent: &[f64], shape: Shape, epsilon: f32) -> Vec<f64> {
    group_pull_back(x, y, cotangent, shape.channels(), epsilon)
}

/// `y = (x − mean) / sqrt(variance + epsilon)` over each of so many groups of channels.
pub(super) fn group(x: &[f64], groups: usize, epsilon: f32) -> Vec<f64> {
    let group = |x: &[f64]| rms(&centred(x), x.len(), epsilon);
    x.chunks_exact(x.len() / groups).flat_map(group).collect()
}

/// With `r` the root: `gradient = (g − mean(g) − y mean(g y)) / r`.
pub(super) fn group_pull_back(x: &[f64], y: &[f64], cotangent: &[f64], groups: usize, epsilon: f32) -> Vec<f64> {
    let n = x.len() / groups;
    let group = |((x, y), g): ((&[f64], &[f64]), &[f64])| {
        let root = root_mean_square(&centred(x), epsilon);
        let (mean, projection) = (mean(g), mean_product(g, y));
        g.iter().zip(y).map(move |(g, y)| (g - mean - y * projection) / root).collect::<Vec<_>>()
    };
    x.chunks_exact(n).zip(y.chunks_exact(n)).zip(cotangent.chunks_exact(n)).flat_map(group).collect()
}

/// `y = exp(x) / Σ exp(x)` over each run of `width` elements.
pub(super) fn softmax(x: &[f64], width: usize) -> Vec<f64> {
    let row = |x: &[f64]| {
        let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = x.iter().map(|x| (x - largest).exp()).collect();
        let sum: f64 = powers.iter().sum();
        powers.into_iter().map(move |power| power / sum)
    };
    x.chunks_exact(width).flat_map(row).collect()
}

/// `gradient = y (g − Σ g y)`.
pub(super) fn softmax_pull_back(y: &[f64], cotangent: &[f64], width: usize) -> Vec<f64> {
    let row = |(y, g): (&[f64], &[f64])| {
        let along: f64 = y.iter().zip(g).map(|(y, g)| y * g).sum();
        y.iter().zip(g).map(move |(y, g)| y * (g - along)).collect::<Vec<_>>()
    };
    y.chunks_exact(width).zip(cotangent.chunks_exact(width)).flat_map(row).collect()
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn mean_product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / a.len() as f64
}

fn centred(x: &[f64]) -> Vec<f64> {
    let mean = mean(x);
    x.iter().map(|x| x - mean).collect()
}

fn root_mean_square(x: &[f64], epsilon: f32) -> f64 {
    (mean_product(x, x) + f64::from(epsilon)).sqrt()
}
