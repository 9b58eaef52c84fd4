//! Where the detector looks.

use std::f64::consts::TAU;

use super::Square;
use crate::image::Size;

/// The least part of a view's side that a face must fill to be found in it.
const LEAST: f64 = 0.1;

/// The part of a view's side by which neighbours overlap: a face that is larger is found in views of twice the side.
const SHARED: f64 = 2.0 * LEAST;

/// Views besides the upright ones are turned by multiples of this.
const TURNS: usize = 6;

/// Upright views of one size that cover the picture. Level 0 is one view of all of it; each further level has half
/// the side.
pub(super) fn upright(picture: Size, level: u32) -> Vec<Square> {
    let (width, height) = (picture.width as f64, picture.height as f64);
    let side = width.max(height) / f64::from(1 << level);
    // The first and the last view end with the picture, those between are spread evenly.
    let centres = |length: f64| {
        let count = (((length / side - SHARED) / (1.0 - SHARED)).ceil().max(1.0)) as usize;
        (0..count).map(move |i| {
            let first = if count == 1 { length / 2.0 } else { side / 2.0 };
            let step = if count == 1 { 0.0 } else { (length - side) / (count - 1) as f64 };
            first + step * i as f64 - 0.5
        })
    };
    centres(height).flat_map(|y| centres(width).map(move |x| Square::upright([x, y], side))).collect()
}

/// The same views turned by every other angle.
pub(super) fn turned(views: &[Square]) -> Vec<Square> {
    let angles = (1..TURNS).map(|turn| turn as f64 * TAU / TURNS as f64);
    angles.flat_map(|angle| views.iter().map(move |view| view.turned(angle))).collect()
}

/// How many levels it takes until faces of `smallest` pixels are found, but none whose views would be enlarged.
pub(super) fn levels(picture: Size, smallest: f64, input: usize) -> u32 {
    let longer = picture.width.max(picture.height) as f64;
    let wanted = (LEAST * longer / smallest).log2().ceil();
    let sensible = (longer / input as f64).log2().ceil();
    1 + wanted.min(sensible).clamp(0.0, 6.0) as u32
}
