//! Directions from a candidate that change the picture and hardly what it shrinks to.

use std::ops::ControlFlow;

use rand_distr::{Distribution, StandardNormal};

use super::coordinates::{Coordinates, Point};
use super::derivatives::{Cotangent, Derivatives};
use super::eigen::{Pairs, Symmetric};
use super::explorer::Watch;
use crate::random::Stream;
use crate::vector::dot;

/// How far a step may lead, to first order: to the `v` with `|J_y v|² / n_y τ² + |v|² / R² ≤ 1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// `τ`: how far the measurement may move, a root mean square in [0, 1].
    pub tolerance: f64,
    /// `R`: how far the inputs may move, in standard deviations of the prior.
    pub reach: f64,
}

/// One direction from a candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Direction {
    /// `v`, one standard deviation of the prior long, along the spheres.
    pub vector: Vec<f32>,
    /// The root mean square by which the picture has changed at the border of the region, to first order.
    pub gain: f64,
    /// The root mean square by which the picture changes for each standard deviation, `|J_x v| / √n_x`.
    pub image: f64,
    /// The same of the measurement, `|J_y v| / √n_y`.
    pub measurement: f64,
}

/// More blocks than this bring no more than rounding.
const MOST_BLOCKS: usize = 10;
/// Vectors in a block beside those that are wanted: they make the last ones exact too.
const SPARE: usize = 2;
/// The directions are found when a block makes no gain greater by more than this part.
const SETTLED: f64 = 0.01;

impl Derivatives {
    /// The `count` directions in which the picture has changed most at the border of a [`Region`], the best first: the
    /// first generalised eigenvectors of
    ///
    /// `J_xᵀ J_x v / n_x = g² (J_yᵀ J_y / n_y τ² + 1 / R²) v`,
    ///
    /// `J_x` and `J_y` being the derivatives of the picture and of its measurement along the spheres, and `g` the gain. So
    /// they are the generalised singular vectors of the pair (Van Loan 1976), with a ridge for what the inputs may move. The
    /// changes of the picture along them are orthogonal to each other.
    ///
    /// No matrix is formed: a subspace grows by blocks of residuals (a block of Davidson's method without a
    /// preconditioner; Davidson 1975), from random vectors of the `seed`, and the equation is solved within it. Fewer
    /// are given where there are no more; nothing when it was stopped.
    pub fn null_directions(
        &mut self,
        coordinates: &Coordinates,
        point: &Point,
        region: Region,
        count: usize,
        seed: u64,
        watch: Watch<'_>,
    ) -> Option<Vec<Direction>> {
        let most = coordinates.tangents(point);
        let block = (count + SPARE).min(most);
        let mut subspace =
            Subspace { region, coordinates, point, basis: vec![], image: vec![], metric: vec![], moved: vec![] };
        let mut random = Stream { seed, candidate: u32::MAX, draw: 0, input: 0 }.generator();
        let numbers = coordinates.numbers();
        let mut fresh: Vec<Vec<f32>> =
            (0..block).map(|_| (0..numbers).map(|_| StandardNormal.sample(&mut random)).collect()).collect();
        let mut before = vec![0.0; count];
        for index in 0.. {
            let start = subspace.basis.len();
            for v in fresh.drain(..) {
                subspace.add(v, most);
            }
            let stopped =
                subspace.apply(self, start, &mut |part| watch((index as f64 + part) / MOST_BLOCKS as f64)).is_break();
            if stopped {
                return None;
            }
            let pairs = subspace.solve();
            let gains: Vec<f64> = pairs.iter().take(count).map(|(value, _)| value.max(0.0).sqrt()).collect();
            let settled = gains.iter().zip(&before).all(|(gain, before)| *gain <= (1.0 + SETTLED) * before);
            if settled || index + 1 == MOST_BLOCKS || subspace.basis.len() == start || subspace.basis.len() >= most {
                return Some(pairs.iter().take(count).map(|pair| subspace.direction(pair)).collect());
            }
            before.splice(..gains.len(), gains);
            fresh = pairs.iter().take(block).map(|pair| subspace.residual(pair)).collect();
        }
        None
    }
}

