//! Puts imagined faces back into the photograph.

mod seam;

use crate::Result;
use crate::image::{Bands, Provenance};
use pulse_core::face::Square;
use pulse_core::image::Image;
use pulse_core::image::Size;
use seam::{bounds, fitted, mask};

/// How many times larger a face is made with the cubic kernel before it is read between the nearest four pixels: the two
/// cannot be told from each other beyond that.
const ENLARGED: usize = 8;

/// A photograph of 8 bits a channel, to paste faces into. Copies share the rows that nothing was pasted into: these are in memory
/// once, and [compressed](Self::to_png) once.
#[derive(Clone, Debug)]
pub struct Photograph {
    rows: Bands,
}

impl From<&Image> for Photograph {
    fn from(image: &Image) -> Self {
        Self { rows: Bands::from(image) }
    }
}

impl Photograph {
    /// 1 (grey) or 3 (red, green, blue).
    pub fn channels(&self) -> usize {
        self.rows.channels()
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.rows.size()
    }

    /// The pixels, `[height, width, channels]`.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.rows.to_bytes()
    }

    /// The photograph as a PNG that says which part of it is synthetic; fast to write rather than small.
    ///
    /// # Errors
    /// As [`encode_png`](crate::image::encode_png).
    pub fn to_png(&self, provenance: &Provenance) -> Result<Vec<u8>> {
        self.rows.to_png(provenance)
    }

    /// Puts the square picture `face` where `square` lies. It is seen through a mask `m` that is 1 in the middle and 0 at the
    /// edge: `round((1 − m) photograph + m (face + correction))`, where the correction brings the colours of the face at the
    /// seam to those of `seen`, what the photograph shows there, [`aligned`](pulse_core::face::aligned) to the same size.
    /// Pixels at which the mask is zero keep their bytes.
    ///
    /// # Errors
    /// As [`Image::resized`] and [`aligned`](pulse_core::face::aligned).
    ///
    /// # Panics
    /// When the face and what is seen have different shapes.
    pub fn paste(&mut self, square: &Square, face: &Image, seen: &Image) -> Result<()> {
        let shape = |image: &Image| (image.channels(), image.size());
        assert_eq!(shape(face), shape(seen), "a face and what it replaces have one shape");
        let (face, seen) = (self.coloured(face), self.coloured(seen));
        let side = (square.side().ceil() as usize).clamp(1, ENLARGED * face.width());
        let face = fitted(&face, &seen, side)?;
        let [low, high] = bounds(square);
        let within = |axis: usize, length: usize| {
            let start = low[axis].ceil().max(0.0) as usize;
            start..((high[axis].floor() + 1.0).max(0.0) as usize).min(length)
        };
        let (Size { width, height }, channels) = (self.size(), self.channels());
        let columns = within(0, width);
        for (y, row) in self.rows.rows_mut(within(1, height)) {
            let pixels = row.chunks_exact_mut(channels).enumerate().take(columns.end).skip(columns.start);
            for (x, pixel) in pixels {
                let place = square.from_picture([x as f64, y as f64]);
                let weight = mask(place);
                if weight == 0.0 {
                    continue;
                }
                for (byte, new) in pixel.iter_mut().zip(face.sample(place)) {
                    let old = f32::from(*byte) / 255.0;
                    *byte = ((old + weight * (new.clamp(0.0, 1.0) - old)) * 255.0 + 0.5) as u8;
                }
            }
        }
        Ok(())
    }

    /// The picture with as many channels as this.
    fn coloured(&self, picture: &Image) -> Image {
        if self.channels() == 1 { picture.to_grey() } else { picture.to_rgb() }
    }
}
