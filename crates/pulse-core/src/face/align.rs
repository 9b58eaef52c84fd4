//! The picture that a square of a photograph shows.

use super::border::Patch;
use super::{Point, Square};
use crate::image::Image;
use crate::{Error, ErrorKind, Result};

/// Samples along each side of a pixel.
const SAMPLES: usize = 4;

/// The most pixels along the side of an aligned picture.
const MOST: usize = 4096;

/// What `square` of the picture shows, at `size` x `size` pixels, as FFHQ's pictures were cut out (Karras, Laine, Aila
/// 2019, appendix A).
///
/// Where the square leaves the picture, the picture is mirrored, and fades with the distance into a blur and then into
/// its median colour. Each pixel is the mean of 4x4 samples between the pixels of the picture, which is shrunk by a
/// whole factor first where there are more pixels than samples.
///
/// # Errors
/// [`ErrorKind::Picture`] when the square has no side or none of the picture is in it, or the size is 0 or above 4096.
pub fn aligned(picture: &Image, square: &Square, size: usize) -> Result<Image> {
    let [low, high] = square.bounds();
    let lengths = [picture.width(), picture.height()].map(|length| length as f64);
    let meets = (0..2).all(|axis| high[axis] > 0.0 && low[axis] < lengths[axis] - 1.0);
    if !square.is_sound() || !meets {
        let message =
            format!("cannot align a face to {square:?}: it shows nothing of the picture; check its landmarks");
        return Err(Error::new(ErrorKind::Picture, message));
    }
    if size == 0 || size > MOST {
        let message = format!("cannot align a face to {size} pixels: give a size from 1 to {MOST}");
        return Err(Error::new(ErrorKind::Picture, message));
    }
    let shrink = (square.side() / (1.5 * size as f64)).floor().max(1.0);
    let shrunk = |point: Point| point.map(|x| (x + 0.5) / shrink - 0.5);
    let square = Square { centre: shrunk(square.centre), right: square.right.map(|x| x / shrink) };
    let patch = Patch::round(picture, &square, shrink as usize);

    let fine = size * SAMPLES;
    let mut values = Vec::with_capacity(picture.channels() * size * size);
    for plane in 0..picture.channels() {
        for pixel in 0..size * size {
            let (x, y) = (pixel % size * SAMPLES, pixel / size * SAMPLES);
            let samples = (0..SAMPLES * SAMPLES).map(|sample| {
                let place = [x + sample % SAMPLES, y + sample / SAMPLES].map(|i| (i as f64 + 0.5) / fine as f64);
                patch.sample(plane, square.to_picture(place))
            });
            values.push(samples.sum::<f32>() / (SAMPLES * SAMPLES) as f32);
        }
    }
    Image::clamped(picture.channels(), size, size, values)
}
