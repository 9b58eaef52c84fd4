//! Where an imagined face meets the photograph round it.

use crate::Result;
use pulse_core::face::{Point, Square, blurred};
use pulse_core::image::Image;
use pulse_core::image::{Kernel, Size};

/// How wide the colours at the seam are felt, in terms of the face's picture.
const SPREAD: f64 = 0.08;

/// The most pixels along a side at which colours are compared: they change slowly.
const COARSE: usize = 64;

/// Where the [`mask`] ends, and where it begins to.
const OUTER: f64 = 0.98;
const INNER: f64 = 0.70;

/// How much of the face is seen at `(u, v)` of its picture: 1 in the middle, 0 at and beyond the edge, between an inner
/// and an outer superellipse, smoothly (`3 t² − 2 t³`).
#[inline]
pub(super) fn mask([u, v]: Point) -> f32 {
    let [x, y] = [u, v].map(|u| (2.0 * u - 1.0).abs());
    let cube = x * x * x + y * y * y;
    if cube >= OUTER * OUTER * OUTER {
        return 0.0;
    }
    // Roots are slow, and most of a face lies well inside.
    if cube <= INNER * INNER * INNER {
        return 1.0;
    }
    let t = ((OUTER as f32 - (cube as f32).cbrt()) / (OUTER - INNER) as f32).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The smallest and the largest x and y at which the mask of a picture that lies at `square` is not zero. On the superellipse
/// `|p|³ + |q|³ = ρ³`, the largest `a p + b q` is `ρ (|a|^3/2 + |b|^3/2)^2/3`.
pub(super) fn bounds(square: &Square) -> [Point; 2] {
    let [a, b] = square.right.map(|x| x.abs().powf(1.5));
    let reach = OUTER * (a + b).powf(2.0 / 3.0);
    [square.centre.map(|x| x - reach), square.centre.map(|x| x + reach)]
}

/// `face` with its colours at the seam brought to those of the `photograph`, both of one shape, enlarged to `side` x `side`
/// pixels. What is added to it is
///
/// `c = blur(w (photograph − face)) / max(blur(w), 0.05)`, where `w = 4 m (1 − m)` is 1 in the middle of the seam of the
/// [`mask`] `m`. Far from the seam there is nearly nothing of it: the middle of the face fits already.
pub(super) fn fitted(face: &Image, photograph: &Image, side: usize) -> Result<Fitted> {
    const FAR: f32 = 0.05;
    let size = face.width().min(COARSE);
    let coarse = |image: &Image| image.resized(Kernel::Area, Size::new(size, size));
    let enlarged = face.resized(Kernel::Bicubic, Size::new(side, side))?;
    let (face, photograph) = (coarse(face)?, coarse(photograph)?);
    let place = |index: usize, size: usize| [index % size, index / size].map(|i| (i as f64 + 0.5) / size as f64);
    let seam = |index: usize| {
        let m = mask(place(index, size));
        4.0 * m * (1.0 - m)
    };
    let weights: Vec<f32> = (0..size * size).map(seam).collect();
    let sigma = SPREAD * size as f64;
    let spread = blurred(&weights, size, size, sigma);
    let mut pixels = vec![Pixel::default(); side * side];
    for channel in 0..face.channels() {
        let differences = photograph.plane(channel).iter().zip(face.plane(channel)).zip(&weights);
        let weighted: Vec<f32> = differences.map(|((photograph, face), weight)| weight * (photograph - face)).collect();
        let weighted = blurred(&weighted, size, size, sigma);
        let correction: Vec<_> = weighted.iter().zip(&spread).map(|(sum, weight)| [sum / weight.max(FAR)]).collect();
        for (index, (pixel, face)) in pixels.iter_mut().zip(enlarged.plane(channel)).enumerate() {
            let [correction] = bilinear(&correction, size, place(index, side));
            pixel[channel] = face + correction;
        }
    }
    Ok(Fitted { side, pixels })
}

/// The channels of a pixel side by side, and one more, since four numbers are as fast to work on as one.
type Pixel = [f32; 4];

/// A square picture with values beyond [0, 1].
pub(super) struct Fitted {
    side: usize,
    pixels: Vec<Pixel>,
}

impl Fitted {
    /// Its channels at a place in [0, 1]².
    #[inline]
    pub(super) fn sample(&self, place: Point) -> Pixel {
        bilinear(&self.pixels, self.side, place)
    }
}

/// Between the four nearest of `side` x `side` pixels, at a place in [0, 1]². Inlined, since a photograph has millions of them.
#[inline]
fn bilinear<const N: usize>(pixels: &[[f32; N]], side: usize, place: Point) -> [f32; N] {
    let last = side - 1;
    let [(left, x), (top, y)] = place.map(|u| {
        let x = (u * side as f64 - 0.5).clamp(0.0, last as f64);
        let before = x as usize;
        (before, (x - before as f64) as f32)
    });
    let (right, bottom) = ((left + 1).min(last), (top + 1).min(last));
    let between = |a: [f32; N], b: [f32; N], t: f32| std::array::from_fn(|i| a[i] + t * (b[i] - a[i]));
    let row = |row: usize| between(pixels[row * side + left], pixels[row * side + right], x);
    between(row(top), row(bottom), y)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// Nothing is seen outside of the bounds, and something is just inside of each.
        #[test]
        fn the_mask_ends_at_its_bounds(angle in 0.0..6.3, side in 1.0..100.0) {
            let square = Square::upright([3.0, -7.0], side).turned(angle);
            let [low, high] = bounds(&square);
            let step = side / 100.0;
            let count = (0.75 * side / step) as i32;
            let mut reached = [low, high].map(|_| [0.0_f64; 2]);
            for (i, j) in (-count..=count).flat_map(|i| (-count..=count).map(move |j| (i, j))) {
                let point = [3.0 + f64::from(i) * step, -7.0 + f64::from(j) * step];
                if mask(square.from_picture(point)) > 0.0 {
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
