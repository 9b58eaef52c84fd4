//! What the configuration says of the whole network, and its tensors beside it.

use std::collections::BTreeMap;

use pulse_checkpoint::{Configuration, Tensor};
use pulse_engine::Dense;

use super::FAMILY;
use crate::Result;
use crate::denoiser::blocks::{Activation, Norm};
use crate::denoiser::layers;
use crate::denoiser::settings::Settings;
use crate::tensors::{MOST_BLOCKS, Tensors};

/// Pixels along a side of pictures, beyond those of any such network.
const LARGEST_SIDE: usize = 2048;
/// Channels of a layer, beyond any.
const WIDEST: usize = 1 << 16;
/// Layers of a block, beyond any.
const MOST_LAYERS: usize = 64;

/// What every block has to know.
#[derive(Clone, Debug)]
pub(super) struct Model<'a> {
    pub(super) channels: usize,
    pub(super) outputs: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) centered: bool,
    /// Channels at each size.
    pub(super) widths: Vec<usize>,
    pub(super) down: Vec<&'a str>,
    pub(super) up: Vec<&'a str>,
    pub(super) middle: Option<&'a str>,
    /// Layers of a block on the way down. On the way up there is one more.
    pub(super) layers: usize,
    pub(super) activation: Activation,
    norm_groups: Option<usize>,
    epsilon: f32,
    head: Option<usize>,
    /// The embedding of the time scales and shifts the second norm's result, and is no term before it.
    pub(super) scale_shift: bool,
}

impl<'a> Model<'a> {
    pub(super) fn read(configuration: &'a Configuration) -> Result<Self> {
        let settings = Settings::new(FAMILY, configuration);
        let [height, width] = picture_size(&settings)?;
        let model = Self {
            channels: settings.count("in_channels", 3, 1..=4)?,
            outputs: settings.count("out_channels", 3, 1..=8)?,
            height,
            width,
            centered: settings.flag("center_input_sample", false)?,
            widths: settings.counts("block_out_channels", MOST_BLOCKS, 1..=WIDEST)?,
            down: settings.texts("down_block_types", MOST_BLOCKS)?,
            up: settings.texts("up_block_types", MOST_BLOCKS)?,
            middle: settings.nullable_text("mid_block_type", "UNetMidBlock2D")?,
            layers: settings.count("layers_per_block", 2, 1..=MOST_LAYERS)?,
            activation: activation(&settings)?,
            norm_groups: settings.nullable_count("norm_num_groups", Some(32), 1..=WIDEST)?,
            epsilon: settings.number("norm_eps", 1e-5, 0.0..=1.0)? as f32,
            head: settings.nullable_count("attention_head_dim", Some(8), 1..=WIDEST)?,
            scale_shift: match settings.text("resnet_time_scale_shift", "default")? {
                "default" => false,
                "scale_shift" => true,
                other => {
                    let reason = format!("is {other:?}: default and scale_shift can be read");
                    return Err(settings.unfit("resnet_time_scale_shift", &reason));
                }
            },
        };
        let [down, up, widths] = [model.down.len(), model.up.len(), model.widths.len()];
        if [down, up] != [widths; 2] {
            let reason = format!("has {widths} elements beside {down} blocks down and {up} up: give one for each");
            return Err(settings.unfit("block_out_channels", &reason));
        }
        Ok(model)
    }

    /// The groups of a norm over `channels` channels, as the configuration has them.
    pub(super) fn groups(&self, channels: usize) -> usize {
        self.norm_groups.unwrap_or_else(|| own_groups(channels))
    }

    /// The channels of a head of attention among `channels`.
    pub(super) fn head(&self, channels: usize) -> usize {
        self.head.unwrap_or(channels)
    }
}

/// The groups of a norm in the blocks that do not ask the configuration.
pub(super) fn own_groups(channels: usize) -> usize {
    (channels / 4).min(32)
}

fn picture_size(settings: &Settings<'_>) -> Result<[usize; 2]> {
    let key = "sample_size";
    let sides = 1..=LARGEST_SIDE;
    match settings.get(key) {
        None => Err(settings.unfit(key, "is missing: write there how many pixels a side has")),
        Some(value) if value.as_list().is_some() => match settings.counts(key, 2, sides)?[..] {
            [height, width] => Ok([height, width]),
            _ => Err(settings.unfit(key, "is a list of 1: write height and width")),
        },
        Some(value) => settings.whole(key, value, &sides).map(|side| [side; 2]),
    }
}

/// What stands between a residual layer's convolutions.
fn activation(settings: &Settings<'_>) -> Result<Activation> {
    match settings.text("act_fn", "silu")? {
        "silu" | "swish" => Ok(Activation::Silu),
        "relu" => Ok(Activation::Relu),
        "mish" => Ok(Activation::Mish),
        other => Err(settings.unfit("act_fn", &format!("is {other:?}: silu, swish, relu and mish can be read"))),
    }
}

/// The tensors of a file, with what its configuration says.
pub(super) struct Source<'a> {
    pub(super) tensors: Tensors<'a>,
    pub(super) settings: Settings<'a>,
    pub(super) model: &'a Model<'a>,
}

impl<'a> Source<'a> {
    pub(super) fn new(
        what: &'static str,
        tensors: &'a BTreeMap<String, Tensor>,
        configuration: &'a Configuration,
        model: &'a Model<'a>,
    ) -> Self {
        let settings = Settings::new(what, configuration);
        Self { tensors: Tensors::new(what, tensors, configuration), settings, model }
    }

    pub(super) fn dense(&self, name: &str) -> Result<Dense> {
        self.tensors.plain_dense(name)
    }

    /// The group norm `name`.
    pub(super) fn norm(&self, name: &str, groups: usize) -> Result<Norm> {
        layers::norm(&self.tensors, name, |_| groups, self.model.epsilon)
    }
}
