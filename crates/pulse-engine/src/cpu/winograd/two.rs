//! Two results at a time. With `d` three neighbouring pixels and `g` the taps,
//!
//! `d₀ g₀ + d₁ g₁ = (d₀ − d₁) g₀ + d₁ (g₀ + g₁)` and `d₁ g₀ + d₂ g₁ = d₁ (g₀ + g₁) − (d₁ − d₂) g₁`.
//!
//! Along both axes that is 9 products for 16. The transforms are differences and sums alone, so the results
//! are as exact as the definition's.

#![allow(unsafe_code)]

use super::{LANES, Lanes, Line, Product, Scheme, Taps, along_both, from_each_input, to_each_sum};

/// Beyond so many, a tile is made faster by the definition than its transformed weights are read.
const FACTORS_PER_TILE: usize = 1 << 21;

/// From the smaller map to the larger: a transposed convolution, or the gradient of a convolution.
pub(in super::super) struct DoublingByTwo;

/// From the larger map to the smaller: a convolution, or the gradient of a transposed one.
pub(in super::super) struct HalvingByTwo;

impl Scheme for DoublingByTwo {
    const NAME: &str = "Winograd F(2x2, 2x2)";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [2, 4];
    const TILES: usize = 48;
    const FACTORS_PER_TILE: usize = FACTORS_PER_TILE;
    // The difference in the middle serves both phases.
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 2, 3, 4]);

    fn factor(product: usize, w: Taps) -> f64 {
        [w[3], w[3] + w[1], w[1], w[2], w[2] + w[0], w[0]][product]
    }

    #[inline(always)]
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize) {
        // SAFETY: the caller's promise.
        unsafe { along_both::<L, Spread, 4, 5>(source.sub(row + LANES), [row, LANES], target, [5 * stride, stride]) }
    }

    #[inline(always)]
    unsafe fn finish<L: Lanes>(sums: *const f32, stride: usize, square: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { along_both::<L, Gather, 6, 4>(sums, [6 * stride, stride], square, [4 * LANES, LANES]) }
    }
}

/// The differences and pixels that both phases need, from the pixels −1, 0, 1, 2.
struct Spread;

impl Line<4, 5> for Spread {
    #[inline(always)]
    unsafe fn apply<L: Lanes>(x: [L; 4]) -> [L; 5] {
        // SAFETY: the instruction set is the caller's promise.
        unsafe { [x[0].sub(x[1]), x[1], x[1].sub(x[2]), x[2], x[2].sub(x[3])] }
    }
}

/// Four pixels, the phases in turn, from the products of both.
struct Gather;

impl Line<6, 4> for Gather {
    #[inline(always)]
    unsafe fn apply<L: Lanes>(m: [L; 6]) -> [L; 4] {
        // SAFETY: the instruction set is the caller's promise.
        unsafe { [m[0].add(m[1]), m[3].add(m[4]), m[1].sub(m[2]), m[4].sub(m[5])] }
    }
}

impl Scheme for HalvingByTwo {
    const NAME: &str = "Winograd F(2x2, 2x2)";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [4, 2];
    const TILES: usize = 48;
    const FACTORS_PER_TILE: usize = FACTORS_PER_TILE;
    const PRODUCTS: &[Product] = &from_each_input([0, 0, 1, 1, 2, 2]);

    fn factor(product: usize, w: Taps) -> f64 {
        let [first, second] = if product.is_multiple_of(2) { [w[1], w[3]] } else { [w[0], w[2]] };
        [first, first + second, second][product / 2]
    }

    #[inline(always)]
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            along_both::<L, Differences, 6, 6>(source.sub(row + LANES), [row, LANES], target, [6 * stride, stride]);
        }
    }

    #[inline(always)]
    unsafe fn finish<L: Lanes>(sums: *const f32, stride: usize, square: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { along_both::<L, Pair, 3, 2>(sums, [3 * stride, stride], square, [2 * LANES, LANES]) }
    }
}

/// Two neighbouring pixels from their three products.
struct Pair;

impl Line<3, 2> for Pair {
    #[inline(always)]
    unsafe fn apply<L: Lanes>(m: [L; 3]) -> [L; 2] {
        // SAFETY: the instruction set is the caller's promise.
        unsafe { [m[0].add(m[1]), m[1].sub(m[2])] }
    }
}

/// What the even and the odd phase need in turn, from the pixels −1 to 4.
struct Differences;

impl Line<6, 6> for Differences {
    #[inline(always)]
    unsafe fn apply<L: Lanes>(x: [L; 6]) -> [L; 6] {
        // SAFETY: the instruction set is the caller's promise.
        unsafe { [x[1].sub(x[3]), x[0].sub(x[2]), x[3], x[2], x[3].sub(x[5]), x[2].sub(x[4])] }
    }
}
