//! Where an imagined face meets the photograph round it.

use super::Point;
use super::border::blurred;
use crate::Result;
use crate::image::Image;
use crate::measurement::{Kernel, Size};

/// How wide the colours at the seam are felt, in terms of the face's picture.
const SPREAD: f64 = 0.08;

/// The most pixels along a side at which colours are compared: they change slowly.
const COARSE: usize = 64;

/// How much of the face is seen at `(u, v)` of its picture: 1 in the middle, 0 at and beyond the edge, between an inner
/// and an outer superellipse, smoothly (`3 t² − 2 t³`).
pub(super) fn mask([u, v]: Point) -> f64 {
    const INNER: f64 = 0.70;
    const OUTER: f64 = 0.98;
    let [x, y] = [u, v].map(|u| (2.0 * u - 1.0).abs());
    let cube = x * x * x + y * y * y;
    if cube >= OUTER * OUTER * OUTER {
        return 0.0;
    }
    // Roots are slow, and most of a photograph lies outside or well inside.
    if cube <= INNER * INNER * INNER {
        return 1.0;
    }
    let t = ((OUTER - cube.cbrt()) / (OUTER - INNER)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// What has to be added to `face` so that its colours at the seam are those of the `photograph`, both of one shape:
///
/// `c = blur(w (photograph − face)) / max(blur(w), 0.05)`, where `w = 4 m (1 − m)` is 1 in the middle of the seam of the
/// [`mask`] `m`. Far from the seam there is nearly nothing of it: the middle of the face fits already.
pub(super) fn correction(face: &Image, photograph: &Image) -> Result<Correction> {
    const FAR: f32 = 0.05;
    let size = face.width().min(COARSE);
    let coarse = |image: &Image| image.resized(Kernel::Area, Size::new(size, size));
    let (face, photograph) = (coarse(face)?, coarse(photograph)?);
    let place = |index: usize| [index % size, index / size].map(|i| (i as f64 + 0.5) / size as f64);
    let weights: Vec<f32> = (0..size * size)
        .map(|index| {
            let m = mask(place(index));
            (4.0 * m * (1.0 - m)) as f32
        })
        .collect();
    let sigma = SPREAD * size as f64;
    let spread = blurred(&weights, size, size, sigma);
    let mut values = Vec::with_capacity(face.channels() * size * size);
    for channel in 0..face.channels() {
        let differences = photograph.plane(channel).iter().zip(face.plane(channel)).zip(&weights);
        let weighted: Vec<f32> = differences.map(|((photograph, face), weight)| weight * (photograph - face)).collect();
        let weighted = blurred(&weighted, size, size, sigma);
        values.extend(weighted.into_iter().zip(&spread).map(|(sum, weight)| sum / weight.max(FAR)));
    }
    Ok(Correction { channels: face.channels(), size, values })
}

/// Square planes of numbers that may be negative.
pub(super) struct Correction {
    channels: usize,
    size: usize,
    values: Vec<f32>,
}

impl Correction {
    /// Between the four nearest numbers.
    #[inline]
    pub(super) fn sample(&self, channel: usize, place: Point) -> f32 {
        debug_assert!(channel < self.channels);
        let plane = &self.values[channel * self.size * self.size..][..self.size * self.size];
        bilinear(plane, self.size, self.size, place)
    }
}

/// Between the four nearest pixels of `[height, width]`, at a place in [0, 1]². Inlined, since a photograph has millions of them.
#[inline]
pub(super) fn bilinear(plane: &[f32], width: usize, height: usize, [u, v]: Point) -> f32 {
    let split = |u: f64, length: usize| {
        let x = (u * length as f64 - 0.5).clamp(0.0, (length - 1) as f64);
        (x as usize, (x as usize + 1).min(length - 1), x.fract() as f32)
    };
    let ((left, right, x), (top, bottom, y)) = (split(u, width), split(v, height));
    let row = |row: usize| {
        let (left, right) = (plane[row * width + left], plane[row * width + right]);
        left + x * (right - left)
    };
    let (upper, lower) = (row(top), row(bottom));
    upper + y * (lower - upper)
}
