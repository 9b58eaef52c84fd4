//! Frames between those that were computed already: what a slider shows wherever it stands.

use super::{Curve, CurveFrame, Explorer, Passage, path};
use crate::Result;
use crate::walk::coordinates::Coordinates;
use crate::walk::corrector::Frame;

/// Two positions nearer than this, as a part of the whole way, are one.
const SAME: f64 = 1e-6;

impl Explorer<'_> {
    /// The picture at `at` along a curve: -1 is its first frame, 0 the candidate, 1 its last. Where a frame was computed, it is
    /// that one. In between it begins between its two neighbours, spheres along great circles and all else in straight
    /// lines, and is corrected as they were; so it meets both of them at its ends, and a slider sees no jump.
    ///
    /// # Errors
    /// None for a curve of this explorer.
    ///
    /// # Panics
    /// When the curve has no frames.
    pub fn along(&mut self, curve: &Curve, at: f64) -> Result<CurveFrame> {
        let [first, last] = [&curve.frames[0], &curve.frames[curve.frames.len() - 1]].map(|end| end.length.abs());
        let length = if at < 0.0 { at.max(-1.0) * first } else { at.min(1.0) * last };
        let positions: Vec<f64> = curve.frames.iter().map(|frame| frame.length).collect();
        let (before, share) = place(&positions, length);
        let near = &curve.frames[if share > 0.5 { before + 1 } else { before }];
        if share < SAME || 1.0 - share < SAME {
            return Ok(near.clone());
        }
        let frame = self.between(&curve.frames[before].frame, &curve.frames[before + 1].frame, share)?;
        let candidate = curve.frames.iter().min_by(|a, b| a.length.abs().total_cmp(&b.length.abs()));
        let change =
            candidate.map_or(0.0, |candidate| frame.image.mean_squared_difference(&candidate.frame.image).sqrt());
        Ok(CurveFrame { frame, length, change })
    }

    /// The picture at the share `at` of a passage, from 0 to 1, in the same way.
    ///
    /// # Errors
    /// None for a passage of this explorer's problem.
    ///
    /// # Panics
    /// When the passage has no frames.
    pub fn amid(&mut self, passage: &Passage, at: f64) -> Result<Frame> {
        let last = passage.frames.len() - 1;
        let positions: Vec<f64> = (0..=last).map(|index| index as f64 / last.max(1) as f64).collect();
        let (before, share) = place(&positions, at.clamp(0.0, 1.0));
        if share < SAME || 1.0 - share < SAME {
            return Ok(passage.frames[if share > 0.5 { before + 1 } else { before }].clone());
        }
        self.between(&passage.frames[before], &passage.frames[before + 1], share)
    }

    fn between(&mut self, before: &Frame, after: &Frame, share: f64) -> Result<Frame> {
        let point = path::between(&self.specs, &before.point, &after.point, share);
        let radii = self.corrector.derivatives.radii(&point);
        let coordinates = Coordinates::latent_and_features(&self.specs, &radii);
        let mut points = [point];
        // It is short, and nobody stops it.
        let _ = self.corrector.approach(&coordinates, &mut points, &mut |_| std::ops::ControlFlow::Continue(()));
        Ok(self.corrector.finish(&points)?.remove(0))
    }
}

/// Between which two of these rising positions something lies: the number of the one before it, and the share of the way to the
/// next.
fn place(positions: &[f64], at: f64) -> (usize, f64) {
    let after = positions.iter().position(|&position| position >= at).unwrap_or(positions.len() - 1);
    let Some(before) = after.checked_sub(1) else { return (0, 0.0) };
    let way = positions[after] - positions[before];
    (before, if way > 0.0 { ((at - positions[before]) / way).clamp(0.0, 1.0) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_between_two() {
        let positions = [-2.0, 0.0, 1.0];
        assert_eq!(place(&positions, -2.0), (0, 0.0));
        assert_eq!(place(&positions, -1.0), (0, 0.5));
        assert_eq!(place(&positions, 0.0), (0, 1.0));
        assert_eq!(place(&positions, 0.25), (1, 0.25));
        assert_eq!(place(&positions, 9.0), (1, 1.0));
        assert_eq!(place(&[0.0], 0.5), (0, 0.0));
    }
}
