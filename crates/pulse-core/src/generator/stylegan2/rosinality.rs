//! The files of rosinality's port: `g_ema` with `latent_avg` beside it. Always of the skip architecture.

use std::collections::BTreeMap;

use pulse_checkpoint::{Checkpoint, Tensor};
use pulse_engine::Weights;

use super::super::assembly::Noise;
use super::super::entrance::Entrance;
use super::super::filter;
use super::super::mapping::Mapping;
use super::super::modulated::{Modulated, Parts, weight_shape};
use super::super::{Family, checked};
use super::nvidia::describe;
use super::{Block, Layer, StyleGan2, ToRgb};
use crate::Result;
use crate::tensors::{Equalised, MOST_BLOCKS, Tensors};

/// What is no parameter of the network, by the beginning of the last part of its name.
const BUFFERS: [&str; 3] = ["kernel", "noise_", "latent_avg"];

pub(super) fn is_named(tensors: &BTreeMap<String, Tensor>) -> bool {
    tensors.contains_key("input.input") && tensors.contains_key("conv1.conv.weight")
}

pub(super) fn read(checkpoint: &Checkpoint) -> Result<StyleGan2> {
    let tensors = &Tensors::new(Family::STYLEGAN2.name(), &checkpoint.tensors, &checkpoint.configuration);
    let [_, width] = tensors.shape("conv1.conv.modulation.weight")?;
    let constant = tensors.constant("input.input")?;
    let [channels, height, columns] = tensors.shape::<3>("input.input")?;
    let mut reader = Reader { tensors, width, channels, first: [height, columns] };
    let layers = vec![reader.layer("conv1", 0, None)?];
    let to_rgb = reader.to_rgb("to_rgb1")?;
    let colours = tensors.channels("to_rgb1", to_rgb.bias.len())?;
    let mut blocks = vec![Block { layers, to_rgb: Some(to_rgb), skip: None, doubling: None }];
    let exists = |index: &usize| tensors.has(&format!("to_rgbs.{index}.conv.weight"));
    for index in (0..MOST_BLOCKS - 1).take_while(exists) {
        let [doubling, same] = [2 * index, 2 * index + 1];
        let blur = format!("convs.{doubling}.conv.blur.kernel");
        let layers = vec![
            reader.layer(&format!("convs.{doubling}"), doubling + 1, Some(&blur))?,
            reader.layer(&format!("convs.{same}"), same + 1, None)?,
        ];
        let name = format!("to_rgbs.{index}");
        let to_rgb = reader.to_rgb(&name)?;
        if to_rgb.bias.len() != colours {
            return Err(tensors.unfit(&name, "makes a picture of other channels than `to_rgb1`"));
        }
        let doubling = Some(filter::read(tensors, &format!("{name}.upsample.kernel"), 1.0)?);
        blocks.push(Block { layers, to_rgb: Some(to_rgb), skip: None, doubling });
    }
    let num_ws = 2 * blocks.len();
    let mapping = if tensors.has("style.1.weight") {
        let name = |index: usize| format!("style.{}", index + 1);
        let mapping = Mapping::read(tensors, name, 1.0, std::f32::consts::SQRT_2)?;
        if mapping.w_dim() != width {
            return Err(tensors.unfit("style", &format!("makes w of length {}, not {width}", mapping.w_dim())));
        }
        Some(mapping)
    } else {
        None
    };
    let entrance = Entrance::read(mapping, average(tensors, width)?, num_ws, width).with_fit_of(tensors)?;
    let size = [height, columns].map(|side| side << (blocks.len() - 1));
    let spec = describe(&entrance, Family::STYLEGAN2, colours, size, tensors.parameters(&BUFFERS));
    checked(StyleGan2 { spec, entrance, constant, blocks })
}

/// The average `w`; files of encoders have it once for each row, all the same.
fn average(tensors: &Tensors, width: usize) -> Result<Option<Weights>> {
    if !tensors.has("latent_avg") {
        return Ok(None);
    }
    match tensors.shape::<2>("latent_avg") {
        Ok([rows, columns]) if columns == width => {
            let rows = tensors.numbers("latent_avg", &[rows, width])?;
            let first = &rows[..width];
            let same = rows.chunks_exact(width).all(|row| row == first);
            Ok(same.then(|| first.iter().copied().collect()))
        }
        _ => tensors.numbers("latent_avg", &[width]).map(Some),
    }
}

/// Reads layer after layer.
struct Reader<'a> {
    tensors: &'a Tensors<'a>,
    width: usize,
    /// Of what the last layer made.
    channels: usize,
    /// Height and width of the constant, which the first layer has.
    first: [usize; 2],
}

impl Reader<'_> {
    /// The layer `name`, number `index` of all, whose picture is doubled when it has a `blur`.
    fn layer(&mut self, name: &str, index: usize, blur: Option<&str>) -> Result<Layer> {
        let tensors = self.tensors;
        let weight = format!("{name}.conv.weight");
        let [out_channels, _, kernel, _] = weight_shape(tensors, &weight, self.channels)?;
        if kernel != 3 {
            return Err(tensors.unfit(&weight, "has a kernel that is not 3x3"));
        }
        let convolution = self.modulated(name, out_channels, kernel, blur.is_some(), true)?;
        let filter = match blur {
            Some(blur) => Some(filter::read(tensors, blur, 1.0)?),
            None => None,
        };
        let sides = self.first.map(|side| side << index.div_ceil(2));
        let noise = Noise {
            strength: tensors.numbers(&format!("{name}.noise.weight"), &[1])?,
            constant: tensors.optional(&format!("noises.noise_{index}"), &sides)?,
        };
        let bias = tensors.numbers(&format!("{name}.activate.bias"), &[out_channels])?;
        self.channels = out_channels;
        Ok(Layer { convolution, filter, noise: Some(noise), bias, gain: std::f32::consts::SQRT_2, clamp: None })
    }

    fn to_rgb(&self, name: &str) -> Result<ToRgb> {
        let [out_channels, ..] = self.tensors.shape::<4>(&format!("{name}.conv.weight"))?;
        let convolution = self.modulated(name, out_channels, 1, false, false)?;
        let bias: Weights = self.tensors.numbers(&format!("{name}.bias"), &[out_channels, 1, 1])?;
        Ok(ToRgb { convolution, bias, clamp: None })
    }

    fn modulated(
        &self,
        name: &str,
        out_channels: usize,
        kernel: usize,
        doubling: bool,
        demodulated: bool,
    ) -> Result<Modulated> {
        let fan_in = self.channels * kernel * kernel;
        let shape = [out_channels, self.channels, kernel, kernel];
        let scale = Equalised::PLAIN.weight_scale(fan_in);
        Ok(Modulated::new(Parts {
            affine: self.tensors.dense_between(&format!("{name}.conv.modulation"), self.width, self.channels)?,
            weight: self.tensors.scaled(&format!("{name}.conv.weight"), &shape, scale)?,
            out_channels,
            kernel,
            padding: kernel / 2,
            doubling,
            demodulated,
            gain: 1.0,
        }))
    }
}
