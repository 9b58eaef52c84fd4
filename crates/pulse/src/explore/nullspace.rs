//! Where else a candidate could go: directions that change the picture and not the measurement.

use rand_distr::{Distribution, StandardNormal};

use super::coordinates::{Coordinates, Point, dot};
use super::derivatives::{Cotangent, Derivatives};
use super::eigen::Symmetric;
use super::explorer::Watch;
use crate::start::Stream;

/// What bounds a step away from a candidate.
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
    /// The vector `v`, one standard deviation of the prior long, along the spheres.
    pub vector: Vec<f32>,
    /// `g`, the root mean square by which the picture has changed at the border of the region.
    pub gain: f64,
    /// The root mean square by which the picture changes for each standard deviation: `|J_x v|`.
    pub image: f64,
    /// The same of the measurement, `|J_y v|`.
    pub measurement: f64,
}

/// More blocks than this bring no more than rounding.
const MOST_BLOCKS: usize = 8;
/// A direction is found when its residual is this part of what it is the residual of.
const CONVERGED: f64 = 1e-2;

#[allow(missing_docs)]
pub fn directions(
    derivatives: &mut Derivatives,
    coordinates: &Coordinates,
    point: &Point,
    region: Region,
    known: usize,
    count: usize,
    seed: u64,
    watch: Watch<'_>,
) -> Option<Vec<Direction>> {
    let count = count.min(coordinates.numbers());
    let block = (count + 2).min(coordinates.numbers());
    let mut random = Stream { seed, candidate: u32::MAX, draw: 0, input: 0 }.generator();
    let mut basis: Vec<Vec<f32>> = Vec::new();
    let mut image_products: Vec<Vec<f32>> = Vec::new();
    let mut metric_products: Vec<Vec<f32>> = Vec::new();
    let mut fresh: Vec<Vec<f32>> = (0..block)
        .map(|_| (0..coordinates.numbers()).map(|_| StandardNormal.sample(&mut random)).collect())
        .collect();
    loop {
        if watch(basis.len() as f64 / (MOST_BLOCKS * block) as f64).is_break() {
            return None;
        }
        let start = basis.len();
        for mut v in fresh.drain(..) {
            coordinates.project(point, &mut v);
            if orthonormalise(&mut v, &basis) && basis.len() + 1 < coordinates.numbers() {
                basis.push(v);
            }
        }
        let added: Vec<(&Point, &[f32])> = basis[start..].iter().map(|v| (point, v.as_slice())).collect();
        let mut changes = derivatives.forward(coordinates, &added);
        for change in &mut changes {
            let n = change.image.len() as f32;
            change.image.iter_mut().for_each(|x| *x /= n);
            let scale = 1.0 / (known as f64 * region.tolerance.powi(2)) as f32;
            change.measured.iter_mut().for_each(|x| *x *= scale);
        }
        for (changes, added) in changes.chunks(derivatives.batch()).zip(basis[start..].chunks(derivatives.batch())) {
            derivatives.stand(&vec![point; changes.len()]);
            let images: Vec<_> =
                changes.iter().map(|change| Cotangent { image: Some(&change.image), measured: None }).collect();
            for mut product in derivatives.backward(coordinates, &images) {
                coordinates.project(point, &mut product);
                image_products.push(product);
            }
            let measurements: Vec<_> =
                changes.iter().map(|change| Cotangent { image: None, measured: Some(&change.measured) }).collect();
            for (mut product, v) in derivatives.backward(coordinates, &measurements).into_iter().zip(added) {
                let ridge = region.reach.powi(-2) as f32;
                product.iter_mut().zip(v).for_each(|(product, v)| *product += ridge * v);
                coordinates.project(point, &mut product);
                metric_products.push(product);
            }
        }
        let side = basis.len();
        let projected = |products: &[Vec<f32>]| Symmetric::of(side, |i, j| dot(&basis[i], &products[j]));
        let pairs = projected(&image_products).eigen_in(projected(&metric_products));
        let mix = |vectors: &[Vec<f32>], weights: &[f64]| {
            let mut sum = vec![0.0f32; coordinates.numbers()];
            for (vector, &weight) in vectors.iter().zip(weights) {
                sum.iter_mut().zip(vector).for_each(|(s, v)| *s += weight as f32 * v);
            }
            sum
        };
        let mut worst: f64 = 0.0;
        for (index, (value, weights)) in pairs.iter().take(block).enumerate() {
            let (a, b) = (mix(&image_products, weights), mix(&metric_products, weights));
            let residual: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a - *value as f32 * b).collect();
            let relative = (dot(&residual, &residual) / dot(&a, &a).max(f64::MIN_POSITIVE)).sqrt();
            if index < count {
                worst = worst.max(relative);
            }
            if relative > CONVERGED {
                fresh.push(residual);
            }
        }
        if std::env::var_os("NULLSPACE_DEBUG").is_some() {
            let values: Vec<_> = pairs.iter().take(count).map(|p| format!("{:.4}", p.0.sqrt())).collect();
            eprintln!("basis {side}: worst {worst:.4} {values:?}");
        }
        if worst <= CONVERGED || fresh.is_empty() || side >= MOST_BLOCKS * block || side + 1 >= coordinates.numbers() {
            let found = pairs
                .iter()
                .take(count)
                .map(|(value, weights)| {
                    let v = mix(&basis, weights);
                    let length = dot(&v, &v).sqrt();
                    let image = (dot(&v, &mix(&image_products, weights)).max(0.0)).sqrt() / length;
                    let metric = dot(&v, &mix(&metric_products, weights)) / length.powi(2);
                    let measurement = region.tolerance * (metric - region.reach.powi(-2)).max(0.0).sqrt();
                    let vector = v.iter().map(|&v| (f64::from(v) / length) as f32).collect();
                    Direction { vector, gain: value.max(0.0).sqrt(), image, measurement }
                })
                .collect();
            return Some(found);
        }
    }
}

/// Twice Gram and Schmidt. False when nothing is left.
fn orthonormalise(v: &mut [f32], basis: &[Vec<f32>]) -> bool {
    let before = dot(v, v).sqrt();
    for _ in 0..2 {
        for b in basis {
            let share = dot(v, b) as f32;
            v.iter_mut().zip(b).for_each(|(v, b)| *v -= share * b);
        }
    }
    let length = dot(v, v).sqrt();
    v.iter_mut().for_each(|v| *v = (f64::from(*v) / length) as f32);
    length > 1e-4 * before
}
