//! Norms, styles, noise, and the layers of StyleGANs that put them round a linear map.

mod attention;
mod fourier;
mod group_norm;
mod heads;
mod layer;
mod looks;
mod modulate;
mod modulated;
mod noise;
mod norm;
mod normed_rows;
mod pieces;
mod pool;
mod softmax;

pub(super) use attention::Attention;
pub(super) use fourier::FourierFeatures;
pub(super) use group_norm::{GroupNorm, GroupNormParts};
pub(super) use layer::{Layer, LayerParts};
pub(super) use modulate::{AddChannels, AddNoise, Modulate};
pub(super) use modulated::{Modulated, ModulatedParts};
pub(super) use norm::{InstanceNorm, Normalize};
pub(super) use pool::MaxPool;
pub(super) use softmax::Softmax;
