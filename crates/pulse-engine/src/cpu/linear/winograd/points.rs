//! Filters of three taps from the points 0, 1, −1 and infinity, two results at a time, and from `q = −5/2` and `1/q` besides,
//! four at a time.
//!
//! With `d` six neighbouring pixels and `g` the taps, `y = Aᵀ (G g ⊙ Bᵀ d)`, where, with `r = 1/q` and `t = q + r`,
//!
//! ```text
//!      ⎡−1   t     0     −t    1  0⎤
//!      ⎢ 0   1    1−t   1−t    1  0⎥        ⎡1  1   1   1   1   0⎤
//! Bᵀ = ⎢ 0  −1    1+t  −1−t    1  0⎥   Aᵀ = ⎢0  1  −1   q   r   0⎥
//!      ⎢ 0   r    −1    −r     1  0⎥        ⎢0  1   1   q²  r²  0⎥
//!      ⎢ 0   q    −1    −q     1  0⎥        ⎣0  1  −1   q³  r³  1⎦
//!      ⎣ 0  −1     t     0    −t  1⎦
//! ```
//!
//! for four results, and for two
//!
//! ```text
//!      ⎡−1  0  1  0⎤
//! Bᵀ = ⎢ 0  1  1  0⎥   Aᵀ = ⎡1  1   1  0⎤
//!      ⎢ 0 −1  1  0⎥        ⎣0  1  −1  1⎦
//!      ⎣ 0 −1  0  1⎦
//! ```
//!
//! and `G g` has the values of `g₀ + g₁ p + g₂ p²` at the points, divided by the products of their distances. The
//! root mean square of the error of four is two to five times that of the definition, and least near this `q`: at
//! the points 0, 1, −1, 2, 1/2 it is twice as large. That of two is half the definition's.

use super::axes::Line;
use crate::cpu::lanes::Lanes;

const Q: f32 = -2.5;
const R: f32 = 1.0 / Q;
const T: f32 = Q + R;

/// `G g`.
pub(crate) fn factors(g: [f64; 3]) -> [f64; 6] {
    factors_at([0.0, 1.0, -1.0, -2.5, -0.4], g)
}

/// The same for any points and infinity, one more.
pub(crate) fn factors_at<const P: usize, const N: usize>(points: [f64; P], g: [f64; 3]) -> [f64; N] {
    std::array::from_fn(|i| match points.get(i) {
        Some(p) => {
            let distances = points.iter().filter(|q| *q != p).map(|q| p - q);
            (g[0] + g[1] * p + g[2] * p * p) / distances.product::<f64>()
        }
        None => g[2],
    })
}

/// `Bᵀ d`.
pub(crate) struct SpreadSix;

impl Line<6, 6> for SpreadSix {
    #[inline(always)]
    fn apply<L: Lanes>(d: [L; 6]) -> [L; 6] {
        let [even, odd] = [d[4].sub(d[2]), d[3].sub(d[1])];
        let [outer, inner] = [d[4].add(d[1]), d[3].add(d[2])];
        let [sum, difference] = [d[4].sub(d[1]), d[3].sub(d[2])];
        [
            odd.times_add(-T, d[4].sub(d[0])),
            inner.times_add(1.0 - T, outer),
            difference.times_add(-1.0 - T, sum),
            odd.times_add(-R, even),
            odd.times_add(-Q, even),
            even.times_add(-T, d[5].sub(d[1])),
        ]
    }
}

/// `Aᵀ m`.
pub(crate) struct GatherFour;

impl Line<6, 4> for GatherFour {
    #[inline(always)]
    fn apply<L: Lanes>(m: [L; 6]) -> [L; 4] {
        let [sum, difference] = [m[1].add(m[2]), m[1].sub(m[2])];
        [
            m[0].add(sum).add(m[3].add(m[4])),
            m[3].times_add(Q, m[4].times_add(R, difference)),
            m[3].times_add(Q * Q, m[4].times_add(R * R, sum)),
            m[3].times_add(Q * Q * Q, m[4].times_add(R * R * R, difference)).add(m[5]),
        ]
    }
}

/// `G g` for two results at a time.
pub(crate) fn factors_of_two(g: [f64; 3]) -> [f64; 4] {
    let [even, odd] = [g[0] + g[2], g[1]].map(|sum| sum / 2.0);
    [-g[0], even + odd, even - odd, g[2]]
}

/// `Bᵀ d` for two results at a time.
pub(crate) struct SpreadFour;

impl Line<4, 4> for SpreadFour {
    #[inline(always)]
    fn apply<L: Lanes>(d: [L; 4]) -> [L; 4] {
        [d[2].sub(d[0]), d[2].add(d[1]), d[2].sub(d[1]), d[3].sub(d[1])]
    }
}

/// `Aᵀ m` for two results at a time.
pub(crate) struct GatherTwo;

impl Line<4, 2> for GatherTwo {
    #[inline(always)]
    fn apply<L: Lanes>(m: [L; 4]) -> [L; 2] {
        [m[0].add(m[1]).add(m[2]), m[1].sub(m[2]).add(m[3])]
    }
}
