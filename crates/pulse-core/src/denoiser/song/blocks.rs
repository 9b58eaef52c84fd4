//! One block of a network of EDM.

use pulse_checkpoint::Value as Setting;
use pulse_engine::Fir;

use super::super::blocks::{Activation, Norm};
use super::super::layers::{self, AttentionNames, attention, convolution, dense};
use super::super::resample::{Direction, Resample, by_filter, read_taps};
use super::super::residual::{Conditioning, QkvOrder, Residual, SelfAttention};
use super::super::steps::Step;
use super::{Kind, Network};
use crate::Result;

/// Channels of a head of ADM.
const HEAD_CHANNELS: usize = 64;

impl Network<'_> {
    /// Adds the steps of a block: a residual block, and attention where it has any.
    pub(super) fn block(
        &self,
        name: &str,
        direction: Option<Direction>,
        embedding: usize,
        steps: &mut Vec<Step>,
    ) -> Result<()> {
        let residual = self.residual(name, direction, embedding)?;
        let channels = residual.second.out_channels;
        steps.push(Step::Residual(Box::new(residual)));
        if self.has(&format!("{name}.qkv.weight")) {
            steps.push(Step::Attention(Box::new(self.attention(name, channels)?)));
        }
        Ok(())
    }

    fn residual(&self, name: &str, direction: Option<Direction>, embedding: usize) -> Result<Residual> {
        let tensors = self.tensors;
        let part = |part: &str| self.name(&format!("{name}.{part}"));
        let norm = self.norm(&format!("{name}.norm0"))?;
        let from = norm.scale.len();
        let first = convolution(tensors, &part("conv0"), [Some(from), None])?;
        let to = first.out_channels;
        let second = convolution(tensors, &part("conv1"), [Some(to); 2])?;
        let layer = dense(tensors, &part("affine"), embedding)?;
        let inner = self.norm(&format!("{name}.norm1"))?;
        let conditioning = match layer.out_features {
            _ if inner.scale.len() != to => {
                return Err(tensors.unfit(&part("norm1"), "has other channels than its block"));
            }
            outputs if outputs == to => Conditioning::Added { layer, norm: inner },
            outputs if outputs == 2 * to => Conditioning::modulated(&layer, &inner),
            outputs => {
                let reason = format!("gives {outputs} numbers for a block of {to} channels");
                return Err(tensors.unfit(&part("affine"), &reason));
            }
        };
        let short_cut = if tensors.has(&part("skip.weight")) {
            Some(convolution(tensors, &part("skip"), [Some(from), Some(to)])?)
        } else {
            None
        };
        let filter = |direction| self.filter(&format!("{name}.conv0"), direction);
        let resample = direction.map(filter).transpose()?.map(Resample::Filter);
        let factor = self.factor(name);
        Ok(Residual { norm, resample, first, conditioning, second, short_cut, factor, activation: Activation::Silu }
            .with_factor_in_weights())
    }

    fn attention(&self, name: &str, channels: usize) -> Result<SelfAttention> {
        let norm = self.norm(&format!("{name}.norm2"))?;
        let (qkv, project) = (self.name(&format!("{name}.qkv")), self.name(&format!("{name}.proj")));
        let said = self.setting(name, "num_heads").and_then(Setting::as_integer).and_then(|n| usize::try_from(n).ok());
        let heads = said.filter(|&heads| heads > 0).unwrap_or(match self.kind {
            Kind::Song => 1,
            Kind::Dhariwal => (channels / HEAD_CHANNELS).max(1),
        });
        let names = AttentionNames { qkv: &qkv, project: &project, order: QkvOrder::Channels };
        attention(self.tensors, norm, &names, heads, self.factor(name))
    }

    /// The factor of a block's sums: sqrt(1/2) in `SongUNet`, so that both paths have half the power, and 1 in `DhariwalUNet`.
    fn factor(&self, name: &str) -> f64 {
        let said = self.setting(name, "skip_scale").and_then(Setting::as_float);
        said.unwrap_or(match self.kind {
            Kind::Song => std::f64::consts::FRAC_1_SQRT_2,
            Kind::Dhariwal => 1.0,
        })
    }

    /// A group norm: min(32, C / 4) groups where the file does not say how many.
    pub(super) fn norm(&self, name: &str) -> Result<Norm> {
        let said = self.setting(name, "num_groups").and_then(Setting::as_integer).and_then(|n| usize::try_from(n).ok());
        let epsilon = self.setting(name, "eps").and_then(Setting::as_float).unwrap_or(match self.kind {
            Kind::Song => 1e-6,
            Kind::Dhariwal => 1e-5,
        });
        if !(epsilon > 0.0 && epsilon < 1.0) {
            return Err(self.tensors.unfit(&self.name(name), "adds a number to its variance that is not a small one"));
        }
        layers::norm(self.tensors, &self.name(name), |channels| said.unwrap_or((channels / 4).min(32)), epsilon as f32)
    }

    /// The filter by which a layer changes the number of pixels.
    pub(super) fn filter(&self, layer: &str, direction: Direction) -> Result<Fir> {
        Ok(by_filter(&self.taps(layer)?, direction))
    }

    /// The taps of a layer's filter, of sum 1.
    fn taps(&self, layer: &str) -> Result<Vec<f64>> {
        // A plain state dictionary may come without its buffers. The networks with a Fourier embedding are NCSN++.
        let otherwise: &[f64] = if self.has("map_noise.freqs") { &[1.0, 3.0, 3.0, 1.0] } else { &[1.0, 1.0] };
        read_taps(self.tensors, &self.name(&format!("{layer}.resample_filter")), otherwise)
    }

    fn setting(&self, module: &str, key: &str) -> Option<&Setting> {
        self.tensors.setting(&self.name(module), key)
    }
}
