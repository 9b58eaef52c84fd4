//! Pictures outside of networks: values, sizes, and how one size becomes another.

mod between;
mod resize;
mod size;

use std::ops::Range;

use crate::{Error, ErrorKind, Result};

pub(crate) use between::between_pixels;
pub use resize::{Kernel, Resize, resize_matrix};
pub(crate) use resize::{mirror, window_matrix};
pub use size::Size;

/// The weights of red, green and blue in a grey picture: Rec. 709 luma, taken of the sRGB-encoded values.
pub(crate) const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// A picture: `f32` in [0, 1], sRGB-encoded (as in files, not linear light), planar
/// `[channels, height, width]`, with one channel (grey) or three (red, green, blue).
///
/// It has at least one pixel, and every value is finite and within [0, 1].
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    channels: usize,
    height: usize,
    width: usize,
    values: Vec<f32>,
}

/// A part of a picture, in pixels from its top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rectangle {
    /// Columns left of it.
    pub left: usize,
    /// Rows above it.
    pub top: usize,
    /// Its columns.
    pub width: usize,
    /// Its rows.
    pub height: usize,
}

impl Image {
    /// A picture of `values`, planar `[channels, height, width]`.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] when the channels are not 1 or 3, there is no pixel, the number of values is
    /// not that of the shape, or one is not finite or outside of [0, 1].
    pub fn new(channels: usize, height: usize, width: usize, values: Vec<f32>) -> Result<Self> {
        let image = Self::shaped(channels, height, width, values)?;
        match image.values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            Some(value) => Err(Error::new(
                ErrorKind::Picture,
                format!("a picture cannot hold the value {value}: values lie in [0, 1]; scale or clamp them first"),
            )),
            None => Ok(image),
        }
    }

    /// As [`new`](Self::new), with every value brought to the nearest within [0, 1]: for what a network or
    /// an interpolation gives, which overshoots.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] when the shape does not fit, or a value is not a number or infinite.
    pub fn clamped(channels: usize, height: usize, width: usize, values: Vec<f32>) -> Result<Self> {
        let mut image = Self::shaped(channels, height, width, values)?;
        for value in &mut image.values {
            if !value.is_finite() {
                return Err(Error::new(
                    ErrorKind::Picture,
                    format!("a picture cannot hold the value {value}: look for where it stopped being finite"),
                ));
            }
            *value = value.clamp(0.0, 1.0);
        }
        Ok(image)
    }

    /// A picture of bytes, interleaved `[height, width, channels]`, as PNG holds them: `value = byte / 255`.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] when the shape does not fit.
    pub fn from_bytes(channels: usize, height: usize, width: usize, bytes: &[u8]) -> Result<Self> {
        let mut values = Vec::with_capacity(bytes.len());
        for channel in 0..channels {
            values.extend(bytes.iter().skip(channel).step_by(channels).map(|&byte| f32::from(byte) / 255.0));
        }
        Self::shaped(channels, height, width, values)
    }

    fn shaped(channels: usize, height: usize, width: usize, values: Vec<f32>) -> Result<Self> {
        let fault = |reason: String| Err(Error::new(ErrorKind::Picture, reason));
        if channels != 1 && channels != 3 {
            return fault(format!("a picture cannot have {channels} channels: give 1 (grey) or 3 (RGB)"));
        }
        if height == 0 || width == 0 {
            return fault(format!("a picture cannot be {width}x{height} pixels: give it at least one"));
        }
        if height.checked_mul(width).and_then(|pixels| pixels.checked_mul(channels)) != Some(values.len()) {
            return fault(format!(
                "{} values are not a picture of shape [{channels}, {height}, {width}]: give one a pixel and channel",
                values.len()
            ));
        }
        Ok(Self { channels, height, width, values })
    }

    /// 1 (grey) or 3 (red, green, blue).
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Rows of pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        Size::new(self.width, self.height)
    }

    /// All values, `[channels, height, width]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, `[channels, height, width]`, without a copy.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// The values of one channel, `[height, width]`.
    ///
    /// # Panics
    /// When there is no such channel.
    pub fn plane(&self, channel: usize) -> &[f32] {
        let pixels = self.height * self.width;
        &self.values[channel * pixels..][..pixels]
    }

    /// The pixels within `part`.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] when the part is empty or reaches out of the picture.
    pub fn crop(&self, part: Rectangle) -> Result<Self> {
        let fits = |start: usize, length: usize, whole: usize| {
            length > 0 && start.checked_add(length).is_some_and(|end| end <= whole)
        };
        if !fits(part.left, part.width, self.width) || !fits(part.top, part.height, self.height) {
            return Err(Error::new(
                ErrorKind::Picture,
                format!(
                    "cannot cut {}x{} pixels at column {}, row {} out of a picture of {}x{}: stay inside of it",
                    part.width, part.height, part.left, part.top, self.width, self.height
                ),
            ));
        }
        let mut values = Vec::with_capacity(self.channels * part.height * part.width);
        for channel in 0..self.channels {
            let rows = self.plane(channel).chunks_exact(self.width).skip(part.top).take(part.height);
            rows.for_each(|row| values.extend_from_slice(&row[part.left..][..part.width]));
        }
        Ok(Self { channels: self.channels, height: part.height, width: part.width, values })
    }

    /// Where the largest square in the middle lies. An odd pixel is left out at the end.
    pub fn centre_square(&self) -> Rectangle {
        let side = self.width.min(self.height);
        Rectangle { left: (self.width - side) / 2, top: (self.height - side) / 2, width: side, height: side }
    }

    /// Where the largest part in the middle lies that has the proportions of `size`. An odd pixel is left out at the end.
    pub fn centre_part(&self, size: Size) -> Rectangle {
        let (width, height) = if self.width * size.height >= self.height * size.width {
            ((self.height * size.width / size.height).max(1), self.height)
        } else {
            (self.width, (self.width * size.height / size.width).max(1))
        };
        Rectangle { left: (self.width - width) / 2, top: (self.height - height) / 2, width, height }
    }

    /// The picture with three channels: a grey one has its channel three times.
    #[must_use]
    pub fn to_rgb(&self) -> Self {
        let values = if self.channels == 3 { self.values.clone() } else { self.values.repeat(3) };
        Self { channels: 3, values, ..*self }
    }

    /// The picture with one channel, `0.2126 R + 0.7152 G + 0.0722 B` (Rec. 709 luma, ITU-R BT.709-6,
    /// section 3) of the encoded values.
    #[must_use]
    pub fn to_grey(&self) -> Self {
        if self.channels == 1 {
            return self.clone();
        }
        let values = (0..self.height * self.width)
            .map(|pixel| (0..3).map(|channel| LUMA[channel] * self.plane(channel)[pixel]).sum::<f32>().min(1.0))
            .collect();
        Self { channels: 1, values, ..*self }
    }

    /// Whether it has three channels that are the same.
    pub fn is_grey_in_colour(&self) -> bool {
        self.channels == 3 && self.plane(0) == self.plane(1) && self.plane(1) == self.plane(2)
    }

    /// Whether its colours are those of one tint: grey that was toned, such as sepia. What each channel differs from the luma by is then
    /// a parabola of it, within 3 of 255 on the whole. A picture that is grey to the bit, or of one brightness, is none.
    pub fn is_toned(&self) -> bool {
        const RESIDUAL: f64 = 3.0 / 255.0;
        const LEAST_DEVIATION: f64 = 0.04;
        if self.channels != 3 || self.is_grey_in_colour() {
            return false;
        }
        let luma: Vec<f64> = self.to_grey().values.iter().map(|&value| f64::from(value)).collect();
        let n = luma.len() as f64;
        let mean = luma.iter().sum::<f64>() / n;
        let deviation = (luma.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
        deviation >= LEAST_DEVIATION
            && [0, 2].into_iter().all(|channel| {
                let chroma = self.plane(channel).iter().zip(&luma).map(|(&value, luma)| f64::from(value) - luma);
                residual(&luma, &chroma.collect::<Vec<_>>(), mean) < RESIDUAL
            })
    }

    /// The picture of a generator's own values, nominally in [-1, 1]: `(v + 1) / 2`, clipped to [0, 1].
    ///
    /// # Errors
    /// As [`clamped`](Self::clamped).
    pub fn from_network(channels: usize, height: usize, width: usize, values: &[f32]) -> Result<Self> {
        let values = values.iter().map(|&value| f32::midpoint(value, 1.0)).collect();
        Self::clamped(channels, height, width, values)
    }

    /// The picture at another size. Where the kernel overshoots [0, 1], the nearest value within is taken.
    ///
    /// # Errors
    /// As [`resize_matrix`].
    pub fn resized(&self, kernel: Kernel, to: Size) -> Result<Self> {
        let values = Resize::new(kernel, self.size(), to)?.apply(&self.values);
        Self::clamped(self.channels, to.height, to.width, values)
    }

    /// `round(255 value)` as bytes, interleaved `[height, width, channels]`, as PNG holds them.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.rows_to_bytes(0..self.height)
    }

    /// The same of some of its rows.
    ///
    /// # Panics
    /// When there are no such rows.
    pub fn rows_to_bytes(&self, rows: Range<usize>) -> Vec<u8> {
        let mut bytes = vec![0; rows.len() * self.width * self.channels];
        for channel in 0..self.channels {
            let values = &self.plane(channel)[rows.start * self.width..rows.end * self.width];
            for (byte, &value) in bytes[channel..].iter_mut().step_by(self.channels).zip(values) {
                *byte = quantise(value);
            }
        }
        bytes
    }

    /// `round(255 value) / 255`: the picture as it is after it was written as 8-bit PNG and read again.
    #[must_use]
    pub fn quantised(&self) -> Self {
        let values = self.values.iter().map(|&value| f32::from(quantise(value)) / 255.0).collect();
        Self { values, ..*self }
    }

    /// The mean over all values of `(self − other)²`, summed in `f64`.
    ///
    /// # Panics
    /// When the two have different shapes.
    pub fn mean_squared_difference(&self, other: &Self) -> f64 {
        let shape = |image: &Self| [image.channels, image.height, image.width];
        assert_eq!(shape(self), shape(other), "only pictures of one shape can be compared");
        mean_squared_error(&self.values, &other.values)
    }

    /// `1/2 + times (self − other) / 2`, clipped: grey where the two are alike, lighter where this is the lighter one.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] when they are not of one size. A grey picture beside one in colour counts as one in colour.
    pub fn difference(&self, other: &Self, times: f32) -> Result<Self> {
        if self.size() != other.size() {
            let message =
                format!("pictures of {} and {} cannot be subtracted: make them of one size", self.size(), other.size());
            return Err(Error::new(ErrorKind::Picture, message));
        }
        if self.channels != other.channels {
            return self.to_rgb().difference(&other.to_rgb(), times);
        }
        let values = self.values.iter().zip(&other.values).map(|(a, b)| 0.5 + 0.5 * times * (a - b));
        Self::clamped(self.channels, self.height, self.width, values.collect())
    }
}

