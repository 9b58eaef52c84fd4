//! StyleGAN3's input layer.

#![allow(unsafe_code)]

use std::f64::consts::TAU;

use crate::cpu::lanes::{Kernel, Layout, Needs, Run, Tensor, Values};

/// See [`crate::FourierFeatures`].
pub(crate) struct FourierFeatures {
    features: crate::FourierFeatures,
}

/// The transformed frequency, phase and amplitude of one channel, and what their gradients need.
struct Wave {
    frequency: [f64; 2],
    phase: f64,
    amplitude: f64,
    /// `∂amplitude / ∂frequency`.
    slope: [f64; 2],
}

impl FourierFeatures {
    pub(crate) fn new(features: &crate::FourierFeatures) -> Self {
        Self { features: features.clone() }
    }

    /// `T = R M U`, its first two rows, from `[c, s, a, b]`.
    fn transform(&self, [c, s, a, b]: [f64; 4]) -> [[f64; 3]; 2] {
        let u = |row: usize, column: usize| f64::from(self.features.transform[row * 3 + column]);
        std::array::from_fn(|row| {
            let (p, q) = if row == 0 { (c, -s) } else { (s, c) };
            std::array::from_fn(|column| p * (u(0, column) - a * u(2, column)) + q * (u(1, column) - b * u(2, column)))
        })
    }

    fn wave(&self, channel: usize, t: &[[f64; 3]; 2]) -> Wave {
        let f = self.given_frequency(channel);
        let frequency: [f64; 2] = std::array::from_fn(|column| f[0] * t[0][column] + f[1] * t[1][column]);
        let phase = f64::from(self.features.phases[channel]) + f[0] * t[0][2] + f[1] * t[1][2];
        let bandwidth = f64::from(self.features.bandwidth);
        let room = f64::from(self.features.sampling_rate) / 2.0 - bandwidth;
        let length = frequency[0].hypot(frequency[1]);
        let amplitude = 1.0 - (length - bandwidth) / room;
        let inside = (0.0..=1.0).contains(&amplitude) && length > 0.0;
        let slope = if inside { frequency.map(|f| -f / (length * room)) } else { [0.0; 2] };
        Wave { frequency, phase, amplitude: amplitude.clamp(0.0, 1.0), slope }
    }

    fn given_frequency(&self, channel: usize) -> [f64; 2] {
        [0, 1].map(|axis| f64::from(self.features.frequencies[2 * channel + axis]))
    }

    /// `g(i)` of an axis of `n` pixels.
    fn position(&self, i: usize, n: usize) -> f64 {
        let n = n as f64;
        ((2 * i + 1) as f64 / n - 1.0) * n / (2.0 * f64::from(self.features.sampling_rate))
    }
}

/// # Safety
/// The candidate must exist, and no task may write it.
unsafe fn parameters(t: &Tensor, candidate: usize) -> [f64; 4] {
    // SAFETY: a vector of four.
    unsafe { *t.candidate(candidate).cast::<[f32; 4]>() }.map(f64::from)
}

