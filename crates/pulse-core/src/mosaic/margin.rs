//! A margin of one colour round a picture: that of a page, a screen or a frame.

use crate::image::{Image, Rectangle};

/// How far pixels of a margin may be from its colour: on its outermost line, and near what it goes round, where a JPEG smears that.
const FLAT: f32 = 4.0 / 255.0;
const SMEARED: f32 = 14.0 / 255.0;
/// The share of a line that may be farther.
const MOST_OTHERS: f64 = 0.06;

/// The picture without a margin of one colour, on any of its sides; nothing of one that is flat.
pub(super) fn content(picture: &Image) -> Option<Rectangle> {
    let (width, height) = (picture.width(), picture.height());
    let colour = |x: usize, y: usize| -> [f32; 3] {
        std::array::from_fn(|channel| picture.plane(channel.min(picture.channels() - 1))[y * width + x])
    };
    let is_margin = |line: &mut dyn Iterator<Item = (usize, usize)>, corner: [f32; 3], most: f32| {
        let (mut others, mut count) = (0, 0usize);
        for (x, y) in line {
            let own = colour(x, y);
            others += usize::from(own.iter().zip(corner).any(|(a, b)| (a - b).abs() > most));
            count += 1;
        }
        others as f64 <= MOST_OTHERS * count as f64
    };
    // How many lines from one side, of `lines`, are margin.
    let depth = |lines: usize, line: &dyn Fn(usize) -> Vec<(usize, usize)>| {
        let first = line(0);
        let Some(&(x, y)) = first.first() else { return 0 };
        let corner = colour(x, y);
        if !is_margin(&mut first.into_iter(), corner, FLAT) {
            return 0;
        }
        (1..lines).find(|&at| !is_margin(&mut line(at).into_iter(), corner, SMEARED)).unwrap_or(lines)
    };
    let top = depth(height, &|at| (0..width).map(|x| (x, at)).collect());
    if top == height {
        return None;
    }
    let bottom = height - depth(height - top, &|at| (0..width).map(|x| (x, height - 1 - at)).collect());
    let left = depth(width, &|at| (top..bottom).map(|y| (at, y)).collect());
    if left == width {
        return None;
    }
    let right = width - depth(width - left, &|at| (top..bottom).map(|y| (width - 1 - at, y)).collect());
    (left < right && top < bottom).then_some(Rectangle { left, top, width: right - left, height: bottom - top })
}
