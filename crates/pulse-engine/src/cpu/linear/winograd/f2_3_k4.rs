//! Kernels of 4 x 4 pixels at stride 2 that are one of 3 x 3 pixels at four places, two pixels of the smaller map at a time:
//! five products make four pixels, where kernels of any taps need six ([`f2_2_k4`](super::f2_2_k4)). What makes it so stands at
//! [`f4_3_k4`](super::f4_3_k4).

#![allow(unsafe_code)]

use super::axes::Line;
use super::nested::{Product, from_each_input, to_each_sum};
use super::points::{GatherTwo, SpreadFour, factors_of_two};
use super::scheme::{Scheme, Taps, by_lines};
use crate::cpu::lanes::Lanes;

/// From the smaller map to the larger, two pixels of the smaller at a time.
pub(crate) struct UpF2_3K4;

/// From the larger map to the smaller, of which it makes two pixels at a time: the gradient of the other.
pub(crate) struct DownF2_3K4;

/// Where an even pixel has its taps, among the pixels −1 to 1 of the smaller map, and an odd one.
pub(super) fn phases(w: Taps) -> [[f64; 3]; 2] {
    [[w[3], w[1], 0.0], [0.0, w[2], w[0]]]
}

impl Scheme for UpF2_3K4 {
    const NAME: &str = "Winograd F(2x2, 3x3) of phases";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [2, 4];
    const TILES: usize = 48;
    // The even phase at 0, 1 and −1, the odd one at −1 and infinity.
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 2, 3]);

    fn factor(product: usize, w: Taps) -> f64 {
        let [even, odd] = phases(w).map(factors_of_two);
        [even[0], even[1], even[2], odd[2], odd[3]][product]
    }

    by_lines!(SpreadFour: 4 pixels from 1 before to 4 numbers; FourPixels: 5 sums to 4 pixels);
}

/// Four pixels of the larger map, the phases in turn.
struct FourPixels;

impl Line<5, 4> for FourPixels {
    #[inline(always)]
    fn apply<L: Lanes>(m: [L; 5]) -> [L; 4] {
        [m[0].add(m[1]).add(m[2]), m[1].add(m[3]), m[1].sub(m[2]), m[1].sub(m[3]).add(m[4])]
    }
}

impl Scheme for DownF2_3K4 {
    const NAME: &str = "Winograd F(2x2, 3x3) of phases";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [4, 2];
    const TILES: usize = 48;
    const PRODUCTS: &[Product] = &from_each_input([0, 1, 2, 2, 3]);

    fn factor(product: usize, w: Taps) -> f64 {
        let [even, odd] = phases(w).map(|[first, second, third]| factors_of_two([third, second, first]));
        [odd[0], even[1], even[2], odd[2], even[3]][product]
    }

    by_lines!(BothOfTwo: 6 pixels from 1 before to 5 numbers; GatherTwo: 4 sums to 2 pixels);
}

/// What both phases need from the pixels −1 to 4 of the larger map.
struct BothOfTwo;

impl Line<6, 5> for BothOfTwo {
    #[inline(always)]
    fn apply<L: Lanes>(x: [L; 6]) -> [L; 5] {
        let [even, odd] = [x[3].add(x[1]), x[4].add(x[2])];
        [x[4].sub(x[0]), even.add(odd), x[3].sub(x[1]), x[4].sub(x[2]), x[5].sub(x[1])]
    }
}
