//! A picture at half its size, and half of that, so that a view of any size reads few pixels.

use super::{Point, Square};
use crate::image::Image;

/// The picture, and each level half as large as the one before.
pub(super) struct Pyramid<'a> {
    picture: &'a Image,
    /// From half the size on.
    smaller: Vec<Level>,
}

/// Planes `[channels, height, width]`.
struct Level {
    height: usize,
    width: usize,
    values: Vec<f32>,
}

#[derive(Clone, Copy)]
struct Planes<'a> {
    height: usize,
    width: usize,
    values: &'a [f32],
}

impl<'a> Pyramid<'a> {
    /// With levels down to where the longer side has fewer than `side` pixels.
    pub(super) fn new(picture: &'a Image, side: usize) -> Self {
        let mut smaller: Vec<Level> = Vec::new();
        let mut last = Planes { height: picture.height(), width: picture.width(), values: picture.values() };
        while last.height.max(last.width) >= 2 * side && last.height.min(last.width) >= 2 {
            let level = halved(last, picture.channels());
            smaller.push(level);
            let Level { height, width, values } = &smaller[smaller.len() - 1];
            last = Planes { height: *height, width: *width, values };
        }
        Self { picture, smaller }
    }

    fn level(&self, level: usize) -> Planes<'_> {
        match level.checked_sub(1).map(|index| &self.smaller[index]) {
            Some(Level { height, width, values }) => Planes { height: *height, width: *width, values },
            None => {
                let picture = self.picture;
                Planes { height: picture.height(), width: picture.width(), values: picture.values() }
            }
        }
    }

    /// The view at `side` x `side` pixels, RGB planes in [-1, 1], black outside of the picture.
    pub(super) fn sample(&self, view: &Square, side: usize, target: &mut [f32]) {
        let scale = view.side() / side as f64;
        let level = (scale.log2().floor().max(0.0) as usize).min(self.smaller.len());
        let planes = self.level(level);
        let factor = f64::from(1 << level as u32);
        let last = self.picture.channels() - 1;
        for (channel, target) in target.chunks_exact_mut(side * side).enumerate() {
            let plane = &planes.values[channel.min(last) * planes.height * planes.width..];
            for (index, value) in target.iter_mut().enumerate() {
                let place = [index % side, index / side].map(|i| (i as f64 + 0.5) / side as f64);
                let point = view.to_picture(place).map(|x| (x + 0.5) / factor - 0.5);
                *value = 2.0 * bilinear(plane, planes.height, planes.width, point) - 1.0;
            }
        }
    }
}

/// Means of 2x2 pixels; an odd one at the end is left out.
fn halved(from: Planes<'_>, channels: usize) -> Level {
    let (height, width) = (from.height / 2, from.width / 2);
    let mut values = Vec::with_capacity(channels * height * width);
    for plane in from.values.chunks_exact(from.height * from.width) {
        for rows in plane.chunks_exact(2 * from.width) {
            let (upper, lower) = rows.split_at(from.width);
            let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
            values.extend(pairs.map(|(upper, lower)| 0.25 * (upper[0] + upper[1] + lower[0] + lower[1])));
        }
    }
    Level { height, width, values }
}

/// Between the four nearest pixels; those outside are 0.
fn bilinear(plane: &[f32], height: usize, width: usize, [x, y]: Point) -> f32 {
    let inside = |x: f64, length: usize| x > -1.0 && x < length as f64;
    if !inside(x, width) || !inside(y, height) {
        return 0.0;
    }
    let (left, top) = (x.floor(), y.floor());
    let (right_weight, bottom_weight) = ((x - left) as f32, (y - top) as f32);
    let pixel = |x: isize, y: isize| {
        let inside = (0..width as isize).contains(&x) && (0..height as isize).contains(&y);
        if inside { plane[y as usize * width + x as usize] } else { 0.0 }
    };
    let (left, top) = (left as isize, top as isize);
    let row = |y| pixel(left, y) + right_weight * (pixel(left + 1, y) - pixel(left, y));
    let (upper, lower) = (row(top), row(top + 1));
    upper + bottom_weight * (lower - upper)
}
