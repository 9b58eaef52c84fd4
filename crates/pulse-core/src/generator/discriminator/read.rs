//! From tensors to layers.

use pulse_checkpoint::Checkpoint;
use pulse_engine::{Convolution, Fir, Weights};

use super::super::filter;
use super::super::mapping::Mapping;
use super::super::modulated::weight_shape;
use super::super::stylegan2::clamp;
use super::names::{Style, renamed};
use super::{Architecture, Block, Condition, Discriminator, End, Layer};
use crate::Result;
use crate::tensors::{Equalised, MOST_BLOCKS, Tensors};

/// What is no parameter of the network, by the beginning of the last part of its name.
const BUFFERS: [&str; 1] = ["resample_filter"];

pub(super) fn read(checkpoint: &Checkpoint) -> Result<Discriminator> {
    let (style, named) = renamed(&checkpoint.tensors);
    let tensors = &Tensors::new("a discriminator", &named, &checkpoint.configuration);
    let count = (1..MOST_BLOCKS).take_while(|&index| tensors.has(&format!("b{}.conv0.weight", 4 << index))).count();
    let size = 4 << count;
    let architecture = if tensors.has(&format!("b{size}.skip.weight")) {
        Architecture::Resnet
    } else if tensors.has("b4.fromrgb.weight") {
        Architecture::Skip
    } else {
        Architecture::Orig
    };
    let [width, channels, ..] = tensors.shape::<4>(&format!("b{size}.fromrgb.weight"))?;
    let mut reader = Reader { tensors, style, architecture, picture: channels, channels: width };
    let sizes = (1..=count).rev().map(|index| 4_usize << index);
    let blocks = sizes.map(|here| reader.block(here, here == size)).collect::<Result<_>>()?;
    let end = reader.end()?;
    let condition = reader.condition(end.out.out_features)?;
    let parameters = tensors.parameters(&BUFFERS);
    Ok(Discriminator { architecture, channels, size, parameters, blocks, end, condition })
}

/// Reads resolution after resolution, the largest first.
struct Reader<'a> {
    tensors: &'a Tensors<'a>,
    style: Style,
    architecture: Architecture,
    /// Of the picture.
    picture: usize,
    /// Of what the last resolution made.
    channels: usize,
}

