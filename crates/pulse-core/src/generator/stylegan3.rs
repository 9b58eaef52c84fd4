//! StyleGAN3 (Karras et al., "Alias-Free Generative Adversarial Networks", NeurIPS 2021): -T, which is
//! equivariant to translation, and -R, to rotation too.
//!
//! From a grid of sines that `ws[0]` moves and turns, each layer is a modulated convolution, divided by the root
//! of the running power of what enters it, and a filtered activation: up by a low-pass filter, `√2 LeakyReLU0.2`,
//! down by another one. The filters are those that came with the file, separable or radial. A margin round
//! the picture is carried along and cropped at the end. There is no noise.

use std::collections::BTreeMap;
use std::sync::Arc;

use pulse_checkpoint::{Checkpoint, Tensor, Value as Setting};
use pulse_engine::{Convolution, Dense, Fir, FirTaps, FourierFeatures, NetworkBuilder, Operator, Value, Weights};

use super::assembly::Assembly;
use super::entrance::Entrance;
use super::filter;
use super::modulated::{Modulated, Parts, energy, weight_shape};
use super::space::Space;
use super::stylegan2::{clamp, describe, read_entrance};
use super::{Family, Generated, Generator, GeneratorSpec, LatentInput, checked, supported};
use crate::Result;
use crate::tensors::{Equalised, Tensors};

/// What is no parameter of the network, by the beginning of the last part of its name.
const BUFFERS: [&str; 7] = ["up_filter", "down_filter", "magnitude_ema", "freqs", "phases", "transform", "w_avg"];
/// More than any network has.
const MOST_LAYERS: usize = 256;
/// Pixels along an axis with the margin, and factors of resampling, beyond any network's.
const LARGEST_SIZE: f64 = 32768.0;
const LARGEST_FACTOR: f64 = 64.0;

/// A StyleGAN3.
#[derive(Clone, Debug)]
pub struct StyleGan3 {
    spec: GeneratorSpec,
    entrance: Entrance,
    input: Input,
    layers: Vec<Layer>,
    output_scale: f32,
}

/// The grid of sines, and the matrix that mixes them.
#[derive(Clone, Debug)]
struct Input {
    affine: Dense,
    features: FourierFeatures,
    mix: Convolution,
}

/// A layer, or the last one, which makes the picture.
#[derive(Clone, Debug)]
struct Layer {
    convolution: Modulated,
    bias: Weights,
    activation: Activation,
}

/// `down(clamp(gain · LeakyReLU(up(x))))`.
#[derive(Clone, Debug)]
struct Activation {
    up: Fir,
    slope: f32,
    gain: f32,
    clamp: Option<f32>,
    down: Fir,
}

impl StyleGan3 {
    /// Whether tensors of these names may be a StyleGAN3's.
    pub(super) fn is_named(tensors: &BTreeMap<String, Tensor>) -> bool {
        tensors.contains_key("synthesis.input.freqs")
    }

    /// Infers what it can from the tensors of NVIDIA's pickle (`synthesis.input.freqs`), and takes sampling
    /// rates, paddings, factors and clamps from its configuration.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`](crate::ErrorKind::Generator), saying which tensor or setting does not fit.
    pub fn from_checkpoint(checkpoint: &Checkpoint) -> Result<Self> {
        supported::check(&checkpoint.configuration, Family::STYLEGAN3.name())?;
        let tensors = Tensors::new(Family::STYLEGAN3.name(), &checkpoint.tensors, &checkpoint.configuration);
        let [_, width] = tensors.shape("synthesis.input.affine.weight")?;
        let input = read_input(&tensors, width)?;
        let mut channels = input.mix.out_channels;
        let names = layer_names(&tensors, &checkpoint.tensors)?;
        let mut layers = Vec::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            let layer = read_layer(&tensors, name, width, channels, index + 1 == names.len())?;
            channels = layer.convolution.out_channels();
            layers.push(layer);
        }
        let channels = tensors.channels("synthesis", channels)?;
        let entrance = read_entrance(&tensors, layers.len() + 1, width)?;
        let size = setting(&tensors, "synthesis", "img_resolution", LARGEST_SIZE)?;
        let output_scale = tensors.required("synthesis", "output_scale")? as f32;
        let spec = describe(&entrance, Family::STYLEGAN3, channels, [size, size], tensors.parameters(&BUFFERS));
        checked(Self { spec, entrance, input, layers, output_scale })
    }
}

