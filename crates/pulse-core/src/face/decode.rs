//! From the detector's numbers to faces.

use super::network::{GRIDS, INPUT};
use super::{Face, Landmarks, Point, Square};

/// What the network said of one view: for each grid, scores and boxes as [`network`](super::network()) has them.
pub(super) type Maps<'a> = [[&'a [f32]; 2]; GRIDS.len()];

/// Channels of an anchor's box.
const CHANNELS: usize = 16;

/// The faces of at least `confidence` in a view of the picture, in the picture's own pixels.
pub(super) fn faces(maps: Maps<'_>, view: &Square, confidence: f64) -> Vec<Face> {
    let mut faces = Vec::new();
    for ((side, anchors), [scores, boxes]) in GRIDS.into_iter().zip(maps) {
        let cells = side * side;
        for (index, &logit) in scores.iter().enumerate() {
            let score = 1.0 / (1.0 + (-f64::from(logit)).exp());
            if score < confidence {
                continue;
            }
            let (anchor, cell) = (index / cells, index % cells);
            debug_assert!(anchor < anchors);
            let number = |k: usize| f64::from(boxes[(anchor * CHANNELS + k) * cells + cell]) / INPUT as f64;
            let origin = [cell % side, cell / side].map(|i| (i as f64 + 0.5) / side as f64);
            // In [0, 1]² of the view.
            let point = |k: usize| [origin[0] + number(k), origin[1] + number(k + 1)];
            let key_points: [Point; 6] = std::array::from_fn(|i| view.to_picture(point(4 + 2 * i)));
            let size = number(2).max(number(3));
            if size <= 0.0 {
                continue;
            }
            faces.push(Face {
                score,
                outline: Square { centre: view.to_picture(point(0)), ..view.scaled(size) },
                landmarks: Landmarks::from_points(key_points),
            });
        }
    }
    faces
}
