//! Products of two matrices, in every channel.

use super::map_size;
use crate::Shape;

/// `y[c,i,j] = Σ_k a[c,i,k] b[c,k,j]`.
pub(super) fn product(a_shape: Shape, b_shape: Shape, arguments: &[&[f64]]) -> Vec<f64> {
    let ([channels, height, inner], [.., width]) = (map_size(a_shape), map_size(b_shape));
    let mut y = Vec::with_capacity(channels * height * width);
    for c in 0..channels {
        for i in 0..height {
            for j in 0..width {
                let term = |k| arguments[0][(c * height + i) * inner + k] * arguments[1][(c * inner + k) * width + j];
                y.push((0..inner).map(term).sum());
            }
        }
    }
    y
}

/// `g bᵀ` and `aᵀ g`.
pub(super) fn pull_back(a_shape: Shape, b_shape: Shape, arguments: &[&[f64]], cotangent: &[f64]) -> Vec<Vec<f64>> {
    let ([channels, height, inner], [.., width]) = (map_size(a_shape), map_size(b_shape));
    let mut gradients = vec![vec![0.0; a_shape.len()], vec![0.0; b_shape.len()]];
    for c in 0..channels {
        for i in 0..height {
            for j in 0..width {
                let g = cotangent[(c * height + i) * width + j];
                for k in 0..inner {
                    let (a, b) = ((c * height + i) * inner + k, (c * inner + k) * width + j);
                    gradients[0][a] += g * arguments[1][b];
                    gradients[1][b] += g * arguments[0][a];
                }
            }
        }
    }
    gradients
}
