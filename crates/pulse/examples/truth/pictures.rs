//! A prior that is a finite set of pictures. Its denoiser is a weighted mean of the set, and a posterior is a list of weights.

use pulse::Result;
use pulse::sampler::{Denoise, NullSpaceConfig};

use super::draws::Draws;
use super::linear::{add, dot, orthonormal, softmax};
use super::problem::{Measured, samples};

/// The standard deviation of a number of a picture.
const DEVIATION: f64 = 0.5;

/// The pictures, a measurement, and several targets.
pub(crate) struct Pictures {
    set: Vec<Vec<f64>>,
    rows: Vec<Vec<f64>>,
    noise: f64,
    targets: Vec<Vec<f64>>,
}

/// How far samples are from the posterior of a finite set.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Chosen {
    /// The error of the weights of the pictures: their total variation.
    pub(crate) weights: f64,
    /// The root mean square of the error of the mean, in standard deviations of the prior.
    pub(crate) mean: f64,
    /// The root mean square of the distance of a sample to the nearest of the pictures, for a number.
    pub(crate) away: f64,
}

impl Pictures {
    /// `count` pictures of so many numbers, of which `measured` directions are seen.
    pub(crate) fn new(count: usize, size: usize, measured: usize, noise: f64, targets: usize) -> Self {
        let mut draws = Draws::new(5);
        let rows = orthonormal((0..measured).map(|_| draws.normals(size)).collect());
        let set: Vec<Vec<f64>> =
            (0..count).map(|_| draws.normals(size).iter().map(|normal| DEVIATION * normal).collect()).collect();
        let even = vec![1.0 / count as f64; count];
        let targets = (0..targets)
            .map(|_| {
                let picture = &set[draws.choice(&even)];
                let noises = draws.normals(measured);
                rows.iter().zip(noises).map(|(row, normal)| dot(row, picture) + noise * normal).collect()
            })
            .collect();
        Self { set, rows, noise, targets }
    }

    /// The mean figures of a sampler over all targets, each with `count` samples.
    pub(crate) fn judge(&mut self, config: &NullSpaceConfig, count: usize) -> Result<Chosen> {
        let config = NullSpaceConfig { noise: self.noise, ..config.clone() };
        let mut all = Vec::new();
        for target in &self.targets {
            let mut nearest = Measured { rows: &self.rows, target };
            let size = self.set[0].len();
            let got = samples(&config, &mut Denoiser(&self.set), &mut nearest, size, count, 64)?;
            let rows: Vec<Vec<f64>> =
                got.chunks_exact(size).map(|row| row.iter().map(|&x| f64::from(x)).collect()).collect();
            all.push(self.chosen(&self.posterior(target), &rows));
        }
        Ok(mean(&all))
    }

    /// The same of exact draws of the posterior: what so many samples can show.
    pub(crate) fn floor(&self, count: usize) -> Chosen {
        let mut draws = Draws::new(6);
        let all: Vec<_> = self
            .targets
            .iter()
            .map(|target| {
                let weights = self.posterior(target);
                let rows: Vec<_> = (0..count).map(|_| self.set[draws.choice(&weights)].clone()).collect();
                self.chosen(&weights, &rows)
            })
            .collect();
        mean(&all)
    }

    /// The weights of the pictures, once the target is seen.
    fn posterior(&self, target: &[f64]) -> Vec<f64> {
        let logarithm = |picture: &Vec<f64>| {
            let missed = self.rows.iter().zip(target).map(|(row, target)| (target - dot(row, picture)).powi(2));
            -0.5 * missed.sum::<f64>() / self.noise.powi(2)
        };
        let mut weights: Vec<f64> = self.set.iter().map(logarithm).collect();
        softmax(&mut weights);
        weights
    }

    fn chosen(&self, weights: &[f64], rows: &[Vec<f64>]) -> Chosen {
        let (count, size) = (rows.len() as f64, self.set[0].len());
        let mut shares = vec![0.0; weights.len()];
        let (mut away, mut got_mean) = (0.0, vec![0.0; size]);
        for row in rows {
            let (nearest, distance) = nearest(&self.set, row);
            shares[nearest] += 1.0 / count;
            away += distance / size as f64 / count;
            add(&mut got_mean, 1.0 / count, row);
        }
        let mut mean = vec![0.0; size];
        for (picture, weight) in self.set.iter().zip(weights) {
            add(&mut mean, *weight, picture);
        }
        Chosen {
            weights: 0.5 * shares.iter().zip(weights).map(|(got, weight)| (got - weight).abs()).sum::<f64>(),
            mean: (square(&got_mean, &mean) / size as f64).sqrt() / DEVIATION,
            away: away.sqrt(),
        }
    }
}

fn mean(all: &[Chosen]) -> Chosen {
    let mean = |of: fn(&Chosen) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
    Chosen { weights: mean(|c| c.weights), mean: mean(|c| c.mean), away: mean(|c| c.away) }
}

fn nearest(pictures: &[Vec<f64>], row: &[f64]) -> (usize, f64) {
    let distances = pictures.iter().map(|picture| square(picture, row)).enumerate();
    distances.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}

/// `|a − b|²`.
fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// `E[x0 | x0 + s n]`: the mean of the set, each picture by how likely it lies behind `x`.
struct Denoiser<'a>(&'a [Vec<f64>]);

impl Denoise for Denoiser<'_> {
    fn denoise(&mut self, x: &[f32], sigma: f64, denoised: &mut [f32]) -> Result<()> {
        let size = self.0[0].len();
        for (x, denoised) in x.chunks_exact(size).zip(denoised.chunks_exact_mut(size)) {
            let x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
            let mut odds: Vec<f64> =
                self.0.iter().map(|picture| -0.5 * square(picture, &x) / (sigma * sigma)).collect();
            softmax(&mut odds);
            let mut sum = vec![0.0; size];
            for (picture, odds) in self.0.iter().zip(odds) {
                add(&mut sum, odds, picture);
            }
            for (denoised, sum) in denoised.iter_mut().zip(sum) {
                *denoised = sum as f32;
            }
        }
        Ok(())
    }
}
