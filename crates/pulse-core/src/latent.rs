//! The inputs that are searched: where they may lie.

use pulse_engine::Shape;

use crate::Result;
use crate::tape::Tape;
use crate::vector::{dot, mixed};

/// Where the numbers of one input may lie. After each step of the optimiser a candidate returns to it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Geometry {
    /// Each group `v` of consecutive numbers keeps the norm `r` that it started with:
    /// `v ← r v / sqrt(|v|² + 1e-9)`, `r = sqrt(|v₀|² + 1e-9)` (Menon et al. 2020, section 3.2).
    Sphere {
        /// How many numbers a group has.
        group: usize,
    },
    /// The numbers are an offset `v` from a reference of norm `r`, and stay within a part of it:
    /// `v ← v min(1, relative_radius r / |v|)`, with the sphere's norm.
    Ball {
        /// The largest norm of the offset, as a part of the reference's norm.
        relative_radius: f32,
    },
    /// Anywhere.
    Free,
    /// Where they started: not searched.
    Fixed,
}

impl Geometry {
    /// The sphere on which PULSE searches an input of this shape: each row of rows, or the whole of a vector
    /// or a noise map, keeps its norm.
    pub const fn sphere(shape: Shape) -> Self {
        let group = match shape {
            Shape::Rows { width, .. } => width,
            _ => shape.len(),
        };
        Self::Sphere { group }
    }
}

/// Under the root of the norms, as PULSE has it.
const EPSILON: f64 = 1e-9;

/// Brings candidates back to a [`Geometry`]. It keeps, for each slot, the norms that bound the candidate
/// there. Nothing is allocated after it is made.
///
/// # Panics
/// All methods, when a slot is not below the batch or a slice is not of `numbers`.
#[derive(Clone, Debug)]
pub struct Retraction {
    geometry: Geometry,
    numbers: usize,
    /// The norm of each group of each slot (sphere), or the radius of each slot (ball).
    radii: Vec<f32>,
    radii_per_slot: usize,
}

impl Retraction {
    /// For `batch` candidates with `numbers` each; all radii are zero.
    ///
    /// # Panics
    /// When the numbers are not a whole number of a sphere's groups.
    pub fn new(geometry: Geometry, batch: usize, numbers: usize) -> Self {
        let radii_per_slot = match geometry {
            Geometry::Sphere { group } => {
                assert!(group > 0 && numbers.is_multiple_of(group), "{numbers} numbers in groups of {group}");
                numbers / group
            }
            Geometry::Ball { .. } => 1,
            Geometry::Free | Geometry::Fixed => 0,
        };
        Self { geometry, numbers, radii: vec![0.0; batch * radii_per_slot], radii_per_slot }
    }

    /// A candidate starts in `slot` at `x`. A sphere takes its radii from there; a ball's radius follows from
    /// the norm of the reference that the caller gives, which the other geometries ignore.
    pub fn start(&mut self, slot: usize, x: &[f32], reference_norm: f64) {
        assert_eq!(x.len(), self.numbers, "numbers of a candidate");
        let radii = &mut self.radii[slot * self.radii_per_slot..][..self.radii_per_slot];
        match self.geometry {
            Geometry::Sphere { group } => {
                for (radius, v) in radii.iter_mut().zip(x.chunks_exact(group)) {
                    *radius = norm(v);
                }
            }
            Geometry::Ball { relative_radius } => {
                radii[0] = (f64::from(relative_radius) * reference_norm) as f32;
            }
            Geometry::Free | Geometry::Fixed => {}
        }
    }

    /// The radius that bounds the candidate in `slot`: of its ball, or of the first group of its sphere.
    pub fn radius(&self, slot: usize) -> f64 {
        self.radii.get(slot * self.radii_per_slot).map_or(f64::INFINITY, |&radius| f64::from(radius))
    }

    /// Brings the candidate in `slot` back.
    pub fn retract(&self, slot: usize, x: &mut [f32]) {
        assert_eq!(x.len(), self.numbers, "numbers of a candidate");
        let radii = &self.radii[slot * self.radii_per_slot..][..self.radii_per_slot];
        match self.geometry {
            Geometry::Sphere { group } => {
                for (radius, v) in radii.iter().zip(x.chunks_exact_mut(group)) {
                    rescale(v, norm(v), *radius);
                }
            }
            Geometry::Ball { .. } => {
                let length = norm(x);
                if length > radii[0] {
                    rescale(x, length, radii[0]);
                }
            }
            Geometry::Free | Geometry::Fixed => {}
        }
    }

    /// What bounds the candidate in `slot`, to a tape or from there.
    pub(crate) fn pass(&mut self, slot: usize, tape: &mut Tape) -> Result<()> {
        tape.numbers(&mut self.radii[slot * self.radii_per_slot..][..self.radii_per_slot])
    }

    /// The candidates in slots `a` and `b` change places.
    pub fn swap(&mut self, a: usize, b: usize) {
        for i in 0..self.radii_per_slot {
            self.radii.swap(a * self.radii_per_slot + i, b * self.radii_per_slot + i);
        }
    }
}

/// `sqrt(|v|² + 1e-9)`.
fn norm(v: &[f32]) -> f32 {
    let square: f64 = v.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
    (square + EPSILON).sqrt() as f32
}

/// In single precision and in this order, as PULSE has it: Adam magnifies the difference where a gradient
/// starts near zero.
fn rescale(v: &mut [f32], from: f32, to: f32) {
    for v in v {
        *v = *v / from * to;
    }
}

/// The point at the share `t` of the way from `a` to `b` on a great circle (`slerp`: Shoemake 1985):
///
/// `(sin((1 − t) ω) â + sin(t ω) b̂) / sin ω` with the angle `ω` between the two, times a length that goes from `|a|` to
/// `|b|` in proportion. Where they point the same way, or opposite ways, the straight line has to do.
pub(crate) fn arc(a: &[f32], b: &[f32], t: f64) -> Vec<f32> {
    let (long_a, long_b) = (dot(a, a).sqrt(), dot(b, b).sqrt());
    let cosine = dot(a, b) / (long_a * long_b);
    let omega = cosine.clamp(-1.0, 1.0).acos();
    let sine = omega.sin();
    if !cosine.is_finite() || sine < 1e-6 {
        return mixed(a, b, 1.0 - t, t);
    }
    let length = (1.0 - t) * long_a + t * long_b;
    let weight = |share: f64, long: f64| (share * omega).sin() / sine * length / long;
    mixed(a, b, weight(1.0 - t, long_a), weight(t, long_b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arc_keeps_its_length_and_its_pace() {
        let (a, b) = ([3.0, 0.0, 0.0], [0.0, 3.0, 0.0]);
        for (t, angle) in [(0.0, 0.0f32), (0.25, 22.5), (0.5, 45.0), (1.0, 90.0)] {
            let at = arc(&a, &b, t);
            let (sine, cosine) = angle.to_radians().sin_cos();
            for (found, expected) in at.iter().zip([3.0 * cosine, 3.0 * sine, 0.0]) {
                assert!((found - expected).abs() < 1e-6, "{t}: {at:?}");
            }
        }
    }

    #[test]
    fn ends_are_themselves_and_degenerate_arcs_are_finite() {
        let (a, b) = ([1.0, -2.0], [0.5, 4.0]);
        assert_eq!(arc(&a, &b, 0.0), a);
        assert_eq!(arc(&a, &a, 0.3), a);
        assert!(arc(&[0.0, 0.0], &b, 0.5).iter().all(|x| x.is_finite()));
        assert!(arc(&a, &[-1.0, 2.0], 0.5).iter().all(|x| x.is_finite()));
    }
}
