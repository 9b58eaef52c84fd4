//! Where pictures differ most.

use crate::image::{Image, Rectangle};

/// The side of the part in which a change is looked for, as a part of the picture's side.
const PART: usize = 4;

/// The mean squared difference of two pictures of one shape over their channels, pixel by pixel, `[height, width]`.
pub(super) fn squared_differences(a: &Image, b: &Image) -> Vec<f64> {
    let pixels = a.width() * a.height();
    let channels = a.channels() as f64;
    let mut squares = vec![0.0; pixels];
    for (a, b) in a.values().chunks_exact(pixels).zip(b.values().chunks_exact(pixels)) {
        for (square, (a, b)) in squares.iter_mut().zip(a.iter().zip(b)) {
            *square += (f64::from(*a) - f64::from(*b)).powi(2) / channels;
        }
    }
    squares
}

/// The part of two pictures of one shape, a quarter as wide and as high, in which they differ most, and the root mean squared
/// difference there.
pub fn most_changed_part(a: &Image, b: &Image) -> (Rectangle, f64) {
    most_changed(&squared_differences(a, b), a)
}

/// The part of a picture, a quarter as wide and as high as it is, in which the mean of `squares` (one a pixel) is greatest, and
/// the root of that mean.
pub(super) fn most_changed(squares: &[f64], of: &Image) -> (Rectangle, f64) {
    let (width, height) = (of.width(), of.height());
    let [columns, rows] = [width, height].map(|side| side.div_ceil(PART));
    // Sums over all that lies left of and above a corner.
    let stride = width + 1;
    let mut sums = vec![0.0; stride * (height + 1)];
    for y in 0..height {
        let mut row = 0.0;
        for x in 0..width {
            row += squares[y * width + x];
            sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
        }
    }
    let mut most = (Rectangle { left: 0, top: 0, width: columns, height: rows }, 0.0);
    for top in 0..=height - rows {
        for left in 0..=width - columns {
            let at = |x: usize, y: usize| sums[y * stride + x];
            let sum = at(left + columns, top + rows) + at(left, top) - at(left, top + rows) - at(left + columns, top);
            if sum > most.1 {
                most = (Rectangle { left, top, width: columns, height: rows }, sum);
            }
        }
    }
    (most.0, (most.1 / (columns * rows) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_is_where_the_change_is() {
        let (width, height) = (16, 12);
        let picture = |level: f32| {
            let inside = |at: usize| (9..13).contains(&(at % width)) && (5..8).contains(&(at / width));
            let values = (0..3 * width * height)
                .map(|at| if inside(at % (width * height)) { level } else { 0.5 + 0.001 * (at % 7) as f32 })
                .collect();
            Image::new(3, height, width, values).unwrap()
        };
        let (a, b) = (picture(0.2), picture(0.4));
        let (part, change) = most_changed(&squared_differences(&a, &b), &a);
        assert_eq!(part, Rectangle { left: 9, top: 5, width: 4, height: 3 });
        assert!((change - 0.2).abs() < 1e-6, "{change}");
        // Of pictures without a difference, any part will do.
        let (part, change) = most_changed(&squared_differences(&a, &a), &a);
        assert_eq!((part.width, part.height, change), (4, 3, 0.0));
        let dot = Image::new(1, 1, 1, vec![0.5]).unwrap();
        let one = most_changed(&[0.25], &dot);
        assert_eq!(one, (Rectangle { left: 0, top: 0, width: 1, height: 1 }, 0.5));
    }
}
