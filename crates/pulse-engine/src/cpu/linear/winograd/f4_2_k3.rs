//! Kernels of 3 x 3 pixels at stride 2, without padding: between a map of `n` pixels and one of `2 n + 1`.
//!
//! An even pixel of the larger map has two taps, the last and the first, and takes the way of [`f4_2_k4`](super::f4_2_k4); an
//! odd one has the tap in the middle alone. Five products and four make eight pixels, where the definition needs
//! twelve: 81 for 144 along both axes.

#![allow(unsafe_code)]

use super::axes::Line;
use super::f4_2_k4::{Gather, Spread, factors};
use super::nested::{Product, to_each_sum};
use super::scheme::{Scheme, Taps, by_lines};
use crate::cpu::lanes::Lanes;

/// From the smaller map to the larger: a transposed convolution.
pub(crate) struct UpF4_2K3;

/// From the larger map to the smaller: the gradient of the other.
pub(crate) struct DownF4_2K3;

impl Scheme for UpF4_2K3 {
    const NAME: &str = "Winograd F(4x4, 2x2) of even pixels";
    const CONVOLUTION: [usize; 3] = [3, 2, 0];
    const SIDES: [usize; 2] = [4, 8];
    const TILES: usize = 32;
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 3, 4, 5, 6, 7, 8]);

    fn factor(product: usize, w: Taps) -> f64 {
        factors([w[2], w[0]]).get(product).copied().unwrap_or(w[1])
    }

    by_lines!(Near: 5 pixels from 1 before to 9 numbers; Alternate: 9 sums to 8 pixels);
}

/// What the even pixels need from the pixels −1 to 3 of the smaller map, and what the odd ones do.
struct Near;

impl Line<5, 9> for Near {
    #[inline(always)]
    fn apply<L: Lanes>(x: [L; 5]) -> [L; 9] {
        let [a, b, c, d, e] = Spread::apply(x);
        [a, b, c, d, e, x[1], x[2], x[3], x[4]]
    }
}

/// Eight pixels of the larger map.
struct Alternate;

impl Line<9, 8> for Alternate {
    #[inline(always)]
    fn apply<L: Lanes>(m: [L; 9]) -> [L; 8] {
        let [a, b, c, d] = Gather::apply([m[0], m[1], m[2], m[3], m[4]]);
        [a, m[5], b, m[6], c, m[7], d, m[8]]
    }
}

impl Scheme for DownF4_2K3 {
    const NAME: &str = "Winograd F(4x4, 2x2) of even pixels";
    const CONVOLUTION: [usize; 3] = [3, 2, 0];
    const SIDES: [usize; 2] = [8, 4];
    const TILES: usize = 48;
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 3, 4, 5, 6, 7, 8]);

    fn factor(product: usize, w: Taps) -> f64 {
        factors([w[0], w[2]]).get(product).copied().unwrap_or(w[1])
    }

    by_lines!(Far: 9 pixels from 0 before to 9 numbers; FourPixels: 9 sums to 4 pixels);
}

/// What is needed of the even pixels from 0 to 8 of the larger map, and of the odd ones.
struct Far;

impl Line<9, 9> for Far {
    #[inline(always)]
    fn apply<L: Lanes>(x: [L; 9]) -> [L; 9] {
        let [a, b, c, d, e] = Spread::apply([x[0], x[2], x[4], x[6], x[8]]);
        [a, b, c, d, e, x[1], x[3], x[5], x[7]]
    }
}

/// Four pixels of the smaller map.
struct FourPixels;

impl Line<9, 4> for FourPixels {
    #[inline(always)]
    fn apply<L: Lanes>(m: [L; 9]) -> [L; 4] {
        let [a, b, c, d] = Gather::apply([m[0], m[1], m[2], m[3], m[4]]);
        [a.add(m[5]), b.add(m[6]), c.add(m[7]), d.add(m[8])]
    }
}
