//! A picture at half its size, and half of that, so that a view of any size reads few pixels.

use super::{Point, Square};
use crate::image::Image;

/// The picture, and each level half as large as the one before.
pub(super) struct Pyramid<'a> {
    picture: &'a Image,
    /// From half the size on.
    smaller: Vec<Level>,
}

struct Level {
    height: usize,
    width: usize,
    values: Vec<f32>,
}

/// Planes `[channels, height, width]`.
#[derive(Clone, Copy)]
struct Planes<'a> {
    height: usize,
    width: usize,
    values: &'a [f32],
}

impl Level {
    fn planes(&self) -> Planes<'_> {
        Planes { height: self.height, width: self.width, values: &self.values }
    }
}

impl<'a> Pyramid<'a> {
    /// With levels down to where the longer side has fewer than `2 side` pixels.
    pub(super) fn new(picture: &'a Image, side: usize) -> Self {
        let mut pyramid = Self { picture, smaller: Vec::new() };
        loop {
            let last = pyramid.level(pyramid.smaller.len());
            if last.height.max(last.width) < 2 * side || last.height.min(last.width) < 2 {
                return pyramid;
            }
            let level = halved(last, picture.channels());
            pyramid.smaller.push(level);
        }
    }

    fn level(&self, level: usize) -> Planes<'_> {
        let picture = self.picture;
        let whole = Planes { height: picture.height(), width: picture.width(), values: picture.values() };
        level.checked_sub(1).map_or(whole, |index| self.smaller[index].planes())
    }

    /// The view at `side` x `side` pixels, RGB planes in [-1, 1], black outside of the picture.
    pub(super) fn sample(&self, view: &Square, side: usize, target: &mut [f32]) {
        let scale = view.side() / side as f64;
        let level = (scale.log2().floor().max(0.0) as usize).min(self.smaller.len());
        let planes = self.level(level);
        let factor = f64::from(1 << level as u32);
        let last = self.picture.channels() - 1;
        let pixels = side * side;
        for index in 0..pixels {
            let place = [index % side, index / side].map(|i| (i as f64 + 0.5) / side as f64);
            let point = view.to_picture(place).map(|x| (x + 0.5) / factor - 0.5);
            let taps = taps(planes.height, planes.width, point);
            for channel in 0..target.len() / pixels {
                let plane = &planes.values[channel.min(last) * planes.height * planes.width..];
                let value: f32 = taps.iter().map(|&(pixel, weight)| weight * plane[pixel]).sum();
                target[channel * pixels + index] = 2.0 * value - 1.0;
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

/// The four nearest pixels and how much each counts: nothing where it is outside.
fn taps(height: usize, width: usize, [x, y]: Point) -> [(usize, f32); 4] {
    let (left, top) = (x.floor(), y.floor());
    let (right_weight, bottom_weight) = ((x - left) as f32, (y - top) as f32);
    let along = |i: f64, length: usize, weight: f32| {
        if i >= 0.0 && i < length as f64 { (i as usize, weight) } else { (0, 0.0) }
    };
    let columns = [along(left, width, 1.0 - right_weight), along(left + 1.0, width, right_weight)];
    let rows = [along(top, height, 1.0 - bottom_weight), along(top + 1.0, height, bottom_weight)];
    std::array::from_fn(|i| {
        let ((row, row_weight), (column, column_weight)) = (rows[i / 2], columns[i % 2]);
        (row * width + column, row_weight * column_weight)
    })
}
