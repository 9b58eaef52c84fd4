//! Faces as files have them.

use serde::{Deserialize, Serialize};

use pulse_core::face::Face;
use pulse_core::placement::{Landmarks, Point, Square};

/// A face in `faces.json`. Points are `[x, y]` in pixels of the picture as it is shown, the centre of its top left
/// pixel at `[0, 0]`; left and right are the viewer's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaceRecord {
    /// How sure the detector is, in [0, 1].
    pub score: f64,
    /// Left, top, width and height of the upright box round the face's outline.
    #[serde(rename = "box")]
    pub bounds: [f64; 4],
    /// How far the face is turned, in degrees, clockwise as it is seen.
    pub angle: f64,
    /// Where its parts are.
    pub landmarks: LandmarksRecord,
    /// The square that the aligned picture shows: its corners at the top left, bottom left, bottom right, top right.
    pub quad: [Point; 4],
}

/// [`Landmarks`] as files have them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // The fields are those of `Landmarks`.
pub struct LandmarksRecord {
    pub eye_left: Point,
    pub eye_right: Point,
    pub nose: Point,
    pub mouth: Point,
    pub ear_left: Point,
    pub ear_right: Point,
}

impl From<Landmarks> for LandmarksRecord {
    fn from(landmarks: Landmarks) -> Self {
        let Landmarks { eye_left, eye_right, nose, mouth, ear_left, ear_right } = landmarks;
        Self { eye_left, eye_right, nose, mouth, ear_left, ear_right }
    }
}

impl FaceRecord {
    /// A face, and the square of it that was cut out.
    pub fn new(face: &Face, square: &Square) -> Self {
        let [low, high] = face.outline.bounds();
        Self {
            score: face.score,
            bounds: [low[0], low[1], high[0] - low[0], high[1] - low[1]],
            angle: face.outline.angle().to_degrees(),
            landmarks: face.landmarks.into(),
            quad: square.corners(),
        }
    }
}
