//! DCGAN: a chain of transposed convolutions (Radford, Metz, Chintala, "Unsupervised Representation
//! Learning with Deep Convolutional Generative Adversarial Networks", ICLR 2016).
//!
//! `z → [convᵀ 4x4 → batch norm → ReLU] × stages → convᵀ 4x4 → tanh`; the first has stride 1 and takes z
//! from 1x1 to 4x4, each other doubles the picture. In evaluation mode batch norm is an affine map,
//! `y = γ (x − mean) / sqrt(variance + 1e-5) + β`, and is folded into the convolution before it.

use std::collections::BTreeMap;

use pulse_checkpoint::Tensor;
use pulse_engine::{Convolution, NetworkBuilder, Operator, Shape};

use super::{Assembly, Family, Generated, Generator, GeneratorSpec, LatentInput, Space, Start, checked};
use crate::latent::Geometry;
use crate::placement::Frame;
use crate::words::shown_name;
use crate::{Error, ErrorKind, Result, WayOut};

/// PyTorch's default, which every DCGAN known to us uses.
const BATCH_NORM_EPSILON: f64 = 1e-5;

/// How far a feature may move from the stage's own output, relative to its norm. Measured in
/// `docs/tuning.md`.
const FEATURE_RADIUS: f32 = 0.05;

/// A DCGAN with its batch norm folded in.
#[derive(Clone, Debug)]
pub struct Dcgan {
    spec: GeneratorSpec,
    stages: Vec<Convolution>,
}

impl Dcgan {
    /// Infers everything (length of z, widths, number of stages, channels) from the tensors of a state
    /// dict whose layers are numbered, as `nn.Sequential` numbers them, with any prefix.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`], saying which tensor does not fit.
    pub fn from_tensors(tensors: &BTreeMap<String, Tensor>) -> Result<Self> {
        let layers = numbered_layers(tensors)?;
        let mut stages = Vec::new();
        for (name, layer) in &layers {
            if layer.contains_key("running_mean") {
                let stage = stages.last_mut().ok_or_else(|| unfit(name, "is a batch norm before any convolution"))?;
                fold_batch_norm(stage, name, layer)?;
            } else {
                stages.push(read_convolution(name, layer, stages.len())?);
            }
        }
        let spec = describe(&stages)?;
        checked(Self { spec, stages })
    }

    /// The same generator, said to frame faces so.
    #[must_use]
    pub fn framed(mut self, frame: Frame) -> Self {
        self.spec.frame = frame;
        self
    }
}

impl Generator for Dcgan {
    fn spec(&self) -> &GeneratorSpec {
        &self.spec
    }

    fn append(&self, builder: &mut NetworkBuilder, latent: LatentInput, space: &Space) -> Result<Generated> {
        if latent != LatentInput::Z {
            let message = format!("a DCGAN is entered at `z`, not at `{}`", latent.name());
            return Err(Error::new(ErrorKind::Inputs, message));
        }
        let length = self.stages[0].in_channels;
        let shape = Shape::Vector(length);
        let mut assembly = Assembly::new(builder, space, 0);
        let z = assembly.input("z", shape, Start::Normal, Geometry::sphere(shape))?;
        let mut x = assembly.add(Operator::Reshape(Shape::map(length, 1, 1)), &[z])?;
        for (index, stage) in self.stages.iter().enumerate() {
            let convolved = assembly.add(Operator::TransposedConvolution(stage.clone()), &[x])?;
            if index + 1 == self.stages.len() {
                x = assembly.add(Operator::Tanh, &[convolved])?;
            } else {
                let activated = assembly.add(Operator::relu(), &[convolved])?;
                x = assembly.add_feature(activated, FEATURE_RADIUS)?;
            }
        }
        Ok(assembly.finish(x, None))
    }
}

/// The tensors of one layer, by the last part of their names.
type Layer<'a> = BTreeMap<&'a str, &'a Tensor>;

/// Groups `prefix.N.field` by `N`, in ascending order; all must share one prefix.
fn numbered_layers(tensors: &BTreeMap<String, Tensor>) -> Result<Vec<(String, Layer<'_>)>> {
    let mut layers = BTreeMap::<usize, (String, Layer)>::new();
    let mut common = None;
    for (name, tensor) in tensors {
        let Some((layer, field)) = name.rsplit_once('.') else { return Err(unfit(name, "belongs to no layer")) };
        let (prefix, number) = layer.rsplit_once('.').unwrap_or(("", layer));
        let Ok(number) = number.parse() else { return Err(unfit(name, "belongs to no numbered layer")) };
        if *common.get_or_insert(prefix) != prefix {
            return Err(unfit(name, "belongs to a second network"));
        }
        layers.entry(number).or_insert_with(|| (layer.to_owned(), Layer::new())).1.insert(field, tensor);
    }
    if layers.is_empty() {
        return Err(Error::new(ErrorKind::Generator, "it holds no tensors"));
    }
    Ok(layers.into_values().collect())
}

