//! A square picture that is read at any place.

use crate::Result;
use pulse_core::face::Point;
use pulse_core::image::{Image, Kernel, Size};

/// How many times larger a face is made with the cubic kernel before it is read between the nearest four pixels: the two
/// cannot be told from each other beyond that.
const ENLARGED: usize = 8;

/// The channels of a pixel side by side, and one more, since four numbers are as fast to work on as one.
pub(super) type Pixel = [f32; 4];

/// A square picture with values of any size.
pub(super) struct Layer {
    side: usize,
    pixels: Vec<Pixel>,
}

impl Layer {
    /// A face that fills a square of this side in the photograph.
    pub(super) fn of(face: &Image, side: f64) -> Result<Self> {
        let side = pixels_of(face, side);
        Ok(Self::from_image(&face.resized(Kernel::Bicubic, Size::new(side, side))?))
    }

    /// What a face has beyond what is `known` of it: their difference, each at the size that it has in the photograph.
    pub(super) fn beyond(face: &Image, known: &Image, side: f64) -> Result<Self> {
        let mut layer = Self::of(face, side)?;
        // As the photograph round it is enlarged.
        let known = Self::from_image(&known.resized(enlarging(known, layer.side), Size::new(layer.side, layer.side))?);
        for (new, old) in layer.pixels.iter_mut().flatten().zip(known.pixels.iter().flatten()) {
            *new -= old;
        }
        Ok(layer)
    }

    fn from_image(image: &Image) -> Self {
        let mut pixels = vec![Pixel::default(); image.width() * image.height()];
        for channel in 0..image.channels() {
            pixels.iter_mut().zip(image.plane(channel)).for_each(|(pixel, value)| pixel[channel] = *value);
        }
        Self { side: image.width(), pixels }
    }

    /// Its channels at a place in [0, 1]².
    #[inline]
    pub(super) fn sample(&self, place: Point) -> Pixel {
        bilinear(&self.pixels, self.side, place)
    }
}

/// Lanczos where it is enlarged; else the kernel by which the face is shrunk.
fn enlarging(known: &Image, side: usize) -> Kernel {
    if side > known.width() { Kernel::Lanczos3 } else { Kernel::Bicubic }
}

fn pixels_of(face: &Image, side: f64) -> usize {
    (side.round() as usize).clamp(1, ENLARGED * face.width())
}

/// The middle of a pixel in [0, 1]², of `size` x `size` pixels, row by row.
pub(super) fn place_of(index: usize, size: usize) -> Point {
    [index % size, index / size].map(|i| (i as f64 + 0.5) / size as f64)
}

/// Between the four nearest of `side` x `side` pixels, at a place in [0, 1]². Inlined, since a photograph has millions of them.
#[inline]
pub(super) fn bilinear<const N: usize>(pixels: &[[f32; N]], side: usize, place: Point) -> [f32; N] {
    let last = side - 1;
    let [(left, x), (top, y)] = place.map(|u| {
        let x = (u * side as f64 - 0.5).clamp(0.0, last as f64);
        let before = x as usize;
        (before, (x - before as f64) as f32)
    });
    let (right, bottom) = ((left + 1).min(last), (top + 1).min(last));
    let between = |a: [f32; N], b: [f32; N], t: f32| std::array::from_fn(|i| a[i] + t * (b[i] - a[i]));
    let row = |row: usize| between(pixels[row * side + left], pixels[row * side + right], x);
    between(row(top), row(bottom), y)
}
