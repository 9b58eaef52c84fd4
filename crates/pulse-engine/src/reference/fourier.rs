//! Fourier features and their gradient with respect to the transform's four parameters.

use std::f64::consts::TAU;

use crate::FourierFeatures;

/// The parameters after division by the length of the first two, and that length.
struct Pose {
    /// `[c, s, a, b]`.
    normalized: [f64; 4],
    length: f64,
}

impl Pose {
    fn new(t: &[f64]) -> Self {
        let length = t[0].hypot(t[1]);
        Self { normalized: [t[0] / length, t[1] / length, t[2] / length, t[3] / length], length }
    }

    /// The first two rows of `R M`.
    fn rotation_of_translation(&self) -> [[f64; 3]; 2] {
        let [c, s, a, b] = self.normalized;
        [[c, -s, s * b - c * a], [s, c, -s * a - c * b]]
    }

    /// From the cotangent of the first two rows of `R M` to that of the parameters.
    fn pull_back(&self, g: [[f64; 3]; 2]) -> Vec<f64> {
        let [c, s, a, b] = self.normalized;
        let g_normalized = [
            g[0][0] + g[1][1] - a * g[0][2] - b * g[1][2],
            g[1][0] - g[0][1] + b * g[0][2] - a * g[1][2],
            -c * g[0][2] - s * g[1][2],
            s * g[0][2] - c * g[1][2],
        ];
        // n = t / length, and length grows along (c, s).
        let radial: f64 = g_normalized.iter().zip(self.normalized).map(|(g, n)| g * n).sum();
        let gradient = [g_normalized[0] - c * radial, g_normalized[1] - s * radial, g_normalized[2], g_normalized[3]];
        gradient.iter().map(|g| g / self.length).collect()
    }
}

/// What one channel draws: `amplitude · sin(2π (frequency · g + phase))`.
struct Wave {
    frequency: [f64; 2],
    phase: f64,
    amplitude: f64,
    /// `d amplitude / d frequency`.
    amplitude_slope: [f64; 2],
}

impl Wave {
    fn new(features: &FourierFeatures, channel: usize, transform: &[[f64; 3]; 2]) -> Self {
        let [f, g] = [0, 1].map(|axis| f64::from(features.frequencies[2 * channel + axis]));
        let [fx, fy, shift] = [0, 1, 2].map(|i| f * transform[0][i] + g * transform[1][i]);
        let bandwidth = f64::from(features.bandwidth);
        let fall = f64::from(features.sampling_rate) / 2.0 - bandwidth;
        let norm = fx.hypot(fy);
        let amplitude = 1.0 - (norm - bandwidth) / fall;
        let binds = amplitude <= 0.0 || amplitude >= 1.0 || norm == 0.0;
        Self {
            frequency: [fx, fy],
            phase: f64::from(features.phases[channel]) + shift,
            amplitude: amplitude.clamp(0.0, 1.0),
            amplitude_slope: if binds { [0.0; 2] } else { [-fx / (norm * fall), -fy / (norm * fall)] },
        }
    }

    fn angle(&self, x: f64, y: f64) -> f64 {
        TAU * (self.frequency[0] * x + self.frequency[1] * y + self.phase)
    }
}

/// The first two rows of `T = R M U`.
fn transform(features: &FourierFeatures, pose: &Pose) -> [[f64; 3]; 2] {
    let u = |i: usize, j: usize| f64::from(features.transform[3 * i + j]);
    pose.rotation_of_translation().map(|row| [0, 1, 2].map(|j| (0..3).map(|i| row[i] * u(i, j)).sum()))
}

/// `g_x(index)` for `size = width`, `g_y(index)` for `size = height`.
fn grid(features: &FourierFeatures, size: usize, index: usize) -> f64 {
    let size = size as f64;
    ((2 * index + 1) as f64 / size - 1.0) * size / (2.0 * f64::from(features.sampling_rate))
}

pub(super) fn forward(features: &FourierFeatures, t: &[f64]) -> Vec<f64> {
    let transform = transform(features, &Pose::new(t));
    let mut y = Vec::with_capacity(features.phases.len() * features.height * features.width);
    for channel in 0..features.phases.len() {
        let wave = Wave::new(features, channel, &transform);
        for i in 0..features.height {
            for j in 0..features.width {
                let angle = wave.angle(grid(features, features.width, j), grid(features, features.height, i));
                y.push(wave.amplitude * angle.sin());
            }
        }
    }
    y
}

pub(super) fn pull_back(features: &FourierFeatures, t: &[f64], cotangent: &[f64]) -> Vec<f64> {
    let pose = Pose::new(t);
    let transform = transform(features, &pose);
    let mut g_transform = [[0.0; 3]; 2];
    for (channel, cotangent) in cotangent.chunks_exact(features.height * features.width).enumerate() {
        let g_wave = wave_pull_back(features, &Wave::new(features, channel, &transform), cotangent);
        for (axis, row) in g_transform.iter_mut().enumerate() {
            let frequency = f64::from(features.frequencies[2 * channel + axis]);
            row.iter_mut().zip(g_wave).for_each(|(sum, g)| *sum += frequency * g);
        }
    }
    // T = (R M) U, so the cotangent of R M is that of T times Uᵀ.
    let u = |i: usize, j: usize| f64::from(features.transform[3 * i + j]);
    pose.pull_back(g_transform.map(|row| [0, 1, 2].map(|i| (0..3).map(|j| row[j] * u(i, j)).sum())))
}

/// The cotangent of the frequency (two numbers) and the phase of one channel.
fn wave_pull_back(features: &FourierFeatures, wave: &Wave, cotangent: &[f64]) -> [f64; 3] {
    let mut gradient = [0.0; 3];
    for (i, row) in cotangent.chunks_exact(features.width).enumerate() {
        let y = grid(features, features.height, i);
        for (j, g) in row.iter().enumerate() {
            let x = grid(features, features.width, j);
            let (sin, cos) = wave.angle(x, y).sin_cos();
            let g_angle = g * wave.amplitude * cos * TAU;
            gradient[0] += g_angle * x + g * sin * wave.amplitude_slope[0];
            gradient[1] += g_angle * y + g * sin * wave.amplitude_slope[1];
            gradient[2] += g_angle;
        }
    }
    gradient
}
