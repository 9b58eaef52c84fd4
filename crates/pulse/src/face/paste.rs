//! Imagined faces back into the photograph.

use super::Square;
use super::seam::{bilinear, correction, mask};
use crate::Result;
use crate::image::{Image, Provenance, encode_bytes};
use crate::measurement::{Kernel, Size};

/// How many times larger a face is made with the cubic kernel before it is read between the nearest four pixels: the two
/// cannot be told from each other beyond that.
const ENLARGED: usize = 8;

/// A photograph of 8 bits a channel, to paste faces into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photograph {
    channels: usize,
    size: Size,
    /// Interleaved `[height, width, channels]`.
    bytes: Vec<u8>,
}

impl From<&Image> for Photograph {
    fn from(image: &Image) -> Self {
        Self { channels: image.channels(), size: image.size(), bytes: image.to_bytes() }
    }
}

impl Photograph {
    /// 1 (grey) or 3 (red, green, blue).
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The pixels, `[height, width, channels]`.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// It as a PNG that says which part of it is synthetic; large rather than slow.
    ///
    /// # Errors
    /// As [`encode_png`](crate::image::encode_png).
    pub fn to_png(&self, provenance: &Provenance) -> Result<Vec<u8>> {
        encode_bytes(self.channels, self.size, &self.bytes, Some(provenance), png::Compression::Fast)
    }

    /// Puts the square picture `face` where `square` lies. It is seen through a mask `m` that is 1 in the middle and 0
    /// at the edge: `round((1 − m) photograph + m (face + correction))`, where the correction brings the colours of the
    /// face at the seam to those of `seen`, what the photograph shows there, [`aligned`](super::aligned) to the same size. Pixels at
    /// which the mask is zero keep their bytes.
    ///
    /// # Errors
    /// As [`Image::resized`] and [`aligned`](super::aligned).
    ///
    /// # Panics
    /// When the face and what is seen have different shapes.
    pub fn paste(&mut self, square: &Square, face: &Image, seen: &Image) -> Result<()> {
        let shape = |image: &Image| (image.channels(), image.size());
        assert_eq!(shape(face), shape(seen), "a face and what it replaces have one shape");
        let (face, seen) = (self.coloured(face), self.coloured(seen));
        let correction = correction(&face, &seen)?;
        let side = (square.side().ceil() as usize).clamp(1, ENLARGED * face.width());
        let face = face.resized(Kernel::Bicubic, Size::new(side, side))?;
        let [low, high] = square.bounds();
        let range = |axis: usize, length: usize| {
            let start = low[axis].floor().max(0.0) as usize;
            start..((high[axis].ceil().max(-1.0) + 1.0) as usize).min(length)
        };
        for y in range(1, self.size.height) {
            for x in range(0, self.size.width) {
                let place = square.from_picture([x as f64, y as f64]);
                let weight = mask(place) as f32;
                if weight == 0.0 {
                    continue;
                }
                let pixel = &mut self.bytes[(y * self.size.width + x) * self.channels..][..self.channels];
                for (channel, byte) in pixel.iter_mut().enumerate() {
                    let new = bilinear(face.plane(channel), side, side, place) + correction.sample(channel, place);
                    let old = f32::from(*byte) / 255.0;
                    *byte = ((old + weight * (new.clamp(0.0, 1.0) - old)) * 255.0 + 0.5) as u8;
                }
            }
        }
        Ok(())
    }

    /// The picture with as many channels as this.
    fn coloured(&self, picture: &Image) -> Image {
        if self.channels == 1 { picture.to_grey() } else { picture.to_rgb() }
    }
}