impl Reader<'_> {
    fn block(&mut self, size: usize, is_first: bool) -> Result<Block> {
        let name = format!("b{size}");
        let parts = self.architecture == Architecture::Skip;
        let from_rgb = if is_first || parts { Some(self.rgb_layer(&name)?) } else { None };
        let picture = if parts { Some(self.halving(&name)?) } else { None };
        let from = self.channels;
        let first = self.layer(&format!("{name}.conv0"), from)?;
        let mut second = self.halving_layer(&format!("{name}.conv1"), first.convolution.out_channels)?;
        self.channels = second.convolution.out_channels;
        let short_cut = if self.architecture == Architecture::Resnet {
            // Both paths of a sum have half the power; the short cut's factor is in its weights.
            second.gain *= std::f32::consts::FRAC_1_SQRT_2;
            second.clamp = second.clamp.map(|clamp| clamp * std::f32::consts::FRAC_1_SQRT_2);
            let skip = format!("{name}.skip");
            let gain = std::f64::consts::FRAC_1_SQRT_2;
            Some((self.halving(&skip)?, self.convolution(&skip, from, gain, false)?))
        } else {
            None
        };
        Ok(Block { from_rgb, layers: [first, second], short_cut, picture })
    }

    fn end(&self) -> Result<End> {
        let tensors = self.tensors;
        let from_rgb = if self.architecture == Architecture::Skip { Some(self.rgb_layer("b4")?) } else { None };
        let name = "b4.conv.weight";
        let shape @ [out_channels, whole, ..] = tensors.shape::<4>(name)?;
        let fits = whole >= self.channels && shape[2..] == [3, 3];
        if !fits {
            let needed = format!("[out, {} or more, 3, 3]", self.channels);
            return Err(tensors.unfit(name, &format!("has the shape {shape:?} where {needed} is needed")));
        }
        let scale = Equalised { gain: self.weight_gain(), rate: 1.0 }.weight_scale(9 * whole);
        let weight = tensors.scaled(name, &shape, scale)?;
        // The deviation is behind the channels of the picture.
        let part = |from: usize, to: usize, bias: Option<Weights>| Convolution {
            weight: weight.chunks_exact(9 * whole).flat_map(|all| all[9 * from..9 * to].iter().copied()).collect(),
            bias,
            out_channels,
            in_channels: to - from,
            kernel: [3, 3],
            stride: 1,
            padding: 1,
        };
        let bias = tensors.numbers("b4.conv.bias", &[out_channels])?;
        Ok(End {
            from_rgb,
            layer: self.activated("b4.conv", None, part(0, self.channels, Some(bias)))?,
            deviation: (whole > self.channels).then(|| part(self.channels, whole, None)),
            dense: tensors.dense("b4.fc", Equalised { gain: self.weight_gain(), rate: 1.0 })?,
            out: tensors.dense("b4.out", Equalised::PLAIN)?,
        })
    }

    /// How the class comes in, where `judged` numbers are made of a picture.
    fn condition(&self, judged: usize) -> Result<Condition> {
        if self.tensors.has("mapping.embed.weight") {
            let embedding = self.tensors.dense("mapping.embed", Equalised::PLAIN)?;
            let name = |index: usize| format!("mapping.fc{index}");
            let mapping = Mapping::read(self.tensors, name, 1.0, std::f32::consts::SQRT_2)?;
            return Ok(Condition::Projected { embedding, mapping });
        }
        Ok(if judged == 1 { Condition::Unconditional } else { Condition::Chosen(judged) })
    }

    fn rgb_layer(&self, block: &str) -> Result<Layer> {
        let name = format!("{block}.fromrgb");
        let layer = self.layer(&name, self.picture)?;
        let made = layer.convolution.out_channels;
        if made == self.channels {
            return Ok(layer);
        }
        Err(self.tensors.unfit(&name, &format!("makes {made} channels where {} are needed", self.channels)))
    }

    fn layer(&self, name: &str, from: usize) -> Result<Layer> {
        self.activated(name, None, self.convolution(name, from, self.weight_gain(), true)?)
    }

    /// A layer whose convolution halves.
    fn halving_layer(&self, name: &str, from: usize) -> Result<Layer> {
        let mut convolution = self.convolution(name, from, self.weight_gain(), true)?;
        let filter = match self.style {
            Style::StyleGan1 => {
                convolution = followed_by_mean(&convolution);
                self.filter(name, 1, |taps| [(taps - 1) / 2, taps / 2])?
            }
            Style::StyleGan2 => {
                let margin = std::mem::take(&mut convolution.padding) as isize;
                convolution.stride = 2;
                self.filter(name, 1, |taps| [(taps - 1) / 2 + margin, (taps - 2) / 2 + margin])?
            }
        };
        self.activated(name, Some(filter), convolution)
    }

    fn activated(&self, name: &str, filter: Option<Fir>, convolution: Convolution) -> Result<Layer> {
        let gain = if self.style == Style::StyleGan1 { 1.0 } else { std::f32::consts::SQRT_2 };
        Ok(Layer { filter, convolution, gain, clamp: clamp(self.tensors, name)? })
    }

    /// A filter that leaves every second pixel, centred.
    fn halving(&self, name: &str) -> Result<Fir> {
        self.filter(name, 2, |taps| [(taps - 1) / 2, (taps - 2) / 2])
    }

    /// The filter of `name`, with the padding for this number of taps.
    fn filter(&self, name: &str, down: usize, padding: impl Fn(isize) -> [isize; 2]) -> Result<Fir> {
        let taps = filter::read(self.tensors, &format!("{name}.resample_filter"), 1.0)?;
        let [padding_y, padding_x] = taps.size().map(|taps| padding(taps as isize));
        Ok(Fir { taps, up: 1, down, padding_y, padding_x })
    }

    /// A convolution that keeps the size.
    fn convolution(&self, name: &str, from: usize, gain: f64, biased: bool) -> Result<Convolution> {
        let weight = format!("{name}.weight");
        let shape @ [to, _, kernel, _] = weight_shape(self.tensors, &weight, from)?;
        let scale = Equalised { gain, rate: 1.0 }.weight_scale(from * kernel * kernel);
        let bias = if biased { Some(self.tensors.numbers(&format!("{name}.bias"), &[to])?) } else { None };
        Ok(Convolution {
            weight: self.tensors.scaled(&weight, &shape, scale)?,
            bias,
            out_channels: to,
            in_channels: from,
            kernel: [kernel, kernel],
            stride: 1,
            padding: kernel / 2,
        })
    }

    fn weight_gain(&self) -> f64 {
        if self.style == Style::StyleGan1 { std::f64::consts::SQRT_2 } else { 1.0 }
    }
}

/// The convolution of stride 2 that is the 3x3 `W` and the mean of each four of its results: its 4x4 kernel sums `W` at four
/// shifts, `K[i, j] = ¼ Σ_{a, b ∈ {0, 1}} W[i − a, j − b]`.
fn followed_by_mean(convolution: &Convolution) -> Convolution {
    let [height, width] = convolution.kernel;
    let mut weight = vec![0.0; convolution.weight.len() / (height * width) * (height + 1) * (width + 1)];
    let kernels = weight.chunks_exact_mut((height + 1) * (width + 1));
    for (kernel, taps) in kernels.zip(convolution.weight.chunks_exact(height * width)) {
        for (tap, &value) in taps.iter().enumerate() {
            for [a, b] in [[0, 0], [0, 1], [1, 0], [1, 1]] {
                kernel[(tap / width + a) * (width + 1) + tap % width + b] += value / 4.0;
            }
        }
    }
    Convolution { weight: weight.into(), kernel: [height + 1, width + 1], stride: 2, ..convolution.clone() }
}