/// Orthonormal vectors along the spheres, with what the two sides of the equation make of them.
struct Subspace<'a> {
    region: Region,
    coordinates: &'a Coordinates,
    point: &'a Point,
    basis: Vec<Vec<f32>>,
    image: Vec<Vec<f32>>,
    metric: Vec<Vec<f32>>,
    /// `J_y v / √n_y τ`. Its squares are the metric where that is small, and cannot become negative by rounding.
    moved: Vec<Vec<f32>>,
}

impl Subspace<'_> {
    /// Adds what is new in `v`, if anything is (twice Gram and Schmidt: once is not enough in single precision).
    fn add(&mut self, mut v: Vec<f32>, most: usize) {
        self.coordinates.project(self.point, &mut v);
        let whole = dot(&v, &v).sqrt();
        for _ in 0..2 {
            for vector in &self.basis {
                let share = dot(&v, vector) as f32;
                v.iter_mut().zip(vector).for_each(|(v, vector)| *v -= share * vector);
            }
            self.coordinates.project(self.point, &mut v);
        }
        let length = dot(&v, &v).sqrt();
        if length > 1e-4 * whole && self.basis.len() < most {
            self.basis.push(v.iter().map(|v| (f64::from(*v) / length) as f32).collect());
        }
    }

    /// Finds both sides for the vectors from `start` on.
    fn apply(&mut self, derivatives: &mut Derivatives, start: usize, watch: Watch<'_>) -> ControlFlow<()> {
        let Self { region, coordinates, point, .. } = *self;
        let ridge = region.reach.powi(-2) as f32;
        let (batch, all) = (derivatives.batch(), self.basis.len() - start);
        for (index, added) in self.basis[start..].chunks(batch).enumerate() {
            watch((index * batch) as f64 / all as f64)?;
            let pairs: Vec<_> = added.iter().map(|v| (point, v.as_slice())).collect();
            let mut changes = derivatives.forward(coordinates, &pairs);
            let measured = (derivatives.known() as f64 * region.tolerance.powi(2)) as f32;
            for change in &mut changes {
                let pixels = change.image.len() as f32;
                change.image.iter_mut().for_each(|x| *x /= pixels);
                self.moved.push(change.measured.iter().map(|y| y / measured.sqrt()).collect());
                change.measured.iter_mut().for_each(|y| *y /= measured);
            }
            derivatives.stand(&vec![point; changes.len()]);
            let cotangents: Vec<_> =
                changes.iter().map(|change| Cotangent { image: Some(&change.image), measured: None }).collect();
            self.image.extend(derivatives.backward(coordinates, &cotangents));
            let cotangents: Vec<_> =
                changes.iter().map(|change| Cotangent { image: None, measured: Some(&change.measured) }).collect();
            let products = derivatives.backward(coordinates, &cotangents).into_iter().zip(added);
            self.metric.extend(products.map(|(mut product, v)| {
                product.iter_mut().zip(v).for_each(|(product, v)| *product += ridge * v);
                product
            }));
        }
        for product in self.image[start..].iter_mut().chain(&mut self.metric[start..]) {
            coordinates.project(point, product);
        }
        ControlFlow::Continue(())
    }

    /// The equation within the subspace.
    fn solve(&self) -> Pairs {
        let ridge = |i: usize, j: usize| if i == j { self.region.reach.powi(-2) } else { 0.0 };
        let metric = |i: usize, j: usize| dot(&self.moved[i], &self.moved[j]) + ridge(i, j);
        let image = |i: usize, j: usize| dot(&self.basis[i], &self.image[j]);
        let side = self.basis.len();
        Symmetric::of(side, image).eigen_in(Symmetric::of(side, metric))
    }

    /// What is left of the equation at one of its solutions within the subspace.
    fn residual(&self, (value, weights): &(f64, Vec<f64>)) -> Vec<f32> {
        let (left, right) = (mix(&self.image, weights), mix(&self.metric, weights));
        left.iter().zip(right).map(|(left, right)| left - *value as f32 * right).collect()
    }

    fn direction(&self, (value, weights): &(f64, Vec<f64>)) -> Direction {
        let v = mix(&self.basis, weights);
        let square = dot(&v, &v);
        let image = (dot(&v, &mix(&self.image, weights)) / square).max(0.0).sqrt();
        let moved = mix(&self.moved, weights);
        let measurement = self.region.tolerance * (dot(&moved, &moved) / square).sqrt();
        let vector = v.iter().map(|v| (f64::from(*v) / square.sqrt()) as f32).collect();
        Direction { vector, gain: value.max(0.0).sqrt(), image, measurement }
    }
}

