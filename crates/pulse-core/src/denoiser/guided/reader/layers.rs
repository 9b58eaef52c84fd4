//! The layers of one block.

use super::super::super::blocks::Activation;
use super::super::super::layers::{AttentionNames, attention, convolution, dense, norm};
use super::super::super::published::Heads;
use super::super::super::resample::{Direction, Resample};
use super::super::super::residual::{Conditioning, QkvOrder, Residual, SelfAttention};
use super::super::super::steps::Step;
use super::{EPSILON, GROUPS, missing};
use crate::Result;
use crate::tensors::Tensors;

/// More layers than a block has.
const MOST_LAYERS: usize = 8;

/// What is known when layers are read.
pub(super) struct Layers<'a> {
    pub(super) tensors: &'a Tensors<'a>,
    /// The length of the embedding of the time.
    pub(super) embedding: usize,
    pub(super) heads: Option<Heads>,
    pub(super) heads_of_second_half: Option<Heads>,
    /// Whether queries, keys and values are split before the heads.
    pub(super) new_order: bool,
}

impl Layers<'_> {
    /// Adds the layers of a block. One that halves the size begins by that, one that doubles it ends by that.
    pub(super) fn block(
        &self,
        name: &str,
        direction: Option<Direction>,
        second_half: bool,
        steps: &mut Vec<Step>,
    ) -> Result<()> {
        let mut direction = direction;
        for layer in 0..MOST_LAYERS {
            let layer_name = format!("{name}.{layer}");
            let has = |part: &str| self.tensors.has(&format!("{layer_name}.{part}"));
            if has("in_layers.2.weight") {
                let resampled = match direction {
                    Some(Direction::Halve) => direction.take(),
                    Some(Direction::Double) if layer > 0 => direction.take(),
                    _ => None,
                };
                steps.push(Step::Residual(Box::new(self.residual(&layer_name, resampled)?)));
            } else if has("qkv.weight") {
                steps.push(Step::Attention(Box::new(self.attention(&layer_name, second_half)?)));
            } else if has("op.weight") {
                direction = None;
                let mut halve = convolution(self.tensors, &format!("{layer_name}.op"), [None; 2])?;
                halve.stride = 2;
                steps.push(Step::Convolution(halve));
            } else if has("conv.weight") {
                direction = None;
                let conv = convolution(self.tensors, &format!("{layer_name}.conv"), [None; 2])?;
                steps.extend([Step::Resample(Resample::Pairs(Direction::Double)), Step::Convolution(conv)]);
            } else if has("weight") {
                steps.push(Step::Convolution(convolution(self.tensors, &layer_name, [None; 2])?));
            }
        }
        // A change of size without numbers of its own.
        steps.extend(direction.map(|direction| Step::Resample(Resample::Pairs(direction))));
        Ok(())
    }

    fn residual(&self, name: &str, direction: Option<Direction>) -> Result<Residual> {
        let tensors = self.tensors;
        let part = |part: &str| format!("{name}.{part}");
        let first_norm = norm(tensors, &part("in_layers.0"), |_| GROUPS, EPSILON)?;
        let from = first_norm.scale.len();
        let first = convolution(tensors, &part("in_layers.2"), [Some(from), None])?;
        let to = first.out_channels;
        let second = convolution(tensors, &part("out_layers.3"), [Some(to); 2])?;
        let inner = norm(tensors, &part("out_layers.0"), |_| GROUPS, EPSILON)?;
        let layer = dense(tensors, &part("emb_layers.1"), self.embedding)?;
        let conditioning = match layer.out_features {
            _ if inner.scale.len() != to => {
                return Err(tensors.unfit(&part("out_layers.0"), "has other channels than its block"));
            }
            outputs if outputs == to => Conditioning::Added { layer, norm: inner },
            outputs if outputs == 2 * to => Conditioning::modulated(&layer, &inner),
            outputs => {
                let reason = format!("gives {outputs} numbers for a block of {to} channels");
                return Err(tensors.unfit(&part("emb_layers.1"), &reason));
            }
        };
        let skip = part("skip_connection");
        let short_cut = if tensors.has(&format!("{skip}.weight")) {
            Some(convolution(tensors, &skip, [Some(from), Some(to)])?)
        } else {
            None
        };
        let resample = direction.map(Resample::Pairs);
        Ok(Residual {
            norm: first_norm,
            resample,
            first,
            conditioning,
            second,
            short_cut,
            factor: 1.0,
            activation: Activation::Silu,
        })
    }

    fn attention(&self, name: &str, second_half: bool) -> Result<SelfAttention> {
        let norm = norm(self.tensors, &format!("{name}.norm"), |_| GROUPS, EPSILON)?;
        let channels = norm.scale.len();
        let heads = match self.heads {
            Some(Heads::Count(_)) if second_half => self.heads_of_second_half.or(self.heads),
            heads => heads,
        };
        let heads = match heads.ok_or_else(|| missing("num_head_channels", "64"))? {
            Heads::Count(count) => count,
            Heads::Channels(each) if channels.is_multiple_of(each) => channels / each,
            Heads::Channels(each) => {
                let reason = format!("has {channels} channels, which do not make heads of {each}");
                return Err(self.tensors.unfit(name, &reason));
            }
        };
        let order = if self.new_order { QkvOrder::Parts } else { QkvOrder::Heads };
        let (qkv, project) = (format!("{name}.qkv"), format!("{name}.proj_out"));
        attention(self.tensors, norm, &AttentionNames { qkv: &qkv, project: &project, order }, heads, 1.0)
    }
}
