//! NVIDIA's pickles for PyTorch, StyleGAN2-ADA and later.

use std::collections::BTreeMap;

use pulse_checkpoint::{Checkpoint, Tensor};
use pulse_engine::{Convolution, Weights};

use super::super::assembly::Noise;
use super::super::entrance::Entrance;
use super::super::filter;
use super::super::mapping::Mapping;
use super::super::modulated::{Modulated, Parts, weight_shape};
use super::super::{Family, GeneratorSpec, checked};
use super::{Block, Layer, Skip, StyleGan2, ToRgb};
use crate::Result;
use crate::tensors::{Equalised, MOST_BLOCKS, Tensors};

/// What is no parameter of the network, by the beginning of the last part of its name.
const BUFFERS: [&str; 3] = ["noise_const", "resample_filter", "w_avg"];
/// A doubling spreads each pixel over four.
const DOUBLING_GAIN: f64 = 4.0;

pub(super) fn is_named(tensors: &BTreeMap<String, Tensor>) -> bool {
    tensors.contains_key("synthesis.b4.const")
}

pub(super) fn read(checkpoint: &Checkpoint) -> Result<StyleGan2> {
    let tensors = &Tensors::new(Family::STYLEGAN2.name(), &checkpoint.tensors, &checkpoint.configuration);
    let [_, width] = tensors.shape("synthesis.b4.conv1.affine.weight")?;
    let constant = tensors.constant("synthesis.b4.const")?;
    let [channels, height, columns] = tensors.shape::<3>("synthesis.b4.const")?;
    let mut reader = Reader { tensors, width, channels, first: [height, columns] };
    let count = (0..MOST_BLOCKS).take_while(|&index| tensors.has(&format!("synthesis.b{}.conv1.weight", 4 << index)));
    let sizes: Vec<_> = count.map(|index| 4_usize << index).collect();
    let blocks = sizes.iter().map(|&size| reader.block(size)).collect::<Result<Vec<_>>>()?;
    let last = blocks.last().and_then(|block| block.to_rgb.as_ref());
    let name = format!("synthesis.b{}.torgb", sizes.last().copied().unwrap_or(4));
    let to_rgb = last.ok_or_else(|| tensors.unfit(&name, "is missing"))?;
    let channels = tensors.channels(&name, to_rgb.bias.len())?;
    // A picture that is made part by part is made at every resolution.
    let parts = blocks.iter().filter_map(|block| block.to_rgb.as_ref());
    if parts.clone().any(|part| part.bias.len() != channels)
        || !matches!(parts.count(), n if n == 1 || n == blocks.len())
    {
        return Err(tensors.unfit(&name, "does not fit those of the other resolutions"));
    }
    let num_ws = blocks.iter().map(|block| block.layers.len()).sum::<usize>() + 1;
    let entrance = read_entrance(tensors, num_ws, width)?;
    let parameters = tensors.parameters(&BUFFERS);
    let size = [height, columns].map(|side| side << (blocks.len() - 1));
    let spec = describe(&entrance, Family::STYLEGAN2, channels, size, parameters);
    checked(StyleGan2 { spec, entrance, constant, blocks })
}

/// The mapping network of NVIDIA's pickles, which StyleGAN3 has too.
pub(in super::super) fn read_entrance(tensors: &Tensors, num_ws: usize, width: usize) -> Result<Entrance> {
    let mapping = if tensors.has("mapping.fc0.weight") {
        let mapping = Mapping::read(tensors, |index| format!("mapping.fc{index}"), 1.0, std::f32::consts::SQRT_2)?;
        let mapping = mapping.conditional(tensors, "mapping.embed", "mapping.label_concat.weight")?;
        if mapping.w_dim() != width {
            return Err(tensors.unfit("mapping", &format!("makes w of length {}, not {width}", mapping.w_dim())));
        }
        Some(mapping)
    } else {
        None
    };
    Entrance::read(mapping, tensors.optional("mapping.w_avg", &[width])?, num_ws, width).with_fit_of(tensors)
}

/// A generator of pictures of `[height, width]` that is entered there.
pub(in super::super) fn describe(
    entrance: &Entrance,
    family: Family,
    channels: usize,
    [height, picture_width]: [usize; 2],
    parameters: usize,
) -> GeneratorSpec {
    GeneratorSpec {
        height,
        width: picture_width,
        z_dim: entrance.mapping.as_ref().map_or(0, Mapping::z_dim),
        w_dim: entrance.width,
        num_ws: entrance.rows,
        classes: entrance.mapping.as_ref().map_or(0, Mapping::classes),
        ..GeneratorSpec::square(family, channels, height, parameters, entrance.latents())
    }
}

/// Reads resolution after resolution.
struct Reader<'a> {
    tensors: &'a Tensors<'a>,
    width: usize,
    /// Of what the last resolution made.
    channels: usize,
    /// Height and width of the constant, which the first resolution has.
    first: [usize; 2],
}

