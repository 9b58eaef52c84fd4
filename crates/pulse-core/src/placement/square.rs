//! A square of a picture, turned by any angle: the one type of every placement. Views of the detector, FFHQ's quads and the
//! frames of other generators are squares.

use super::{Point, difference, length};

/// A square of a picture, of any size, turned by any angle. It may reach out of the picture.
///
/// With `d = [−r_y, r_x]`, the half-axis `r` turned by a right angle, the point `(u, v)` in [0, 1]² of it is at
/// `c + (2 u − 1) r + (2 v − 1) d`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Square {
    /// `c`.
    pub centre: Point,
    /// `r`, from the centre to the middle of the right side.
    pub right: Point,
}

impl Square {
    /// An upright square.
    pub fn upright(centre: Point, side: f64) -> Self {
        Self { centre, right: [side / 2.0, 0.0] }
    }

    /// The same centre and angle, and another side.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { right: self.right.map(|x| x * factor), ..self }
    }

    /// The same square, turned clockwise (as it is seen) by this angle in radians.
    #[must_use]
    pub fn turned(self, angle: f64) -> Self {
        let (sine, cosine) = angle.sin_cos();
        let [x, y] = self.right;
        Self { right: [cosine * x - sine * y, sine * x + cosine * y], ..self }
    }

    /// Pixels along a side.
    pub fn side(&self) -> f64 {
        2.0 * length(self.right)
    }

    /// How far it is turned, in radians, clockwise as it is seen.
    pub fn angle(&self) -> f64 {
        self.right[1].atan2(self.right[0])
    }

    /// The point of the picture at `(u, v)`.
    pub fn to_picture(&self, [u, v]: Point) -> Point {
        let (u, v) = (2.0 * u - 1.0, 2.0 * v - 1.0);
        let ([x, y], [right_x, right_y]) = (self.centre, self.right);
        [x + u * right_x - v * right_y, y + u * right_y + v * right_x]
    }

    /// The `(u, v)` of a point of the picture.
    pub fn from_picture(&self, point: Point) -> Point {
        let [x, y] = difference(point, self.centre);
        let [right_x, right_y] = self.right;
        let square = right_x * right_x + right_y * right_y;
        [(x * right_x + y * right_y) / square, (y * right_x - x * right_y) / square].map(|u| f64::midpoint(u, 1.0))
    }

    /// Top left, bottom left, bottom right, top right: the order of FFHQ's quads.
    pub fn corners(&self) -> [Point; 4] {
        [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]].map(|corner| self.to_picture(corner))
    }

    /// The smallest and the largest x and y of its points.
    pub fn bounds(&self) -> [Point; 2] {
        let reach = self.right[0].abs() + self.right[1].abs();
        [self.centre.map(|x| x - reach), self.centre.map(|x| x + reach)]
    }

    /// Whether its numbers are finite, and it has a side.
    pub fn is_sound(&self) -> bool {
        self.centre.iter().all(|x| x.is_finite()) && self.side().is_finite() && self.side() > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let square = Square { centre: [3.0, -2.0], right: [2.0, 1.0] };
        for point in [[0.0, 0.0], [0.25, 0.75], [1.5, -0.5]] {
            let back = square.from_picture(square.to_picture(point));
            assert!(length(difference(back, point)) < 1e-12);
        }
        let quarter = Square::upright([1.0, 1.0], 2.0).turned(std::f64::consts::FRAC_PI_2);
        // Turned clockwise, what was at the top left is at the top right.
        assert!(length(difference(quarter.to_picture([0.0, 0.0]), [2.0, 0.0])) < 1e-12);
    }
}
