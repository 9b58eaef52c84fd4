//! Separable linear maps of an image.

#![allow(unsafe_code)]

use crate::cpu::lanes::{Kernel, Layout, Run, Tensor, Values};
use crate::{Shape, SparseMatrix};

/// A matrix whose rows are each zero but for a band.
struct Bands {
    /// The first column of each row's band, and its entries.
    rows: Vec<(usize, Vec<f32>)>,
}

impl Bands {
    fn new(matrix: &SparseMatrix) -> Self {
        let band = |row: usize| {
            let first = matrix.row(row).next().map_or(0, |(column, _)| column);
            let mut band = Vec::new();
            for (column, value) in matrix.row(row) {
                band.resize(column - first, 0.0);
                band.push(value);
            }
            (first, band)
        };
        Self { rows: (0..matrix.rows()).map(band).collect() }
    }
}

/// `y[c] = V x[c] Hᵀ`, and the adjoint `Vᵀ y[c] H`.
pub(crate) struct SeparableMap {
    forward: [Bands; 2],
    backward: [Bands; 2],
    /// Floats of a row of the argument and of the result.
    rows: [usize; 2],
}

impl SeparableMap {
    pub(crate) fn new(map: &crate::SeparableMap, [argument, result]: [Shape; 2]) -> Self {
        Self {
            forward: [Bands::new(&map.vertical), Bands::new(&map.horizontal)],
            backward: [Bands::new(&map.vertical.transpose()), Bands::new(&map.horizontal.transpose())],
            rows: [argument, result].map(|shape| Layout::new(shape, 0).row_len()),
        }
    }
}

impl Kernel for SeparableMap {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        apply(run, &self.forward, arguments[0], result);
    }

    fn backward(&self, run: &Run, _: usize, _: &Values, gradient: Tensor, target: Tensor) {
        apply(run, &self.backward, gradient, target);
    }

    fn scratch(&self, _: usize, workers: usize) -> [usize; 2] {
        self.rows.map(|row| row * workers)
    }
}

/// Every output row is a sum of input rows in scratch memory, then shrunk or stretched along itself.
fn apply(run: &Run, [vertical, horizontal]: &[Bands; 2], source: Tensor, target: Tensor) {
    let layout = target.layout;
    let (lanes, length) = (layout.lanes, source.layout.row_len());
    run.tasks(run.active * layout.planes, |worker, task| {
        let (candidate, plane) = (task / layout.planes, task % layout.planes);
        // SAFETY: a worker runs on one thread at a time, and the scratch memory has a row for each.
        let sum = unsafe { std::slice::from_raw_parts_mut(run.scratch.add(worker * length), length) };
        run.instructions.call(
            #[inline(always)]
            || {
                for (y, (first, weights)) in vertical.rows.iter().enumerate() {
                    sum.fill(0.0);
                    for (k, weight) in weights.iter().enumerate() {
                        // SAFETY: no task writes the source.
                        let row = unsafe { source.row(candidate, plane, first + k) };
                        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
                    }
                    // SAFETY: one task has the plane of `target`.
                    let row = unsafe { target.row_mut(candidate, plane, y) };
                    if lanes == 1 {
                        for (value, (first, weights)) in row.iter_mut().zip(&horizontal.rows) {
                            let from = &sum[*first..][..weights.len()];
                            *value = weights.iter().zip(from).map(|(weight, sum)| weight * sum).sum();
                        }
                    } else {
                        for (pixel, (first, weights)) in row.chunks_exact_mut(lanes).zip(&horizontal.rows) {
                            pixel.fill(0.0);
                            for (weight, from) in weights.iter().zip(sum[first * lanes..].chunks_exact(lanes)) {
                                pixel.iter_mut().zip(from).for_each(|(value, sum)| *value += weight * sum);
                            }
                        }
                    }
                }
            },
        );
    });
}
