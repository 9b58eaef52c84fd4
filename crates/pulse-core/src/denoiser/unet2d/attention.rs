//! The layer in which every pixel looks at every other.

use pulse_engine::{Convolution, NetworkBuilder, Operator, Value};

use super::settings::Source;
use crate::Result;
use crate::denoiser::blocks::{Norm, add_scaled, convolve};

/// `y = (x + W₀ attention(W_q n, W_k n, W_v n)) / scale` with `n = norm(x)`.
#[derive(Clone, Debug)]
pub(super) struct SelfAttention {
    norm: Option<Norm>,
    /// Queries, keys, values.
    entries: [Convolution; 3],
    exit: Convolution,
    heads: usize,
    factor: f64,
}

impl SelfAttention {
    /// `groups` are those of the norm, `scale` what the sum is divided by.
    pub(super) fn read(source: &Source<'_>, name: &str, groups: usize, scale: f64) -> Result<Self> {
        let convolution = |part: &str| source.tensors.convolution(&format!("{name}.{part}"));
        let exit = convolution("to_out.0")?;
        let entries = [convolution("to_q")?, convolution("to_k")?, convolution("to_v")?];
        let (inner, head) = (entries[0].out_channels, source.model.head(exit.out_channels));
        if inner % head != 0 {
            let reason = format!("gives {inner} channels, which are no heads of {head}: mind attention_head_dim");
            return Err(source.tensors.unfit(&format!("{name}.to_q.weight"), &reason));
        }
        let norm = format!("{name}.group_norm");
        let normed = source.tensors.has(&format!("{norm}.weight"));
        Ok(Self {
            norm: normed.then(|| source.norm(&norm, groups)).transpose()?,
            entries,
            exit,
            heads: inner / head,
            factor: 1.0 / scale,
        })
    }

    pub(super) fn append(&self, builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
        let normed = self.norm.as_ref().map_or(Ok(x), |norm| norm.append(builder, x))?;
        let [query, key, value] = [0, 1, 2].map(|which| convolve(builder, &self.entries[which], normed));
        let heads = Operator::Attention { heads: self.heads };
        let mixed = builder.add(heads, &[query?, key?, value?])?;
        let mixed = convolve(builder, &self.exit, mixed)?;
        add_scaled(builder, x, mixed, self.factor)
    }
}