impl Generator for StyleGan3 {
    fn spec(&self) -> &GeneratorSpec {
        &self.spec
    }

    fn entrance(&self) -> Option<&Entrance> {
        Some(&self.entrance)
    }

    fn of_class(&self, class: usize) -> Option<Arc<dyn Generator>> {
        let entrance = self.entrance.of_class(class)?;
        Some(Arc::new(Self { entrance, ..self.clone() }))
    }

    fn append(&self, builder: &mut NetworkBuilder, latent: LatentInput, space: &Space) -> Result<Generated> {
        let mut assembly = Assembly::new(builder, space, 0);
        let entered = self.entrance.enter(&mut assembly, latent)?;
        let w = assembly.add(Operator::Row(0), &[entered.ws])?;
        let transform = assembly.add(Operator::Dense(self.input.affine.clone()), &[w])?;
        let sines = assembly.add(Operator::FourierFeatures(self.input.features.clone()), &[transform])?;
        let mut x = assembly.add(Operator::Convolution(self.input.mix.clone()), &[sines])?;
        for (index, layer) in self.layers.iter().enumerate() {
            let w = assembly.add(Operator::Row(index + 1), &[entered.ws])?;
            x = layer.append(&mut assembly, x, w)?;
        }
        let image = assembly.add(Operator::affine(vec![self.output_scale], Vec::<f32>::new()), &[x])?;
        Ok(assembly.finish(image, Some(entered)))
    }
}

impl Layer {
    fn append(&self, assembly: &mut Assembly, x: Value, w: Value) -> Result<Value> {
        let Activation { up, slope, gain, clamp, down } = &self.activation;
        let mut y = self.convolution.append(assembly, x, w)?;
        y = assembly.add_bias(y, &self.bias)?;
        if !is_identity(up) {
            y = assembly.add(Operator::Fir(up.clone()), &[y])?;
        }
        y = assembly.add(Operator::LeakyRelu { slope: *slope, gain: *gain, clamp: *clamp }, &[y])?;
        if is_identity(down) { Ok(y) } else { assembly.add(Operator::Fir(down.clone()), &[y]) }
    }
}

fn is_identity(fir: &Fir) -> bool {
    let Fir { taps, up: 1, down: 1, padding_y: [0, 0], padding_x: [0, 0] } = fir else { return false };
    taps.size() == [1, 1] && taps.at(0, 0) == 1.0
}

fn read_input(tensors: &Tensors, width: usize) -> Result<Input> {
    const NAME: &str = "synthesis.input";
    let field = |field: &str| format!("{NAME}.{field}");
    let [channels, _] = tensors.shape::<2>(&field("freqs"))?;
    let [out_channels, _] = tensors.shape::<2>(&field("weight"))?;
    let transform = tensors.numbers(&field("transform"), &[3, 3])?;
    let transform = <[f32; 9]>::try_from(&transform[..]).map_err(|_| tensors.unfit(NAME, "has no 3x3 transform"))?;
    let sampling_rate = tensors.required(NAME, "sampling_rate")?;
    // The margin that every layer carries along is on both sides.
    let margin = tensors.required("synthesis", "margin_size")?;
    let size = sampling_rate + 2.0 * margin;
    if !(1.0..=LARGEST_SIZE).contains(&size) || size.fract() != 0.0 {
        return Err(tensors.unfit(NAME, &format!("starts from {size} pixels")));
    }
    let features = FourierFeatures {
        frequencies: tensors.numbers(&field("freqs"), &[channels, 2])?,
        phases: tensors.numbers(&field("phases"), &[channels])?,
        transform,
        height: size as usize,
        width: size as usize,
        sampling_rate: sampling_rate as f32,
        bandwidth: tensors.required(NAME, "bandwidth")? as f32,
    };
    let scale = Equalised::PLAIN.weight_scale(channels);
    let mix = Convolution {
        weight: tensors.scaled(&field("weight"), &[out_channels, channels], scale)?,
        bias: None,
        out_channels,
        in_channels: channels,
        kernel: [1, 1],
        stride: 1,
        padding: 0,
    };
    Ok(Input { affine: tensors.dense_between(&field("affine"), width, 4)?, features, mix })
}

