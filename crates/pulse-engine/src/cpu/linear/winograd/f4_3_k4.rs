//! Kernels of 4 x 4 pixels at stride 2 that are a kernel of 3 x 3 pixels convolved with a box of 2 x 2: StyleGAN repeats pixels
//! and then convolves. As kernels of [6 x 6](super::f4_3_k6), their first and last taps are zero.
//!
//! Along an axis the taps are `w₀, w₀ + w₁, w₁ + w₂, w₂`. Of the [points](super::points), the even phase has the
//! factor zero at infinity, the odd one at 0, and at 1 both have the same. So nine products make eight pixels, where
//! kernels of any taps need ten ([`f4_2_k4`](super::f4_2_k4)).

#![allow(unsafe_code)]

use super::axes::Line;
use super::f2_3_k4::phases;
use super::nested::{Product, from_each_input, to_each_sum};
use super::points::{GatherFour, SpreadSix, factors};
use super::scheme::{Scheme, Taps, by_lines};
use crate::cpu::lanes::Lanes;

/// From the smaller map to the larger, four pixels of the smaller at a time.
pub(crate) struct UpF4_3K4;

/// From the larger map to the smaller, of which it makes four pixels at a time: the gradient of the other.
pub(crate) struct DownF4_3K4;

impl Scheme for UpF4_3K4 {
    const NAME: &str = "Winograd F(4x4, 3x3) of phases";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [4, 8];
    const TILES: usize = 32;
    // The even phase at all points but infinity, then the odd one where it has its own product.
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 3, 4, 2, 3, 4, 5]);

    fn factor(product: usize, w: Taps) -> f64 {
        let [even, odd] = phases(w).map(factors);
        [even[0], even[1], even[2], even[3], even[4], odd[2], odd[3], odd[4], odd[5]][product]
    }

    by_lines!(SpreadSix: 6 pixels from 1 before to 6 numbers; EightPixels: 9 sums to 8 pixels);
}

/// Eight pixels of the larger map, the phases in turn.
struct EightPixels;

impl Line<9, 8> for EightPixels {
    #[inline(always)]
    fn apply<L: Lanes>(m: [L; 9]) -> [L; 8] {
        let none = m[0].like(0.0);
        let [a, c, e, g] = GatherFour::apply([m[0], m[1], m[2], m[3], m[4], none]);
        let [b, d, f, h] = GatherFour::apply([none, m[1], m[5], m[6], m[7], m[8]]);
        [a, b, c, d, e, f, g, h]
    }
}

impl Scheme for DownF4_3K4 {
    const NAME: &str = "Winograd F(4x4, 3x3) of phases";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [8, 4];
    const TILES: usize = 48;
    // Both phases at −1, `q` and `1/q`.
    const PRODUCTS: &[Product] = &from_each_input([0, 1, 2, 2, 3, 3, 4, 4, 5]);

    fn factor(product: usize, w: Taps) -> f64 {
        let [even, odd] = phases(w).map(|[first, second, third]| factors([third, second, first]));
        [odd[0], even[1], even[2], odd[2], even[3], odd[3], even[4], odd[4], even[5]][product]
    }

    by_lines!(BothOfFour: 10 pixels from 1 before to 9 numbers; GatherFour: 6 sums to 4 pixels);
}

/// What both phases need from the pixels −1 to 8 of the larger map.
struct BothOfFour;

impl Line<10, 9> for BothOfFour {
    #[inline(always)]
    fn apply<L: Lanes>(x: [L; 10]) -> [L; 9] {
        let none = x[0].like(0.0);
        let even = SpreadSix::apply([none, x[1], x[3], x[5], x[7], x[9]]);
        let odd = SpreadSix::apply([x[0], x[2], x[4], x[6], x[8], none]);
        let shared = even[1].add(odd[1]);
        [odd[0], shared, even[2], odd[2], even[3], odd[3], even[4], odd[4], even[5]]
    }
}
