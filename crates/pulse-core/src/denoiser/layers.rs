//! Layers of a checkpoint, without the scaling of an equalised learning rate.

use pulse_engine::{Convolution, Dense};

use super::blocks::Norm;
use super::residual::{QkvOrder, SelfAttention};
use crate::Result;
use crate::tensors::Tensors;

/// More channels than any layer has, so that products of sizes do not overflow.
const MOST_CHANNELS: usize = 1 << 20;

/// The dense layer `name` from `from` numbers, with or without a bias.
pub(super) fn dense(tensors: &Tensors, name: &str, from: usize) -> Result<Dense> {
    let dense = tensors.plain_dense(name)?;
    if dense.in_features == from {
        return Ok(dense);
    }
    let reason = format!("takes {} numbers where there are {from}", dense.in_features);
    Err(tensors.unfit(&format!("{name}.weight"), &reason))
}

/// The group norm `name`, whose channels make so many groups.
pub(super) fn norm(tensors: &Tensors, name: &str, groups: impl Fn(usize) -> usize, epsilon: f32) -> Result<Norm> {
    let weight = format!("{name}.weight");
    let [channels] = tensors.shape(&weight)?;
    Ok(Norm {
        groups: groups(channels),
        epsilon,
        scale: tensors.numbers(&weight, &[channels])?,
        shift: tensors.numbers(&format!("{name}.bias"), &[channels])?,
    })
}

/// The convolution `name`, which takes and gives so many channels where they are said.
pub(super) fn convolution(tensors: &Tensors, name: &str, channels: [Option<usize>; 2]) -> Result<Convolution> {
    let convolution = tensors.convolution(name)?;
    let found = [convolution.in_channels, convolution.out_channels];
    let fits = |(found, wanted): (usize, Option<usize>)| found <= MOST_CHANNELS && wanted.is_none_or(|n| n == found);
    if found.into_iter().zip(channels).all(fits) {
        return Ok(convolution);
    }
    let [from, to] = found;
    Err(tensors.unfit(name, &format!("takes {from} channels to {to}, which is not what its neighbours have")))
}

/// The parts of self-attention by their names, and how its channels lie.
pub(super) struct AttentionNames<'a> {
    pub(super) qkv: &'a str,
    pub(super) project: &'a str,
    pub(super) order: QkvOrder,
}

/// Self-attention of so many heads.
pub(super) fn attention(
    tensors: &Tensors,
    norm: Norm,
    names: &AttentionNames,
    heads: usize,
    factor: f64,
) -> Result<SelfAttention> {
    let channels = norm.scale.len();
    if heads == 0 || !channels.is_multiple_of(heads) {
        return Err(tensors.unfit(names.qkv, &format!("has {channels} channels, which do not make {heads} heads")));
    }
    let qkv = convolution(tensors, names.qkv, [Some(channels), Some(3 * channels)])?;
    let project = convolution(tensors, names.project, [Some(channels); 2])?;
    Ok(SelfAttention { norm: Some(norm), qkv: names.order.sorted(qkv, heads), heads, project, factor })
}
