//! Filters of three taps that keep the size of large maps: six results at a time, from the points 0, ±1, ±2, ±1/2 and
//! infinity. Along both axes that is 64 products for 324, 1.78 for a pixel where tiles of [four](super::f4_3) need 2.25, and
//! fewer numbers between the transforms. The root mean square of the error is four times that of tiles of four.
//!
//! With `d` eight neighbouring pixels and `g` the taps, `y = Aᵀ (G g ⊙ Bᵀ d)`, where
//!
//! ```text
//!      ⎡−1   0   21/4    0   −21/4   0   1  0⎤
//!      ⎢ 0   1    1   −17/4  −17/4   1   1  0⎥        ⎡1  1   1   1    1    1     1    0⎤
//!      ⎢ 0  −1    1    17/4  −17/4  −1   1  0⎥        ⎢0  1  −1   2   −2   1/2  −1/2   0⎥
//! Bᵀ = ⎢ 0  1/2  1/4   −5/2   −5/4   2   1  0⎥   Aᵀ = ⎢0  1   1   4    4   1/4   1/4   0⎥
//!      ⎢ 0 −1/2  1/4    5/2   −5/4  −2   1  0⎥        ⎢0  1  −1   8   −8   1/8  −1/8   0⎥
//!      ⎢ 0   2    4    −5/2    −5   1/2  1  0⎥        ⎢0  1   1  16   16  1/16  1/16   0⎥
//!      ⎢ 0  −2    4     5/2    −5  −1/2  1  0⎥        ⎣0  1  −1  32  −32  1/32 −1/32   1⎦
//!      ⎣ 0  −1    0    21/4     0  −21/4 0  1⎦
//! ```
//!
//! and `G g` has the values of `g₀ + g₁ p + g₂ p²` at the points, divided by the products of their distances.

#![allow(unsafe_code)]

use super::axes::Line;
use super::nested::{Product, to_each_sum};
use super::points::factors_at;
use super::scheme::{Scheme, Taps, by_lines};
use crate::cpu::lanes::Lanes;

/// `Bᵀ d`.
struct Spread;

impl Line<8, 8> for Spread {
    #[inline(always)]
    fn apply<L: Lanes>(d: [L; 8]) -> [L; 8] {
        // Of each pair of points, what is of even powers and what is of odd ones.
        let even = d[4].times_add(-4.25, d[2].add(d[6]));
        let odd = d[3].times_add(-4.25, d[1].add(d[5]));
        let even_far = d[2].times_add(0.25, d[4].times_add(-1.25, d[6]));
        let odd_far = d[1].times_add(0.5, d[3].times_add(-2.5, d[5].add(d[5])));
        let even_near = d[2].times_add(4.0, d[4].times_add(-5.0, d[6]));
        let odd_near = d[5].times_add(0.5, d[3].times_add(-2.5, d[1].add(d[1])));
        [
            d[2].sub(d[4]).times_add(5.25, d[6].sub(d[0])),
            even.add(odd),
            even.sub(odd),
            even_far.add(odd_far),
            even_far.sub(odd_far),
            even_near.add(odd_near),
            even_near.sub(odd_near),
            d[3].sub(d[5]).times_add(5.25, d[7].sub(d[1])),
        ]
    }
}

/// `Aᵀ m`.
struct Gather;

impl Line<8, 6> for Gather {
    #[inline(always)]
    fn apply<L: Lanes>(m: [L; 8]) -> [L; 6] {
        let [even, odd] = [m[1].add(m[2]), m[1].sub(m[2])];
        let [even_far, odd_far] = [m[3].add(m[4]), m[3].sub(m[4])];
        let [even_near, odd_near] = [m[5].add(m[6]), m[5].sub(m[6])];
        [
            m[0].add(even).add(even_far.add(even_near)),
            odd_far.times_add(2.0, odd_near.times_add(0.5, odd)),
            even_far.times_add(4.0, even_near.times_add(0.25, even)),
            odd_far.times_add(8.0, odd_near.times_add(0.125, odd)),
            even_far.times_add(16.0, even_near.times_add(0.0625, even)),
            odd_far.times_add(32.0, odd_near.times_add(0.03125, odd)).add(m[7]),
        ]
    }
}

/// A convolution of 3 x 3 pixels that keeps the size, or its gradient, for large maps.
pub(crate) struct F6_3;

impl Scheme for F6_3 {
    const NAME: &str = "Winograd F(6x6, 3x3)";
    const CONVOLUTION: [usize; 3] = [3, 1, 1];
    const SIDES: [usize; 2] = [6, 6];
    const TILES: usize = 48;
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 3, 4, 5, 6, 7]);

    fn factor(product: usize, w: Taps) -> f64 {
        let factors: [f64; 8] = factors_at([0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5], [w[0], w[1], w[2]]);
        factors[product]
    }

    by_lines!(Spread: 8 pixels from 1 before to 8 numbers; Gather: 8 sums to 6 pixels);
}
