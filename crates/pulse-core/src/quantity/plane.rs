//! One number for each pixel.

use super::Channel;
use crate::image::Image;

/// The values of a channel, from 0 to 1, row by row.
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) values: Vec<f64>,
}

impl Plane {
    pub(super) fn of(image: &Image, channel: Channel) -> Self {
        let grey;
        let values = if let Some(place) = channel.place().filter(|_| image.channels() == 3) {
            image.plane(place)
        } else {
            grey = image.to_grey();
            grey.values()
        };
        let values = values.iter().map(|&value| f64::from(value)).collect();
        Self { width: image.width(), height: image.height(), values }
    }

    /// Each pixel's place, `[x, y]`, with its value.
    pub(super) fn pixels(&self) -> impl Iterator<Item = ([f64; 2], f64)> {
        self.values.iter().enumerate().map(|(at, &value)| ([(at % self.width) as f64, (at / self.width) as f64], value))
    }

    /// The values of the outermost pixels.
    pub(super) fn outermost(&self) -> Vec<f64> {
        let (last_column, last_row) = (self.width - 1, self.height - 1);
        let is_outermost = |at: &usize| {
            let (x, y) = (at % self.width, at / self.width);
            x == 0 || y == 0 || x == last_column || y == last_row
        };
        (0..self.values.len()).filter(is_outermost).map(|at| self.values[at]).collect()
    }

    /// The same with every value less the background, the median of the outermost pixels; nothing is below it.
    pub(super) fn above_background(&self) -> Self {
        let mut border = self.outermost();
        let middle = border.len() / 2;
        let (_, &mut background, _) = border.select_nth_unstable_by(middle, f64::total_cmp);
        Self { values: self.values.iter().map(|value| (value - background).max(0.0)).collect(), ..*self }
    }

    /// The value at a place between pixels, bilinear; nothing outside of their centres.
    pub(super) fn at(&self, [x, y]: [f64; 2]) -> Option<f64> {
        if !(x >= 0.0 && y >= 0.0 && x <= (self.width - 1) as f64 && y <= (self.height - 1) as f64) {
            return None;
        }
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
        let (across, down) = (x - left as f64, y - top as f64);
        let row = |y: usize| {
            let [a, b] = [left, right].map(|x| self.values[y * self.width + x]);
            a + (b - a) * across
        };
        Some(row(top) + (row(bottom) - row(top)) * down)
    }
}
