//! The largest pixel of each window.

use super::map_size;
use crate::Shape;

pub(super) fn forward(window: usize, x_shape: Shape, y_shape: Shape, x: &[f64]) -> Vec<f64> {
    (0..y_shape.len()).map(|index| x[first_of_largest(window, x_shape, y_shape, x, index)]).collect()
}

pub(super) fn pull_back(window: usize, x_shape: Shape, y_shape: Shape, x: &[f64], cotangent: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; x_shape.len()];
    for (index, cotangent) in cotangent.iter().enumerate() {
        gradient[first_of_largest(window, x_shape, y_shape, x, index)] += cotangent;
    }
    gradient
}

/// Where the largest pixel lies of the window whose result is at `index`.
fn first_of_largest(window: usize, x_shape: Shape, y_shape: Shape, x: &[f64], index: usize) -> usize {
    let ([_, x_height, x_width], [_, y_height, y_width]) = (map_size(x_shape), map_size(y_shape));
    let (row, j) = (index / y_width, index % y_width);
    let (channel, i) = (row / y_height, row % y_height);
    let start = (channel * x_height + i * window) * x_width + j * window;
    let pixels = (0..window).flat_map(|k| (0..window).map(move |l| start + k * x_width + l));
    pixels.reduce(|best, pixel| if x[pixel] > x[best] { pixel } else { best }).expect("a window has a pixel")
}
