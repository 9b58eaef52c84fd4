//! Kernels of 6 x 6 pixels at stride 2: what doubles a map and filters it afterwards, in one. Each of the four phases
//! is a kernel of 3 x 3, and all of them share the transform of their source.
//!
//! Pixel `2 i + phase` of the larger map and pixel `i + d` of the smaller, for `d` from −1 to 1, meet at tap
//! `phase − 2 d + 2` of the kernel.

#![allow(unsafe_code)]

use super::three::{factors, gather, spread};
use super::{LANES, Lanes, Scheme, Taps, load, row_of, store};

/// From the smaller map to the larger.
pub(in super::super) struct DoublingBySix;

/// From the larger map to the smaller: the gradient of the other.
pub(in super::super) struct HalvingBySix;

/// Transformed maps of this size and more are worth their factors.
const TILES: usize = 1024;

impl Scheme for DoublingBySix {
    const NAME: &str = "Winograd F(4x4, 3x3) of each phase";
    const SIDES: [usize; 2] = [4, 8];
    const TILES: usize = 24;
    const INPUTS: usize = 36;
    const SUMS: usize = 144;
    const TERMS: usize = 1;

    fn is_worth(_: usize, tiles: usize, _: bool) -> bool {
        tiles >= TILES
    }

    fn input(sum: usize, _: usize) -> usize {
        sum % 36
    }

    fn factor(sum: usize, _: usize, kernel: &Taps) -> f64 {
        let (phase, at) = (sum / 36, sum % 36);
        let line = |w: [f64; 6], phase: usize, at: usize| factors([w[phase + 4], w[phase + 2], w[phase]])[at];
        line(kernel.map(|row| line(row, phase % 2, at % 6)), phase / 2, at / 6)
    }

    #[inline(always)]
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize) {
        // SAFETY: the caller's promise.
        unsafe { super::KeepingByFour::transform::<L>(source, row, target, stride) }
    }

    #[inline(always)]
    unsafe fn finish<L: Lanes>(sums: *mut f32, stride: usize, square: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe {
            for phase in 0..4 {
                let sums = sums.add(phase * 36 * stride);
                let square = square.add((phase / 2 * 8 + phase % 2) * LANES);
                let mut columns = [[L::splat(0.0); 4]; 6];
                for x in 0..6 {
                    columns[x] = gather(load::<L, 6>(sums.add(x * stride), 6 * stride));
                }
                for y in 0..4 {
                    let line = gather(row_of(&columns, y));
                    store(line, square.add(y * 16 * LANES), 2 * LANES);
                }
            }
        }
    }
}

impl Scheme for HalvingBySix {
    const NAME: &str = "Winograd F(4x4, 3x3) of each phase";
    const SIDES: [usize; 2] = [8, 4];
    const MARGIN: usize = 2;
    const TILES: usize = 48;
    const INPUTS: usize = 144;
    const SUMS: usize = 36;
    const TERMS: usize = 4;

    fn is_worth(_: usize, tiles: usize, _: bool) -> bool {
        tiles >= TILES
    }

    fn input(sum: usize, term: usize) -> usize {
        term * 36 + sum
    }

    fn factor(sum: usize, term: usize, kernel: &Taps) -> f64 {
        let line = |w: [f64; 6], phase: usize, at: usize| factors([w[phase], w[phase + 2], w[phase + 4]])[at];
        line(kernel.map(|row| line(row, term % 2, sum % 6)), term / 2, sum / 6)
    }

    #[inline(always)]
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            let corner = source.sub(2 * (row + LANES));
            for phase in 0..4 {
                let corner = corner.add(phase / 2 * row + phase % 2 * LANES);
                let target = target.add(phase * 36 * stride);
                let mut columns = [[L::splat(0.0); 6]; 6];
                for x in 0..6 {
                    columns[x] = spread(load::<L, 6>(corner.add(2 * x * LANES), 2 * row));
                }
                for y in 0..6 {
                    store(spread(row_of(&columns, y)), target.add(y * 6 * stride), stride);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn finish<L: Lanes>(sums: *mut f32, stride: usize, square: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { super::KeepingByFour::finish::<L>(sums, stride, square) }
    }
}
