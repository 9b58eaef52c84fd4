//! The two searches of a denoiser's noise, held to the same truth: PULSE's descent, and Langevin dynamics (arXiv 2410.02078).
//!
//! `x = G(z)` is the end of a few deterministic steps from noise. The descent minimises `|A G(z) − y|²` with `z` on its sphere, each
//! sample from a start of its own. Langevin dynamics draws from `exp(−|z|²/2 − |A G(z) − y|²/(2 s²))`: from the end of a descent on,
//! every few steps are one more sample.

use std::f64::consts::TAU;

use pulse::random::Stream;
use pulse::sampler::{Levels, Spacing};

use super::linear::{add, dot};
use super::mixture::Mixture;

/// The deterministic steps of `G`.
const UNROLLED: usize = 8;
/// The steps of a descent, by Adam.
const DESCENT: i32 = 150;
/// The steps of Langevin dynamics before the first sample.
const SETTLED: usize = 150;
/// How many samples a chain gives.
const OF_CHAIN: usize = 25;
/// `s` where the target has no noise: what is left is projected away.
const LEAST: f64 = 0.05;

/// The map from noise to what is measured of its picture.
pub(crate) struct ThroughNoise<'a> {
    mixture: &'a Mixture,
    target: &'a [f64],
    sigmas: Vec<f64>,
}

/// Standard normal numbers.
fn normals(stream: Stream, count: usize) -> Vec<f64> {
    let mut numbers = vec![0.0; count];
    stream.fill_normal(&mut numbers);
    numbers.into_iter().map(f64::from).collect()
}

impl<'a> ThroughNoise<'a> {
    pub(crate) fn new(mixture: &'a Mixture, at: usize) -> pulse::Result<Self> {
        let levels = Levels::new(Spacing::Flow { power: 1.0 }, UNROLLED, super::problem::LARGEST, 0.0)?;
        Ok(Self { mixture, target: mixture.target(at), sigmas: levels.sigmas().to_vec() })
    }

    /// `G(z)`, and the states at each level on the way.
    fn picture(&self, z: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let mut x: Vec<f64> = z.iter().map(|z| self.sigmas[0] * z).collect();
        let mut states = Vec::new();
        for pair in self.sigmas.windows(2) {
            let h = self.mixture.denoised(&x, pair[0]);
            states.push(x.clone());
            x = x.iter().zip(h).map(|(x, h)| h + pair[1] / pair[0] * (x - h)).collect();
        }
        (x, states)
    }

    /// `½ |A G(z) − y|²` and its gradient. The Jacobian of a denoiser is symmetric, so that its products are differences.
    pub(crate) fn misfit(&self, z: &[f64]) -> (f64, Vec<f64>) {
        let (x, states) = self.picture(z);
        let mut gradient = vec![0.0; z.len()];
        let mut misfit = 0.0;
        for (row, target) in self.mixture.rows().iter().zip(self.target) {
            let off = dot(row, &x) - target;
            misfit += 0.5 * off * off;
            add(&mut gradient, off, row);
        }
        for (state, pair) in states.iter().zip(self.sigmas.windows(2)).rev() {
            let (kept, length) = (pair[1] / pair[0], dot(&gradient, &gradient).sqrt().max(1e-300));
            let step = 1e-4 * pair[0].max(0.1) / length;
            let beside = |sign: f64| {
                let moved: Vec<f64> = state.iter().zip(&gradient).map(|(x, g)| x + sign * step * g).collect();
                self.mixture.denoised(&moved, pair[0])
            };
            let (above, below) = (beside(1.0), beside(-1.0));
            for ((g, above), below) in gradient.iter_mut().zip(above).zip(below) {
                *g = kept * *g + (1.0 - kept) * (above - below) / (2.0 * step);
            }
        }
        for g in &mut gradient {
            *g *= self.sigmas[0];
        }
        (misfit, gradient)
    }

