//! Residual layers by their names in a state dictionary.

use super::settings::Source;
use crate::Result;
use crate::denoiser::resample::{Direction, Resample, by_filter};
use crate::denoiser::residual::{Conditioning, Residual};

/// What differs from one residual layer to another.
#[derive(Clone)]
pub(super) struct Kind {
    /// The groups of both norms.
    pub(super) groups: [usize; 2],
    pub(super) resample: Option<Resample>,
    /// What the sum is divided by.
    pub(super) scale: f64,
}

/// To half or to twice the size by the filter [1, 3, 3, 1].
pub(super) fn smoothly(direction: Direction) -> Resample {
    Resample::Filter(by_filter(&[0.125, 0.375, 0.375, 0.125], direction))
}

/// The residual layer `name`.
pub(super) fn read(source: &Source<'_>, name: &str, kind: Kind) -> Result<Residual> {
    let part = |part: &str| format!("{name}.{part}");
    let (layer, norm) = (source.dense(&part("time_emb_proj"))?, source.norm(&part("norm2"), kind.groups[1])?);
    let (told, channels) = (layer.out_features, norm.scale.len());
    let conditioning = match source.model.scale_shift {
        false => Conditioning::Added { layer, norm },
        true if told == 2 * channels => Conditioning::modulated(&layer, &norm),
        true => {
            let reason = format!("gives {told} numbers where scales and shifts of {channels} channels are needed");
            return Err(source.tensors.unfit(&part("time_emb_proj.weight"), &reason));
        }
    };
    let short_cut = part("conv_shortcut");
    let has_short_cut = source.tensors.has(&format!("{short_cut}.weight"));
    Ok(Residual {
        norm: source.norm(&part("norm1"), kind.groups[0])?,
        resample: kind.resample,
        first: source.tensors.convolution(&part("conv1"))?,
        conditioning,
        second: source.tensors.convolution(&part("conv2"))?,
        short_cut: has_short_cut.then(|| source.tensors.convolution(&short_cut)).transpose()?,
        factor: 1.0 / kind.scale,
        activation: source.model.activation,
    })
}