impl Reader<'_> {
    fn block(&mut self, size: usize) -> Result<Block> {
        let tensors = self.tensors;
        let name = format!("synthesis.b{size}");
        let skip = if tensors.has(&format!("{name}.skip.weight")) { Some(self.skip(&name)?) } else { None };
        let mut layers = Vec::with_capacity(2);
        if size > 4 {
            layers.push(self.layer(&format!("{name}.conv0"), size, true)?);
        }
        layers.push(self.layer(&format!("{name}.conv1"), size, false)?);
        if let Some(skip) = &skip {
            if skip.convolution.out_channels != self.channels {
                return Err(tensors.unfit(&format!("{name}.skip.weight"), "has other channels than the layers"));
            }
            // Both paths of a sum have half the power; the short cut's factor is in its weights.
            for layer in layers.iter_mut().rev().take(1) {
                layer.gain *= std::f32::consts::FRAC_1_SQRT_2;
                layer.clamp = layer.clamp.map(|clamp| clamp * std::f32::consts::FRAC_1_SQRT_2);
            }
        }
        let to_rgb = if tensors.has(&format!("{name}.torgb.weight")) { Some(self.to_rgb(&name)?) } else { None };
        let filter = format!("{name}.resample_filter");
        let doubling = if size > 4 { Some(filter::read(tensors, &filter, DOUBLING_GAIN)?) } else { None };
        Ok(Block { layers, to_rgb, skip, doubling })
    }

    fn layer(&mut self, name: &str, size: usize, doubling: bool) -> Result<Layer> {
        let tensors = self.tensors;
        let weight_name = format!("{name}.weight");
        let shape @ [out_channels, _, kernel, _] = weight_shape(tensors, &weight_name, self.channels)?;
        if doubling && kernel != 3 {
            return Err(tensors.unfit(&weight_name, "doubles the picture with a kernel that is not 3x3"));
        }
        let convolution = Modulated::new(Parts {
            affine: tensors.dense_between(&format!("{name}.affine"), self.width, self.channels)?,
            weight: tensors.numbers(&weight_name, &shape)?,
            out_channels,
            kernel,
            padding: kernel / 2,
            doubling,
            demodulated: true,
            gain: 1.0,
        });
        let filter = format!("{name}.resample_filter");
        let filter = if doubling { Some(filter::read(tensors, &filter, DOUBLING_GAIN)?) } else { None };
        let strength = format!("{name}.noise_strength");
        let noise = if tensors.has(&strength) {
            let sides = self.first.map(|side| side * (size / 4));
            let constant = tensors.optional(&format!("{name}.noise_const"), &sides)?;
            Some(Noise { strength: tensors.numbers(&strength, &[])?, constant })
        } else {
            None
        };
        self.channels = out_channels;
        Ok(Layer {
            convolution,
            filter,
            noise,
            bias: self.bias(name, out_channels)?,
            gain: std::f32::consts::SQRT_2,
            clamp: clamp(tensors, name)?,
        })
    }

    fn to_rgb(&self, block: &str) -> Result<ToRgb> {
        let tensors = self.tensors;
        let name = format!("{block}.torgb");
        let weight = format!("{name}.weight");
        let [out_channels, ..] = tensors.shape::<4>(&weight)?;
        let convolution = Modulated::new(Parts {
            affine: tensors.dense_between(&format!("{name}.affine"), self.width, self.channels)?,
            weight: tensors.numbers(&weight, &[out_channels, self.channels, 1, 1])?,
            out_channels,
            kernel: 1,
            padding: 0,
            doubling: false,
            demodulated: false,
            gain: Equalised::PLAIN.weight_scale(self.channels),
        });
        Ok(ToRgb { convolution, bias: self.bias(&name, out_channels)?, clamp: clamp(tensors, &name)? })
    }

    fn skip(&self, block: &str) -> Result<Skip> {
        let tensors = self.tensors;
        let weight = format!("{block}.skip.weight");
        let [out_channels, ..] = tensors.shape::<4>(&weight)?;
        let gain = Equalised { gain: std::f64::consts::FRAC_1_SQRT_2, rate: 1.0 }.weight_scale(self.channels);
        Ok(Skip {
            convolution: Convolution {
                weight: tensors.scaled(&weight, &[out_channels, self.channels, 1, 1], gain)?,
                bias: None,
                out_channels,
                in_channels: self.channels,
                kernel: [1, 1],
                stride: 1,
                padding: 0,
            },
            filter: filter::read(tensors, &format!("{block}.skip.resample_filter"), DOUBLING_GAIN)?,
        })
    }

    fn bias(&self, name: &str, channels: usize) -> Result<Weights> {
        self.tensors.numbers(&format!("{name}.bias"), &[channels])
    }
}

/// The magnitude at which a module's result is clamped.
pub(in super::super) fn clamp(tensors: &Tensors, module: &str) -> Result<Option<f32>> {
    let Some(setting) = tensors.setting(module, "conv_clamp") else { return Ok(None) };
    match setting.as_float().map(|clamp| clamp as f32) {
        Some(clamp) if clamp >= 0.0 => Ok(Some(clamp)),
        _ => Err(tensors.unfit(module, "has a setting `conv_clamp` that is no magnitude of at least 0")),
    }
}
