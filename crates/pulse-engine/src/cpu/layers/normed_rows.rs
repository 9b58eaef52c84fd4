//! The passes of a norm of groups over the rows of a plane.

#![allow(unsafe_code)]

use std::ops::Range;

use super::group_norm::{GroupNorm, Kept};
use crate::cpu::lanes::{Coefficients, LANES, Lanes, Run, Tensor, Vectorized};
use crate::cpu::pointwise::sigmoid_lanes;

/// Rows of a plane.
pub(super) struct Rows<'a> {
    pub(super) norm: &'a GroupNorm,
    pub(super) run: &'a Run,
    pub(super) candidate: usize,
    pub(super) plane: usize,
    pub(super) lines: Range<usize>,
}

impl Rows<'_> {
    /// What is kept of the channels.
    ///
    /// # Safety
    /// It must have been written, and the processor must have the instruction set of `L`.
    #[inline(always)]
    unsafe fn kept<L: Lanes>(&self, kind: Kept) -> L {
        // SAFETY: sixteen numbers are kept of every kind.
        unsafe { L::load(self.norm.kept(self.run, self.candidate, kind, self.plane)) }
    }
}

/// The result from `x`.
pub(super) struct Styled<'a> {
    pub(super) rows: Rows<'a>,
    pub(super) x: Tensor,
    pub(super) result: Tensor,
}

impl Vectorized for Styled<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { rows, x, result } = self;
        let (length, silu) = (x.layout.row_len(), rows.norm.parts.silu);
        // SAFETY: the coefficients were written; one task has the rows, which may be those of `x`.
        unsafe {
            let [center, factor, shift] = [Kept::Center, Kept::Factor, Kept::Shift].map(|kind| rows.kept::<L>(kind));
            for y in rows.lines.clone() {
                let from = x.candidate(rows.candidate).add(x.layout.row(rows.plane, y));
                let to = result.candidate(rows.candidate).add(result.layout.row(rows.plane, y));
                for at in (0..length).step_by(LANES) {
                    let count = LANES.min(length - at);
                    let mut value = load_some::<L>(from.add(at), count).sub(center).mul_add(factor, shift);
                    if silu {
                        value = value.mul(sigmoid_lanes(value));
                    }
                    store_some(value, to.add(at), count);
                }
            }
        }
    }
}

/// The gradient before SiLU and the sums over it.
pub(super) struct Sums<'a> {
    pub(super) rows: Rows<'a>,
    pub(super) x: Tensor,
    pub(super) gradient: Tensor,
    pub(super) target: Tensor,
    pub(super) to: *mut f32,
}

impl Vectorized for Sums<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { rows, x, gradient, target, to } = self;
        let (length, silu) = (x.layout.row_len(), rows.norm.parts.silu);
        // SAFETY: the coefficients were written; one task has the rows of `target`, which may be those of `gradient`.
        unsafe {
            let [center, factor, shift] = [Kept::Center, Kept::Factor, Kept::Shift].map(|kind| rows.kept::<L>(kind));
            let (mut sum, mut along) = (L::splat(0.0), L::splat(0.0));
            for y in rows.lines.clone() {
                let [x, gradient, target] = [x, gradient, target]
                    .map(|tensor| tensor.candidate(rows.candidate).add(tensor.layout.row(rows.plane, y)));
                for at in (0..length).step_by(LANES) {
                    let count = LANES.min(length - at);
                    let deviation = load_some::<L>(x.add(at), count).sub(center);
                    let mut g = load_some::<L>(gradient.add(at), count);
                    if silu {
                        let u = deviation.mul_add(factor, shift);
                        let s = sigmoid_lanes(u);
                        let one = s.like(1.0);
                        g = g.mul(s).mul(u.mul_add(one.sub(s), one));
                    }
                    sum = sum.add(g);
                    along = g.mul_add(deviation, along);
                    store_some(g, target.add(at), count);
                }
            }
            sum.store(to);
            along.store(to.add(LANES));
        }
    }
}

/// The gradient of `x` from that before SiLU, in place.
pub(super) struct Descent<'a> {
    pub(super) rows: Rows<'a>,
    pub(super) x: Tensor,
    pub(super) factors: Coefficients,
    pub(super) target: Tensor,
}

impl Vectorized for Descent<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { rows, x, factors, target } = self;
        let length = x.layout.row_len();
        // SAFETY: the factors were written, and one task has the rows of `target`.
        unsafe {
            let center = rows.kept::<L>(Kept::Center);
            let [a, b, c] = [0, 1, 2].map(|kind| L::load(factors.of(rows.candidate, kind, rows.plane)));
            for y in rows.lines.clone() {
                let [x, target] =
                    [x, target].map(|tensor| tensor.candidate(rows.candidate).add(tensor.layout.row(rows.plane, y)));
                for at in (0..length).step_by(LANES) {
                    let count = LANES.min(length - at);
                    let deviation = load_some::<L>(x.add(at), count).sub(center);
                    let g = load_some::<L>(target.add(at), count);
                    store_some(g.mul_add(a, deviation.mul_add(c, b)), target.add(at), count);
                }
            }
        }
    }
}

/// Sixteen numbers, or those that there are and zeros.
///
/// # Safety
/// They must be readable, and the processor must have the instruction set of `L`.
#[inline(always)]
unsafe fn load_some<L: Lanes>(from: *const f32, count: usize) -> L {
    // SAFETY: only as many are read as the caller has.
    unsafe {
        if count == LANES {
            return L::load(from);
        }
        let mut numbers = [0.0; LANES];
        std::ptr::copy_nonoverlapping(from, numbers.as_mut_ptr(), count);
        L::load(numbers.as_ptr())
    }
}

/// Writes as many of sixteen numbers as there is room for.
///
/// # Safety
/// There must be.
#[inline(always)]
unsafe fn store_some<L: Lanes>(numbers: L, to: *mut f32, count: usize) {
    // SAFETY: only as many are written as the caller has room for.
    unsafe {
        if count == LANES {
            return numbers.store(to);
        }
        std::ptr::copy_nonoverlapping(numbers.to_array().as_ptr(), to, count);
    }
}
