//! StyleGAN (Karras, Laine, Aila, "A Style-Based Generator Architecture for Generative Adversarial
//! Networks", CVPR 2019): PULSE's port of it, and NVIDIA's pickles for TensorFlow.
//!
//! Each layer is `x ← style(norm(LeakyReLU0.2(f(x) + bias + strength · noise)))` with the instance norm and the
//! style `x · (s + 1) + t`, `[s, t] = W ws[layer] + b`. `f` is a learned 4x4 constant in the first layer, and a
//! 3x3 convolution in the others; the first one of each resolution doubles the picture before it and blurs it
//! with `[1, 2, 1] ⊗ [1, 2, 1] / 16` after it. The picture is a 1x1 convolution of the last layer.

mod names;

use std::collections::BTreeMap;
use std::sync::Arc;

use pulse_checkpoint::{Checkpoint, Configuration, Tensor, Value as Setting};
use pulse_engine::{Convolution, Dense, Fir, FirTaps, NetworkBuilder, Operator, Shape, Value, Weights};

use super::assembly::{Assembly, Noise};
use super::entrance::Entrance;
use super::mapping::Mapping;
use super::space::Space;
use super::{Family, Generated, Generator, GeneratorSpec, LatentInput, checked, supported};
use crate::tensors::{Equalised, MOST_BLOCKS, Tensors};
use crate::{Error, ErrorKind, Result};

/// The gain of He's initialisation, which the weights are scaled with when they run.
const GAIN: f64 = std::f64::consts::SQRT_2;
const EQUALISED: Equalised = Equalised { gain: GAIN, rate: 1.0 };
/// From this resolution on, doubling and convolution were trained as one transposed convolution, where the file
/// does not say otherwise.
const FUSED_FROM: usize = 128;
/// What is no parameter of the network, by the beginning of the last part of its name.
const BUFFERS: [&str; 6] = ["kernel", "noise", "lod", "w_avg", "dlatent_avg", "std"];

/// A StyleGAN.
#[derive(Clone, Debug)]
pub struct StyleGan1 {
    spec: GeneratorSpec,
    entrance: Entrance,
    layers: Vec<Layer>,
    to_rgb: Convolution,
    epsilon: f32,
}

/// One layer, which reads one row of `ws`.
#[derive(Clone, Debug)]
struct Layer {
    source: Source,
    noise: Noise,
    /// To `[s + 1, t]`.
    style: Dense,
    channels: usize,
}

/// `f(x) + bias`.
#[derive(Clone, Debug)]
enum Source {
    Constant(Shape, Weights),
    Convolution(Convolution),
    /// A transposed convolution, the blur, and then the bias.
    Doubling(Convolution, Weights),
}

impl StyleGan1 {
    /// Whether tensors of these names may be a StyleGAN's.
    pub(super) fn is_named(tensors: &BTreeMap<String, Tensor>) -> bool {
        names::is_pulse(tensors) || names::is_tensorflow(tensors)
    }

    /// Infers everything (resolution, widths, lengths of z and w, depth of the mapping, channels) from tensors
    /// named as in PULSE's `synthesis.pt` (`blocks.4x4.const`), or as in the three files of it with the names
    /// of the files before them, or as in NVIDIA's pickles for TensorFlow (`synthesis/4x4/Const/const`). The
    /// mapping and the Gaussian fit may be absent. Which doublings are fused with their convolution is taken
    /// from the configuration.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`](crate::ErrorKind::Generator), saying which tensor does not fit.
    pub fn from_checkpoint(checkpoint: &Checkpoint) -> Result<Self> {
        let Checkpoint { tensors, configuration, .. } = checkpoint;
        supported::check(configuration, Family::STYLEGAN.name())?;
        // PULSE's port left PyTorch's default, the original has a smaller one.
        let (named, epsilon) = if names::is_tensorflow(tensors) {
            (names::of_tensorflow(tensors), 1e-8)
        } else {
            (names::of_pulse(tensors), 1e-5)
        };
        let tensors = Tensors::new(Family::STYLEGAN.name(), &named, configuration);
        Self::read(&tensors, fused_from(configuration)?, epsilon)
    }

