//! One face for many detections of it.

use super::{Face, Landmarks, Point, Square};

/// Detections whose squares share this part of what they cover together are one face.
const OVERLAP: f64 = 0.3;

/// The faces that the detections are of, the surest first. Where detections overlap, the surest stands for them, with
/// the mean of their places weighted by their scores ("blending", Bazarevsky et al. 2019, section 3.4). Detections in views that
/// are turned otherwise are less exact, and are dropped.
pub(super) fn blended(mut detections: Vec<Face>) -> Vec<Face> {
    detections.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut faces = Vec::new();
    while !detections.is_empty() {
        let best = detections[0].clone();
        let (same, others): (Vec<Face>, Vec<Face>) =
            detections.into_iter().partition(|other| is_same(&best.outline, &other.outline));
        detections = others;
        let alike: Vec<Face> = same.into_iter().filter(|other| is_turned_as(&best.outline, &other.outline)).collect();
        faces.push(Face { score: best.score, ..mean(&alike) });
    }
    faces
}

/// The mean of detections of one face, weighted by their scores; the mean score.
pub(super) fn mean(same: &[Face]) -> Face {
    let total: f64 = same.iter().map(|face| face.score).sum();
    let weighted = |point: &dyn Fn(&Face) -> Point| {
        same.iter().fold([0.0; 2], |sum, face| {
            let ([x, y], weight) = (point(face), face.score / total);
            [sum[0] + weight * x, sum[1] + weight * y]
        })
    };
    Face {
        score: total / same.len() as f64,
        outline: Square { centre: weighted(&|face| face.outline.centre), right: weighted(&|face| face.outline.right) },
        landmarks: Landmarks::from_points(std::array::from_fn(|i| weighted(&|face| face.landmarks.points()[i]))),
    }
}

/// Whether one is turned against the other by less than 45 degrees.
fn is_turned_as(a: &Square, b: &Square) -> bool {
    let ([ax, ay], [bx, by]) = (a.right, b.right);
    ax * bx + ay * by > (ax * by - ay * bx).abs()
}

/// Whether two squares are round the same face, as if both were upright.
pub(super) fn is_same(a: &Square, b: &Square) -> bool {
    let (a_side, b_side) = (a.side(), b.side());
    let shared: f64 = (0..2)
        .map(|axis| {
            let (a, b) = (a.centre[axis], b.centre[axis]);
            ((a + a_side / 2.0).min(b + b_side / 2.0) - (a - a_side / 2.0).max(b - b_side / 2.0)).max(0.0)
        })
        .product();
    shared > OVERLAP * (a_side * a_side + b_side * b_side - shared)
}
