//! The blocks on the way down, in the middle and on the way up.

use std::f64::consts::SQRT_2;

use pulse_engine::{Convolution, NetworkBuilder, Operator, Value};

use super::attention;
use super::residual::{self, Kind, smoothly};
use super::settings::{Model, Source, own_groups};
use crate::Result;
use crate::denoiser::blocks::{Norm, convolve, repeat_pixels};
use crate::denoiser::resample::{Direction, Resample};
use crate::denoiser::residual::{Residual, SelfAttention};

/// What goes from block to block.
pub(super) struct Flow {
    /// The features.
    pub(super) x: Value,
    /// What every layer on the way down gave, which the layers on the way up take from behind.
    pub(super) kept: Vec<Value>,
    /// The small copy of the picture that the blocks with `Skip` in their names know; on the way up what they made of it.
    pub(super) picture: Option<Value>,
    /// The embedding of the time and the class, activated.
    pub(super) embedding: Value,
}

/// What a block's name says.
#[derive(Clone, Copy)]
struct Named {
    attention: bool,
    /// It keeps a copy of the picture.
    skip: bool,
    /// It resizes by a residual layer, where the last block of its way does not.
    by_residual: bool,
}

impl Named {
    fn read(source: &Source<'_>, index: usize, way: Way) -> Result<Self> {
        let (names, key, type_key) = match way {
            Way::Down => (&source.model.down, "down_block_types", "downsample_type"),
            Way::Up => (&source.model.up, "up_block_types", "upsample_type"),
        };
        let name = names[index].strip_prefix("UNetRes").unwrap_or(names[index]);
        let by_type = || match source.settings.text(type_key, "conv")? {
            "conv" => Ok(false),
            "resnet" => Ok(true),
            other => Err(source.settings.unfit(type_key, &format!("is {other:?}: conv and resnet can be read"))),
        };
        let [attention, skip, by_residual] = match (name, way) {
            ("DownBlock2D", Way::Down) | ("UpBlock2D", Way::Up) => [false, false, false],
            ("ResnetDownsampleBlock2D", Way::Down) | ("ResnetUpsampleBlock2D", Way::Up) => [false, false, true],
            ("AttnDownBlock2D", Way::Down) | ("AttnUpBlock2D", Way::Up) => [true, false, by_type()?],
            ("SkipDownBlock2D", Way::Down) | ("SkipUpBlock2D", Way::Up) => [false, true, true],
            ("AttnSkipDownBlock2D", Way::Down) | ("AttnSkipUpBlock2D", Way::Up) => [true, true, true],
            _ => {
                let kinds = if way == Way::Down { "Down, ResnetDownsample" } else { "Up, ResnetUpsample" };
                let attn =
                    if way == Way::Down { "AttnDown, SkipDown, AttnSkipDown" } else { "AttnUp, SkipUp, AttnSkipUp" };
                let reason = format!("has {name:?}: {kinds}, {attn} (each with Block2D behind it) can be read");
                return Err(source.settings.unfit(key, &reason));
            }
        };
        Ok(Self { attention, skip, by_residual })
    }

    /// What the sums of its layers are divided by.
    fn scale(self) -> f64 {
        if self.skip { SQRT_2 } else { 1.0 }
    }

    /// The groups of the norm before its attention.
    fn attention_groups(self, model: &Model<'_>, channels: usize) -> usize {
        if self.skip { 32 } else { model.groups(channels) }
    }