fn unfit(name: &str, reason: &str) -> Error {
    let name = shown_name(name);
    Error::new(ErrorKind::Generator, format!("no family known here fits its tensors (as a DCGAN: `{name}` {reason})"))
        .with_way_out(WayOut::Families)
}

fn read_convolution(name: &str, layer: &Layer, index: usize) -> Result<Convolution> {
    let weight = layer.get("weight").ok_or_else(|| unfit(name, "has no weight"))?;
    let &[in_channels, out_channels, 4, 4] = weight.shape() else {
        return Err(unfit(name, &format!("has a weight of shape {:?}, not [in, out, 4, 4]", weight.shape())));
    };
    let bias = match layer.get("bias") {
        Some(bias) if bias.shape() != [out_channels] => return Err(unfit(name, "has a bias of another length")),
        bias => bias.map(|bias| bias.data().clone().into()),
    };
    let (stride, padding) = if index == 0 { (1, 0) } else { (2, 1) };
    let weight = weight.data().clone().into();
    Ok(Convolution { weight, bias, out_channels, in_channels, kernel: [4, 4], stride, padding })
}

/// `W' = W s`, `b' = β + (b − mean) s` with `s = γ / sqrt(variance + ε)`, per output channel, in f64.
fn fold_batch_norm(stage: &mut Convolution, name: &str, layer: &Layer) -> Result<()> {
    let channels = stage.out_channels;
    let field = |field: &str, default: f64| match layer.get(field) {
        Some(tensor) if tensor.shape() != [channels] => Err(unfit(name, &format!("has a {field} of another length"))),
        Some(tensor) => Ok(tensor.data().iter().map(|&value| f64::from(value)).collect()),
        None => Ok(vec![default; channels]),
    };
    if !layer.contains_key("running_var") {
        return Err(unfit(name, "has a running mean but no running variance"));
    }
    let (gamma, beta) = (field("weight", 1.0)?, field("bias", 0.0)?);
    let (mean, variance): (Vec<f64>, Vec<f64>) = (field("running_mean", 0.0)?, field("running_var", 1.0)?);
    let scale: Vec<f64> = gamma.iter().zip(&variance).map(|(g, v)| g / (v + BATCH_NORM_EPSILON).sqrt()).collect();
    let bias = (0..channels).map(|o| {
        let own = stage.bias.as_ref().map_or(0.0, |bias| f64::from(bias[o]));
        (beta[o] + (own - mean[o]) * scale[o]) as f32
    });
    let bias = bias.collect();
    let taps = stage.kernel[0] * stage.kernel[1];
    let weight = (stage.weight.iter().enumerate())
        .map(|(i, &value)| (f64::from(value) * scale[i / taps % channels]) as f32)
        .collect();
    (stage.weight, stage.bias) = (weight, Some(bias));
    Ok(())
}

fn describe(stages: &[Convolution]) -> Result<GeneratorSpec> {
    for pair in stages.windows(2) {
        if pair[0].out_channels != pair[1].in_channels {
            let (made, taken) = (pair[0].out_channels, pair[1].in_channels);
            let message = format!("a layer makes {made} channels and the next takes {taken}");
            return Err(unfit("weight", &message));
        }
    }
    let last = stages.last().ok_or_else(|| unfit("weight", "is missing: there is no convolution"))?;
    let channels = last.out_channels;
    if !matches!(channels, 1 | 3) || stages.len() > 12 {
        return Err(unfit("weight", &format!("makes pictures of {channels} channels in {} stages", stages.len())));
    }
    let finite = |numbers: &[f32]| numbers.iter().all(|number| number.is_finite());
    if !stages.iter().all(|stage| finite(&stage.weight) && stage.bias.as_deref().is_none_or(finite)) {
        return Err(unfit("weight", "holds a number that is not finite"));
    }
    let size = 4 << (stages.len() - 1);
    let parameters = stages.iter().map(|s| s.weight.len() + s.bias.as_ref().map_or(0, |bias| bias.len())).sum();
    let latents = vec![LatentInput::Z];
    Ok(GeneratorSpec::square(Family::DCGAN, channels, size, parameters, latents))
}
