//! A prior that is a mixture of Gaussians. Its denoiser and its posterior are closed formulas.

use std::f64::consts::{PI, TAU};

use pulse::Result;
use pulse::sampler::{Denoise, NullSpaceConfig};

use super::draws::Draws;
use super::linear::{Cholesky, add, divide, dot, orthonormal, seen, softmax, symmetric, times};
use super::problem::{Figures, Measured, moments, samples};

/// How the variance of the prior lies in its directions.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// In all alike, and the measurement sees some of them at random.
    Flat,
    /// Most of it is in few slow waves, as in pictures, and the measurement is the means of blocks.
    Steep,
}

struct Component {
    weight: f64,
    mean: Vec<f64>,
    /// `C = Qᵀ diag(e) Q`.
    basis: Vec<Vec<f64>>,
    values: Vec<f64>,
}

/// A prior, a measurement, and several targets.
pub(crate) struct Mixture {
    components: Vec<Component>,
    /// `A`, then a basis of its null space.
    frame: Vec<Vec<f64>>,
    measured: usize,
    noise: f64,
    targets: Vec<Vec<f64>>,
}

/// The posterior of one target, seen in the directions in which it has a spread.
struct Posterior {
    weights: Vec<f64>,
    means: Vec<Vec<f64>>,
    covariances: Vec<Vec<Vec<f64>>>,
    factors: Vec<Cholesky>,
}

const COMPONENTS: usize = 6;

impl Mixture {
    /// `measured` of `size` directions, with targets of the prior itself.
    pub(crate) fn new(kind: Kind, size: usize, measured: usize, apart: f64, noise: f64, targets: usize) -> Self {
        let mut draws = Draws::new(3);
        let mut frame = match kind {
            Kind::Flat => Vec::new(),
            Kind::Steep => blocks(size, measured),
        };
        while frame.len() < size {
            frame.push(draws.normals(size));
        }
        let weights = draws.weights(COMPONENTS);
        let components = weights.into_iter().map(|weight| component(kind, size, apart, weight, &mut draws)).collect();
        let mut mixture = Self { components, frame: orthonormal(frame), measured, noise, targets: Vec::new() };
        for _ in 0..targets {
            let x = mixture.draw(&mut draws);
            let noise = draws.normals(measured);
            let rows = mixture.rows().iter().zip(noise);
            let target = rows.map(|(row, normal)| dot(row, &x) + mixture.noise * normal).collect();
            mixture.targets.push(target);
        }
        mixture
    }

    /// The mean figures of a sampler over all targets, each with `count` samples.
    pub(crate) fn judge(&mut self, config: &NullSpaceConfig, count: usize) -> Result<Figures> {
        let config = NullSpaceConfig { noise: self.noise, ..config.clone() };
        let mut figures = Vec::new();
        for at in 0..self.targets.len() {
            let samples = self.samples(&config, at, count, 64)?;
            let rows: Vec<Vec<f64>> =
                samples.chunks_exact(self.frame.len()).map(|row| row.iter().map(|&x| f64::from(x)).collect()).collect();
            figures.push(self.figures(at, &rows));
        }
        Ok(Figures::of_all(&figures))
    }

    /// The same of exact draws of the posterior: what so many samples can show.
    pub(crate) fn floor(&self, count: usize) -> Figures {
        let mut draws = Draws::new(4);
        let all: Vec<_> = (0..self.targets.len())
            .map(|at| {
                let posterior = self.posterior(at);
                let rows: Vec<_> = (0..count).map(|_| posterior.draw(&mut draws)).collect();
                posterior.figures(&rows)
            })
            .collect();
        Figures::of_all(&all)
    }

    pub(crate) fn samples(&self, config: &NullSpaceConfig, at: usize, count: usize, batch: usize) -> Result<Vec<f32>> {
        let mut nearest = Measured { rows: self.rows(), target: &self.targets[at] };
        samples(config, &mut Denoiser(&self.components), &mut nearest, self.frame.len(), count, batch)
    }

    /// The mean figures over all targets of what `sample` gives for each.
    pub(crate) fn judged(&self, sample: impl Fn(usize) -> Result<Vec<Vec<f64>>>) -> Result<Figures> {
        let figures = (0..self.targets.len()).map(|at| Ok(self.figures(at, &sample(at)?)));
        Ok(Figures::of_all(&figures.collect::<Result<Vec<_>>>()?))
    }

    pub(crate) fn target(&self, at: usize) -> &[f64] {
        &self.targets[at]
    }

    pub(crate) fn noise(&self) -> f64 {
        self.noise
    }

    pub(crate) fn size(&self) -> usize {
        self.frame.len()
    }

    /// `E[x0 | x]`.
    pub(crate) fn denoised(&self, x: &[f64], sigma: f64) -> Vec<f64> {
        denoised_by(&self.components, x, sigma)
    }

    fn figures(&self, at: usize, rows: &[Vec<f64>]) -> Figures {
        let seen: Vec<Vec<f64>> = rows.iter().map(|row| times(self.free(), row)).collect();
        self.posterior(at).figures(&seen)
    }