    fn read(tensors: &Tensors, fused_from: usize, epsilon: f32) -> Result<Self> {
        let [_, width] = tensors.shape("synthesis.blocks.4x4.epi1.style_mod.lin.weight")?;
        let mut layers = Vec::new();
        let mut channels = 0;
        let mut size = 4;
        let has = |size: usize| tensors.has(&format!("synthesis.blocks.{size}x{size}.conv1.weight"));
        while size == 4 || (has(size) && layers.len() < 2 * MOST_BLOCKS) {
            for place in [1, 2] {
                let layer = read_layer(tensors, size, place, fused_from, [channels, width], layers.len())?;
                channels = layer.channels;
                layers.push(layer);
            }
            size *= 2;
        }
        let size = size / 2;
        let weight = "synthesis.torgb.weight";
        let [colours, ..] = tensors.shape::<4>(weight)?;
        let to_rgb =
            read_convolution(tensors, "synthesis.torgb", [tensors.channels(weight, colours)?, channels], 1, 1.0)?;
        let entrance = read_entrance(tensors, layers.len(), width)?;
        let [_, height, columns] = tensors.shape("synthesis.blocks.4x4.const")?;
        let [height, picture_width] = [height, columns].map(|side| side * (size / 4));
        let spec = GeneratorSpec {
            height,
            width: picture_width,
            num_ws: layers.len(),
            z_dim: entrance.mapping.as_ref().map_or(0, Mapping::z_dim),
            w_dim: width,
            classes: entrance.mapping.as_ref().map_or(0, Mapping::classes),
            ..GeneratorSpec::square(
                Family::STYLEGAN,
                to_rgb.out_channels,
                size,
                tensors.parameters(&BUFFERS),
                entrance.latents(),
            )
        };
        checked(Self { spec, entrance, layers, to_rgb, epsilon })
    }
}

impl Generator for StyleGan1 {
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
        let mut assembly = Assembly::new(builder, space, self.layers.len());
        let entered = self.entrance.enter(&mut assembly, latent)?;
        let mut last = None;
        for (row, layer) in self.layers.iter().enumerate() {
            let w = assembly.add(Operator::Row(row), &[entered.ws])?;
            last = Some(self.append_layer(&mut assembly, layer, last, w)?);
        }
        let image = assembly.add(Operator::Convolution(self.to_rgb.clone()), last.as_slice())?;
        Ok(assembly.finish(image, Some(entered)))
    }
}

impl StyleGan1 {
    fn append_layer(&self, assembly: &mut Assembly, layer: &Layer, x: Option<Value>, w: Value) -> Result<Value> {
        let mut x = match &layer.source {
            Source::Constant(shape, values) => assembly.add(Operator::Constant(*shape, values.clone()), &[])?,
            Source::Convolution(convolution) => {
                assembly.add(Operator::Convolution(convolution.clone()), x.as_slice())?
            }
            Source::Doubling(convolution, bias) => {
                let doubled = assembly.add(Operator::TransposedConvolution(convolution.clone()), x.as_slice())?;
                let blurred = assembly.add(blur(), &[doubled])?;
                assembly.add_bias(blurred, bias)?
            }
        };
        x = assembly.add_noise(x, &layer.noise)?;
        x = assembly.add(Operator::LeakyRelu { slope: 0.2, gain: 1.0, clamp: None }, &[x])?;
        x = assembly.add(Operator::InstanceNorm { epsilon: self.epsilon }, &[x])?;
        let style = assembly.add(Operator::Dense(layer.style.clone()), &[w])?;
        let length = layer.channels;
        let scale = assembly.add(Operator::Slice { start: 0, length }, &[style])?;
        let shift = assembly.add(Operator::Slice { start: length, length }, &[style])?;
        assembly.add(Operator::Modulate, &[x, scale, shift])
    }
}

/// The first resolution whose doubling is fused with its convolution: what `fused_scale` among the arguments of
/// NVIDIA's program says, `True`, `False` or `'auto'`.
fn fused_from(configuration: &Configuration) -> Result<usize> {
    let synthesis = configuration.get("components").and_then(|components| components.get("synthesis")?.as_map());
    let networks = [synthesis, Some(configuration)];
    match networks.into_iter().flatten().find_map(|network| network.get("static_kwargs")?.get("fused_scale")) {
        None => Ok(FUSED_FROM),
        Some(Setting::Bool(true)) => Ok(0),
        Some(Setting::Bool(false)) => Ok(usize::MAX),
        Some(Setting::String(text)) if text == "auto" => Ok(FUSED_FROM),
        Some(_) => {
            let message = "as StyleGAN it cannot be read: its setting `fused_scale` is neither true, false nor auto";
            Err(Error::new(ErrorKind::Generator, message))
        }
    }
}

fn blur() -> Operator {
    let taps: Weights = [0.25, 0.5, 0.25].into();
    Operator::Fir(Fir {
        taps: FirTaps::Separable { vertical: taps.clone(), horizontal: taps },
        up: 1,
        down: 1,
        padding_y: [1, 1],
        padding_x: [1, 1],
    })
}

