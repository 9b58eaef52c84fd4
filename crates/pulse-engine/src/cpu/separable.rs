//! Separable linear maps of an image.

#![allow(unsafe_code)]

use super::kernel::{Kernel, Run, Tensor, Values};
use super::layout::Layout;
use crate::{Shape, SparseMatrix};

/// `y[c] = V x[c] Hᵀ`, and the adjoint `Vᵀ y[c] H`.
pub(super) struct SeparableMap {
    forward: [SparseMatrix; 2],
    backward: [SparseMatrix; 2],
    /// Floats of a row of the argument and of the result.
    rows: [usize; 2],
}

impl SeparableMap {
    pub(super) fn new(map: &crate::SeparableMap, [argument, result]: [Shape; 2]) -> Self {
        Self {
            forward: [(*map.vertical).clone(), (*map.horizontal).clone()],
            backward: [map.vertical.transpose(), map.horizontal.transpose()],
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
fn apply(run: &Run, [vertical, horizontal]: &[SparseMatrix; 2], source: Tensor, target: Tensor) {
    let layout = target.layout;
    let (lanes, length) = (layout.lanes, source.layout.row_len());
    run.tasks(run.active * layout.planes, |worker, task| {
        let (candidate, plane) = (task / layout.planes, task % layout.planes);
        // SAFETY: a worker runs on one thread at a time, and the scratch memory has a row for each.
        let sum = unsafe { std::slice::from_raw_parts_mut(run.scratch.add(worker * length), length) };
        run.instructions.call(
            #[inline(always)]
            || {
            for y in 0..layout.height {
                sum.fill(0.0);
                for (k, weight) in vertical.row(y) {
                    // SAFETY: nobody writes the source.
                    let row = unsafe { source.row(candidate, plane, k) };
                    sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
                }
                // SAFETY: one task has the plane of `target`.
                let row = unsafe { target.row_mut(candidate, plane, y) };
                for (x, pixel) in row.chunks_exact_mut(lanes).enumerate() {
                    pixel.fill(0.0);
                    for (l, weight) in horizontal.row(x) {
                        let from = &sum[l * lanes..][..lanes];
                        pixel.iter_mut().zip(from).for_each(|(value, sum)| *value += weight * sum);
                    }
                }
            }
        });
    });
}
