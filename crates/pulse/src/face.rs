//! Faces in photographs: found, cut out as a generator was trained on them, and put back.
//!
//! [`Detector`] is BlazeFace (Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs",
//! 2019), one more network that the engine runs. [`Frame`] says how a generator's pictures frame a face, and from a
//! face's [`Landmarks`] gives the [`Square`] of the photograph that it fills. [`aligned`] cuts that square out, and
//! [`Photograph`] takes an imagined face back in.
//!
//! A detector finds faces. It cannot tell whose they are, and nothing here tries to.
//!
//! Points are `[x, y]` in pixels, x to the right and y down; the centres of pixels are at whole numbers, so the
//! outermost pixels reach from −1/2. Left and right are the viewer's.

mod align;
mod border;
mod decode;
mod detector;
mod frame;
mod network;
mod paste;
mod pyramid;
mod record;
mod seam;
mod square;
mod suppress;
mod views;

pub use align::aligned;
pub use detector::{Detector, DetectorConfig};
pub use frame::{Frame, FramePoints};
pub use network::{CARD, network};
pub use paste::Photograph;
pub use record::{FaceRecord, LandmarksRecord};
pub use square::Square;

/// `[x, y]`; see the module for its units.
pub type Point = [f64; 2];

/// A face that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// How sure the detector is, in [0, 1].
    pub score: f64,
    /// The square round the face, from the forehead to the chin, turned as the head is.
    pub outline: Square,
    /// Where its parts are.
    pub landmarks: Landmarks,
}

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