/// The layers' names in order: `L<index>_<size>_<channels>`.
fn layer_names(tensors: &Tensors, all: &BTreeMap<String, Tensor>) -> Result<Vec<String>> {
    let layer = |name: &str| {
        let layer = name.strip_suffix(".weight")?;
        let (index, _) = layer.strip_prefix("synthesis.L")?.split_once('_')?;
        (!layer["synthesis.".len()..].contains('.')).then_some((index.parse::<usize>().ok()?, layer.to_owned()))
    };
    let names: BTreeMap<usize, String> = all.keys().filter_map(|name| layer(name)).collect();
    if names.is_empty() || names.len() > MOST_LAYERS || names.keys().enumerate().any(|(place, &index)| place != index) {
        return Err(tensors.unfit("synthesis.L0", "does not start an unbroken row of layers"));
    }
    Ok(names.into_values().collect())
}

fn read_layer(tensors: &Tensors, name: &str, width: usize, channels: usize, last: bool) -> Result<Layer> {
    let weight_name = format!("{name}.weight");
    let shape @ [out_channels, _, kernel, _] = weight_shape(tensors, &weight_name, channels)?;
    let taps = kernel * kernel;
    let weight = tensors.numbers(&weight_name, &shape)?;
    let power = tensors.numbers(&format!("{name}.magnitude_ema"), &[])?[0];
    let input_gain = 1.0 / f64::from(power).sqrt();
    if !input_gain.is_finite() {
        return Err(tensors.unfit(&format!("{name}.magnitude_ema"), "is not above zero"));
    }
    // The original brings the weights of each output, and the style, to unit power before the demodulation,
    // which undoes both; only the weights' matters here, to keep its epsilon small beside them.
    let (weight, gain) = if last {
        (weight, input_gain * Equalised::PLAIN.weight_scale(channels * taps))
    } else {
        (unit_power(&weight, channels * taps), input_gain)
    };
    let convolution = Modulated::new(Parts {
        affine: tensors.dense_between(&format!("{name}.affine"), width, channels)?,
        weight,
        out_channels,
        kernel,
        padding: kernel - 1,
        doubling: false,
        demodulated: !last,
        gain,
    });
    let bias = tensors.numbers(&format!("{name}.bias"), &[out_channels])?;
    Ok(Layer { convolution, bias, activation: read_activation(tensors, name, last)? })
}

fn unit_power(weight: &Weights, fan_in: usize) -> Weights {
    let unit = |row: &[f32]| {
        let scale = (fan_in as f64 / energy(row)).sqrt();
        row.iter().map(|&tap| (f64::from(tap) * scale) as f32).collect::<Vec<_>>()
    };
    weight.chunks_exact(fan_in).flat_map(unit).collect()
}

fn read_activation(tensors: &Tensors, name: &str, last: bool) -> Result<Activation> {
    let [up, down] = ["up_factor", "down_factor"].map(|key| setting(tensors, name, key, LARGEST_FACTOR));
    let (up, down) = (up?, down?);
    let padding = tensors.setting(name, "padding").and_then(Setting::as_list).unwrap_or_default();
    let padding: Vec<isize> = padding
        .iter()
        .filter_map(Setting::as_float)
        .filter(|pixels| pixels.abs() <= LARGEST_SIZE)
        .map(|pixels| pixels as isize)
        .collect();
    let &[left, right, top, bottom] = &padding[..] else {
        return Err(tensors.unfit(name, "lacks its setting `padding` of four sides: keep the file's configuration"));
    };
    let filter = |name: String, gain: usize| {
        if tensors.has(&name) { filter::read(tensors, &name, gain as f64) } else { Ok(identity()) }
    };
    Ok(Activation {
        up: Fir {
            taps: filter(format!("{name}.up_filter"), up * up)?,
            up,
            down: 1,
            padding_y: [top, bottom],
            padding_x: [left, right],
        },
        slope: if last { 1.0 } else { 0.2 },
        gain: if last { 1.0 } else { std::f32::consts::SQRT_2 },
        clamp: clamp(tensors, name)?,
        down: Fir {
            taps: filter(format!("{name}.down_filter"), 1)?,
            up: 1,
            down,
            padding_y: [0, 0],
            padding_x: [0, 0],
        },
    })
}

fn identity() -> FirTaps {
    let one: Weights = [1.0].into();
    FirTaps::Separable { vertical: one.clone(), horizontal: one }
}

/// A whole number of the configuration from 1 to `largest`.
fn setting(tensors: &Tensors, module: &str, key: &str, largest: f64) -> Result<usize> {
    let number = tensors.required(module, key)?;
    if (1.0..=largest).contains(&number) && number.fract() == 0.0 {
        return Ok(number as usize);
    }
    Err(tensors.unfit(module, &format!("has the setting `{key}` {number}, which cannot be")))
}
