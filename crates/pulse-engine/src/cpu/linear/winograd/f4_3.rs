//! Filters of three taps that keep the size, four results at a time, from the points 0, ±2/3, ±3/2 and infinity: 36 products
//! for 144 along both axes. The root mean square of the error is twice that of the definition; from the usual points 0, ±1,
//! ±2 it would be four times that. [Large](super::f6_3) maps take six, and [small](super::f2_3) ones two.
//!
//! With `d` six neighbouring pixels, `g` the taps, `a = 2/3` and `b = 3/2`, `y = Aᵀ (G g ⊙ Bᵀ d)`, where
//!
//! ```text
//!      ⎡1   0   −a²−b²   0    1  0⎤
//!      ⎢0  −b   −b²      a    1  0⎥        ⎡1  1   1   1   1   0⎤
//! Bᵀ = ⎢0   b   −b²     −a    1  0⎥   Aᵀ = ⎢0  a  −a   b  −b   0⎥
//!      ⎢0  −a   −a²      b    1  0⎥        ⎢0  a²  a²  b²  b²  0⎥
//!      ⎢0   a   −a²     −b    1  0⎥        ⎣0  a³ −a³  b³ −b³  1⎦
//!      ⎣0   1    0    −a²−b²  0  1⎦
//! ```
//!
//! and `G g` has the values of `g₀ + g₁ p + g₂ p²` at the points, divided by the products of their
//! distances.

#![allow(unsafe_code)]

use super::axes::Line;
use super::nested::{Product, to_each_sum};
use super::points::factors_at;
use super::scheme::{Scheme, Taps, by_lines};
use crate::cpu::lanes::Lanes;

const A: f32 = 2.0 / 3.0;
const B: f32 = 3.0 / 2.0;

/// `G g`.
fn factors(g: [f64; 3]) -> [f64; 6] {
    let (a, b) = (2.0 / 3.0, 3.0 / 2.0);
    factors_at([0.0, a, -a, b, -b], g)
}

/// `Bᵀ d`.
struct Spread;

impl Line<6, 6> for Spread {
    #[inline(always)]
    fn apply<L: Lanes>(d: [L; 6]) -> [L; 6] {
        let both = d[0].like(-(A * A + B * B));
        let (near, far) = (d[2].times_add(-B * B, d[4]), d[2].times_add(-A * A, d[4]));
        let odd_near = d[1].times_add(-B * B, d[3]);
        let odd_far = d[1].times_add(-A * A, d[3]);
        [
            d[2].mul_add(both, d[0].add(d[4])),
            odd_near.times_add(A, near),
            odd_near.times_add(-A, near),
            odd_far.times_add(B, far),
            odd_far.times_add(-B, far),
            d[3].mul_add(both, d[1].add(d[5])),
        ]
    }
}

/// `Aᵀ m`.
struct Gather;

impl Line<6, 4> for Gather {
    #[inline(always)]
    fn apply<L: Lanes>(m: [L; 6]) -> [L; 4] {
        let (near, far) = (m[1].add(m[2]), m[3].add(m[4]));
        let (odd_near, odd_far) = (m[1].sub(m[2]), m[3].sub(m[4]));
        [
            m[0].add(near).add(far),
            odd_near.times_add(A, odd_far.times(B)),
            near.times_add(A * A, far.times(B * B)),
            odd_near.times_add(A * A * A, odd_far.times_add(B * B * B, m[5])),
        ]
    }
}

/// A convolution of 3 x 3 pixels that keeps the size, or its gradient.
pub(crate) struct F4_3;

impl Scheme for F4_3 {
    const NAME: &str = "Winograd F(4x4, 3x3)";
    const CONVOLUTION: [usize; 3] = [3, 1, 1];
    const SIDES: [usize; 2] = [4, 4];
    const TILES: usize = 48;
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 3, 4, 5]);

    fn factor(product: usize, w: Taps) -> f64 {
        factors([w[0], w[1], w[2]])[product]
    }

    by_lines!(Spread: 6 pixels from 1 before to 6 numbers; Gather: 6 sums to 4 pixels);
}
