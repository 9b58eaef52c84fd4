//! Four results at a time, from the points 0, 1/2, −1, 2 and infinity: 25 products for 64 along both axes. The
//! root mean square of the error is twice that of the definition; it would be three times that from the points
//! 0, 1, −1, 2.
//!
//! With `d` five neighbouring pixels and `g` the taps, `y = Aᵀ (G g ⊙ Bᵀ d)`, where
//!
//! ```text
//!      ⎡1 −3/2 −3/2   1   0⎤        ⎡  1    0 ⎤
//!      ⎢0  −2   −1    1   0⎥        ⎢−8/9 −4/9⎥        ⎡1   1   1   1   0⎤
//! Bᵀ = ⎢0   1  −5/2   1   0⎥    G = ⎢−2/9  2/9⎥   Aᵀ = ⎢0  1/2 −1   2   0⎥
//!      ⎢0 −1/2  1/2   1   0⎥        ⎢ 1/9  2/9⎥        ⎢0  1/4  1   4   0⎥
//!      ⎣0   1  −3/2 −3/2  1⎦        ⎣  0    1 ⎦        ⎣0  1/8 −1   8   1⎦
//! ```

#![allow(unsafe_code)]

use super::axes::Line;
use super::nested::{Product, from_each_input, to_each_sum};
use super::scheme::{Scheme, Taps, by_lines};
use crate::cpu::lanes::Lanes;

/// `G g`.
pub(crate) fn factors(g: [f64; 2]) -> [f64; 5] {
    [g[0], -(8.0 * g[0] + 4.0 * g[1]) / 9.0, (g[1] - g[0]) * 2.0 / 9.0, (g[0] + 2.0 * g[1]) / 9.0, g[1]]
}

/// `Bᵀ d`.
pub(crate) struct Spread;

impl Line<5, 5> for Spread {
    #[inline(always)]
    fn apply<L: Lanes>(d: [L; 5]) -> [L; 5] {
        [
            d[1].add(d[2]).times_add(-1.5, d[0].add(d[3])),
            d[1].times_add(-2.0, d[3].sub(d[2])),
            d[2].times_add(-2.5, d[1].add(d[3])),
            d[2].sub(d[1]).times_add(0.5, d[3]),
            d[2].add(d[3]).times_add(-1.5, d[1].add(d[4])),
        ]
    }
}

/// `Aᵀ m`.
pub(crate) struct Gather;

impl Line<5, 4> for Gather {
    #[inline(always)]
    fn apply<L: Lanes>(m: [L; 5]) -> [L; 4] {
        [
            m[0].add(m[1]).add(m[2].add(m[3])),
            m[3].times_add(2.0, m[1].times(0.5).sub(m[2])),
            m[3].times_add(4.0, m[1].times_add(0.25, m[2])),
            m[3].times_add(8.0, m[1].times_add(0.125, m[4].sub(m[2]))),
        ]
    }
}

/// What both phases need, the even one first, from the pixels −1 to 4 of the smaller map.
struct Near;

impl Line<6, 10> for Near {
    #[inline(always)]
    fn apply<L: Lanes>(x: [L; 6]) -> [L; 10] {
        let [a, b, c, d, e] = Spread::apply([x[0], x[1], x[2], x[3], x[4]]);
        let [f, g, h, i, j] = Spread::apply([x[1], x[2], x[3], x[4], x[5]]);
        [a, b, c, d, e, f, g, h, i, j]
    }
}

/// What both phases need in turn, from the pixels −1 to 8 of the larger map.
struct Far;

impl Line<10, 10> for Far {
    #[inline(always)]
    fn apply<L: Lanes>(x: [L; 10]) -> [L; 10] {
        let even = Spread::apply([x[1], x[3], x[5], x[7], x[9]]);
        let odd = Spread::apply([x[0], x[2], x[4], x[6], x[8]]);
        [even[0], odd[0], even[1], odd[1], even[2], odd[2], even[3], odd[3], even[4], odd[4]]
    }
}

/// Eight pixels of the larger map, the phases in turn.
struct Alternate;

impl Line<10, 8> for Alternate {
    #[inline(always)]
    fn apply<L: Lanes>(m: [L; 10]) -> [L; 8] {
        let [a, c, e, g] = Gather::apply([m[0], m[1], m[2], m[3], m[4]]);
        let [b, d, f, h] = Gather::apply([m[5], m[6], m[7], m[8], m[9]]);
        [a, b, c, d, e, f, g, h]
    }
}

/// From the smaller map to the larger: a transposed convolution, or the gradient of a convolution.
pub(crate) struct UpF4_2K4;

impl Scheme for UpF4_2K4 {
    const NAME: &str = "Winograd F(4x4, 2x2)";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [4, 8];
    const TILES: usize = 32;
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

    fn factor(product: usize, w: Taps) -> f64 {
        // An even pixel takes the pixels −1 and 0, an odd one 0 and 1.
        factors(if product < 5 { [w[3], w[1]] } else { [w[2], w[0]] })[product % 5]
    }

    by_lines!(Near: 6 pixels from 1 before to 10 numbers; Alternate: 10 sums to 8 pixels);
}

/// From the larger map to the smaller: a convolution, or the gradient of a transposed one.
pub(crate) struct DownF4_2K4;

impl Scheme for DownF4_2K4 {
    const NAME: &str = "Winograd F(4x4, 2x2)";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [8, 4];
    const TILES: usize = 48;
    const PRODUCTS: &[Product] = &from_each_input([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);

    fn factor(product: usize, w: Taps) -> f64 {
        factors(if product.is_multiple_of(2) { [w[1], w[3]] } else { [w[0], w[2]] })[product / 2]
    }

    by_lines!(Far: 10 pixels from 1 before to 10 numbers; Gather: 5 sums to 4 pixels);
}
