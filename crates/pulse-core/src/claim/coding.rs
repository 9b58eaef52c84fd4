//! What JPEG does to a picture.

use std::f64::consts::PI;

use crate::Result;
use crate::image::{Image, Kernel, Rectangle, Size};

/// Pixels along a side of a block.
const BLOCK: usize = 8;

/// How a file was compressed as JPEG (ITU-T T.81): the steps to whose multiples the coefficients of its blocks were rounded.
#[derive(Clone, Debug, PartialEq)]
pub struct Coding {
    /// The steps of the brightness, in levels of 255, row by row from the mean of the block.
    pub luma: [u16; BLOCK * BLOCK],
    /// The same of the two colour differences.
    pub chroma: [u16; BLOCK * BLOCK],
    /// How many pixels of brightness there are for one of the colour differences, along x and along y.
    pub subsampling: [usize; 2],
}

impl Coding {
    /// The mean squared error of a picture that is compressed so, of a value range of 1.
    ///
    /// # Errors
    /// None for a picture of at least one pixel.
    pub fn error(&self, picture: &Image) -> Result<f64> {
        Ok(picture.mean_squared_difference(&self.coded(picture)?))
    }

    /// What is left of that error after a picture that was compressed so already is shrunk to the size `small`: as much as the same
    /// compression does to it once more, with its blocks elsewhere. With its blocks in place it would do nothing.
    ///
    /// # Errors
    /// None for a picture of at least as many pixels as `small`.
    pub fn error_after_shrinking(&self, picture: &Image, small: Size) -> Result<f64> {
        let off = |length: usize| (BLOCK / 2).min(length - 1);
        let Size { width, height } = picture.size();
        let (left, top) = (off(width), off(height));
        let elsewhere = picture.crop(Rectangle { left, top, width: width - left, height: height - top })?;
        let shrunk = |length: usize, of: usize, to: usize| (length * to).div_ceil(of).min(length);
        let size = Size::new(shrunk(width - left, width, small.width), shrunk(height - top, height, small.height));
        let coded = self.coded(&elsewhere)?.resized(Kernel::Area, size)?;
        Ok(elsewhere.resized(Kernel::Area, size)?.mean_squared_difference(&coded))
    }

    /// The picture after it was compressed and read again.
    fn coded(&self, picture: &Image) -> Result<Image> {
        if picture.channels() == 1 {
            return rounded(picture, &self.luma);
        }
        let size = picture.size();
        let [luma, blue, red] = planes(&differences(picture, &TO_YCBCR, [0.0, 0.5, 0.5])?)?;
        let coarse = Size::new(size.width.div_ceil(self.subsampling[0]), size.height.div_ceil(self.subsampling[1]));
        let chroma = |plane: &Image| {
            let small = rounded(&plane.resized(Kernel::Area, coarse)?, &self.chroma)?;
            small.resized(Kernel::Bicubic, size)
        };
        let coded = [rounded(&luma, &self.luma)?, chroma(&blue)?, chroma(&red)?];
        let values = coded.iter().flat_map(Image::values).copied().collect();
        differences(&Image::new(3, size.height, size.width, values)?, &FROM_YCBCR, [0.0; 3])
    }
}

/// Brightness and colour differences of encoded red, green and blue (ITU-T T.871).
const TO_YCBCR: [[f32; 3]; 3] = [[0.299, 0.587, 0.114], [-0.168_736, -0.331_264, 0.5], [0.5, -0.418_688, -0.081_312]];

/// And back, with the colour differences from −1/2 to 1/2.
const FROM_YCBCR: [[f32; 3]; 3] = [[1.0, 0.0, 1.402], [1.0, -0.344_136, -0.714_136], [1.0, 1.772, 0.0]];

/// Each pixel times a matrix, plus an offset. Colour differences are given and taken with 1/2 in the middle.
fn differences(picture: &Image, matrix: &[[f32; 3]; 3], offset: [f32; 3]) -> Result<Image> {
    let pixels = picture.width() * picture.height();
    let from_differences = offset == [0.0; 3];
    let value = |channel: usize, pixel: usize| {
        let middle = if from_differences && channel > 0 { 0.5 } else { 0.0 };
        picture.values()[channel * pixels + pixel] - middle
    };
    let of = |(row, offset): (&[f32; 3], f32)| -> Vec<f32> {
        (0..pixels).map(|pixel| offset + (0..3).map(|c| row[c] * value(c, pixel)).sum::<f32>()).collect()
    };
    let values = matrix.iter().zip(offset).flat_map(of).collect();
    Image::clamped(3, picture.height(), picture.width(), values)
}

fn planes(picture: &Image) -> Result<[Image; 3]> {
    let pixels = picture.width() * picture.height();
    let plane = |channel: usize| {
        let values = picture.values()[channel * pixels..][..pixels].to_vec();
        Image::new(1, picture.height(), picture.width(), values)
    };
    Ok([plane(0)?, plane(1)?, plane(2)?])
}

/// A plane whose blocks have lost what is finer than these steps. Blocks that reach out of it repeat its last pixels.
fn rounded(plane: &Image, steps: &[u16; BLOCK * BLOCK]) -> Result<Image> {
    let Size { width, height } = plane.size();
    let basis = basis();
    let mut values = plane.values().to_vec();
    for top in (0..height).step_by(BLOCK) {
        for left in (0..width).step_by(BLOCK) {
            let place = |at: usize| {
                let (row, column) = ((top + at / BLOCK).min(height - 1), (left + at % BLOCK).min(width - 1));
                row * width + column
            };
            let block = std::array::from_fn(|at| 255.0 * f64::from(plane.values()[place(at)]) - 128.0);
            let mut coefficients = transformed(&block, &basis, false);
            for (coefficient, &step) in coefficients.iter_mut().zip(steps) {
                let step = f64::from(step.max(1));
                *coefficient = (*coefficient / step).round() * step;
            }
            let block = transformed(&coefficients, &basis, true);
            for at in (0..BLOCK * BLOCK).filter(|at| top + at / BLOCK < height && left + at % BLOCK < width) {
                values[place(at)] = ((block[at] + 128.0) / 255.0) as f32;
            }
        }
    }
    Image::clamped(1, height, width, values)
}

type Block = [f64; BLOCK * BLOCK];

/// `C[k][n] = sqrt((k ? 2 : 1) / 8) cos(π (2 n + 1) k / 16)`: the orthonormal cosine transform.
fn basis() -> Block {
    std::array::from_fn(|at| {
        let (k, n) = ((at / BLOCK) as f64, (at % BLOCK) as f64);
        let norm = if k == 0.0 { 1.0 } else { 2.0 } / BLOCK as f64;
        norm.sqrt() * (PI * (2.0 * n + 1.0) * k / (2 * BLOCK) as f64).cos()
    })
}

/// `C X Cᵀ`, or `Cᵀ X C`.
fn transformed(block: &Block, basis: &Block, back: bool) -> Block {
    let c = |k: usize, n: usize| if back { basis[n * BLOCK + k] } else { basis[k * BLOCK + n] };
    let rows: Block =
        std::array::from_fn(|at| (0..BLOCK).map(|n| c(at / BLOCK, n) * block[n * BLOCK + at % BLOCK]).sum::<f64>());
    std::array::from_fn(|at| (0..BLOCK).map(|n| rows[at / BLOCK * BLOCK + n] * c(at % BLOCK, n)).sum())
}