    /// PULSE's descent from a start of its own, on the sphere.
    fn descended(&self, stream: Stream) -> Vec<f64> {
        let mut z = normals(stream, self.mixture.size());
        let (mut mean, mut square) = (vec![0.0; z.len()], vec![0.0; z.len()]);
        let enough = 0.5 * self.target.len() as f64 * self.mixture.noise().powi(2);
        for step in 1..=DESCENT {
            to_sphere(&mut z);
            let (misfit, gradient) = self.misfit(&z);
            if misfit <= enough {
                break;
            }
            for ((z, g), (m, v)) in z.iter_mut().zip(gradient).zip(mean.iter_mut().zip(&mut square)) {
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                let [m, v] = [*m / (1.0 - 0.9f64.powi(step)), *v / (1.0 - 0.999f64.powi(step))];
                *z -= 0.1 * m / (v.sqrt() + 1e-12);
            }
        }
        to_sphere(&mut z);
        z
    }

    /// The ends of descents, consistent.
    pub(crate) fn by_descent(&self, count: usize) -> Vec<Vec<f64>> {
        let stream = |candidate| Stream { seed: 5, candidate, draw: 0, input: 0 };
        (0..count as u32).map(|candidate| self.end(&self.descended(stream(candidate)))).collect()
    }

    /// Samples of chains, `between` steps from one to the next, each chain from the end of a descent: Langevin's proposals, taken as Metropolis says, of a length that takes about six
    /// of ten.
    pub(crate) fn by_langevin(&self, count: usize, between: usize) -> Vec<Vec<f64>> {
        let variance = self.mixture.noise().max(LEAST).powi(2);
        let energy = |z: &[f64]| {
            let (misfit, mut gradient) = self.misfit(z);
            gradient.iter_mut().zip(z).for_each(|(g, z)| *g = *g / variance + z);
            (misfit / variance + 0.5 * dot(z, z), gradient)
        };
        let mut samples = Vec::new();
        for chain in 0..count.div_ceil(OF_CHAIN) as u32 {
            let mut stream = Stream { seed: 6, candidate: chain, draw: 0, input: 0 };
            let mut z = self.descended(stream);
            let (mut now, mut slope) = energy(&z);
            let mut length: f64 = 0.02;
            for step in 0..SETTLED + OF_CHAIN * between {
                stream.draw += 1;
                let random = normals(stream, z.len() + 2);
                let next: Vec<f64> = z
                    .iter()
                    .zip(&slope)
                    .zip(&random)
                    .map(|((z, g), n)| z - length * g + (2.0 * length).sqrt() * n)
                    .collect();
                let (then, slope_then) = energy(&next);
                let way = |from: &[f64], slope: &[f64], to: &[f64]| -> f64 {
                    let off = to.iter().zip(from).zip(slope).map(|((to, from), g)| (to - from + length * g).powi(2));
                    off.sum::<f64>() / (4.0 * length)
                };
                let gained = now - then + way(&z, &slope, &next) - way(&next, &slope_then, &z);
                // The angle of two normal numbers is uniform.
                let uniform = random[z.len()].atan2(random[z.len() + 1]) / TAU + 0.5;
                let taken = gained >= uniform.ln();
                if taken {
                    (z, now, slope) = (next, then, slope_then);
                }
                if step < SETTLED {
                    length *= if taken { 1.1 } else { 0.86 };
                } else if (step - SETTLED).is_multiple_of(between) {
                    samples.push(self.end(&z));
                }
            }
        }
        samples.truncate(count);
        samples
    }

    /// The picture; where the target has no noise, moved to the nearest one that is consistent.
    fn end(&self, z: &[f64]) -> Vec<f64> {
        let mut x = self.picture(z).0;
        if self.mixture.noise() == 0.0 {
            for (row, target) in self.mixture.rows().iter().zip(self.target) {
                let off = target - dot(row, &x);
                add(&mut x, off, row);
            }
        }
        x
    }
}

fn to_sphere(z: &mut [f64]) {
    let scale = (z.len() as f64 / dot(z, z)).sqrt();
    for z in z {
        *z *= scale;
    }
}
