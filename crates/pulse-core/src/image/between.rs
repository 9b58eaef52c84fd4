//! What a plane of a picture shows between its pixels.

/// The bilinear value at `[x, y]` of a plane `[height, width]`: between the four nearest pixels, whose centres are at whole numbers; beyond
/// the plane, of its outermost ones.
pub(crate) fn between_pixels(plane: &[f32], width: usize, [x, y]: [f64; 2]) -> f32 {
    let height = plane.len() / width;
    let (x, y) = (x.clamp(0.0, (width - 1) as f64), y.clamp(0.0, (height - 1) as f64));
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
    let (across, down) = ((x - left as f64) as f32, (y - top as f64) as f32);
    let row = |y: usize| {
        let (left, right) = (plane[y * width + left], plane[y * width + right]);
        left + across * (right - left)
    };
    let (upper, lower) = (row(top), row(bottom));
    upper + down * (lower - upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_is_linear_between_its_pixels_and_constant_beyond() {
        // `x + 10 y`, three pixels wide and two high.
        let plane = [0.0, 1.0, 2.0, 10.0, 11.0, 12.0];
        for (place, value) in
            [([0.5, 0.5], 5.5), ([2.0, 1.0], 12.0), ([1.25, 0.0], 1.25), ([-3.0, 0.25], 2.5), ([9.0, 9.0], 12.0)]
        {
            assert_eq!(between_pixels(&plane, 3, place), value, "{place:?}");
        }
    }
}
