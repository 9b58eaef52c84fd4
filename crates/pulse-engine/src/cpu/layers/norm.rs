//! Normalisation: of a map's channels, and of vectors.

#![allow(unsafe_code)]

use crate::cpu::lanes::{Kernel, LANES, Layout, Needs, Run, Tensor, Values};

/// Numbers summed in `f32` before the sum goes on in `f64`.
const SHORT: usize = 64 * LANES;

/// The sum of `term` over a plane for each of its channels, in `f64`: `rows(y)` gives two rows of one length
/// whose elements go to `term` in pairs.
#[inline(always)]
pub(crate) fn sum_of_plane<'a>(
    layout: &Layout,
    rows: impl Fn(usize) -> [&'a [f32]; 2],
    term: impl Fn(usize, f32, f32) -> f32,
) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    for y in 0..layout.height {
        let [a, b] = rows(y);
        for (a, b) in a.chunks(SHORT).zip(b.chunks(SHORT)) {
            let mut short = [0.0f32; LANES];
            let (a, a_rest) = a.as_chunks::<LANES>();
            let (b, b_rest) = b.as_chunks::<LANES>();
            for (a, b) in a.iter().zip(b) {
                for lane in 0..LANES {
                    short[lane] += term(lane, a[lane], b[lane]);
                }
            }
            for (lane, (&a, &b)) in a_rest.iter().zip(b_rest).enumerate() {
                short[lane] += term(lane, a, b);
            }
            for lane in 0..LANES {
                sums[lane] += f64::from(short[lane]);
            }
        }
    }
    if layout.lanes == 1 {
        sums = [sums.iter().sum(); LANES];
    }
    sums
}

/// `y[c] = (x[c] − mean) / sqrt(variance + epsilon)`; leaves `1 / sqrt(variance + epsilon)` for backward.
pub(crate) struct InstanceNorm {
    epsilon: f32,
    saved: usize,
}

impl InstanceNorm {
    pub(crate) fn new(epsilon: f32, layout: &Layout) -> Self {
        Self { epsilon, saved: layout.planes * LANES }
    }

    /// The inverse deviation of the channels of a plane.
    ///
    /// # Safety
    /// One task at a time may have a plane.
    #[inline(always)]
    unsafe fn deviation<'a>(&self, run: &Run, candidate: usize, plane: usize) -> &'a mut [f32; LANES] {
        // SAFETY: `saved` floats a candidate are there, and the caller's task has the plane alone.
        unsafe { &mut *run.saved.add(candidate * self.saved + plane * LANES).cast() }
    }
}

impl Kernel for InstanceNorm {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let layout = result.layout;
        let x = arguments[0];
        let pixels = (layout.height * layout.width) as f64;
        run.planes(
            &layout,
            #[inline(always)]
            |candidate, plane| {
                // SAFETY: one task has the plane of `result` and of the deviations.
                unsafe {
                    let rows = |y| [x.row(candidate, plane, y); 2];
                    let mean = sum_of_plane(&layout, rows, |_, x, _| x).map(|sum| (sum / pixels) as f32);
                    let squares = sum_of_plane(&layout, rows, |lane, x, _| (x - mean[lane]) * (x - mean[lane]));
                    let deviation = self.deviation(run, candidate, plane);
                    for lane in 0..LANES {
                        let variance = squares[lane] / pixels + f64::from(self.epsilon);
                        // A plane's filling has no deviation, and no epsilon need be there to save it.
                        deviation[lane] = if variance > 0.0 { (1.0 / variance.sqrt()) as f32 } else { 0.0 };
                    }
                    for y in 0..layout.height {
                        let row = result.row_from(&x, candidate, plane, y);
                        each_lane(row, |lane, value| *value = (*value - mean[lane]) * deviation[lane]);
                    }
                }
            },
        );
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        let layout = target.layout;
        let result = values.result;
        let pixels = (layout.height * layout.width) as f64;
        run.planes(
            &layout,
            #[inline(always)]
            |candidate, plane| {
                // SAFETY: one task has the plane of `target`; `result` is another buffer.
                unsafe {
                    let rows = |y| [gradient.row(candidate, plane, y), result.row(candidate, plane, y)];
                    let mean = sum_of_plane(&layout, rows, |_, g, _| g).map(|sum| (sum / pixels) as f32);
                    let along = sum_of_plane(&layout, rows, |_, g, y| g * y).map(|sum| (sum / pixels) as f32);
                    let deviation = self.deviation(run, candidate, plane);
                    for row in 0..layout.height {
                        let values = result.row(candidate, plane, row);
                        let target = target.row_from(&gradient, candidate, plane, row);
                        for (target, values) in target.chunks_mut(LANES).zip(values.chunks(LANES)) {
                            for (lane, (g, y)) in target.iter_mut().zip(values).enumerate() {
                                *g = deviation[lane] * (*g - mean[lane] - y * along[lane]);
                            }
                        }
                    }
                }
            },
        );
    }

    fn needs(&self) -> Needs {
        Needs::RESULT
    }

    fn in_place(&self) -> bool {
        true
    }

    fn saved(&self) -> usize {
        self.saved
    }
}

/// Every float of a row with its place in its group of sixteen.
#[inline(always)]
pub(crate) fn each_lane(row: &mut [f32], f: impl Fn(usize, &mut f32)) {
    let (groups, rest) = row.as_chunks_mut::<LANES>();
    for group in groups {
        for (lane, value) in group.iter_mut().enumerate() {
            f(lane, value);
        }
    }
    for (lane, value) in rest.iter_mut().enumerate() {
        f(lane, value);
    }
}

/// `y = x / sqrt(mean(x²) + epsilon)` over each row; leaves the factor for backward.
pub(crate) struct Normalize {
    epsilon: f32,
    rows: usize,
}

impl Normalize {
    pub(crate) fn new(epsilon: f32, layout: &Layout) -> Self {
        Self { epsilon, rows: layout.height }
    }
}

impl Kernel for Normalize {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        run.rows(
            &result.layout,
            #[inline(always)]
            |candidate, _, y| {
                // SAFETY: one task has the row of `result` and its factor.
                unsafe {
                    let row = result.row_from(&arguments[0], candidate, 0, y);
                    let squares: f64 = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
                    let factor = 1.0 / (squares / row.len() as f64 + f64::from(self.epsilon)).sqrt();
                    *run.saved.add(candidate * self.rows + y) = factor as f32;
                    for x in row {
                        *x = (f64::from(*x) * factor) as f32;
                    }
                }
            },
        );
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        run.rows(
            &target.layout,
            #[inline(always)]
            |candidate, _, y| {
                // SAFETY: one task has the row of `target`; the result is another buffer.
                unsafe {
                    let factor = *run.saved.add(candidate * self.rows + y);
                    let row = target.row_from(&gradient, candidate, 0, y);
                    let result = values.result.row(candidate, 0, y);
                    let along: f64 = row.iter().zip(result).map(|(&g, &y)| f64::from(g) * f64::from(y)).sum();
                    let along = (along / row.len() as f64) as f32;
                    row.iter_mut().zip(result).for_each(|(g, y)| *g = factor * (*g - y * along));
                }
            },
        );
    }

    fn needs(&self) -> Needs {
        Needs::RESULT
    }

    fn in_place(&self) -> bool {
        true
    }

    fn saved(&self) -> usize {
        self.rows
    }
}
