//! Filters of three taps that keep the size of small maps: two results at a time, from the [points](super::points) 0, 1, −1
//! and infinity.

#![allow(unsafe_code)]

use super::nested::{Product, to_each_sum};
use super::points::{GatherTwo, SpreadFour, factors_of_two};
use super::scheme::{Scheme, Taps, by_lines};

/// A convolution of 3 x 3 pixels that keeps the size, or its gradient, for maps that have few tiles of four.
pub(crate) struct F2_3;

impl Scheme for F2_3 {
    const NAME: &str = "Winograd F(2x2, 3x3)";
    const CONVOLUTION: [usize; 3] = [3, 1, 1];
    const SIDES: [usize; 2] = [2, 2];
    const TILES: usize = 48;
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 3]);

    fn factor(product: usize, w: Taps) -> f64 {
        factors_of_two([w[0], w[1], w[2]])[product]
    }

    by_lines!(SpreadFour: 4 pixels from 1 before to 4 numbers; GatherTwo: 4 sums to 2 pixels);
}