    /// `A`.
    pub(crate) fn rows(&self) -> &[Vec<f64>] {
        &self.frame[..self.measured]
    }

    /// The directions in which a posterior has a spread: with noise all, without it the null space.
    fn free(&self) -> &[Vec<f64>] {
        if self.noise > 0.0 { &self.frame } else { &self.frame[self.measured..] }
    }

    fn draw(&self, draws: &mut Draws) -> Vec<f64> {
        let weights: Vec<_> = self.components.iter().map(|component| component.weight).collect();
        let component = &self.components[draws.choice(&weights)];
        let mut x = component.mean.clone();
        for ((vector, value), normal) in component.basis.iter().zip(&component.values).zip(draws.normals(x.len())) {
            add(&mut x, value.sqrt() * normal, vector);
        }
        x
    }

    /// Each component, once it has seen the target: Kalman's update.
    fn posterior(&self, at: usize) -> Posterior {
        let (target, rows, free) = (&self.targets[at], self.rows(), self.free());
        let mut posterior =
            Posterior { weights: Vec::new(), means: Vec::new(), covariances: Vec::new(), factors: Vec::new() };
        for component in &self.components {
            let covariance = symmetric(&component.basis, &component.values);
            let mut evidence = seen(rows, &covariance);
            for (at, row) in evidence.iter_mut().enumerate() {
                row[at] += self.noise * self.noise;
            }
            let evidence = Cholesky::of(&evidence);
            let missed: Vec<f64> =
                rows.iter().zip(target).map(|(row, target)| target - dot(row, &component.mean)).collect();
            let missed = evidence.whiten(&missed);
            posterior.weights.push(component.weight.ln() - 0.5 * (dot(&missed, &missed) + evidence.log_determinant()));
            // How every free direction goes with the measured ones, whitened.
            let images: Vec<Vec<f64>> = rows.iter().map(|row| times(&covariance, row)).collect();
            let along: Vec<Vec<f64>> = free
                .iter()
                .map(|vector| evidence.whiten(&images.iter().map(|image| dot(vector, image)).collect::<Vec<_>>()))
                .collect();
            let mean =
                free.iter().zip(&along).map(|(vector, along)| dot(vector, &component.mean) + dot(along, &missed));
            posterior.means.push(mean.collect());
            let mut covariance = seen(free, &covariance);
            for (row, along_row) in covariance.iter_mut().zip(&along) {
                for (entry, along_column) in row.iter_mut().zip(&along) {
                    *entry -= dot(along_row, along_column);
                }
            }
            posterior.factors.push(Cholesky::of(&covariance));
            posterior.covariances.push(covariance);
        }
        softmax(&mut posterior.weights);
        posterior
    }
}

impl Posterior {
    fn draw(&self, draws: &mut Draws) -> Vec<f64> {
        let at = draws.choice(&self.weights);
        let mut x = self.factors[at].color(&draws.normals(self.means[at].len()));
        add(&mut x, 1.0, &self.means[at]);
        x
    }

    fn figures(&self, rows: &[Vec<f64>]) -> Figures {
        let directions = self.means[0].len();
        let parts = || self.weights.iter().zip(&self.means).zip(&self.covariances);
        let mut shares = vec![0.0; self.weights.len()];
        let mut modes: Vec<Vec<Vec<f64>>> = vec![Vec::new(); shares.len()];
        for row in rows {
            let odds = self.odds(row);
            add(&mut shares, 1.0 / rows.len() as f64, &odds);
            let most = (0..odds.len()).max_by(|&a, &b| odds[a].total_cmp(&odds[b])).unwrap();
            modes[most].push(row.clone());
        }
        let (mut mean_error, mut spread) = (0.0, 0.0);
        for (at, (got_mean, got_deviation)) in moments(rows).into_iter().enumerate() {
            let mean: f64 = parts().map(|((weight, mean), _)| weight * mean[at]).sum();
            let variance: f64 = parts()
                .map(|((weight, means), covariance)| weight * (covariance[at][at] + (means[at] - mean).powi(2)))
                .sum();
            mean_error += (got_mean - mean).abs() / variance.sqrt() / directions as f64;
            spread += got_deviation / variance.sqrt() / directions as f64;
        }
        let mut within = Vec::new();
        for ((rows, covariance), weight) in modes.iter().zip(&self.covariances).zip(&self.weights) {
            if rows.len() > 50 && *weight > 0.02 {
                let ratios = moments(rows).into_iter().enumerate().map(|(at, (_, sd))| sd / covariance[at][at].sqrt());
                within.push(ratios.sum::<f64>() / directions as f64);
            }
        }
        let within = within.iter().sum::<f64>() / within.len() as f64;
        let weights = 0.5 * shares.iter().zip(&self.weights).map(|(got, weight)| (got - weight).abs()).sum::<f64>();
        Figures { mean: mean_error, spread, within, weights }
    }

