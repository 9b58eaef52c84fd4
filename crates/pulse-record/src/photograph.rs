//! Puts imagined faces back into the photograph.

mod fade;
mod layer;
mod seam;
mod surroundings;

use std::io::Write;

use crate::Result;
use crate::image::{Bands, Provenance, Raster};
use fade::{Fade, bounds};
use layer::Layer;
use pulse_core::face::{Point, Square};
use pulse_core::image::{Image, Size};
use pulse_core::mosaic::Mosaic;
use surroundings::Blocks;

/// A photograph with the numbers of its file, to put faces into: its depth, its colours and what is transparent in it stay as they
/// are. Copies share the rows that nothing was put into: these are in memory once, and [compressed](Self::write_png) once.
#[derive(Clone, Debug)]
pub struct Photograph {
    rows: Bands,
    /// How many times larger it is than the picture that was given.
    scale: f64,
}

/// How an imagined face comes into the photograph.
#[derive(Clone, Debug)]
pub enum Restoration {
    /// The photograph keeps all that it has, and gets what the face has beyond that: `photograph + m (face − known)`, with a soft
    /// mask `m`. So a photograph that is not enlarged hardly changes, and none gets less sharp.
    Details {
        /// What the photograph has of the face: the small picture that was searched for.
        known: Image,
    },
    /// The face stands in the place of what is seen there, within a seam along which the two differ least.
    Replaced,
    /// The face fills blocks, as far as they reach, in the light of what is seen round them.
    Blocks {
        /// The blocks, in the photograph that was given.
        mosaic: Mosaic,
        /// Whether they were found, and not given.
        detected: bool,
        /// The picture that they are the pixels of.
        small: Image,
    },
}

impl From<&Image> for Photograph {
    fn from(image: &Image) -> Self {
        // As bytes, which is what it was read from or will be written as.
        Self { rows: Bands::from(&Raster::from(image)), scale: 1.0 }
    }
}

impl Photograph {
    /// The picture enlarged or shrunk by this factor, by Lanczos' kernel.
    ///
    /// # Errors
    /// As [`Resize::new`](pulse_core::image::Resize::new).
    pub fn scaled(picture: &Raster, scale: f64) -> Result<Self> {
        let size = scaled_size(picture.size(), scale);
        if size == picture.size() {
            return Ok(Self { rows: Bands::from(&picture.writable()?), scale: 1.0 });
        }
        Ok(Self { rows: Bands::resized(&picture.writable()?, size)?, scale })
    }

    /// How many times larger it is than the picture that was given.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.rows.size()
    }

    /// The pixels as the file has them, `[height, width, channels]`; numbers of 16 bits have the larger byte first.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.rows.to_bytes()
    }

    /// Writes the photograph as a PNG that says which part of it is synthetic; fast to write rather than small.
    ///
    /// # Errors
    /// As [`encode_png`](crate::image::encode_png).
    pub fn write_png(&self, provenance: &Provenance, to: impl Write) -> Result<()> {
        self.rows.write_png(provenance, to)
    }

    /// Puts the square picture `face` where `square` of the picture lies that was given. `seen` is what that shows there,
    /// [`aligned`](pulse_core::face::aligned) to the same size. Pixels that the face does not reach keep their bytes.
    ///
    /// # Errors
    /// As [`Image::resized`] and [`aligned`](pulse_core::face::aligned).
    ///
    /// # Panics
    /// When the face and what is seen have different shapes.
    pub fn put(&mut self, square: &Square, face: &Image, seen: &Image, how: &Restoration) -> Result<()> {
        let (face, seen) = (self.native(face), self.native(seen));
        assert_eq!(face.size(), seen.size(), "a face and what it replaces have one shape");
        let square = &self.enlarged(square);
        let side = square.side();
        match how {
            Restoration::Details { known } => {
                let layer = Layer::beyond(&face, &self.native(known), side)?;
                self.blend(square, &layer, Takes::Added, |place, _| Fade::SOFT.at(place));
            }
            Restoration::Replaced => {
                let layer = Layer::of(&seam::sewn(&face, &seen)?, side)?;
                self.blend(square, &layer, Takes::Place, |place, _| Fade::SHORT.at(place));
            }
            Restoration::Blocks { mosaic, .. } => {
                let blocks = Blocks::of(mosaic, self.scale);
                let layer = Layer::of(&blocks.lit(&face, &seen, square)?, side)?;
                let weight = |place, point| {
                    let within = blocks.within(point);
                    if within > 0.0 { within * Fade::SHORT.at(place) } else { 0.0 }
                };
                self.blend(square, &layer, Takes::Place, weight);
            }
        }
        Ok(())
    }

    /// `round(photograph + weight (new − photograph))` wherever the weight, of the place in the square and the point in the
    /// photograph, is not zero.
    fn blend(&mut self, square: &Square, layer: &Layer, takes: Takes, weight: impl Fn(Point, Point) -> f32) {
        let [low, high] = bounds(square);
        let within = |axis: usize, length: usize| {
            let start = low[axis].ceil().max(0.0) as usize;
            start..((high[axis].floor() + 1.0).max(0.0) as usize).min(length)
        };
        let (Size { width, height }, form) = (self.size(), self.rows.form());
        let columns = within(0, width);
        for (y, row) in self.rows.rows_mut(within(1, height)) {
            let pixels = row.chunks_exact_mut(form.bytes()).enumerate().take(columns.end).skip(columns.start);
            for (x, pixel) in pixels {
                let point = [x as f64, y as f64];
                let place = square.from_picture(point);
                let weight = weight(place, point);
                if weight == 0.0 {
                    continue;
                }
                for (index, value) in layer.sample(place).into_iter().enumerate().take(form.inks) {
                    let old = form.get(pixel, index);
                    let new = match takes {
                        Takes::Place => value,
                        Takes::Added => old + value,
                    };
                    form.set(pixel, index, old + weight * (new.clamp(0.0, 1.0) - old));
                }
            }
        }
    }

    /// A square of the picture that was given, where it lies in this one. The centres of pixels are at whole numbers.
    fn enlarged(&self, square: &Square) -> Square {
        let scale = self.scale;
        Square { centre: square.centre.map(|x| (x + 0.5) * scale - 0.5), right: square.right.map(|x| x * scale) }
    }

    /// The picture with as many channels as this, in its colours.
    fn native(&self, picture: &Image) -> Image {
        let picture = if self.rows.form().inks == 1 { picture.to_grey() } else { picture.to_rgb() };
        let colours = self.rows.colours();
        if colours.name().is_none() {
            return picture;
        }
        let (inks, pixels) = (picture.channels(), picture.width() * picture.height());
        let values = picture.values();
        let mut interleaved = (0..pixels * inks).map(|at| values[at % inks * pixels + at / inks]).collect();
        colours.give_back(&mut interleaved, inks);
        let planes = (0..pixels * inks).map(|at| interleaved[at % pixels * inks + at / pixels]).collect();
        Image::clamped(inks, picture.height(), picture.width(), planes).unwrap_or(picture)
    }
}

/// What the values of a layer are to the photograph's.
#[derive(Clone, Copy)]
enum Takes {
    /// They take their place.
    Place,
    /// They are added to them.
    Added,
}

/// The size of a picture that is enlarged by this factor, at least one pixel.
fn scaled_size(size: Size, scale: f64) -> Size {
    let [width, height] = [size.width, size.height].map(|length| ((length as f64 * scale).round() as usize).max(1));
    Size::new(width, height)
}
