//! The statistics of natural scenes that a block is described with.

use std::sync::LazyLock;

use libm::{lgamma, tgamma};

use crate::image::Image;

/// How many features a block has at one scale.
pub(super) const FEATURES: usize = 18;

/// `r, g, b` in grey, as the authors' program has them (ITU-R BT.601).
const LUMA: [f64; 3] = [0.2989, 0.5870, 0.1140];
/// Under the division, on the scale of 255 levels.
const STABLE: f64 = 1.0;
/// Half of the side of the window that a pixel is compared with, and the window's standard deviation.
const REACH: usize = 3;
const SIGMA: f64 = 7.0 / 6.0;
/// The bicubic kernel (a = −1/2), stretched to twice its width, at the eight pixels that a halved one is made of.
const HALVING: [f64; 8] =
    [-3.0 / 256.0, -9.0 / 256.0, 29.0 / 256.0, 111.0 / 256.0, 111.0 / 256.0, 29.0 / 256.0, -9.0 / 256.0, -3.0 / 256.0];

/// A grey picture on the scale of 255 levels.
pub(super) struct Grey {
    width: usize,
    height: usize,
    values: Vec<f64>,
}

impl Grey {
    /// The picture in grey, rounded to whole levels.
    pub(super) fn of(picture: &Image) -> Self {
        let bytes = picture.to_bytes();
        let values = if picture.channels() == 1 {
            bytes.into_iter().map(f64::from).collect()
        } else {
            let grey = |&[r, g, b]: &[u8; 3]| {
                [r, g, b].into_iter().zip(LUMA).map(|(level, weight)| f64::from(level) * weight).sum::<f64>().round()
            };
            bytes.as_chunks::<3>().0.iter().map(grey).collect()
        };
        Self { width: picture.width(), height: picture.height(), values }
    }

    /// The picture at half its size, bicubic, the border mirrored.
    pub(super) fn halved(&self) -> Self {
        let mirror = |at: isize, length: usize| {
            let last = length as isize - 1;
            (if at < 0 {
                -1 - at
            } else if at > last {
                2 * last + 1 - at
            } else {
                at
            }) as usize
        };
        let half = |at: usize, length: usize, value: &dyn Fn(usize) -> f64| {
            let first = 2 * at as isize - 3;
            let taps = HALVING.iter().enumerate();
            taps.map(|(tap, weight)| weight * value(mirror(first + tap as isize, length))).sum::<f64>()
        };
        let (width, height) = (self.width / 2, self.height / 2);
        let rows: Vec<f64> = (0..self.height * width)
            .map(|at| half(at % width, self.width, &|x| self.values[at / width * self.width + x]))
            .collect();
        let values =
            (0..height * width).map(|at| half(at / width, self.height, &|y| rows[y * width + at % width])).collect();
        Self { width, height, values }
    }

    /// The features of each block of `side` pixels, row by row.
    pub(super) fn features(&self, side: usize) -> Vec<[f64; FEATURES]> {
        let normal = self.normalised();
        let (across, down) = (self.width / side, self.height / side);
        let block = |index: usize| -> Vec<f64> {
            let (left, top) = (index % across * side, index / across * side);
            (top..top + side).flat_map(|y| normal[y * self.width + left..][..side].iter().copied()).collect()
        };
        (0..across * down).map(|index| features_of(&block(index), side)).collect()
    }

    /// `(x − mean) / (deviation + 1)`, both within a Gaussian window, the border repeated (equation 1).
    fn normalised(&self) -> Vec<f64> {
        let mean = self.windowed(&self.values);
        let squares: Vec<f64> = self.values.iter().map(|value| value * value).collect();
        let square = self.windowed(&squares);
        let normal = |((value, mean), square): ((&f64, &f64), &f64)| {
            (value - mean) / ((square - mean * mean).abs().sqrt() + STABLE)
        };
        self.values.iter().zip(&mean).zip(&square).map(normal).collect()
    }

