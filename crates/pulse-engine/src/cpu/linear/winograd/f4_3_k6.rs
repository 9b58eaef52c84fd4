//! Kernels of 6 x 6 pixels at stride 2 that end in a filter: what doubles a map and smooths it, in one. Each of the
//! four phases is a kernel of 3 x 3, and all of them share the transform of their source.
//!
//! Pixel `2 i + phase` of the larger map and pixel `i + d` of the smaller, for `d` from −1 to 1, meet at tap
//! `phase − 2 d + 2` of the kernel. A filter that smooths takes an alternating line to zero, and so the even taps of
//! the whole kernel have the same sum as the odd ones. That sum is the factor of both phases at the [point](super::points)
//! 1, whose product they share: 11 along an axis, not 12, and 121 for 576 along both.

#![allow(unsafe_code)]

use super::axes::Line;
use super::nested::{Product, from_each_input, to_each_sum};
use super::points::{GatherFour, SpreadSix, factors};
use super::scheme::{Scheme, Taps, by_lines};
use crate::cpu::lanes::Lanes;

/// From the smaller map to the larger.
pub(crate) struct UpF4_3K6;

/// From the larger map to the smaller: the gradient of the other.
pub(crate) struct DownF4_3K6;

impl Scheme for UpF4_3K6 {
    const NAME: &str = "Winograd F(4x4, 3x3) of phases";
    const CONVOLUTION: [usize; 3] = [6, 2, 2];
    const SIDES: [usize; 2] = [4, 8];
    const TILES: usize = 24;
    // The even phase at all points, then the odd one where it has its own product.
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 3, 4, 5, 0, 2, 3, 4, 5]);

    fn factor(product: usize, w: Taps) -> f64 {
        let [even, odd] = [factors([w[4], w[2], w[0]]), factors([w[5], w[3], w[1]])];
        [even[0], even[1], even[2], even[3], even[4], even[5], odd[0], odd[2], odd[3], odd[4], odd[5]][product]
    }

    by_lines!(SpreadSix: 6 pixels from 1 before to 6 numbers; Alternate: 11 sums to 8 pixels);
}

/// Eight pixels of the larger map, the phases in turn.
struct Alternate;

impl Line<11, 8> for Alternate {
    #[inline(always)]
    fn apply<L: Lanes>(m: [L; 11]) -> [L; 8] {
        let [a, c, e, g] = GatherFour::apply([m[0], m[1], m[2], m[3], m[4], m[5]]);
        let [b, d, f, h] = GatherFour::apply([m[6], m[1], m[7], m[8], m[9], m[10]]);
        [a, b, c, d, e, f, g, h]
    }
}

impl Scheme for DownF4_3K6 {
    const NAME: &str = "Winograd F(4x4, 3x3) of phases";
    const CONVOLUTION: [usize; 3] = [6, 2, 2];
    const SIDES: [usize; 2] = [8, 4];
    const MARGIN: usize = 2;
    const TILES: usize = 48;
    // Both phases at each point, but for the one that they share.
    const PRODUCTS: &[Product] = &from_each_input([0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 5]);

    fn factor(product: usize, w: Taps) -> f64 {
        let [even, odd] = [factors([w[0], w[2], w[4]]), factors([w[1], w[3], w[5]])];
        [even[0], odd[0], even[1], even[2], odd[2], even[3], odd[3], even[4], odd[4], even[5], odd[5]][product]
    }

    by_lines!(Both: 12 pixels from 2 before to 11 numbers; GatherFour: 6 sums to 4 pixels);
}

/// What both phases need from the pixels −2 to 9 of the larger map.
struct Both;

impl Line<12, 11> for Both {
    #[inline(always)]
    fn apply<L: Lanes>(x: [L; 12]) -> [L; 11] {
        let even = SpreadSix::apply([x[0], x[2], x[4], x[6], x[8], x[10]]);
        let odd = SpreadSix::apply([x[1], x[3], x[5], x[7], x[9], x[11]]);
        let shared = even[1].add(odd[1]);
        [even[0], odd[0], shared, even[2], odd[2], even[3], odd[3], even[4], odd[4], even[5], odd[5]]
    }
}
