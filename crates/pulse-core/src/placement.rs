//! Where a face lies in a picture, and how a generator frames it.
//!
//! [`Frame`] says how a generator's pictures frame a face, and from a face's [`Landmarks`] gives the [`Square`] of the
//! picture that it fills.
//!
//! Points are `[x, y]` in pixels, x to the right and y down; the centres of pixels are at whole numbers, so the
//! outermost pixels reach from −1/2. Left and right are the viewer's.

mod frame;
mod square;

pub use frame::{Frame, FramePoints};
pub use square::Square;

/// `[x, y]`; see the module for its units.
pub type Point = [f64; 2];

/// Where the parts of a face are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Landmarks {
    /// The centre of the eye on the viewer's left.
    pub eye_left: Point,
    /// The centre of the eye on the viewer's right.
    pub eye_right: Point,
    /// The tip of the nose.
    pub nose: Point,
    /// The middle of the mouth.
    pub mouth: Point,
    /// The front of the ear on the viewer's left.
    pub ear_left: Point,
    /// The front of the ear on the viewer's right.
    pub ear_right: Point,
}

impl Landmarks {
    /// All of them, in the order of the fields.
    pub fn points(&self) -> [Point; 6] {
        [self.eye_left, self.eye_right, self.nose, self.mouth, self.ear_left, self.ear_right]
    }

    /// From points in the order of the fields.
    pub fn from_points([eye_left, eye_right, nose, mouth, ear_left, ear_right]: [Point; 6]) -> Self {
        Self { eye_left, eye_right, nose, mouth, ear_left, ear_right }
    }

    /// The distance of the centres of the eyes.
    pub fn eye_distance(&self) -> f64 {
        length(difference(self.eye_right, self.eye_left))
    }
}

fn difference(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1]]
}

fn midpoint(a: Point, b: Point) -> Point {
    [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]
}

fn length([x, y]: Point) -> f64 {
    x.hypot(y)
}
