//! The inputs of a candidate that are moved, as one vector.

use crate::generator::InputSpec;
use crate::latent::Geometry;
use crate::vector::dot;

/// All inputs of one candidate, in the order of the network's.
pub type Point = Vec<Vec<f32>>;

/// Some of a generator's inputs, laid one after the other into a vector of `numbers`.
#[derive(Clone, Debug)]
pub struct Coordinates {
    segments: Vec<Segment>,
    numbers: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// Which input of the network.
    pub(super) input: usize,
    /// Where it begins in the vector.
    pub(super) start: usize,
    pub(super) numbers: usize,
    geometry: Geometry,
    /// How much of the input one unit of the vector is.
    pub(super) scale: f32,
}

impl Coordinates {
    /// What the search moves and the prior covers: the latent, and the noise maps that are searched. One unit of each
    /// number is one standard deviation under the prior.
    pub fn latent(specs: &[InputSpec]) -> Self {
        Self::scaled(specs, |_, geometry| match geometry {
            Geometry::Sphere { .. } | Geometry::Free => Some(1.0),
            Geometry::Ball { .. } | Geometry::Fixed => None,
        })
    }

    /// The same, and the offsets of intermediate features, whose unit is the radius of their ball: `radii`, one an input.
    pub fn latent_and_features(specs: &[InputSpec], radii: &[f64]) -> Self {
        Self::scaled(specs, |input, geometry| match geometry {
            Geometry::Sphere { .. } | Geometry::Free => Some(1.0),
            Geometry::Ball { .. } => Some(radii[input] as f32).filter(|&radius| radius > 0.0),
            Geometry::Fixed => None,
        })
    }

    fn scaled(specs: &[InputSpec], scale: impl Fn(usize, Geometry) -> Option<f32>) -> Self {
        let mut numbers = 0;
        let segments = specs.iter().enumerate().filter_map(|(input, spec)| {
            let scale = scale(input, spec.geometry)?;
            let start = numbers;
            numbers += spec.shape.len();
            Some(Segment { input, start, numbers: spec.shape.len(), geometry: spec.geometry, scale })
        });
        let segments = segments.collect();
        Self { segments, numbers }
    }

    /// How many numbers the vector has.
    pub fn numbers(&self) -> usize {
        self.numbers
    }

    /// How many directions lead along the spheres from a point: one less than there are numbers for each sphere.
    pub fn tangents(&self, point: &[Vec<f32>]) -> usize {
        let spheres = |segment: &Segment| match segment.geometry {
            Geometry::Sphere { group } => point[segment.input].chunks_exact(group).len(),
            _ => 0,
        };
        self.numbers - self.segments.iter().map(spheres).sum::<usize>()
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The vector at a point.
    pub fn gather(&self, point: &[Vec<f32>]) -> Vec<f32> {
        self.segments.iter().flat_map(|segment| point[segment.input].iter().copied()).collect()
    }

    /// `x + t v`, off the spheres.
    pub(super) fn offset(&self, point: &[Vec<f32>], v: &[f32], t: f32) -> Point {
        let mut moved = point.to_vec();
        for segment in &self.segments {
            for (x, &v) in moved[segment.input].iter_mut().zip(segment.of(v)) {
                *x += t * segment.scale * v;
            }
        }
        moved
    }

    /// `v ← v − (v · x / |x|²) x` on each sphere: what is left leads along it.
    pub fn project(&self, point: &[Vec<f32>], v: &mut [f32]) {
        for segment in &self.segments {
            let Geometry::Sphere { group } = segment.geometry else { continue };
            let own = &mut v[segment.start..][..segment.numbers];
            for (v, x) in own.chunks_exact_mut(group).zip(point[segment.input].chunks_exact(group)) {
                let radial = dot(v, x) / dot(x, x).max(f64::MIN_POSITIVE);
                for (v, &x) in v.iter_mut().zip(x) {
                    *v = (f64::from(*v) - radial * f64::from(x)) as f32;
                }
            }
        }
    }

    /// The point that a tangent vector `v` leads to: along a great circle of each sphere, `x cos a + v̂ |x| sin a` with the
    /// angle `a = |v| / |x|`, and `x + v` where there is no sphere.
    pub fn travel(&self, point: &[Vec<f32>], v: &[f32]) -> Point {
        let mut moved = point.to_vec();
        for segment in &self.segments {
            let (x, v) = (&mut moved[segment.input], segment.of(v));
            let group = match segment.geometry {
                Geometry::Sphere { group } => group,
                Geometry::Ball { .. } => {
                    x.iter_mut().zip(v).for_each(|(x, v)| *x += segment.scale * v);
                    // One unit is the radius of the ball.
                    let outside = (dot(x, x).sqrt() / f64::from(segment.scale)).max(1.0) as f32;
                    for x in x {
                        *x /= outside;
                    }
                    continue;
                }
                Geometry::Free | Geometry::Fixed => {
                    x.iter_mut().zip(v).for_each(|(x, v)| *x += segment.scale * v);
                    continue;
                }
            };
            for (x, v) in x.chunks_exact_mut(group).zip(v.chunks_exact(group)) {
                let (length, radius) = (dot(v, v).sqrt(), dot(x, x).sqrt());
                if length > 0.0 && radius > 0.0 {
                    let (sine, cosine) = (length / radius).sin_cos();
                    for (x, &v) in x.iter_mut().zip(v) {
                        *x = (cosine * f64::from(*x) + sine * radius / length * f64::from(v)) as f32;
                    }
                }
            }
        }
        moved
    }

    /// The point `predicted`, moved as `before` was moved to become `corrected`: the same step here, and all that is no
    /// coordinate taken over.
    pub(super) fn carried(&self, predicted: &[Vec<f32>], before: &[Vec<f32>], corrected: &[Vec<f32>]) -> Point {
        let mut carried = corrected.to_vec();
        for segment in &self.segments {
            carried[segment.input].clone_from(&predicted[segment.input]);
        }
        let mut step: Vec<f32> = self.gather(corrected).iter().zip(self.gather(before)).map(|(a, b)| a - b).collect();
        self.project(&carried, &mut step);
        self.travel(&carried, &step)
    }

    /// The root of the sum of the spheres' squared radii, about the root of how many numbers are on them.
    pub fn radius(&self, point: &[Vec<f32>]) -> f64 {
        let on_spheres = self.segments.iter().filter(|segment| !matches!(segment.geometry, Geometry::Ball { .. }));
        on_spheres.map(|segment| dot(&point[segment.input], &point[segment.input])).sum::<f64>().sqrt()
    }

    /// How far two points are apart: `|a − b|`.
    pub fn distance(&self, a: &[Vec<f32>], b: &[Vec<f32>]) -> f64 {
        let squares =
            self.gather(a).into_iter().zip(self.gather(b)).map(|(a, b)| (f64::from(a) - f64::from(b)).powi(2));
        squares.sum::<f64>().sqrt()
    }
}

impl Segment {
    fn of(self, v: &[f32]) -> &[f32] {
        &v[self.start..][..self.numbers]
    }
}
