//! The part of a picture round a square, with something where the picture ends.

use super::{Point, Square};
use crate::image::{Image, between_pixels};

/// How far the picture goes on beyond its edge at least, and how wide the blur is, in terms of the square's side.
const REACH: f64 = 0.3;
const BLUR: f64 = 0.02;

/// Pixels round the square that are kept, in terms of its side.
const MARGIN: f64 = 0.1;

/// A rectangle of a picture, perhaps shrunk, that may reach out of it.
pub(super) struct Patch {
    left: isize,
    top: isize,
    width: usize,
    height: usize,
    /// Planes `[channels, height, width]`.
    values: Vec<f32>,
}

impl Patch {
    /// All that is needed to see `square` of the picture shrunk by a whole factor. The square meets the picture.
    pub(super) fn round(picture: &Image, square: &Square, shrink: usize) -> Self {
        let whole = [picture.width().div_ceil(shrink), picture.height().div_ceil(shrink)].map(|n| n as isize);
        let side = square.side();
        let margin = (MARGIN * side).round().max(3.0) as isize;
        let [low, high] = square.bounds();
        let mut start = low.map(|x| x.floor() as isize - margin);
        let mut end = high.map(|x| x.ceil() as isize + margin);
        // How far it reaches out of the picture, where the square itself comes near the edge.
        let mut outside = [[0; 2]; 2];
        for axis in 0..2 {
            for (edge, beyond) in [-start[axis], end[axis] - whole[axis]].into_iter().enumerate() {
                let leaves = beyond > margin - 4;
                outside[axis][edge] = if leaves { beyond.max((REACH * side).round() as isize) } else { 0 };
            }
            start[axis] = start[axis].max(0) - outside[axis][0];
            end[axis] = end[axis].min(whole[axis]) + outside[axis][1];
        }
        let [width, height] = [0, 1].map(|axis| (end[axis] - start[axis]) as usize);
        let columns: Vec<_> = (start[0]..end[0]).map(|x| mirrored(x, whole[0])).collect();
        let rows: Vec<_> = (start[1]..end[1]).map(|y| mirrored(y, whole[1])).collect();
        let mut values = Vec::with_capacity(picture.channels() * width * height);
        for channel in 0..picture.channels() {
            for &y in &rows {
                values.extend(columns.iter().map(|&x| block(picture, channel, [x, y], shrink)));
            }
        }
        let mut patch = Self { left: start[0], top: start[1], width, height, values };
        if outside != [[0; 2]; 2] {
            patch.fade(outside, BLUR * side);
        }
        patch
    }

    /// Between the four nearest pixels; beyond the patch, its outermost ones.
    pub(super) fn sample(&self, channel: usize, [x, y]: Point) -> f32 {
        let pixels = self.width * self.height;
        let place = [x - self.left as f64, y - self.top as f64];
        between_pixels(&self.values[channel * pixels..][..pixels], self.width, place)
    }

    /// Blurs what lies outside of the picture, and fades it into the median colour. With `d = 1 − (pixels from the
    /// patch's edge) / (pixels outside)`, the largest of all sides, which is 0 at the picture's edge and 1 at the
    /// patch's: `x + clamp(3 d + 1) (blur(x) − x)`, and of that `x + clamp(d) (median(x) − x)`, clamped to [0, 1].
    fn fade(&mut self, outside: [[isize; 2]; 2], sigma: f64) {
        let depths = [(self.width, outside[0]), (self.height, outside[1])].map(|(length, [before, after])| {
            let depth = |i: usize| {
                let side = |from: usize, width: isize| if width > 0 { 1.0 - from as f32 / width as f32 } else { -1.0 };
                side(i, before).max(side(length - 1 - i, after))
            };
            (0..length).map(depth).collect::<Vec<f32>>()
        });
        let (width, height) = (self.width, self.height);
        for plane in self.values.chunks_exact_mut(width * height) {
            let blurred = blurred(plane, width, height, sigma);
            for (index, (value, blurred)) in plane.iter_mut().zip(blurred).enumerate() {
                let depth = depths[0][index % width].max(depths[1][index / width]);
                *value += (3.0 * depth + 1.0).clamp(0.0, 1.0) * (blurred - *value);
            }
            let median = median(plane);
            for (index, value) in plane.iter_mut().enumerate() {
                let depth = depths[0][index % width].max(depths[1][index / width]);
                *value += depth.clamp(0.0, 1.0) * (median - *value);
            }
        }
    }
}

/// The pixel inside `0..length` that is seen at `x` in mirrors at the centres of the outermost pixels.
fn mirrored(x: isize, length: isize) -> usize {
    let period = 2 * (length - 1);
    if period == 0 {
        return 0;
    }
    let x = x.rem_euclid(period);
    x.min(period - x) as usize
}

/// The mean of a block of `shrink` x `shrink` pixels, as far as the picture has them.
fn block(picture: &Image, channel: usize, [x, y]: [usize; 2], shrink: usize) -> f32 {
    let plane = picture.plane(channel);
    let range = |i: usize, length: usize| i * shrink..((i + 1) * shrink).min(length);
    let (columns, rows) = (range(x, picture.width()), range(y, picture.height()));
    let count = columns.len() * rows.len();
    let rows = rows.map(|y| plane[y * picture.width()..][columns.clone()].iter().sum::<f32>());
    rows.sum::<f32>() / count as f32
}

fn median(values: &[f32]) -> f32 {
    let mut values = values.to_vec();
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// A Gaussian blur, made of three means over boxes, which is near enough where it is only seen fading.
pub fn blurred(plane: &[f32], width: usize, height: usize, sigma: f64) -> Vec<f32> {
    // Three boxes of 2 r + 1 pixels have the variance ((2 r + 1)² − 1) / 4.
    let radius = (((4.0 * sigma * sigma + 1.0).sqrt() - 1.0) / 2.0).round() as usize;
    let mut plane = plane.to_vec();
    let mut line = Vec::new();
    for _ in 0..3 {
        for row in plane.chunks_exact_mut(width) {
            line.clear();
            line.extend_from_slice(row);
            box_means(&line, radius, |i, mean| row[i] = mean);
        }
        for x in 0..width {
            line.clear();
            line.extend(plane[x..].iter().step_by(width));
            box_means(&line, radius, |i, mean| plane[i * width + x] = mean);
        }
    }
    debug_assert_eq!(plane.len(), width * height);
    plane
}

/// Means over `2 radius + 1` pixels; beyond the ends, the line is mirrored.
fn box_means(line: &[f32], radius: usize, mut write: impl FnMut(usize, f32)) {
    let at = |i: isize| f64::from(line[mirrored(i, line.len() as isize)]);
    let radius = radius as isize;
    let mut sum: f64 = (-radius..=radius).map(at).sum();
    for i in 0..line.len() as isize {
        write(i as usize, (sum / (2 * radius + 1) as f64) as f32);
        sum += at(i + radius + 1) - at(i - radius);
    }
}
