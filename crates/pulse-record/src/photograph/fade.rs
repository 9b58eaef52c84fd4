//! Where the picture of a face ends, and how softly.

use pulse_core::face::{Point, Square};

/// Where every fade ends.
const OUTER: f64 = 0.98;

/// How much of a face is seen at `(u, v)` of its picture: 1 within an inner superellipse, 0 beyond an outer one, `3 t² − 2 t³`
/// between them. The superellipses are `|2 u − 1|³ + |2 v − 1|³ = ρ³`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fade {
    /// The `ρ` of the inner one.
    inner: f64,
}

impl Fade {
    /// Over a third of the way to the middle: for what may be missing without a trace.
    pub(super) const SOFT: Self = Self { inner: 0.70 };
    /// Over the last tenth: for what was made to fit before.
    pub(super) const SHORT: Self = Self { inner: 0.88 };

    #[inline]
    pub(super) fn at(self, place: Point) -> f32 {
        let cube = cubes(place);
        if cube >= OUTER * OUTER * OUTER {
            return 0.0;
        }
        // Roots are slow, and most of a face lies well inside.
        if cube <= self.inner * self.inner * self.inner {
            return 1.0;
        }
        smooth((OUTER as f32 - (cube as f32).cbrt()) / (OUTER - self.inner) as f32)
    }
}

/// `3 t² − 2 t³`, from 0 at 0 to 1 at 1.
#[inline]
pub(super) fn smooth(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// `|2 u − 1|³ + |2 v − 1|³`.
#[inline]
pub(super) fn cubes(place: Point) -> f64 {
    let [x, y] = place.map(|u| (2.0 * u - 1.0).abs());
    x * x * x + y * y * y
}

/// The smallest and the largest x and y at which a fade of a picture that lies at `square` is not zero. On the superellipse
/// `|p|³ + |q|³ = ρ³`, the largest `a p + b q` is `ρ (|a|^3/2 + |b|^3/2)^2/3`.
pub(super) fn bounds(square: &Square) -> [Point; 2] {
    let [a, b] = square.right.map(|x| x.abs().powf(1.5));
    let reach = OUTER * (a + b).powf(2.0 / 3.0);
    [square.centre.map(|x| x - reach), square.centre.map(|x| x + reach)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// Nothing is seen outside of the bounds, and something is just inside of each.
        #[test]
        fn a_fade_ends_at_its_bounds(angle in 0.0..6.3, side in 1.0..100.0) {
            let square = Square::upright([3.0, -7.0], side).turned(angle);
            let [low, high] = bounds(&square);
            let step = side / 100.0;
            let count = (0.75 * side / step) as i32;
            let mut reached = [low, high].map(|_| [0.0_f64; 2]);
            for (i, j) in (-count..=count).flat_map(|i| (-count..=count).map(move |j| (i, j))) {
                let point = [3.0 + f64::from(i) * step, -7.0 + f64::from(j) * step];
                if Fade::SOFT.at(square.from_picture(point)) > 0.0 {
                    for axis in 0..2 {
                        prop_assert!((low[axis]..=high[axis]).contains(&point[axis]));
                        reached[0][axis] = reached[0][axis].max(square.centre[axis] - point[axis]);
                        reached[1][axis] = reached[1][axis].max(point[axis] - square.centre[axis]);
                    }
                }
            }
            for axis in 0..2 {
                let reach = high[axis] - square.centre[axis];
                prop_assert!(reached.iter().all(|reached| reached[axis] > 0.94 * reach), "{reached:?} of {reach}");
            }
        }
    }
}
