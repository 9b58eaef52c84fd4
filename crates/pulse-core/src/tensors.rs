//! Tensors by name, with the shapes that a network wants.

use std::collections::BTreeMap;

use pulse_checkpoint::{Configuration, Tensor, Value as Setting};
use pulse_engine::{Convolution, Dense, Shape, Weights};

use crate::words::shown_name;
use crate::{Error, ErrorKind, Result};

/// What the tensors of a Gaussian fit of a mapping are called in every family's files.
pub(crate) const GAUSSIAN_FIT: [&str; 2] = ["gaussian_fit.mean", "gaussian_fit.std"];

/// Resolutions double from 4 at most so often: 16384 pixels.
pub(crate) const MOST_BLOCKS: usize = 13;

/// The tensors and the configuration of one checkpoint, read as those of one kind of network.
pub(crate) struct Tensors<'a> {
    what: &'static str,
    all: &'a BTreeMap<String, Tensor>,
    modules: Option<&'a BTreeMap<String, Setting>>,
}

/// How the numbers of a layer with an equalised learning rate are scaled when it runs (Karras et al. 2018,
/// section 4.1): the weights by `gain · rate / sqrt(fan_in)`, the bias by `rate`.
#[derive(Clone, Copy)]
pub(crate) struct Equalised {
    pub(crate) gain: f64,
    pub(crate) rate: f64,
}

impl Equalised {
    /// Gain and rate 1.
    pub(crate) const PLAIN: Self = Self { gain: 1.0, rate: 1.0 };

    pub(crate) fn weight_scale(self, fan_in: usize) -> f64 {
        self.gain * self.rate / (fan_in as f64).sqrt()
    }
}

impl<'a> Tensors<'a> {
    /// To be read as `what`, which messages say.
    pub(crate) fn new(what: &'static str, all: &'a BTreeMap<String, Tensor>, configuration: &'a Configuration) -> Self {
        Self { what, all, modules: configuration.get("modules").and_then(Setting::as_map) }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    /// The names of all tensors, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.all.keys().map(String::as_str)
    }

    /// Why these are no tensors of such a network.
    pub(crate) fn unfit(&self, name: &str, reason: &str) -> Error {
        let name = shown_name(name);
        Error::new(ErrorKind::Generator, format!("as {} it cannot be read: `{name}` {reason}", self.what))
    }

