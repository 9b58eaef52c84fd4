//! How a generator's pictures frame a face.

use super::{Landmarks, Point, Square, difference, length, midpoint};

/// How the pictures that a generator was trained on frame a face.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Frame {
    /// FFHQ's (Karras, Laine, Aila 2019, appendix A), and so that of most StyleGANs. With `e` from eye to eye, `m` from
    /// the middle of the eyes to the mouth, and `m⊥` that turned by a right angle, towards the right:
    ///
    /// `c = mid-eye + 0.1 m`, `r = (e + m⊥) / |e + m⊥| · max(2 |e|, 1.8 |m|)`, in the terms of [`Square`].
    #[default]
    Ffhq,
    /// Landmarks at fixed places of the picture: the square is that of the similarity transform (turn, scale, shift)
    /// which brings these places to the face's landmarks with the least sum of squared distances.
    Landmarks(FramePoints),
}

/// Where the landmarks are in a generator's pictures, as fractions of width and height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FramePoints {
    /// The eye on the viewer's left.
    pub eye_left: Point,
    /// The eye on the viewer's right.
    pub eye_right: Point,
    /// The tip of the nose.
    pub nose: Point,
    /// The middle of the mouth.
    pub mouth: Point,
}

impl Frame {
    /// The square of the photograph that a picture in this frame shows. Without a side ([`Square::is_sound`]) when
    /// the landmarks all lie in one point.
    pub fn square(&self, landmarks: &Landmarks) -> Square {
        match self {
            Self::Ffhq => ffhq(landmarks.eye_left, landmarks.eye_right, landmarks.mouth),
            Self::Landmarks(FramePoints { eye_left, eye_right, nose, mouth }) => {
                let places = [*eye_left, *eye_right, *nose, *mouth];
                least_squares(places, [landmarks.eye_left, landmarks.eye_right, landmarks.nose, landmarks.mouth])
            }
        }
    }
}

fn ffhq(eye_left: Point, eye_right: Point, mouth: Point) -> Square {
    let middle = midpoint(eye_left, eye_right);
    let (eyes, down) = (difference(eye_right, eye_left), difference(mouth, middle));
    let axis = [eyes[0] + down[1], eyes[1] - down[0]];
    let scale = (2.0 * length(eyes)).max(1.8 * length(down)) / length(axis);
    Square { centre: [middle[0] + 0.1 * down[0], middle[1] + 0.1 * down[1]], right: axis.map(|x| x * scale) }
}

/// With points as complex numbers: the `a`, `b` that minimise `Σ |a place + b − point|²`.
fn least_squares<const N: usize>(places: [Point; N], points: [Point; N]) -> Square {
    let mean = |points: &[Point; N]| {
        let sum = points.iter().fold([0.0; 2], |sum, point| [sum[0] + point[0], sum[1] + point[1]]);
        sum.map(|x| x / N as f64)
    };
    let (place_mean, point_mean) = (mean(&places), mean(&points));
    let (mut along, mut across, mut squares) = (0.0, 0.0, 0.0);
    for (place, point) in places.into_iter().zip(points) {
        let ([u, v], [x, y]) = (difference(place, place_mean), difference(point, point_mean));
        along += u * x + v * y;
        across += u * y - v * x;
        squares += u * u + v * v;
    }
    let (a, b) = (along / squares, across / squares);
    let [u, v] = difference([0.5, 0.5], place_mean);
    let centre = [point_mean[0] + a * u - b * v, point_mean[1] + b * u + a * v];
    Square { centre, right: [a / 2.0, b / 2.0] }
}
