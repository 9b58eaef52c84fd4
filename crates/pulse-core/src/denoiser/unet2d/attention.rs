//! Self-attention by its names in a state dictionary.

use pulse_engine::Convolution;

use super::settings::Source;
use crate::Result;
use crate::denoiser::residual::SelfAttention;

/// The attention `name`. `groups` are those of its norm, `scale` what the sum is divided by.
pub(super) fn read(source: &Source<'_>, name: &str, groups: usize, scale: f64) -> Result<SelfAttention> {
    let convolution = |part: &str| source.tensors.convolution(&format!("{name}.{part}"));
    let project = convolution("to_out.0")?;
    let parts = [convolution("to_q")?, convolution("to_k")?, convolution("to_v")?];
    let (inner, head) = (parts[0].out_channels, source.model.head(project.out_channels));
    if !inner.is_multiple_of(head) {
        let reason = format!("gives {inner} channels, which are no heads of {head}: mind attention_head_dim");
        return Err(source.tensors.unfit(&format!("{name}.to_q.weight"), &reason));
    }
    let shape = |part: &Convolution| (part.in_channels, part.out_channels, part.kernel);
    if parts.iter().any(|part| shape(part) != shape(&parts[0])) {
        return Err(source.tensors.unfit(name, "has queries, keys and values of different shapes"));
    }
    let norm = format!("{name}.group_norm");
    let normed = source.tensors.has(&format!("{norm}.weight"));
    Ok(SelfAttention {
        norm: normed.then(|| source.norm(&norm, groups)).transpose()?,
        qkv: stacked(&parts),
        heads: inner / head,
        project,
        factor: 1.0 / scale,
    })
}

/// Convolutions of one shape as one, the channels of one behind those of the other.
fn stacked(parts: &[Convolution; 3]) -> Convolution {
    let weight: Vec<f32> = parts.iter().flat_map(|part| part.weight.iter().copied()).collect();
    let none = vec![0.0; parts[0].out_channels];
    let bias = |part: &Convolution| part.bias.as_deref().unwrap_or(&none).to_vec();
    let biases = parts.iter().any(|part| part.bias.is_some()).then(|| parts.iter().flat_map(bias).collect());
    Convolution { weight: weight.into(), bias: biases, out_channels: 3 * parts[0].out_channels, ..parts[0].clone() }
}