impl Kernel for FourierFeatures {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let layout = result.layout;
        run.planes(
            &layout,
            #[inline(always)]
            |candidate, plane| {
                // SAFETY: a vector of four that no task writes.
                let t = unsafe { parameters(&arguments[0], candidate) };
                let length = t[0].hypot(t[1]);
                let transform = self.transform(t.map(|t| t / length));
                for lane in 0..layout.lanes {
                    let channel = plane * layout.lanes + lane;
                    let wave = (lane < layout.channels_of(plane)).then(|| self.wave(channel, &transform));
                    for i in 0..layout.height {
                        // SAFETY: one task has the plane.
                        let row = unsafe { result.row_mut(candidate, plane, i) };
                        let y = self.position(i, layout.height);
                        for (j, value) in row.iter_mut().skip(lane).step_by(layout.lanes).enumerate() {
                            let x = self.position(j, layout.width);
                            *value = wave.as_ref().map_or(0.0, |wave| {
                                let turns = wave.frequency[0] * x + wave.frequency[1] * y + wave.phase;
                                (wave.amplitude * (TAU * turns).sin()) as f32
                            });
                        }
                    }
                }
            },
        );
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        let layout = gradient.layout;
        run.candidates(
            #[inline(always)]
            |candidate| {
                // SAFETY: a vector of four that no task writes.
                let t = unsafe { parameters(&values.arguments[0], candidate) };
                let length = t[0].hypot(t[1]);
                let unit = t.map(|t| t / length);
                let transform = self.transform(unit);
                let mut d_transform = [[0.0; 3]; 2];
                for channel in 0..layout.shape.channels() {
                    let wave = self.wave(channel, &transform);
                    // SAFETY: no task writes the gradient.
                    let [d_amplitude, d_phase, dx, dy] = unsafe { self.descend(&gradient, candidate, channel, &wave) };
                    let f = self.given_frequency(channel);
                    for (axis, row) in d_transform.iter_mut().enumerate() {
                        row[0] += f[axis] * (dx + d_amplitude * wave.slope[0]);
                        row[1] += f[axis] * (dy + d_amplitude * wave.slope[1]);
                        row[2] += f[axis] * d_phase;
                    }
                }
                let d_unit = self.descend_transform(unit, &d_transform);
                // `unit = t / sqrt(t₀² + t₁²)`, all four of it.
                let along: f64 = (0..4).map(|k| d_unit[k] * unit[k]).sum();
                for k in 0..4 {
                    let radial = if k < 2 { unit[k] * along } else { 0.0 };
                    // SAFETY: one task has the candidate.
                    unsafe { *target.candidate(candidate).add(k) = ((d_unit[k] - radial) / length) as f32 };
                }
            },
        );
    }

    fn needs(&self) -> Needs {
        Needs::ARGUMENTS
    }
}

impl FourierFeatures {
    /// The gradients of a channel's amplitude, phase and two frequencies.
    ///
    /// # Safety
    /// No task may write the gradient, which has the candidate and the channel.
    unsafe fn descend(&self, gradient: &Tensor, candidate: usize, channel: usize, wave: &Wave) -> [f64; 4] {
        let Layout { lanes, height, width, .. } = gradient.layout;
        let mut sums = [0.0; 4];
        for i in 0..height {
            // SAFETY: the row is one of the gradient, which the caller says is not written.
            let row = unsafe { gradient.row(candidate, channel / lanes, i) };
            let y = self.position(i, height);
            for (j, &g) in row.iter().skip(channel % lanes).step_by(lanes).enumerate() {
                let x = self.position(j, width);
                let turns = wave.frequency[0] * x + wave.frequency[1] * y + wave.phase;
                let (sine, cosine) = (TAU * turns).sin_cos();
                let d_turns = f64::from(g) * wave.amplitude * cosine * TAU;
                for (sum, term) in sums.iter_mut().zip([f64::from(g) * sine, d_turns, d_turns * x, d_turns * y]) {
                    *sum += term;
                }
            }
        }
        sums
    }

    /// The gradient of `[c, s, a, b]` from that of the transform.
    fn descend_transform(&self, [c, s, a, b]: [f64; 4], d: &[[f64; 3]; 2]) -> [f64; 4] {
        let u = |row: usize, column: usize| f64::from(self.features.transform[row * 3 + column]);
        let mut sums = [0.0; 4];
        for column in 0..3 {
            let (p, q) = (u(0, column) - a * u(2, column), u(1, column) - b * u(2, column));
            let [d0, d1] = d.map(|row| row[column]);
            sums[0] += d0 * p + d1 * q;
            sums[1] += d1 * p - d0 * q;
            sums[2] -= (d0 * c + d1 * s) * u(2, column);
            sums[3] -= (d1 * c - d0 * s) * u(2, column);
        }
        sums
    }
}