    /// The groups of the norms of a residual layer.
    fn groups(self, model: &Model<'_>, from: usize, to: usize) -> [usize; 2] {
        if self.skip { [own_groups(from), own_groups(to)] } else { [model.groups(from), model.groups(to)] }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Down,
    Up,
}

/// A block on the way down.
#[derive(Clone, Debug)]
pub(super) struct Down {
    layers: Vec<(Residual, Option<SelfAttention>)>,
    shrink: Option<Shrink>,
}

#[derive(Clone, Debug)]
enum Shrink {
    /// Every second pixel of a convolution; with one row and one column of zeros at the end where it is not padded.
    Convolution {
        convolution: Convolution,
        end: bool,
    },
    Residual(Residual),
    /// A residual layer, to which a smaller picture is added.
    Picture {
        residual: Residual,
        convolution: Convolution,
    },
}

/// The block in the middle.
#[derive(Clone, Debug)]
pub(super) struct Middle {
    before: Residual,
    attention: Option<SelfAttention>,
    after: Residual,
}

/// A block on the way up.
#[derive(Clone, Debug)]
pub(super) struct Up {
    layers: Vec<(Residual, Option<SelfAttention>)>,
    grow: Option<Grow>,
    /// It knows the small copy of the picture.
    skip: bool,
}

#[derive(Clone, Debug)]
enum Grow {
    /// Every pixel twice along both axes, then a convolution.
    Convolution(Convolution),
    Residual(Residual),
    /// A residual layer, before which a part of the picture is made.
    Picture {
        norm: Norm,
        convolution: Convolution,
        residual: Residual,
    },
}

/// Reads all blocks.
pub(super) fn read(source: &Source<'_>) -> Result<(Vec<Down>, Option<Middle>, Vec<Up>)> {
    let model = source.model;
    let last = model.widths.len() - 1;
    let down = (0..=last).map(|index| Down::read(source, index)).collect::<Result<_>>()?;
    let middle = match model.middle {
        None => None,
        Some("UNetMidBlock2D") => Some(Middle::read(source, model.widths[last])?),
        Some(other) => {
            let reason = format!("is {other:?}: UNetMidBlock2D can be read");
            return Err(source.settings.unfit("mid_block_type", &reason));
        }
    };
    let up = (0..=last).map(|index| Up::read(source, index)).collect::<Result<_>>()?;
    Ok((down, middle, up))
}

impl Down {
    fn read(source: &Source<'_>, index: usize) -> Result<Self> {
        let (model, block) = (source.model, format!("down_blocks.{index}"));
        let named = Named::read(source, index, Way::Down)?;
        let (before, width) = (model.widths[index.saturating_sub(1)], model.widths[index]);
        let layer = |layer: usize| {
            let from = if layer == 0 { before } else { width };
            let kind = Kind { groups: named.groups(model, from, width), resample: None, scale: named.scale() };
            let residual = residual::read(source, &format!("{block}.resnets.{layer}"), kind)?;
            let attention = format!("{block}.attentions.{layer}");
            let groups = named.attention_groups(model, width);
            let attention =
                named.attention.then(|| attention::read(source, &attention, groups, named.scale())).transpose()?;
            Ok((residual, attention))
        };
        let layers = (0..model.layers).map(layer).collect::<Result<_>>()?;
        let shrink =
            (index + 1 < model.widths.len()).then(|| Shrink::read(source, &block, width, named)).transpose()?;
        Ok(Self { layers, shrink })
    }

    pub(super) fn append(&self, builder: &mut NetworkBuilder, flow: &mut Flow) -> Result<()> {
        for (residual, attention) in &self.layers {
            flow.x = residual.append(builder, flow.x, flow.embedding)?;
            if let Some(attention) = attention {
                flow.x = attention.append(builder, flow.x)?;
            }
            flow.kept.push(flow.x);
        }
        if let Some(shrink) = &self.shrink {
            shrink.append(builder, flow)?;
            flow.kept.push(flow.x);
        }
        Ok(())
    }
}

impl Shrink {
    fn read(source: &Source<'_>, block: &str, width: usize, named: Named) -> Result<Self> {
        let groups = named.groups(source.model, width, width);
        let scale = named.scale();
        if named.skip {
            let kind = Kind { groups, resample: Some(smoothly(Direction::Halve)), scale };
            let residual = residual::read(source, &format!("{block}.resnet_down"), kind)?;
            let convolution = source.tensors.convolution(&format!("{block}.skip_conv"))?;
            return Ok(Self::Picture { residual, convolution });
        }
        if named.by_residual {
            let kind = Kind { groups, resample: Some(Resample::Pairs(Direction::Halve)), scale };
            return residual::read(source, &format!("{block}.downsamplers.0"), kind).map(Self::Residual);
        }
        let padding = source.settings.count("downsample_padding", 1, 0..=1)?;
        let convolution = source.tensors.convolution(&format!("{block}.downsamplers.0.conv"))?;
        Ok(Self::Convolution { convolution: Convolution { stride: 2, padding, ..convolution }, end: padding == 0 })
    }

    fn append(&self, builder: &mut NetworkBuilder, flow: &mut Flow) -> Result<()> {
        match self {
            Self::Convolution { convolution, end } => {
                if *end {
                    flow.x = builder.add(Operator::Pad { vertical: [0, 1], horizontal: [0, 1] }, &[flow.x])?;
                }
                flow.x = convolve(builder, convolution, flow.x)?;
            }
            Self::Residual(residual) => flow.x = residual.append(builder, flow.x, flow.embedding)?,
            Self::Picture { residual, convolution } => {
                let hidden = residual.append(builder, flow.x, flow.embedding)?;
                let picture = flow.picture.expect("there is a picture on the way down");
                let picture = smoothly(Direction::Halve).append(builder, picture)?;
                let told = convolve(builder, convolution, picture)?;
                flow.x = builder.add(Operator::Add, &[told, hidden])?;
                flow.picture = Some(picture);
            }
        }
        Ok(())
    }
}

impl Middle {
    fn read(source: &Source<'_>, width: usize) -> Result<Self> {
        let (settings, model) = (&source.settings, source.model);
        let scale = settings.number("mid_block_scale_factor", 1.0, 1e-6..=1e6)?;
        let groups = model.groups(width);
        let kind = Kind { groups: [groups; 2], resample: None, scale };
        let attention_groups = settings.count("attn_norm_num_groups", groups, 1..=1 << 16)?;
        let attention = settings
            .flag("add_attention", true)?
            .then(|| attention::read(source, "mid_block.attentions.0", attention_groups, scale))
            .transpose()?;
        let residual = |index: usize| residual::read(source, &format!("mid_block.resnets.{index}"), kind.clone());
        Ok(Self { before: residual(0)?, attention, after: residual(1)? })
    }