/// What a least squares parabola in `x` leaves of `y`, root mean square.
fn residual(x: &[f64], y: &[f64], centre: f64) -> f64 {
    // Gram and Schmidt on 1, x and x²: the residual is what no direction takes.
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let without = |mut vector: Vec<f64>, basis: &[Vec<f64>]| {
        for direction in basis {
            let share = dot(&vector, direction);
            vector.iter_mut().zip(direction).for_each(|(value, direction)| *value -= share * direction);
        }
        vector
    };
    for power in 0..3 {
        let vector = without(x.iter().map(|x| (x - centre).powi(power)).collect(), &basis);
        let length = dot(&vector, &vector).sqrt();
        if length > 1e-9 {
            basis.push(vector.into_iter().map(|value| value / length).collect());
        }
    }
    let rest = without(y.to_vec(), &basis);
    (dot(&rest, &rest) / x.len() as f64).sqrt()
}

/// `(1/n) Σ (aᵢ − bᵢ)²`, in f64.
///
/// # Panics
/// When the two are not of one length.
pub fn mean_squared_error(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len(), "only pictures of one shape can be compared");
    let squares = a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2));
    squares.sum::<f64>() / a.len() as f64
}

/// `round(255 value)` of a value in [0, 1], without a call for each of the millions in a photograph.
fn quantise(value: f32) -> u8 {
    let scaled = value * 255.0;
    let below = scaled as u8;
    below + u8::from(scaled - f32::from(below) >= 0.5)
}

#[cfg(test)]
mod tests {
    use super::{Image, quantise};

    #[test]
    fn a_difference_is_grey_where_nothing_differs() {
        let grey = Image::new(1, 1, 3, vec![0.5, 0.5, 0.5]).unwrap();
        let other = Image::new(1, 1, 3, vec![0.5, 0.25, 1.0]).unwrap();
        assert_eq!(grey.difference(&other, 2.0).unwrap().values(), [0.5, 0.75, 0.0]);
        assert_eq!(grey.to_rgb().difference(&other, 2.0).unwrap().channels(), 3);
        assert!(grey.difference(&Image::new(1, 3, 1, vec![0.0; 3]).unwrap(), 1.0).is_err());
    }

    #[test]
    fn bytes_are_the_nearest_and_halves_go_up() {
        for byte in 0..255_u8 {
            let half = (f32::from(byte) + 0.5) / 255.0;
            for value in [half.next_down(), half, half.next_up(), f32::from(byte) / 255.0, 0.0, 1.0] {
                assert_eq!(f32::from(quantise(value)), (value * 255.0).round(), "{value}");
            }
        }
    }
}