    /// How likely it is that a sample is of each component.
    fn odds(&self, row: &[f64]) -> Vec<f64> {
        let parts = self.weights.iter().zip(&self.means).zip(&self.factors);
        let mut odds: Vec<f64> = parts
            .map(|((weight, mean), factor)| {
                let away: Vec<f64> = row.iter().zip(mean).map(|(x, mean)| x - mean).collect();
                let white = factor.whiten(&away);
                (weight + 1e-300).ln() - 0.5 * (dot(&white, &white) + factor.log_determinant())
            })
            .collect();
        softmax(&mut odds);
        odds
    }
}

/// `E[x0 | x0 + s n]`.
struct Denoiser<'a>(&'a [Component]);

impl Denoise for Denoiser<'_> {
    fn denoise(&mut self, x: &[f32], sigma: f64, denoised: &mut [f32]) -> Result<()> {
        let size = self.0[0].mean.len();
        for (x, denoised) in x.chunks_exact(size).zip(denoised.chunks_exact_mut(size)) {
            let x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
            for (denoised, mean) in denoised.iter_mut().zip(denoised_by(self.0, &x, sigma)) {
                *denoised = mean as f32;
            }
        }
        Ok(())
    }
}

/// The mean of each component that has seen `x`, by how likely it is then.
fn denoised_by(components: &[Component], x: &[f64], sigma: f64) -> Vec<f64> {
    let variance = sigma * sigma;
    let (mut odds, mut means) = (Vec::new(), Vec::new());
    for component in components {
        let away: Vec<f64> = x.iter().zip(&component.mean).map(|(x, mean)| x - mean).collect();
        let (mut mean, mut log) = (component.mean.clone(), component.weight.ln());
        for (vector, value) in component.basis.iter().zip(&component.values) {
            let along = dot(vector, &away);
            log -= 0.5 * (along * along / (value + variance) + (value + variance).ln());
            add(&mut mean, along * value / (value + variance), vector);
        }
        odds.push(log);
        means.push(mean);
    }
    softmax(&mut odds);
    let mut sum = vec![0.0; x.len()];
    for (odds, mean) in odds.iter().zip(&means) {
        add(&mut sum, *odds, mean);
    }
    sum
}

fn component(kind: Kind, size: usize, apart: f64, weight: f64, draws: &mut Draws) -> Component {
    let normals = draws.normals(size);
    match kind {
        Kind::Flat => {
            let values = draws.normals(size).iter().map(|normal| 0.05 * (0.7 * normal).exp()).collect();
            let basis = orthonormal((0..size).map(|_| draws.normals(size)).collect());
            Component { weight, mean: normals.iter().map(|normal| apart * normal).collect(), basis, values }
        }
        Kind::Steep => {
            let (waves, sizes) = (waves(size), falling(size));
            let mut mean = vec![0.0; size];
            for ((wave, deviation), normal) in waves.iter().zip(&sizes).zip(normals) {
                add(&mut mean, apart * deviation * normal, wave);
            }
            let values =
                sizes.iter().zip(draws.normals(size)).map(|(sd, normal)| 0.36 * sd * sd * (0.7 * normal).exp());
            let values = values.collect();
            Component { weight, mean, basis: turned(waves, draws), values }
        }
    }
}

/// The standard deviations of slow and fast waves, falling as in pictures; 0.5 for a number of a picture.
fn falling(size: usize) -> Vec<f64> {
    let mut sizes: Vec<f64> = (0..size).map(|wave| if wave == 0 { 1.5 } else { 1.0 / (1.0 + wave as f64) }).collect();
    let scale = 2.0 * (dot(&sizes, &sizes) / size as f64).sqrt();
    divide(&mut sizes, scale);
    sizes
}

/// The waves of a discrete cosine transform.
fn waves(size: usize) -> Vec<Vec<f64>> {
    let wave = |wave: usize, at: usize| (PI * wave as f64 * (at as f64 + 0.5) / size as f64).cos();
    orthonormal((0..size).map(|row| (0..size).map(|at| wave(row, at)).collect()).collect())
}

/// The same basis with neighbours turned into each other by random angles, so that slow and fast waves go together.
fn turned(mut basis: Vec<Vec<f64>>, draws: &mut Draws) -> Vec<Vec<f64>> {
    for (row, angle) in (1..basis.len()).zip(draws.normals(basis.len())) {
        let (sin, cos) = (angle * TAU).sin_cos();
        let (before, rest) = basis.split_at_mut(row);
        for (a, b) in before[row - 1].iter_mut().zip(&mut rest[0]) {
            (*a, *b) = (cos * *a - sin * *b, sin * *a + cos * *b);
        }
    }
    basis
}

/// The sums of equal blocks.
fn blocks(size: usize, count: usize) -> Vec<Vec<f64>> {
    let side = size / count;
    (0..count).map(|block| (0..size).map(|at| f64::from(u8::from(at / side == block))).collect()).collect()
}
