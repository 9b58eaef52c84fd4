//! The largest pixel of each window.

#![allow(unsafe_code)]

use super::kernel::{Kernel, Needs, Run, Tensor, Values};

/// `y[c,p] = max_k x[c, p · window + k]`.
pub(super) struct MaxPool {
    pub(super) window: usize,
}

impl MaxPool {
    /// Visits every float of row `y` of the result: `visit(place in the row, (row of x, place in it))` of the first of
    /// the largest in its window.
    ///
    /// # Safety
    /// The rows of the windows of `x` must exist, and nobody may write them.
    #[inline(always)]
    unsafe fn largest(
        &self,
        x: &Tensor,
        [candidate, plane, y]: [usize; 3],
        length: usize,
        mut visit: impl FnMut(usize, (usize, usize), f32),
    ) {
        let lanes = x.layout.lanes;
        for at in 0..length {
            let first = at / lanes * self.window * lanes + at % lanes;
            let mut best = (y * self.window, first);
            let mut largest = f32::NEG_INFINITY;
            for k in 0..self.window {
                // SAFETY: the caller's promise.
                let row = unsafe { x.row(candidate, plane, y * self.window + k) };
                for l in 0..self.window {
                    let place = first + l * lanes;
                    if (k, l) == (0, 0) || row[place] > largest {
                        (largest, best) = (row[place], (y * self.window + k, place));
                    }
                }
            }
            visit(at, best, largest);
        }
    }
}

impl Kernel for MaxPool {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        run.rows(
            &result.layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `result`; the argument is another buffer.
                unsafe {
                    let row = result.row_mut(candidate, plane, y);
                    self.largest(&arguments[0], [candidate, plane, y], row.len(), |at, _, largest| row[at] = largest);
                }
            },
        );
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        run.planes(
            &target.layout,
            #[inline(always)]
            |candidate, plane| {
                // SAFETY: one task has the plane of `target`, one row of which is borrowed at a time; the argument and
                // the gradient are other buffers.
                unsafe {
                    for y in 0..target.layout.height {
                        target.row_mut(candidate, plane, y).fill(0.0);
                    }
                    for y in 0..gradient.layout.height {
                        let row = gradient.row(candidate, plane, y);
                        self.largest(&values.arguments[0], [candidate, plane, y], row.len(), |at, (to, place), _| {
                            target.row_mut(candidate, plane, to)[place] = row[at];
                        });
                    }
                }
            },
        );
    }

    fn needs(&self) -> Needs {
        Needs::ARGUMENTS
    }
}