fn mix(vectors: &[Vec<f32>], weights: &[f64]) -> Vec<f32> {
    let mut sum = vec![0.0; vectors[0].len()];
    for (vector, &weight) in vectors.iter().zip(weights) {
        sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += weight as f32 * x);
    }
    sum
}

#[cfg(test)]
mod tests {
    use pulse_engine::{Cpu, NetworkBuilder};

    use super::*;
    use crate::generator::draw;
    use crate::generator::{EMBEDDED, LatentInput, Space, append_whole};
    use crate::image::Image;
    use crate::image::mean_squared_error;
    use crate::measurement::{MeasurementKind, Size};
    use crate::search::Problem;

    /// The whole equation, by one difference a number, and solved at once.
    #[test]
    fn are_those_of_the_whole_matrices() {
        let generator = EMBEDDED[0].open().unwrap();
        let target = Image::new(3, 4, 4, vec![0.5; 48]).unwrap();
        let measurement = MeasurementKind::default().resolve(3, Size::new(64, 64), target.size()).unwrap();
        let problem = Problem::new(&*generator, &*measurement, &target);
        let mut derivatives = Derivatives::new(&problem, &Space::search(), &Cpu::default(), 8).unwrap();
        let specs =
            append_whole(&*generator, &mut NetworkBuilder::new(), LatentInput::Z, &Space::search()).unwrap().inputs;
        let stream = |input: usize| Stream { seed: 4, candidate: 0, draw: 0, input: input as u16 };
        let point: Point = specs
            .iter()
            .enumerate()
            .map(|(input, spec)| {
                let mut numbers = vec![0.0; spec.shape.len()];
                draw(&spec.start, stream(input), &mut numbers);
                numbers
            })
            .collect();
        let coordinates = Coordinates::latent(&specs);
        let region = Region { tolerance: 5e-3, reach: 5.0 };

        let mut whole = Subspace {
            region,
            coordinates: &coordinates,
            point: &point,
            basis: vec![],
            image: vec![],
            metric: vec![],
            moved: vec![],
        };
        for number in 0..coordinates.numbers() {
            let mut v = vec![0.0; coordinates.numbers()];
            v[number] = 1.0;
            whole.add(v, coordinates.tangents(&point));
        }
        assert_eq!(whole.basis.len(), 99);
        let pairs: Vec<_> = whole.basis.iter().map(|v| (&point, v.as_slice())).collect();
        let changes = derivatives.forward(&coordinates, &pairs);
        let gram = |i: usize, j: usize| dot(&changes[i].image, &changes[j].image) / changes[i].image.len() as f64;
        let metric = |i: usize, j: usize| {
            let ridge = if i == j { region.reach.powi(-2) } else { 0.0 };
            dot(&changes[i].measured, &changes[j].measured) / (48.0 * region.tolerance.powi(2)) + ridge
        };
        let expected = Symmetric::of(99, gram).eigen_in(Symmetric::of(99, metric));

        let mut on = |_| ControlFlow::Continue(());
        let found = derivatives.null_directions(&coordinates, &point, region, 3, 0, &mut on).unwrap();
        assert_eq!(found.len(), 3);
        for (direction, (value, weights)) in found.iter().zip(&expected) {
            // It stops when a block brings a part in a hundred.
            assert!((direction.gain / value.sqrt() - 1.0).abs() < 0.05, "{} is not {}", direction.gain, value.sqrt());
            let v = mix(&whole.basis, weights);
            let cosine = dot(&v, &direction.vector) / dot(&v, &v).sqrt();
            assert!(cosine.abs() > 0.9, "{cosine}");
            // What is said of it is so.
            let change = derivatives.forward(&coordinates, &[(&point, &direction.vector)]).remove(0);
            let rms = |numbers: &[f32]| mean_squared_error(numbers, &vec![0.0; numbers.len()]).sqrt();
            assert!((direction.image / rms(&change.image) - 1.0).abs() < 0.05);
            assert!((direction.measurement / rms(&change.measured) - 1.0).abs() < 0.2);
        }
    }
}
