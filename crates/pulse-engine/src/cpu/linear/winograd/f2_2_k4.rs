//! Two results at a time. With `d` three neighbouring pixels and `g` the taps,
//!
//! `d₀ g₀ + d₁ g₁ = (d₀ − d₁) g₀ + d₁ (g₀ + g₁)` and `d₁ g₀ + d₂ g₁ = d₁ (g₀ + g₁) − (d₁ − d₂) g₁`.
//!
//! Along both axes that is 9 products for 16. The transforms are differences and sums alone, so the results
//! are as exact as the definition's.

#![allow(unsafe_code)]

use super::axes::Line;
use super::nested::{Product, from_each_input, to_each_sum};
use super::scheme::{Scheme, Taps, by_lines};
use crate::cpu::lanes::Lanes;

/// From the smaller map to the larger: a transposed convolution, or the gradient of a convolution.
pub(crate) struct UpF2_2K4;

/// From the larger map to the smaller: a convolution, or the gradient of a transposed one.
pub(crate) struct DownF2_2K4;

impl Scheme for UpF2_2K4 {
    const NAME: &str = "Winograd F(2x2, 2x2)";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [2, 4];
    const TILES: usize = 48;
    // The difference in the middle serves both phases.
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 2, 3, 4]);

    fn factor(product: usize, w: Taps) -> f64 {
        [w[3], w[3] + w[1], w[1], w[2], w[2] + w[0], w[0]][product]
    }

    by_lines!(Spread: 4 pixels from 1 before to 5 numbers; Gather: 6 sums to 4 pixels);
}

/// The differences and pixels that both phases need, from the pixels −1, 0, 1, 2.
struct Spread;

impl Line<4, 5> for Spread {
    #[inline(always)]
    fn apply<L: Lanes>(x: [L; 4]) -> [L; 5] {
        [x[0].sub(x[1]), x[1], x[1].sub(x[2]), x[2], x[2].sub(x[3])]
    }
}

/// Four pixels, the phases in turn, from the products of both.
struct Gather;

impl Line<6, 4> for Gather {
    #[inline(always)]
    fn apply<L: Lanes>(m: [L; 6]) -> [L; 4] {
        [m[0].add(m[1]), m[3].add(m[4]), m[1].sub(m[2]), m[4].sub(m[5])]
    }
}

impl Scheme for DownF2_2K4 {
    const NAME: &str = "Winograd F(2x2, 2x2)";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [4, 2];
    const TILES: usize = 48;
    const PRODUCTS: &[Product] = &from_each_input([0, 0, 1, 1, 2, 2]);

    fn factor(product: usize, w: Taps) -> f64 {
        let [first, second] = if product.is_multiple_of(2) { [w[1], w[3]] } else { [w[0], w[2]] };
        [first, first + second, second][product / 2]
    }

    by_lines!(Differences: 6 pixels from 1 before to 6 numbers; Pair: 3 sums to 2 pixels);
}

/// Two neighbouring pixels from their three products.
struct Pair;

impl Line<3, 2> for Pair {
    #[inline(always)]
    fn apply<L: Lanes>(m: [L; 3]) -> [L; 2] {
        [m[0].add(m[1]), m[1].sub(m[2])]
    }
}

/// What the even and the odd phase need in turn, from the pixels −1 to 4.
struct Differences;

impl Line<6, 6> for Differences {
    #[inline(always)]
    fn apply<L: Lanes>(x: [L; 6]) -> [L; 6] {
        [x[1].sub(x[3]), x[0].sub(x[2]), x[3], x[2], x[3].sub(x[5]), x[2].sub(x[4])]
    }
}
