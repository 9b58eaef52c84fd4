//! Zero pixels round a map.

use super::map_size;
use crate::Shape;

/// `from` is the corner `[row, column]` of the argument in the result.
pub(super) fn forward(from: [usize; 2], argument: Shape, result: Shape, x: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; result.len()];
    for (inside, outside) in places(from, argument, result) {
        y[outside] = x[inside];
    }
    y
}

pub(super) fn pull_back(from: [usize; 2], argument: Shape, result: Shape, cotangent: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; argument.len()];
    for (inside, outside) in places(from, argument, result) {
        gradient[inside] = cotangent[outside];
    }
    gradient
}

/// Where each pixel of the argument lies in it, and in the result.
fn places([top, left]: [usize; 2], argument: Shape, result: Shape) -> impl Iterator<Item = (usize, usize)> {
    let [_, height, width] = map_size(argument);
    let [_, tall, wide] = map_size(result);
    (0..argument.len()).map(move |inside| {
        let (row, x) = (inside / width, inside % width);
        let (channel, y) = (row / height, row % height);
        (inside, (channel * tall + y + top) * wide + x + left)
    })
}
