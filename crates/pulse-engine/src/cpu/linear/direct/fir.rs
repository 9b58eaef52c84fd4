//! Zero-stuffing, filtering and decimation.

#![allow(unsafe_code)]

use crate::Shape;
use crate::cpu::lanes::{Kernel, LANES, Layout, Run, Tensor, Values};
use crate::cpu::linear::axis::{Axis, Tap};

/// A filter and its adjoint, which is a filter too.
pub(crate) struct Fir {
    forward: Filter,
    backward: Filter,
}

impl Fir {
    pub(crate) fn new(fir: &crate::Fir, [argument, result]: [Shape; 2]) -> Self {
        let (argument, result) = (Layout::new(argument, 0), Layout::new(result, 0));
        let [height, width] = fir.taps.size();
        let factors = [fir.up, fir.down];
        let forward = [
            Axis::new(argument.height, result.height, height, factors, fir.padding_y[0]),
            Axis::new(argument.width, result.width, width, factors, fir.padding_x[0]),
        ];
        // The adjoint reads backwards, and stuffs where the filter decimates.
        let factors = [fir.down, fir.up];
        let before = |taps: usize, before: isize| taps as isize - 1 - before;
        let backward = [
            Axis::new(result.height, argument.height, height, factors, before(height, fir.padding_y[0])),
            Axis::new(result.width, argument.width, width, factors, before(width, fir.padding_x[0])),
        ];
        Self {
            forward: Filter::new(forward, |k, l| fir.taps.at(k, l)),
            backward: Filter::new(backward, |k, l| fir.taps.at(height - 1 - k, width - 1 - l)),
        }
    }
}

impl Kernel for Fir {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        self.forward.apply(run, arguments[0], result);
    }

    fn backward(&self, run: &Run, _: usize, _: &Values, gradient: Tensor, target: Tensor) {
        self.backward.apply(run, gradient, target);
    }

    fn border(&self) -> usize {
        self.forward.border
    }

    fn gradient_border(&self) -> usize {
        self.backward.border
    }
}

/// One phase: `(offset of the row, offset of the pixel, tap)` for every tap.
type Taps = Vec<(isize, isize, f32)>;

struct Filter {
    axes: [Axis; 2],
    /// Vertical phases, and in each the horizontal ones.
    phases: Vec<Vec<Taps>>,
    border: usize,
}

impl Filter {
    fn new(axes: [Axis; 2], tap: impl Fn(usize, usize) -> f64) -> Self {
        let [vertical, horizontal] = &axes;
        let pair = |rows: &[Tap], columns: &[Tap]| {
            let taps = rows.iter().flat_map(|row| columns.iter().map(move |column| (row, column)));
            let taps = taps.map(|(row, column)| (row.offset, column.offset, tap(row.index, column.index) as f32));
            taps.filter(|tap| tap.2 != 0.0).collect()
        };
        let row = |rows: &Vec<_>| horizontal.phases.iter().map(|columns| pair(rows, columns)).collect();
        let phases = vertical.phases.iter().map(row).collect();
        let border = vertical.border().max(horizontal.border());
        Self { axes, phases, border }
    }

    fn apply(&self, run: &Run, source: Tensor, target: Tensor) {
        let (from, lanes) = (source.layout, target.layout.lanes);
        let [vertical, horizontal] = &self.axes;
        run.rows(
            &target.layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `target`; the taps stay inside the border, which is as wide as
                // `border` says.
                unsafe {
                    let row = target.row_mut(candidate, plane, y);
                    let base = source.candidate(candidate).add(from.row(plane, vertical.step * (y / vertical.period)));
                    for (phase, taps) in self.phases[y % vertical.period].iter().enumerate() {
                        for (t, x) in (phase..horizontal.outputs).step_by(horizontal.period).enumerate() {
                            let base = base.add(horizontal.step * t * lanes);
                            let pixel = &mut row[x * lanes..][..lanes];
                            if let Ok(pixel) = <&mut [f32; LANES]>::try_from(&mut *pixel) {
                                filter(pixel, base, from.row_stride(), taps);
                            } else {
                                for (lane, value) in pixel.iter_mut().enumerate() {
                                    let mut sum = [0.0];
                                    filter(&mut sum, base.add(lane), from.row_stride(), taps);
                                    *value = sum[0];
                                }
                            }
                        }
                    }
                }
            },
        );
    }
}

/// The taps' sum for `N` channels side by side.
///
/// # Safety
/// All taps from `base` must be inside the source's memory.
#[inline(always)]
unsafe fn filter<const N: usize>(sums: &mut [f32; N], base: *const f32, row: usize, taps: &Taps) {
    let mut total = [0.0f32; N];
    for &(dy, dx, tap) in taps {
        // SAFETY: the caller says that every tap from `base` is inside the source's memory.
        let pixel: [f32; N] = unsafe { base.offset(dy * row as isize + dx * N as isize).cast::<[f32; N]>().read() };
        for lane in 0..N {
            total[lane] += tap * pixel[lane];
        }
    }
    *sums = total;
}
