//! What the U-Nets of diffusion models repeat: a residual block that knows the time, and self-attention.

use pulse_engine::{Convolution, Dense, NetworkBuilder, Operator, Value, Weights};

use super::blocks::{Activation, Norm, add_scaled, convolve, dense};
use super::resample::Resample;
use crate::Result;
use crate::tensors::scale;

/// How a residual block knows the time, with `e` the embedding of the time. What it gives goes through the block's activation.
#[derive(Clone, Debug)]
pub(super) enum Conditioning {
    /// `norm(h + layer(e))` (Ho, Jain, Abbeel 2020).
    Added { layer: Dense, norm: Norm },
    /// `n(h) s + t` with `n` a group norm without factors, and `(s, t) = layer(e)` (Dhariwal, Nichol 2021, section 3).
    Modulated { layer: Dense, groups: usize, epsilon: f32 },
}

impl Conditioning {
    /// From a layer that gives `(s, t)` for `norm(h) (1 + s) + t`, where the norm has factors `γ` and terms `β`:
    /// `(γ n + β) (1 + s) + t = n γ (1 + s) + (β (1 + s) + t)`, so the factors and terms go into the layer.
    ///
    /// The layer has twice as many outputs as the norm has channels.
    pub(super) fn modulated(layer: &Dense, norm: &Norm) -> Self {
        let (channels, width) = (norm.scale.len(), layer.in_features);
        let (scales, shifts) = layer.weight.split_at(channels * width);
        let no_bias = vec![0.0; 2 * channels];
        let (scale_bias, shift_bias) = layer.bias.as_deref().unwrap_or(&no_bias).split_at(channels);
        let mut weight = Vec::with_capacity(2 * channels * width);
        for (row, factor) in scales.chunks_exact(width).zip(norm.scale.iter()) {
            weight.extend(row.iter().map(|number| number * factor));
        }
        let rows = scales.chunks_exact(width).zip(shifts.chunks_exact(width)).zip(norm.shift.iter());
        for ((scales, shifts), term) in rows {
            weight.extend(scales.iter().zip(shifts).map(|(scale, shift)| scale * term + shift));
        }
        let factors = scale_bias.iter().zip(norm.scale.iter()).map(|(bias, factor)| (1.0 + bias) * factor);
        let terms = scale_bias.iter().zip(norm.shift.iter()).zip(shift_bias);
        let terms = terms.map(|((scale, term), shift)| (1.0 + scale) * term + shift);
        let bias: Weights = factors.chain(terms).collect();
        let layer = Dense { weight: weight.into(), bias: Some(bias), ..layer.clone() };
        Self::Modulated { layer, groups: norm.groups, epsilon: norm.epsilon }
    }

    fn append(
        &self,
        builder: &mut NetworkBuilder,
        h: Value,
        embedding: Value,
        activation: Activation,
    ) -> Result<Value> {
        let normed = match self {
            Self::Added { layer, norm } => {
                let term = dense(builder, layer, embedding)?;
                let sum = builder.add(Operator::Add, &[h, term])?;
                norm.append(builder, sum)?
            }
            Self::Modulated { layer, groups, epsilon } => {
                let normed = builder.add(Operator::GroupNorm { groups: *groups, epsilon: *epsilon }, &[h])?;
                let styles = dense(builder, layer, embedding)?;
                let channels = layer.out_features / 2;
                let factors = builder.add(Operator::Slice { start: 0, length: channels }, &[styles])?;
                let terms = builder.add(Operator::Slice { start: channels, length: channels }, &[styles])?;
                builder.add(Operator::Modulate, &[normed, factors, terms])?
            }
        };
        activation.append(builder, normed)
    }
}

/// `y = (second(a(conditioned(first(r(a(norm(x))))))) + cut(r(x))) · factor`, with the activation `a` and a change of size `r`.
#[derive(Clone, Debug)]
pub(super) struct Residual {
    pub(super) norm: Norm,
    pub(super) resample: Option<Resample>,
    pub(super) first: Convolution,
    pub(super) conditioning: Conditioning,
    pub(super) second: Convolution,
    /// The identity, where there is none.
    pub(super) short_cut: Option<Convolution>,
    pub(super) factor: f64,
    pub(super) activation: Activation,
}

