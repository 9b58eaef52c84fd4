//! Linear filters that treat every channel alike.

use super::map_size;
use crate::{Fir, SeparableMap, Shape, SparseMatrix};

pub(super) fn fir(fir: &Fir, x_shape: Shape, y_shape: Shape, x: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; y_shape.len()];
    for_each_tap(fir, x_shape, y_shape, |tap, x_index, y_index| y[y_index] += tap * x[x_index]);
    y
}

pub(super) fn fir_adjoint(fir: &Fir, x_shape: Shape, y_shape: Shape, cotangent: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; x_shape.len()];
    for_each_tap(fir, x_shape, y_shape, |tap, x_index, y_index| gradient[x_index] += tap * cotangent[y_index]);
    gradient
}

/// Visits every tap that joins a pixel of the argument with one of the result: `(tap, argument, result)`.
fn for_each_tap(fir: &Fir, x: Shape, y: Shape, mut visit: impl FnMut(f64, usize, usize)) {
    let ([channels, x_height, x_width], [_, y_height, y_width]) = (map_size(x), map_size(y));
    let [taps_y, taps_x] = fir.taps.size();
    for channel in 0..channels {
        for i in 0..y_height {
            for k in 0..taps_y {
                let Some(row) = source(fir, fir.padding_y[0], x_height, i, k) else { continue };
                for l in 0..taps_x {
                    let tap = fir.taps.at(k, l);
                    for j in 0..y_width {
                        let Some(column) = source(fir, fir.padding_x[0], x_width, j, l) else { continue };
                        let x_index = (channel * x_height + row) * x_width + column;
                        visit(tap, x_index, (channel * y_height + i) * y_width + j);
                    }
                }
            }
        }
    }
}

/// The pixel of the argument, along one axis, that tap `k` meets at output `i`, unless it meets a zero.
fn source(fir: &Fir, before: isize, length: usize, i: usize, k: usize) -> Option<usize> {
    let stuffed = usize::try_from((i * fir.down + k) as isize - before).ok()?;
    let pixel = stuffed / fir.up;
    (stuffed % fir.up == 0 && pixel < length).then_some(pixel)
}

pub(super) fn separable(map: &SeparableMap, x_shape: Shape, y_shape: Shape, x: &[f64]) -> Vec<f64> {
    along_both(&map.vertical, &map.horizontal, x_shape, y_shape, x)
}

pub(super) fn separable_adjoint(map: &SeparableMap, x_shape: Shape, y_shape: Shape, cotangent: &[f64]) -> Vec<f64> {
    along_both(&map.vertical.transpose(), &map.horizontal.transpose(), y_shape, x_shape, cotangent)
}

/// `y[c] = V x[c] Hᵀ`.
fn along_both(vertical: &SparseMatrix, horizontal: &SparseMatrix, from: Shape, to: Shape, x: &[f64]) -> Vec<f64> {
    let ([channels, height, width], [_, to_height, to_width]) = (map_size(from), map_size(to));
    let mut y = Vec::with_capacity(to.len());
    for plane in x.chunks_exact(height * width).take(channels) {
        for i in 0..to_height {
            let mut row = vec![0.0; width];
            for (source, weight) in vertical.row(i) {
                let source = &plane[source * width..][..width];
                row.iter_mut().zip(source).for_each(|(sum, x)| *sum += f64::from(weight) * x);
            }
            for j in 0..to_width {
                y.push(horizontal.row(j).map(|(source, weight)| f64::from(weight) * row[source]).sum());
            }
        }
    }
    y
}
