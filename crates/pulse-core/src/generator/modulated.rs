//! The modulated convolution of StyleGAN2 and StyleGAN3 (Karras et al. 2020, section 2.2).
//!
//! The original scales the weights of each candidate by its style. The weights here are frozen: the style scales
//! what enters the convolution, and the demodulation what leaves it,
//! `y[o] = d[o] Σ_i W[o,i] ∗ (s[i] x[i])`, `d[o] = 1 / sqrt(Σ_i s[i]² Σ_k W[o,i,k]² + 1e-8)`, which is the same.

use pulse_engine::{Convolution, Dense, Operator, Value, Weights};

use super::assembly::Assembly;
use crate::Result;
use crate::tensors::{Tensors, scale};

/// Under the root of the demodulation.
const EPSILON: f32 = 1e-8;

/// A convolution whose channels are scaled by a style.
#[derive(Clone, Debug)]
pub(super) struct Modulated {
    /// From `w` to the style `s`.
    affine: Dense,
    convolution: Convolution,
    /// Whether the convolution is transposed, of stride 2.
    doubling: bool,
    /// `Σ_k W²` `[out, in]`, where there is a demodulation.
    energies: Option<Dense>,
}

/// What a modulated convolution is made of.
pub(super) struct Parts {
    /// From `w` to the style.
    pub(super) affine: Dense,
    /// `[out, in, kernel, kernel]`.
    pub(super) weight: Weights,
    pub(super) out_channels: usize,
    pub(super) kernel: usize,
    /// Zero pixels on every side, when it is not doubling.
    pub(super) padding: usize,
    pub(super) doubling: bool,
    pub(super) demodulated: bool,
    /// A factor on the result.
    pub(super) gain: f64,
}

impl Modulated {
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { affine, weight, out_channels, kernel, padding, doubling, demodulated, gain } = parts;
        let in_channels = affine.out_features;
        let taps = kernel * kernel;
        let energies = demodulated.then(|| Dense {
            weight: weight.chunks_exact(taps).map(|taps| energy(taps) as f32).collect(),
            bias: None,
            out_features: out_channels,
            in_features: in_channels,
        });
        let weight = scale(&weight, gain);
        let convolution = Convolution {
            weight: if doubling { transposed(&weight, [out_channels, in_channels, taps]) } else { weight },
            bias: None,
            out_channels,
            in_channels,
            kernel: [kernel, kernel],
            stride: if doubling { 2 } else { 1 },
            padding: if doubling { 0 } else { padding },
        };
        Self { affine, convolution, doubling, energies }
    }

    pub(super) fn out_channels(&self) -> usize {
        self.convolution.out_channels
    }

    /// The convolution of `x` with the style that `w` makes.
    pub(super) fn append(&self, assembly: &mut Assembly, x: Value, w: Value) -> Result<Value> {
        let style = assembly.add(Operator::Dense(self.affine.clone()), &[w])?;
        let scaled = assembly.add(Operator::Modulate, &[x, style])?;
        let convolution = self.convolution.clone();
        let operator = if self.doubling {
            Operator::TransposedConvolution(convolution)
        } else {
            Operator::Convolution(convolution)
        };
        let y = assembly.add(operator, &[scaled])?;
        let Some(energies) = &self.energies else { return Ok(y) };
        let squares = assembly.add(Operator::Square, &[style])?;
        let energy = assembly.add(Operator::Dense(energies.clone()), &[squares])?;
        let demodulation = assembly.add(Operator::InverseSqrt { epsilon: EPSILON }, &[energy])?;
        assembly.add(Operator::Modulate, &[y, demodulation])
    }
}

/// The shape `[out, in, kernel, kernel]` of a convolution's weight, its kernel square and of a size that keeps
/// the centre, its channels those that come in.
pub(super) fn weight_shape(tensors: &Tensors, name: &str, in_channels: usize) -> Result<[usize; 4]> {
    let shape = tensors.shape::<4>(name)?;
    let [_, from, height, width] = shape;
    if from == in_channels && height == width && height % 2 == 1 {
        return Ok(shape);
    }
    Err(tensors
        .unfit(name, &format!("has the shape {shape:?} where [out, {in_channels}, k, k] with an odd k is needed")))
}

pub(super) fn energy(taps: &[f32]) -> f64 {
    taps.iter().map(|&tap| f64::from(tap) * f64::from(tap)).sum()
}

/// From `[out, in, taps]` to `[in, out, taps]`.
fn transposed(weight: &[f32], [out_channels, in_channels, taps]: [usize; 3]) -> Weights {
    let kernels = (0..in_channels).flat_map(|i| (0..out_channels).map(move |o| (o * in_channels + i) * taps));
    kernels.flat_map(|start| weight[start..start + taps].iter().copied()).collect()
}