impl Residual {
    /// The same with the factor in the weights, where both paths end in some.
    pub(super) fn with_factor_in_weights(self) -> Self {
        let Some(short_cut) = &self.short_cut else { return self };
        let short_cut = Some(scaled(short_cut, self.factor));
        Self { second: scaled(&self.second, self.factor), short_cut, factor: 1.0, ..self }
    }

    pub(super) fn append(&self, builder: &mut NetworkBuilder, x: Value, embedding: Value) -> Result<Value> {
        let mut h = self.norm.append(builder, x)?;
        h = self.activation.append(builder, h)?;
        let mut cut = x;
        if let Some(resample) = &self.resample {
            h = resample.append(builder, h)?;
            cut = resample.append(builder, cut)?;
        }
        h = convolve(builder, &self.first, h)?;
        h = self.conditioning.append(builder, h, embedding, self.activation)?;
        h = convolve(builder, &self.second, h)?;
        if let Some(short_cut) = &self.short_cut {
            cut = convolve(builder, short_cut, cut)?;
        }
        add_scaled(builder, cut, h, self.factor)
    }
}

/// `y = (x + project(attention(qkv(norm(x))))) · factor`.
#[derive(Clone, Debug)]
pub(super) struct SelfAttention {
    pub(super) norm: Option<Norm>,
    /// Queries, keys and values as the [operator](Operator::Attention) wants them.
    pub(super) qkv: Convolution,
    pub(super) heads: usize,
    pub(super) project: Convolution,
    pub(super) factor: f64,
}

impl SelfAttention {
    pub(super) fn append(&self, builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
        let normed = self.norm.as_ref().map_or(Ok(x), |norm| norm.append(builder, x))?;
        let all = convolve(builder, &self.qkv, normed)?;
        let length = self.qkv.out_channels / 3;
        let mut part = |part: usize| builder.add(Operator::Slice { start: part * length, length }, &[all]);
        let parts = [part(0)?, part(1)?, part(2)?];
        let looked = builder.add(Operator::Attention { heads: self.heads }, &parts)?;
        let projected = convolve(builder, &self.project, looked)?;
        add_scaled(builder, x, projected, self.factor)
    }
}

/// How the channels of queries, keys and values lie in a file, the outermost axis first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QkvOrder {
    /// `[3, heads, d]`: all queries, all keys, all values. This is the order of the operator.
    Parts,
    /// `[heads, 3, d]`: those of a head together.
    Heads,
    /// `[heads, d, 3]`: those of a channel together.
    Channels,
}

impl QkvOrder {
    /// The convolution with its channels in the order of the operator. It has three times as many as `heads` divides.
    pub(super) fn sorted(self, convolution: Convolution, heads: usize) -> Convolution {
        if self == Self::Parts {
            return convolution;
        }
        let channels = convolution.out_channels / 3;
        let depth = channels / heads.max(1);
        let place = |row: usize| {
            let (part, head, channel) = (row / channels, row % channels / depth, row % depth);
            match self {
                Self::Parts => row,
                Self::Heads => (head * 3 + part) * depth + channel,
                Self::Channels => (head * depth + channel) * 3 + part,
            }
        };
        let width = convolution.in_channels * convolution.kernel[0] * convolution.kernel[1];
        let rows = 0..3 * channels;
        let weight: Vec<f32> =
            rows.clone().flat_map(|row| &convolution.weight[place(row) * width..][..width]).copied().collect();
        let bias = convolution.bias.as_ref().map(|bias| rows.map(|row| bias[place(row)]).collect());
        Convolution { weight: weight.into(), bias, ..convolution }
    }
}

fn scaled(convolution: &Convolution, factor: f64) -> Convolution {
    let weight = scale(&convolution.weight, factor);
    let bias = convolution.bias.as_ref().map(|bias| scale(bias, factor));
    Convolution { weight, bias, ..convolution.clone() }
}
