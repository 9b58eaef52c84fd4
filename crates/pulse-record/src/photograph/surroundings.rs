//! A face that fills blocks, in the light of what is seen round them.

use pulse_core::face::{Point, Square, blurred};
use pulse_core::image::{Image, Kernel, Rectangle, Size};
use pulse_core::mosaic::Mosaic;

use super::fade::smooth;
use super::layer::{bilinear, place_of};
use crate::Result;

/// How wide the colours round the blocks are felt, in terms of the face's picture.
const SPREAD: f64 = 0.06;

/// The most pixels along a side at which colours are compared: they change slowly.
const COARSE: usize = 64;

/// The part of a block over which a face comes in at the border of all blocks.
const SOFT: f64 = 0.5;

/// Blocks in a photograph, from edge to edge, in its pixels from its top left corner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks {
    low: Point,
    high: Point,
    soft: f64,
}

impl Blocks {
    /// Those of a picture that was enlarged by this factor.
    pub(super) fn of(mosaic: &Mosaic, scale: f64) -> Self {
        let Rectangle { left, top, width, height } = mosaic.region;
        Self {
            low: [left, top].map(|start| start as f64 * scale),
            high: [left + width, top + height].map(|end| end as f64 * scale),
            soft: SOFT * mosaic.grid.size * scale,
        }
    }

    /// How far a point of the photograph is within the blocks: 0 outside, 1 far enough from their border.
    #[inline]
    pub(super) fn within(&self, point: Point) -> f32 {
        let depth = |axis: usize| {
            let x = point[axis] + 0.5;
            (x - self.low[axis]).min(self.high[axis] - x)
        };
        smooth((depth(0).min(depth(1)) / self.soft) as f32)
    }

    /// `face` with its colours at the border of the blocks brought to those of what is `seen` round them. With `w` 1 outside of the
    /// blocks and 0 in them, what is added is `blur(w (seen − face)) / max(blur(w), 0.2)`: nearly nothing far within.
    pub(super) fn lit(&self, face: &Image, seen: &Image, square: &Square) -> Result<Image> {
        const FAR: f32 = 0.2;
        let side = face.width();
        let size = side.min(COARSE);
        let coarse = |image: &Image| image.resized(Kernel::Area, Size::new(size, size));
        let (small, seen) = (coarse(face)?, coarse(seen)?);
        let outside = |index: usize| {
            let point = square.to_picture(place_of(index, size));
            f32::from(u8::from(self.within(point) == 0.0))
        };
        let weights: Vec<f32> = (0..size * size).map(outside).collect();
        let sigma = SPREAD * size as f64;
        let spread = blurred(&weights, size, size, sigma);
        let mut values = Vec::with_capacity(face.values().len());
        for channel in 0..face.channels() {
            let differences = seen.plane(channel).iter().zip(small.plane(channel)).zip(&weights);
            let weighted: Vec<f32> = differences.map(|((seen, face), weight)| weight * (seen - face)).collect();
            let weighted = blurred(&weighted, size, size, sigma);
            let correction: Vec<_> =
                weighted.iter().zip(&spread).map(|(sum, weight)| [sum / weight.max(FAR)]).collect();
            values.extend(face.plane(channel).iter().enumerate().map(|(index, face)| {
                let [correction] = bilinear(&correction, size, place_of(index, side));
                face + correction
            }));
        }
        Image::clamped(face.channels(), side, side, values)
    }
}