    /// A tensor, every number of it finite.
    pub(crate) fn get(&self, name: &str) -> Result<&'a Tensor> {
        let tensor = self.all.get(name).ok_or_else(|| self.unfit(name, "is missing"))?;
        if tensor.data().iter().all(|number| number.is_finite()) {
            Ok(tensor)
        } else {
            Err(self.unfit(name, "holds a number that is not finite"))
        }
    }

    /// The lengths of a tensor's `N` axes, none of them 0. Leading axes of length 1 are passed over where it
    /// has more.
    pub(crate) fn shape<const N: usize>(&self, name: &str) -> Result<[usize; N]> {
        let whole = self.get(name)?.shape();
        let surplus = whole.len().saturating_sub(N);
        match <[usize; N]>::try_from(&whole[surplus..]) {
            Ok(shape) if whole[..surplus].iter().all(|&length| length == 1) && !shape.contains(&0) => Ok(shape),
            _ => Err(self.unfit(name, &format!("has the shape {whole:?} where one of {N} axes is needed"))),
        }
    }

    /// A tensor's numbers, when it has this shape; leading axes of length 1 do not matter.
    pub(crate) fn numbers(&self, name: &str, wanted: &[usize]) -> Result<Weights> {
        let tensor = self.get(name)?;
        if without_leading_ones(tensor.shape()) == without_leading_ones(wanted) {
            return Ok(tensor.data().clone().into());
        }
        Err(self.unfit(name, &format!("has the shape {:?} where {wanted:?} is needed", tensor.shape())))
    }

    /// The constant `[channels, height, width]` that a synthesis network starts from, of few pixels.
    pub(crate) fn constant(&self, name: &str) -> Result<(Shape, Weights)> {
        const LONGEST_SIDE: usize = 64;
        let [channels, height, width] = self.shape(name)?;
        if height.max(width) > LONGEST_SIDE {
            return Err(
                self.unfit(name, &format!("starts from {height}x{width} pixels: {LONGEST_SIDE} a side are read"))
            );
        }
        Ok((Shape::map(channels, height, width), self.numbers(name, &[channels, height, width])?))
    }

    /// The same, where there is such a tensor.
    pub(crate) fn optional(&self, name: &str, wanted: &[usize]) -> Result<Option<Weights>> {
        if self.has(name) { self.numbers(name, wanted).map(Some) } else { Ok(None) }
    }

    /// A tensor's numbers, each times `factor`.
    pub(crate) fn scaled(&self, name: &str, wanted: &[usize], factor: f64) -> Result<Weights> {
        Ok(scale(&self.numbers(name, wanted)?, factor))
    }

    /// The dense layer `name`, with its `weight` [out, in] and `bias` [out].
    pub(crate) fn dense(&self, name: &str, equalised: Equalised) -> Result<Dense> {
        let weight = format!("{name}.weight");
        let [out_features, in_features] = self.shape(&weight)?;
        let scale = equalised.weight_scale(in_features);
        Ok(Dense {
            weight: self.scaled(&weight, &[out_features, in_features], scale)?,
            bias: Some(self.scaled(&format!("{name}.bias"), &[out_features], equalised.rate)?),
            out_features,
            in_features,
        })
    }

    /// The dense layer `name` from `w` of length `from` to `to` numbers.
    pub(crate) fn dense_between(&self, name: &str, from: usize, to: usize) -> Result<Dense> {
        let dense = self.dense(name, Equalised::PLAIN)?;
        if (dense.in_features, dense.out_features) == (from, to) {
            return Ok(dense);
        }
        let (i, o) = (dense.in_features, dense.out_features);
        Err(self.unfit(name, &format!("takes {i} numbers to {o} where it must take {from} to {to}")))
    }

    /// The dense layer `name` as its numbers stand, with its `weight` [out, in] and `bias` [out] where it has one.
    pub(crate) fn plain_dense(&self, name: &str) -> Result<Dense> {
        let weight = format!("{name}.weight");
        let [out_features, in_features] = self.shape(&weight)?;
        let bias = self.optional(&format!("{name}.bias"), &[out_features])?;
        Ok(Dense { weight: self.numbers(&weight, &[out_features, in_features])?, bias, out_features, in_features })
    }

    /// The convolution `name` at stride 1, padded to keep the size, with its `weight` [out, in, height, width], or
    /// [out, in] or [out, in, 1] for single pixels, and its `bias` [out] where it has one.
    pub(crate) fn convolution(&self, name: &str) -> Result<Convolution> {
        let weight = format!("{name}.weight");
        let shape = self.get(&weight)?.shape();
        let [out_channels, in_channels, height, width] = match *shape {
            [o, i] | [o, i, 1] => [o, i, 1, 1],
            [o, i, h, w] => [o, i, h, w],
            _ => return Err(self.unfit(&weight, &format!("has the shape {shape:?}, not that of a convolution"))),
        };
        if height != width || height.is_multiple_of(2) {
            return Err(self.unfit(&weight, &format!("has a kernel of {height}x{width}: odd squares can be read")));
        }
        Ok(Convolution {
            weight: self.numbers(&weight, shape)?,
            bias: self.optional(&format!("{name}.bias"), &[out_channels])?,
            out_channels,
            in_channels,
            kernel: [height, width],
            stride: 1,
            padding: height / 2,
        })
    }

    /// What the configuration says of a module: `None` where it says nothing, or says "none".
    pub(crate) fn setting(&self, module: &str, key: &str) -> Option<&'a Setting> {
        self.modules?.get(module)?.get(key).filter(|value| **value != Setting::Null)
    }

    /// A number of the configuration that the file must have.
    pub(crate) fn required(&self, module: &str, key: &str) -> Result<f64> {
        let number = self.setting(module, key).and_then(Setting::as_float);
        number.ok_or_else(|| self.unfit(module, &format!("lacks its setting `{key}`: keep the file's configuration")))
    }

    /// How many numbers there are, those of the Gaussian fit not counted nor those whose last name begins as one of
    /// `buffers`.
    pub(crate) fn parameters(&self, buffers: &[&str]) -> usize {
        let frozen = self.all.iter().filter(|(name, _)| {
            let last = name.rsplit(['.', '/']).next().unwrap_or_default();
            !GAUSSIAN_FIT.contains(&name.as_str()) && !buffers.iter().any(|buffer| last.starts_with(buffer))
        });
        frozen.map(|(_, tensor)| tensor.data().len()).sum()
    }

    /// How many channels the pictures have, once that is a number of channels that pictures have.
    pub(crate) fn channels(&self, name: &str, channels: usize) -> Result<usize> {
        if (1..=4).contains(&channels) {
            return Ok(channels);
        }
        Err(self.unfit(name, &format!("makes pictures of {channels} channels: 1 to 4 can be read")))
    }
}

/// Each number times `factor`, in f64.
pub(crate) fn scale(numbers: &Weights, factor: f64) -> Weights {
    if factor == 1.0 {
        return numbers.clone();
    }
    numbers.iter().map(|&number| (f64::from(number) * factor) as f32).collect()
}

fn without_leading_ones(shape: &[usize]) -> &[usize] {
    let ones = shape.iter().take_while(|&&length| length == 1).count();
    &shape[ones..]
}

/// From TensorFlow's `[…, in, out]` to `[out, in, …]`; a tensor of fewer axes as it is.
pub(crate) fn outputs_first(tensor: &Tensor) -> Tensor {
    let (shape, data) = (tensor.shape(), tensor.data());
    let [taps @ .., from, to] = shape else { return tensor.clone() };
    let positions: usize = taps.iter().product();
    let turned: Vec<f32> = (0..*to)
        .flat_map(|o| (0..*from).flat_map(move |i| (0..positions).map(move |p| (p * from + i) * to + o)))
        .map(|index| data[index])
        .collect();
    let shape: Vec<usize> = [*to, *from].into_iter().chain(taps.iter().copied()).collect();
    Tensor::new(shape, turned).expect("as many numbers as before")
}