/// Layer `index` of all, which is number `place` (1 or 2) of its resolution and takes `from` channels.
fn read_layer(
    tensors: &Tensors,
    size: usize,
    place: usize,
    fused_from: usize,
    [from, width]: [usize; 2],
    index: usize,
) -> Result<Layer> {
    let block = format!("synthesis.blocks.{size}x{size}");
    let weight = |name: &str| tensors.shape::<4>(&format!("{block}.{name}.weight"));
    let (source, channels) = match (size, place) {
        (4, 1) => read_constant(tensors, &block)?,
        (4, _) => {
            let [to, ..] = weight("conv")?;
            (Source::Convolution(read_convolution(tensors, &format!("{block}.conv"), [to, from], 3, GAIN)?), to)
        }
        (_, 1) => {
            let [to, ..] = weight("conv0_up")?;
            let mut convolution = read_convolution(tensors, &format!("{block}.conv0_up"), [to, from], 3, GAIN)?;
            let bias = convolution.bias.take().unwrap_or_default();
            (Source::Doubling(doubling(&convolution, size >= fused_from), bias), to)
        }
        _ => {
            let [to, ..] = weight("conv1")?;
            (Source::Convolution(read_convolution(tensors, &format!("{block}.conv1"), [to, from], 3, GAIN)?), to)
        }
    };
    let strength = tensors.numbers(&format!("{block}.epi{place}.noise.weight"), &[channels])?;
    let [_, height, columns] = tensors.shape("synthesis.blocks.4x4.const")?;
    let sides = [height, columns].map(|side| side * (size / 4));
    let constant = tensors.optional(&format!("synthesis.noise.{index}"), &sides)?;
    let mut style = tensors.dense_between(&format!("{block}.epi{place}.style_mod.lin"), width, 2 * channels)?;
    let bias = style.bias.unwrap_or_default();
    style.bias = Some(bias.iter().enumerate().map(|(i, &b)| if i < channels { b + 1.0 } else { b }).collect());
    Ok(Layer { source, noise: Noise { strength, constant }, style, channels })
}

fn read_constant(tensors: &Tensors, block: &str) -> Result<(Source, usize)> {
    let name = format!("{block}.const");
    let (shape, constant) = tensors.constant(&name)?;
    let channels = shape.channels();
    let bias = tensors.numbers(&format!("{block}.bias"), &[channels])?;
    let values = constant.iter().enumerate().map(|(i, &value)| value + bias[shape.channel_of(i)]).collect();
    Ok((Source::Constant(shape, values), channels))
}

/// A convolution that keeps the size.
fn read_convolution(
    tensors: &Tensors,
    name: &str,
    [to, from]: [usize; 2],
    kernel: usize,
    gain: f64,
) -> Result<Convolution> {
    let scale = Equalised { gain, rate: 1.0 }.weight_scale(from * kernel * kernel);
    Ok(Convolution {
        weight: tensors.scaled(&format!("{name}.weight"), &[to, from, kernel, kernel], scale)?,
        bias: Some(tensors.numbers(&format!("{name}.bias"), &[to])?),
        out_channels: to,
        in_channels: from,
        kernel: [kernel, kernel],
        stride: 1,
        padding: kernel / 2,
    })
}

/// The transposed convolution, of stride 2, that doubles the picture and convolves it with the 3x3 `W`: its
/// 4x4 kernel sums `W` at four shifts, `K[i, j] = Σ_{a, b ∈ {0, 1}} W[i − a, j − b]`.
///
/// Nearest-neighbour doubling and a convolution after it are the same with `W` turned by half a turn.
fn doubling(convolution: &Convolution, fused: bool) -> Convolution {
    let (out_channels, in_channels) = (convolution.out_channels, convolution.in_channels);
    let mut weight = vec![0.0; in_channels * out_channels * 16];
    for (index, taps) in convolution.weight.chunks_exact(9).enumerate() {
        let (o, i) = (index / in_channels, index % in_channels);
        let kernel = &mut weight[(i * out_channels + o) * 16..][..16];
        for (tap, &value) in taps.iter().enumerate() {
            let tap = if fused { tap } else { 8 - tap };
            for [a, b] in [[0, 0], [0, 1], [1, 0], [1, 1]] {
                kernel[(tap / 3 + a) * 4 + tap % 3 + b] += value;
            }
        }
    }
    Convolution { weight: weight.into(), bias: None, out_channels, in_channels, kernel: [4, 4], stride: 2, padding: 1 }
}

fn read_entrance(tensors: &Tensors, rows: usize, width: usize) -> Result<Entrance> {
    let name = |index: usize| format!("mapping.dense{index}");
    let mapping = if tensors.has("mapping.dense0.weight") {
        let mapping = Mapping::read(tensors, name, EQUALISED.gain, 1.0)?;
        let mapping = mapping.conditional(tensors, "mapping.embed", "mapping.label_concat.weight")?;
        if mapping.w_dim() != width {
            return Err(tensors.unfit("mapping", &format!("makes w of length {}, not {width}", mapping.w_dim())));
        }
        Some(mapping)
    } else {
        None
    };
    let average = tensors.optional("w_avg", &[width])?;
    Entrance::read(mapping, average, rows, width).with_fit_of(tensors)
}