    fn windowed(&self, values: &[f64]) -> Vec<f64> {
        let bell: [f64; 2 * REACH + 1] =
            std::array::from_fn(|tap| (-(tap as f64 - REACH as f64).powi(2) / (2.0 * SIGMA * SIGMA)).exp());
        let sum: f64 = bell.iter().sum();
        let window = |at: usize, length: usize, value: &dyn Fn(usize) -> f64| {
            let inside = |tap: usize| (at + tap).saturating_sub(REACH).min(length - 1);
            bell.iter().enumerate().map(|(tap, weight)| weight / sum * value(inside(tap))).sum::<f64>()
        };
        let (width, height) = (self.width, self.height);
        let rows: Vec<f64> =
            (0..height * width).map(|at| window(at % width, width, &|x| values[at / width * width + x])).collect();
        (0..height * width).map(|at| window(at / width, height, &|y| rows[y * width + at % width])).collect()
    }
}

/// Of a block: shape and spread of its numbers, and of the products of neighbours in four directions (equations 4 to 9).
/// Neighbours go round at the border.
fn features_of(block: &[f64], side: usize) -> [f64; FEATURES] {
    let mut features = [0.0; FEATURES];
    let whole = Asymmetric::fitted(block.iter().copied());
    features[0] = whole.shape;
    features[1] = f64::midpoint(whole.left, whole.right);
    // To the right, down, down to the right, and down to the left.
    for (direction, (down, right)) in [(0, 1), (1, 0), (1, 1), (1, side - 1)].into_iter().enumerate() {
        let neighbour = |at: usize| block[(at / side + down) % side * side + (at % side + right) % side];
        let pair = Asymmetric::fitted((0..block.len()).map(|at| block[at] * neighbour(at)));
        features[2 + 4 * direction..][..4].copy_from_slice(&[pair.shape, pair.mean(), pair.left, pair.right]);
    }
    features
}

/// An asymmetric generalised Gaussian (Lasmar, Stitou, Berthoumieu 2009), by its moments.
struct Asymmetric {
    shape: f64,
    left: f64,
    right: f64,
}

/// The shapes among which the best is taken, in thousandths.
const SHAPES: std::ops::RangeInclusive<u32> = 200..=10_000;

/// `Γ(2/α)² / (Γ(1/α) Γ(3/α))` of each shape, which grows with it.
static RATIOS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let ratio = |shape: f64| (2.0 * lgamma(2.0 / shape) - lgamma(1.0 / shape) - lgamma(3.0 / shape)).exp();
    SHAPES.map(|thousandths| ratio(f64::from(thousandths) / 1000.0)).collect()
});

impl Asymmetric {
    fn fitted(numbers: impl Iterator<Item = f64>) -> Self {
        let (mut left, mut right, mut lefts, mut rights) = (0.0, 0.0, 0.0, 0.0);
        let (mut magnitude, mut count) = (0.0, 0.0);
        for number in numbers {
            let square = number * number;
            if number < 0.0 {
                (left, lefts) = (left + square, lefts + 1.0);
            } else if number > 0.0 {
                (right, rights) = (right + square, rights + 1.0);
            }
            magnitude += number.abs();
            count += 1.0;
        }
        let mean_square = (left + right) / count;
        let (left, right) = ((left / lefts).sqrt(), (right / rights).sqrt());
        let skew = left / right;
        let wanted = (magnitude / count).powi(2) / mean_square * (skew.powi(3) + 1.0) * (skew + 1.0)
            / (skew * skew + 1.0).powi(2);
        let above = RATIOS.partition_point(|&ratio| ratio < wanted).clamp(1, RATIOS.len() - 1);
        let nearest = if wanted - RATIOS[above - 1] <= RATIOS[above] - wanted { above - 1 } else { above };
        let shape = f64::from(SHAPES.start() + nearest as u32) / 1000.0;
        let scale = (tgamma(1.0 / shape) / tgamma(3.0 / shape)).sqrt();
        Self { shape, left: left * scale, right: right * scale }
    }

    fn mean(&self) -> f64 {
        (self.right - self.left) * (lgamma(2.0 / self.shape) - lgamma(1.0 / self.shape)).exp()
    }
}
