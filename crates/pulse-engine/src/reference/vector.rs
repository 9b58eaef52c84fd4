//! Operators on vectors and rows.

use crate::{Dense, Gather, Shape};

pub(super) fn dense(dense: &Dense, x: &[f64]) -> Vec<f64> {
    let mut y = Vec::with_capacity(x.len() / dense.in_features * dense.out_features);
    for row in x.chunks_exact(dense.in_features) {
        for (o, weights) in dense.weight.chunks_exact(dense.in_features).enumerate() {
            let bias = dense.bias.as_ref().map_or(0.0, |bias| f64::from(bias[o]));
            y.push(weights.iter().zip(row).fold(bias, |sum, (&w, x)| sum + f64::from(w) * x));
        }
    }
    y
}

/// `Wᵀ` on each row.
pub(super) fn dense_adjoint(dense: &Dense, cotangent: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; cotangent.len() / dense.out_features * dense.in_features];
    let rows = cotangent.chunks_exact(dense.out_features).zip(gradient.chunks_exact_mut(dense.in_features));
    for (cotangent, gradient) in rows {
        for (g, weights) in cotangent.iter().zip(dense.weight.chunks_exact(dense.in_features)) {
            gradient.iter_mut().zip(weights).for_each(|(sum, &w)| *sum += f64::from(w) * g);
        }
    }
    gradient
}

pub(super) fn slice(x: &[f64], start: usize, length: usize) -> Vec<f64> {
    x[start..][..length].to_vec()
}

pub(super) fn slice_adjoint(length: usize, start: usize, cotangent: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; length];
    gradient[start..][..cotangent.len()].copy_from_slice(cotangent);
    gradient
}

pub(super) fn gather(gather: &Gather, x: &[f64]) -> Vec<f64> {
    gather.index.iter().map(|&index| if index == Gather::NOTHING { 0.0 } else { x[index as usize] }).collect()
}

pub(super) fn gather_adjoint(gather: &Gather, length: usize, cotangent: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; length];
    for (&index, g) in gather.index.iter().zip(cotangent) {
        if index != Gather::NOTHING {
            gradient[index as usize] += g;
        }
    }
    gradient
}

/// The adjoint of repeating a vector.
pub(super) fn sum_rows(cotangent: &[f64], rows: usize) -> Vec<f64> {
    let width = cotangent.len() / rows;
    (0..width).map(|i| (0..rows).map(|row| cotangent[row * width + i]).sum()).collect()
}

/// The adjoint of laying vectors end to end.
pub(super) fn split(mut cotangent: &[f64], shapes: &[Shape]) -> Vec<Vec<f64>> {
    let take = |shape: &Shape| cotangent.split_off(..shape.len()).expect("as long as all together").to_vec();
    shapes.iter().map(take).collect()
}
