//! The largest pixel of each window.

#![allow(unsafe_code)]

use crate::cpu::lanes::{Kernel, LANES, Needs, Run, Tensor, Values};

/// `y[c,p] = max_k x[c, p · window + k]`.
pub(crate) struct MaxPool {
    pub(crate) window: usize,
}

impl MaxPool {
    /// Visits every group of `N` floats side by side of row `y` of the result:
    /// `visit(x, largest floats, where each lies in its window)`.
    ///
    /// # Safety
    /// The rows of the windows of `source` must exist, `N` be its lanes, and no task may write them.
    #[inline(always)]
    unsafe fn largest<const N: usize>(
        &self,
        source: &Tensor,
        [candidate, plane, y]: [usize; 3],
        width: usize,
        mut visit: impl FnMut(usize, &[f32; N], &[usize; N]),
    ) {
        for x in 0..width {
            let mut largest = [0.0; N];
            let mut places = [0; N];
            for place in 0..self.window * self.window {
                let (k, l) = (place / self.window, place % self.window);
                // SAFETY: the caller says that the windows' rows exist, and that they are not written.
                let row = unsafe { source.row(candidate, plane, y * self.window + k) };
                let pixel = &row[(x * self.window + l) * N..][..N];
                for lane in 0..N {
                    let larger = place == 0 || pixel[lane] > largest[lane];
                    largest[lane] = if larger { pixel[lane] } else { largest[lane] };
                    places[lane] = if larger { place } else { places[lane] };
                }
            }
            visit(x, &largest, &places);
        }
    }

    fn forward_lanes<const N: usize>(&self, run: &Run, source: Tensor, result: Tensor) {
        run.rows(
            &result.layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `result`; the argument is another buffer.
                unsafe {
                    let row = result.row_mut(candidate, plane, y);
                    let width = result.layout.width;
                    self.largest::<N>(&source, [candidate, plane, y], width, |x, largest, _| {
                        row[x * N..][..N].copy_from_slice(largest);
                    });
                }
            },
        );
    }

    fn backward_lanes<const N: usize>(&self, run: &Run, source: Tensor, gradient: Tensor, target: Tensor) {
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
                        let width = gradient.layout.width;
                        self.largest::<N>(&source, [candidate, plane, y], width, |x, _, places| {
                            for lane in 0..N {
                                let (k, l) = (places[lane] / self.window, places[lane] % self.window);
                                let to = target.row_mut(candidate, plane, y * self.window + k);
                                to[(x * self.window + l) * N + lane] = row[x * N + lane];
                            }
                        });
                    }
                }
            },
        );
    }
}

impl Kernel for MaxPool {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        if result.layout.lanes == LANES {
            self.forward_lanes::<LANES>(run, arguments[0], result);
        } else {
            self.forward_lanes::<1>(run, arguments[0], result);
        }
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        if target.layout.lanes == LANES {
            self.backward_lanes::<LANES>(run, values.arguments[0], gradient, target);
        } else {
            self.backward_lanes::<1>(run, values.arguments[0], gradient, target);
        }
    }

    fn needs(&self) -> Needs {
        Needs::ARGUMENTS
    }
}
