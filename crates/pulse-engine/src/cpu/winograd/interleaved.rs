//! Kernels of 3 x 3 pixels at stride 2, without padding: between a map of `n` pixels and one of `2 n + 1`.
//!
//! An even pixel of the larger map has two taps, the last and the first, and takes the way of [`four`](super::four); an
//! odd one has the tap in the middle alone. Five products and four make eight pixels, where the definition needs
//! twelve: 81 for 144 along both axes.

#![allow(unsafe_code)]

use super::four::{Gather, Spread, factors};
use super::{LANES, Lanes, Line, Product, Scheme, Taps, along_both, to_each_sum};

/// From the smaller map to the larger: a transposed convolution.
pub(in super::super) struct InterleavingByFour;

/// From the larger map to the smaller: the gradient of the other.
pub(in super::super) struct CollectingByFour;

/// Beyond so many, the definition is as fast.
const FACTORS_PER_TILE: usize = 1 << 20;

/// Maps of fewer tiles have too many beyond their last pixels.
const LEAST_TILES: usize = 16;

impl Scheme for InterleavingByFour {
    const NAME: &str = "Winograd F(4x4, 2x2) of even pixels";
    const CONVOLUTION: [usize; 3] = [3, 2, 0];
    const SIDES: [usize; 2] = [4, 8];
    const TILES: usize = 32;
    const LEAST_TILES: usize = LEAST_TILES;
    const FACTORS_PER_TILE: usize = FACTORS_PER_TILE;
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 3, 4, 5, 6, 7, 8]);

    fn factor(product: usize, w: Taps) -> f64 {
        factors([w[2], w[0]]).get(product).copied().unwrap_or(w[1])
    }

    #[inline(always)]
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize) {
        // SAFETY: the caller's promise.
        unsafe { along_both::<L, Near, 5, 9>(source.sub(row + LANES), [row, LANES], target, [9 * stride, stride]) }
    }

    #[inline(always)]
    unsafe fn finish<L: Lanes>(sums: *const f32, stride: usize, square: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { along_both::<L, Alternate, 9, 8>(sums, [9 * stride, stride], square, [8 * LANES, LANES]) }
    }
}

/// What the even pixels need from the pixels −1 to 3 of the smaller map, and what the odd ones do.
struct Near;

impl Line<5, 9> for Near {
    #[inline(always)]
    unsafe fn apply<L: Lanes>(x: [L; 5]) -> [L; 9] {
        // SAFETY: the instruction set is the caller's promise.
        unsafe {
            let [a, b, c, d, e] = Spread::apply(x);
            [a, b, c, d, e, x[1], x[2], x[3], x[4]]
        }
    }
}

/// Eight pixels of the larger map.
struct Alternate;

impl Line<9, 8> for Alternate {
    #[inline(always)]
    unsafe fn apply<L: Lanes>(m: [L; 9]) -> [L; 8] {
        // SAFETY: the instruction set is the caller's promise.
        unsafe {
            let [a, b, c, d] = Gather::apply([m[0], m[1], m[2], m[3], m[4]]);
            [a, m[5], b, m[6], c, m[7], d, m[8]]
        }
    }
}

impl Scheme for CollectingByFour {
    const NAME: &str = "Winograd F(4x4, 2x2) of even pixels";
    const CONVOLUTION: [usize; 3] = [3, 2, 0];
    const SIDES: [usize; 2] = [8, 4];
    const TILES: usize = 48;
    const LEAST_TILES: usize = LEAST_TILES;
    const FACTORS_PER_TILE: usize = FACTORS_PER_TILE;
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 3, 4, 5, 6, 7, 8]);

    fn factor(product: usize, w: Taps) -> f64 {
        factors([w[0], w[2]]).get(product).copied().unwrap_or(w[1])
    }

    #[inline(always)]
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize) {
        // SAFETY: the caller's promise.
        unsafe { along_both::<L, Far, 9, 9>(source, [row, LANES], target, [9 * stride, stride]) }
    }

    #[inline(always)]
    unsafe fn finish<L: Lanes>(sums: *const f32, stride: usize, square: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { along_both::<L, FourPixels, 9, 4>(sums, [9 * stride, stride], square, [4 * LANES, LANES]) }
    }
}

/// What is needed of the even pixels from 0 to 8 of the larger map, and of the odd ones.
struct Far;

impl Line<9, 9> for Far {
    #[inline(always)]
    unsafe fn apply<L: Lanes>(x: [L; 9]) -> [L; 9] {
        // SAFETY: the instruction set is the caller's promise.
        unsafe {
            let [a, b, c, d, e] = Spread::apply([x[0], x[2], x[4], x[6], x[8]]);
            [a, b, c, d, e, x[1], x[3], x[5], x[7]]
        }
    }
}

/// Four pixels of the smaller map.
struct FourPixels;

impl Line<9, 4> for FourPixels {
    #[inline(always)]
    unsafe fn apply<L: Lanes>(m: [L; 9]) -> [L; 4] {
        // SAFETY: the instruction set is the caller's promise.
        unsafe {
            let [a, b, c, d] = Gather::apply([m[0], m[1], m[2], m[3], m[4]]);
            [a.add(m[5]), b.add(m[6]), c.add(m[7]), d.add(m[8])]
        }
    }
}
