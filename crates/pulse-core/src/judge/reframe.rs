//! Pictures in another frame than their own.

use crate::image::Image;
use crate::image::mirror;

/// How a picture is framed anew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reframe {
    /// Where the new centre is, from the old one, in sides of the picture.
    pub(super) shift: [f64; 2],
    /// How much more of the picture the new frame shows, along an axis.
    pub(super) scale: f64,
    /// By how much the new frame is turned, in radians.
    pub(super) turn: f64,
}

/// Pictures of at most this side have the mean of 2x2 samples in each pixel.
const FINE: usize = 256;

impl Reframe {
    /// What the new frame shows of a picture, at the same size. Beyond its border the picture is mirrored.
    pub(super) fn of(&self, picture: &Image) -> Image {
        let (width, height) = (picture.width(), picture.height());
        let samples = if width.max(height) <= FINE { 2 } else { 1 };
        let (sine, cosine) = self.turn.sin_cos();
        let share = 1.0 / (samples * samples) as f32;
        let mut taps = Vec::with_capacity(4 * samples * samples);
        let mut values = vec![0.0; picture.values().len()];
        for pixel in 0..width * height {
            taps.clear();
            for sample in 0..samples * samples {
                let at = |pixel: usize, part: usize, side: usize| {
                    (pixel as f64 + (part as f64 + 0.5) / samples as f64 - side as f64 / 2.0) * self.scale
                };
                let (u, v) = (at(pixel % width, sample % samples, width), at(pixel / width, sample / samples, height));
                let x = cosine * u - sine * v + (self.shift[0] + 0.5) * width as f64 - 0.5;
                let y = sine * u + cosine * v + (self.shift[1] + 0.5) * height as f64 - 0.5;
                let (left, top) = (x.floor(), y.floor());
                let (right, below) = ((x - left) as f32, (y - top) as f32);
                for (dx, dy, weight) in [
                    (0, 0, (1.0 - right) * (1.0 - below)),
                    (1, 0, right * (1.0 - below)),
                    (0, 1, (1.0 - right) * below),
                    (1, 1, right * below),
                ] {
                    let place = [mirror(left as isize + dx, width), mirror(top as isize + dy, height)];
                    taps.push((place[1] * width + place[0], share * weight));
                }
            }
            for channel in 0..picture.channels() {
                let plane = picture.plane(channel);
                values[channel * width * height + pixel] = taps.iter().map(|&(at, weight)| weight * plane[at]).sum();
            }
        }
        Image::clamped(picture.channels(), height, width, values).expect("means of a picture are a picture")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(side: usize) -> Image {
        let value = |i: usize| (i * 37 % 101) as f32 / 101.0;
        Image::new(1, side, side, (0..side * side).map(value).collect()).unwrap()
    }

    #[test]
    fn a_quarter_turn_moves_every_pixel() {
        let picture = picture(8);
        let same = Reframe { shift: [0.0, 0.0], scale: 1.0, turn: 0.0 };
        // Samples lie between pixels: the middle of a smooth picture stays as it is.
        let flat = Image::new(1, 8, 8, (0..64).map(|i| (i % 8) as f32 / 8.0).collect()).unwrap();
        assert!((same.of(&flat).values()[8 * 4 + 4] - 0.5).abs() < 1e-6);
        let quarter = Reframe { turn: std::f64::consts::FRAC_PI_2, ..same };
        let turned = quarter.of(&picture);
        let back = Reframe { turn: -std::f64::consts::FRAC_PI_2, ..same }.of(&turned);
        let twice = same.of(&same.of(&picture));
        assert!(back.mean_squared_difference(&twice) < 1e-10);
    }

    #[test]
    fn a_shift_is_a_share_of_the_frame() {
        let ramp = Image::new(1, 8, 8, (0..64).map(|i| (i % 8) as f32 / 8.0).collect()).unwrap();
        let shifted = Reframe { shift: [0.25, 0.0], scale: 1.0, turn: 0.0 }.of(&ramp);
        assert!((shifted.values()[8 * 4 + 2] - 0.5).abs() < 1e-6);
    }
}