    pub(super) fn append(&self, builder: &mut NetworkBuilder, flow: &mut Flow) -> Result<()> {
        flow.x = self.before.append(builder, flow.x, flow.embedding)?;
        if let Some(attention) = &self.attention {
            flow.x = attention.append(builder, flow.x)?;
        }
        flow.x = self.after.append(builder, flow.x, flow.embedding)?;
        Ok(())
    }
}

impl Up {
    fn read(source: &Source<'_>, index: usize) -> Result<Self> {
        let (model, block) = (source.model, format!("up_blocks.{index}"));
        let named = Named::read(source, index, Way::Up)?;
        let last = model.widths.len() - 1;
        let [width, before, below] =
            [last - index, last - index.saturating_sub(1), last.saturating_sub(index + 1)].map(|at| model.widths[at]);
        let layer = |layer: usize| {
            let from = if layer == 0 { before } else { width };
            let kept = if layer == model.layers { below } else { width };
            let mut groups = named.groups(model, from + kept, width);
            if named.skip && named.attention {
                // So these blocks were trained.
                groups[0] = (from + kept / 4).min(32);
            }
            let kind = Kind { groups, resample: None, scale: named.scale() };
            let residual = residual::read(source, &format!("{block}.resnets.{layer}"), kind)?;
            // Blocks with a picture have a single attention, behind all layers.
            let attention = named.attention && (!named.skip || layer == model.layers);
            let place = if named.skip { 0 } else { layer };
            let groups = named.attention_groups(model, width);
            let name = format!("{block}.attentions.{place}");
            let attention = attention.then(|| attention::read(source, &name, groups, named.scale())).transpose()?;
            Ok((residual, attention))
        };
        let layers = (0..=model.layers).map(layer).collect::<Result<_>>()?;
        let grow = (index < last).then(|| Grow::read(source, &block, width, named)).transpose()?;
        Ok(Self { layers, grow, skip: named.skip })
    }

    pub(super) fn append(&self, builder: &mut NetworkBuilder, flow: &mut Flow) -> Result<()> {
        for (residual, attention) in &self.layers {
            let kept = flow.kept.pop().expect("one more layer a block on the way up than down");
            let joined = builder.add(Operator::Concatenate, &[flow.x, kept])?;
            flow.x = residual.append(builder, joined, flow.embedding)?;
            if let Some(attention) = attention {
                flow.x = attention.append(builder, flow.x)?;
            }
        }
        if let Some(picture) = flow.picture.filter(|_| self.skip) {
            flow.picture = Some(smoothly(Direction::Double).append(builder, picture)?);
        }
        self.grow.as_ref().map_or(Ok(()), |grow| grow.append(builder, flow))
    }
}

impl Grow {
    fn read(source: &Source<'_>, block: &str, width: usize, named: Named) -> Result<Self> {
        let groups = named.groups(source.model, width, width);
        let scale = named.scale();
        if named.skip {
            let kind = Kind { groups, resample: Some(smoothly(Direction::Double)), scale };
            return Ok(Self::Picture {
                norm: source.norm(&format!("{block}.skip_norm"), own_groups(width))?,
                convolution: source.tensors.convolution(&format!("{block}.skip_conv"))?,
                residual: residual::read(source, &format!("{block}.resnet_up"), kind)?,
            });
        }
        if named.by_residual {
            let kind = Kind { groups, resample: Some(Resample::Pairs(Direction::Double)), scale };
            return residual::read(source, &format!("{block}.upsamplers.0"), kind).map(Self::Residual);
        }
        source.tensors.convolution(&format!("{block}.upsamplers.0.conv")).map(Self::Convolution)
    }

    fn append(&self, builder: &mut NetworkBuilder, flow: &mut Flow) -> Result<()> {
        match self {
            Self::Convolution(convolution) => {
                let repeated = repeat_pixels(builder, flow.x)?;
                flow.x = convolve(builder, convolution, repeated)?;
            }
            Self::Residual(residual) => flow.x = residual.append(builder, flow.x, flow.embedding)?,
            Self::Picture { norm, convolution, residual } => {
                let activated = norm.append_activated(builder, flow.x)?;
                let made = convolve(builder, convolution, activated)?;
                flow.picture = Some(match flow.picture {
                    Some(picture) => builder.add(Operator::Add, &[picture, made])?,
                    None => made,
                });
                flow.x = residual.append(builder, flow.x, flow.embedding)?;
            }
        }
        Ok(())
    }
}
