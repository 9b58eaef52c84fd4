//! Zero-stuffing, filtering and decimation.

#![allow(unsafe_code)]

use std::ops::Range;

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
    /// The rows and the pixels of the result that the taps reach the source from.
    reached: [Range<usize>; 2],
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
        let border = vertical.reached_border().max(horizontal.reached_border());
        let reached = [vertical.reached(), horizontal.reached()];
        Self { axes, reached, phases, border }
    }

    fn apply(&self, run: &Run, source: Tensor, target: Tensor) {
        let (from, lanes) = (source.layout, target.layout.lanes);
        let [vertical, horizontal] = &self.axes;
        let [rows, pixels] = &self.reached;
        run.rows(
            &target.layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `target`; the taps of what is reached stay inside the border, which is as
                // wide as `border` says. The base of a phase may be outside, and is not read.
                unsafe {
                    let row = target.row_mut(candidate, plane, y);
                    if !rows.contains(&y) {
                        row.fill(0.0);
                        return;
                    }
                    row[..pixels.start * lanes].fill(0.0);
                    row[pixels.end * lanes..].fill(0.0);
                    let first = from.row(plane, vertical.step * (y / vertical.period));
                    let base = source.candidate(candidate).wrapping_add(first);
                    for (phase, taps) in self.phases[y % vertical.period].iter().enumerate() {
                        // The first reached output of this phase, and how many of the phase come before it.
                        let before = pixels.start.saturating_sub(phase).div_ceil(horizontal.period);
                        let x = phase + before * horizontal.period;
                        for (t, x) in (x..pixels.end).step_by(horizontal.period).enumerate() {
                            let base = base.wrapping_add(horizontal.step * (before + t) * lanes);
                            let pixel = &mut row[x * lanes..][..lanes];
                            if let Ok(pixel) = <&mut [f32; LANES]>::try_from(&mut *pixel) {
                                filter(pixel, base, from.row_stride(), taps);
                            } else {
                                for (lane, value) in pixel.iter_mut().enumerate() {
                                    let mut sum = [0.0];
                                    filter(&mut sum, base.wrapping_add(lane), from.row_stride(), taps);
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
        let pixel = base.wrapping_offset(dy * row as isize + dx * N as isize).cast::<[f32; N]>();
        // SAFETY: the caller says that every tap from `base` is inside the source's memory.
        let pixel = unsafe { pixel.read() };
        for lane in 0..N {
            total[lane] += tap * pixel[lane];
        }
    }
    *sums = total;
}
