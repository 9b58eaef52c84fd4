//! What styles and noise do to a map.

#![allow(unsafe_code)]

use super::norm::{each_lane, sum_of_plane};
use crate::cpu::lanes::{Kernel, LANES, Layout, Needs, Run, Tensor, Values};
use crate::cpu::pointwise::copy;

/// `y[c,p] = x[c,p] · scale[c] (+ shift[c])`.
pub(crate) struct Modulate;

/// The coefficients of the channels of a plane, zero for its filling. A planar map has one channel in all lanes.
///
/// # Safety
/// The candidate and the plane must exist, and no task may write the vector.
#[inline(always)]
pub(crate) unsafe fn coefficients(vector: &Tensor, layout: &Layout, candidate: usize, plane: usize) -> [f32; LANES] {
    let real = layout.channels_of(plane);
    // SAFETY: the vector has an element for every channel.
    let given = unsafe { std::slice::from_raw_parts(vector.candidate(candidate).add(plane * layout.lanes), real) };
    if layout.lanes == 1 {
        [given[0]; LANES]
    } else {
        std::array::from_fn(|lane| if lane < real { given[lane] } else { 0.0 })
    }
}

impl Kernel for Modulate {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let layout = result.layout;
        run.rows(
            &layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `result`.
                unsafe {
                    let scale = coefficients(&arguments[1], &layout, candidate, plane);
                    let shift = arguments.get(2).map(|shift| coefficients(shift, &layout, candidate, plane));
                    let shift = shift.unwrap_or_default();
                    let row = result.row_from(&arguments[0], candidate, plane, y);
                    each_lane(row, |lane, value| *value = *value * scale[lane] + shift[lane]);
                }
            },
        );
    }

    fn backward(&self, run: &Run, which: usize, values: &Values, gradient: Tensor, target: Tensor) {
        let layout = gradient.layout;
        let [x, scale] = [values.arguments[0], values.arguments[1]];
        if which == 0 {
            run.rows(
                &layout,
                #[inline(always)]
                |candidate, plane, y| {
                    // SAFETY: one task has the row of `target`.
                    unsafe {
                        let scale = coefficients(&scale, &layout, candidate, plane);
                        let row = target.row_from(&gradient, candidate, plane, y);
                        each_lane(row, |lane, value| *value *= scale[lane]);
                    }
                },
            );
            return;
        }
        if which == 1 {
            sum_channels(run, gradient, x, target, |g, x| g * x);
        } else {
            sum_channels(run, gradient, gradient, target, |g, _| g);
        }
    }

    fn needs(&self) -> Needs {
        Needs::ARGUMENTS
    }

    fn in_place(&self) -> bool {
        true
    }
}

/// The gradient of what has an element a channel: the sums of `term` over the pixels of two maps of one layout.
#[inline(always)]
fn sum_channels(run: &Run, a: Tensor, b: Tensor, target: Tensor, term: impl Fn(f32, f32) -> f32 + Sync) {
    let layout = a.layout;
    run.planes(
        &layout,
        #[inline(always)]
        |candidate, plane| {
            // SAFETY: one task has the elements of a plane's channels; no task writes the maps.
            unsafe {
                let rows = |y| [a.row(candidate, plane, y), b.row(candidate, plane, y)];
                let sums = sum_of_plane(&layout, rows, |_, a, b| term(a, b));
                let start = target.candidate(candidate).add(plane * layout.lanes);
                for (lane, sum) in sums.into_iter().enumerate().take(layout.channels_of(plane)) {
                    *start.add(lane) = sum as f32;
                }
            }
        },
    );
}

/// `y[c,p] = x[c,p] + term[c]`.
pub(crate) struct AddChannels;

impl Kernel for AddChannels {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let layout = result.layout;
        run.rows(
            &layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `result`.
                unsafe {
                    let terms = coefficients(&arguments[1], &layout, candidate, plane);
                    let row = result.row_from(&arguments[0], candidate, plane, y);
                    each_lane(row, |lane, value| *value += terms[lane]);
                }
            },
        );
    }

    fn backward(&self, run: &Run, which: usize, _: &Values, gradient: Tensor, target: Tensor) {
        if which == 0 {
            copy(run, gradient, target);
            return;
        }
        sum_channels(run, gradient, gradient, target, |g, _| g);
    }

    fn in_place(&self) -> bool {
        true
    }
}

/// `y[c,p] = x[c,p] + strength[c] · noise[0,p]`.
pub(crate) struct AddNoise {
    /// For each plane, its channels' strengths, zero for its filling; a planar map's in all lanes.
    strength: Vec<[f32; LANES]>,
}

impl AddNoise {
    pub(crate) fn new(strength: &[f32], layout: &Layout) -> Self {
        let of = |channel: usize| strength[if strength.len() == 1 { 0 } else { channel }];
        let strength = (0..layout.planes).map(|plane| {
            let real = layout.channels_of(plane);
            std::array::from_fn(|lane| match layout.lanes {
                1 => of(plane),
                _ if lane < real => of(plane * LANES + lane),
                _ => 0.0,
            })
        });
        Self { strength: strength.collect() }
    }
}

impl Kernel for AddNoise {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let lanes = result.layout.lanes;
        run.rows(
            &result.layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `result`.
                let (row, noise) =
                    unsafe { (result.row_from(&arguments[0], candidate, plane, y), arguments[1].row(candidate, 0, y)) };
                let strength = &self.strength[plane];
                if lanes == 1 {
                    row.iter_mut().zip(noise).for_each(|(value, noise)| *value += strength[0] * noise);
                } else {
                    for (pixel, noise) in row.as_chunks_mut::<LANES>().0.iter_mut().zip(noise) {
                        pixel.iter_mut().zip(strength).for_each(|(value, strength)| *value += strength * noise);
                    }
                }
            },
        );
    }

    fn backward(&self, run: &Run, which: usize, _: &Values, gradient: Tensor, target: Tensor) {
        if which == 0 {
            copy(run, gradient, target);
            return;
        }
        let layout = gradient.layout;
        run.rows(
            &target.layout,
            #[inline(always)]
            |candidate, _, y| {
                // SAFETY: one task has the row of `target`.
                let row = unsafe { target.row_mut(candidate, 0, y) };
                row.fill(0.0);
                for (plane, strength) in self.strength.iter().enumerate() {
                    // SAFETY: no task writes the gradient.
                    let gradient = unsafe { gradient.row(candidate, plane, y) };
                    if layout.lanes == 1 {
                        row.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += strength[0] * g);
                    } else {
                        for (sum, pixel) in row.iter_mut().zip(gradient.as_chunks::<LANES>().0) {
                            *sum += dot(pixel, strength);
                        }
                    }
                }
            },
        );
    }

    fn in_place(&self) -> bool {
        true
    }
}

/// The scalar product, summed by halves.
#[inline(always)]
fn dot(a: &[f32; LANES], b: &[f32; LANES]) -> f32 {
    let mut products: [f32; LANES] = std::array::from_fn(|lane| a[lane] * b[lane]);
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            products[lane] += products[lane + half];
        }
    }
    products[0]
}
