//! `UNet2DModel` of diffusers, the U-Net of most unconditional diffusion and flow models on the web.
//!
//! `F(x; t, c)`: a convolution; blocks that shrink the picture and keep what each of their layers gives; a middle; blocks
//! that grow it again, each layer given its own argument and the one kept longest ago, side by side; group norm, SiLU,
//! a convolution. Every residual layer is told `e = W₂ silu(W₁ φ(t))`, plus a row for the class (Ho, Jain, Abbeel 2020, appendix
//! B).
//!
//! Blocks whose names have `Skip` in them keep a small copy of the picture beside the features (Song et al. 2021,
//! section H.2 and figure 10: NCSN++).

mod attention;
mod blocks;
mod residual;
mod settings;
mod time;

use std::collections::BTreeMap;

use pulse_checkpoint::{Checkpoint, Tensor};
use pulse_engine::{Convolution, Dense, NetworkBuilder, Operator, Value, Weights};

use self::blocks::{Down, Flow, Middle, Up};
use self::settings::{Model, Source};
use self::time::TimeFeatures;
use super::blocks::{Activation, Norm, convolve, dense, silu};
use super::{Backbone, BackboneSpec};
use crate::Result;

/// The name of the architecture.
const FAMILY: &str = "UNet2DModel";

/// A `UNet2DModel`.
#[derive(Clone, Debug)]
pub struct UNet2d {
    spec: BackboneSpec,
    /// `x` is brought from [0, 1] to [-1, 1] first.
    centered: bool,
    features: TimeFeatures,
    /// `e = second silu(first φ)`.
    embedding: [Dense; 2],
    class: Option<Class>,
    activation: Activation,
    entry: Convolution,
    down: Vec<Down>,
    middle: Option<Middle>,
    up: Vec<Up>,
    norm: Norm,
    exit: Convolution,
}

/// How a class is added to the embedding of the time.
#[derive(Clone, Debug)]
enum Class {
    /// A column for each class.
    Table(Dense),
    /// The class is an embedding itself.
    Identity,
}

impl UNet2d {
    /// Whether this may be one.
    pub(super) fn is_named(checkpoint: &Checkpoint) -> bool {
        let named = checkpoint.configuration.get("_class_name").and_then(|name| name.as_str());
        let has = |key: &str| checkpoint.configuration.contains_key(key);
        named.map_or_else(|| has("block_out_channels") && has("up_block_types"), |name| name == FAMILY)
            && checkpoint.tensors.contains_key("conv_in.weight")
    }

    /// Reads the tensors by their names in the state dictionary, and the configuration of its `config.json`.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`](crate::ErrorKind::Generator), saying which tensor or setting does not fit.
    pub fn from_checkpoint(checkpoint: &Checkpoint) -> Result<Self> {
        let model = Model::read(&checkpoint.configuration)?;
        let tensors = with_present_names(&checkpoint.tensors);
        let source = Source::new(FAMILY, &tensors, &checkpoint.configuration, &model);
        let features = TimeFeatures::read(&source)?;
        let embedding = ["time_embedding.linear_1", "time_embedding.linear_2"].map(|name| source.dense(name));
        let [first, second] = embedding;
        let embedding = [first?, second?];
        let (class, classes) = read_class(&source, &features, embedding[1].out_features)?;
        let (down, middle, up) = blocks::read(&source)?;
        let spec = BackboneSpec {
            family: FAMILY,
            channels: model.channels,
            height: model.height,
            width: model.width,
            outputs: model.outputs,
            time_features: features.length(),
            classes,
            parameters: source.tensors.parameters(&[]),
        };
        Ok(Self {
            spec,
            centered: model.centered,
            features,
            embedding,
            class,
            activation: model.activation,
            entry: source.tensors.convolution("conv_in")?,
            down,
            middle,
            up,
            norm: source.norm("conv_norm_out", model.groups(model.widths[0]))?,
            exit: source.tensors.convolution("conv_out")?,
        })
    }

    /// The embedding of the time and the class.
    fn embed(&self, builder: &mut NetworkBuilder, time: Value, class: Option<Value>) -> Result<Value> {
        let features = self.features.projected(builder, time)?;
        let hidden = dense(builder, &self.embedding[0], features)?;
        let hidden = silu(builder, hidden)?;
        let embedded = dense(builder, &self.embedding[1], hidden)?;
        let (Some(how), Some(class)) = (&self.class, class) else { return Ok(embedded) };
        let of_class = match how {
            Class::Table(table) => dense(builder, table, class)?,
            Class::Identity => class,
        };
        Ok(builder.add(Operator::Add, &[embedded, of_class])?)
    }
}

impl Backbone for UNet2d {
    fn spec(&self) -> &BackboneSpec {
        &self.spec
    }

    fn time_features(&self, t: f64, features: &mut [f32]) {
        self.features.fill(t, features);
    }

    fn append(&self, builder: &mut NetworkBuilder, x: Value, time: Value, class: Option<Value>) -> Result<Value> {
        let embedding = self.embed(builder, time, class)?;
        let embedding = self.activation.append(builder, embedding)?;
        let picture = if self.centered { builder.add(Operator::affine(vec![2.0], vec![-1.0]), &[x])? } else { x };
        let first = convolve(builder, &self.entry, picture)?;
        let mut flow = Flow { x: first, kept: vec![first], picture: Some(picture), embedding };
        for block in &self.down {
            block.append(builder, &mut flow)?;
        }
        if let Some(middle) = &self.middle {
            middle.append(builder, &mut flow)?;
        }
        flow.picture = None;
        for block in &self.up {
            block.append(builder, &mut flow)?;
        }
        let activated = self.norm.append_activated(builder, flow.x)?;
        let mut result = convolve(builder, &self.exit, activated)?;
        if let Some(picture) = flow.picture {
            result = builder.add(Operator::Add, &[result, picture])?;
        }
        self.features.divided(builder, result, time)
    }
}

/// The embedding of classes, and how many there are.
fn read_class(source: &Source<'_>, features: &TimeFeatures, width: usize) -> Result<(Option<Class>, usize)> {
    let settings = &source.settings;
    let classes = settings.nullable_count("num_class_embeds", None, 1..=1 << 20)?;
    match (settings.text("class_embed_type", "")?, classes) {
        ("", None) => Ok((None, 0)),
        ("", Some(classes)) => {
            let rows = source.tensors.numbers("class_embedding.weight", &[classes, width])?;
            let columns: Weights = (0..width * classes).map(|at| rows[at % classes * width + at / classes]).collect();
            let table = Dense { weight: columns, bias: None, out_features: width, in_features: classes };
            Ok((Some(Class::Table(table)), classes))
        }
        ("timestep", Some(classes)) => {
            let layers = [source.dense("class_embedding.linear_1")?, source.dense("class_embedding.linear_2")?];
            let table = time::embed_numbers(source, features, &layers, classes)?;
            Ok((Some(Class::Table(table)), classes))
        }
        ("timestep", None) => {
            Err(settings.unfit("num_class_embeds", "is missing: write there how many classes there are"))
        }
        ("identity", _) => Ok((Some(Class::Identity), width)),
        (other, _) => {
            Err(settings.unfit("class_embed_type", &format!("is {other:?}: timestep and identity can be read")))
        }
    }
}

/// The tensors, each named as diffusers names it now: attention was called otherwise before its version 0.15.
fn with_present_names(tensors: &BTreeMap<String, Tensor>) -> BTreeMap<String, Tensor> {
    const NAMES: [[&str; 2]; 4] =
        [[".query.", ".to_q."], [".key.", ".to_k."], [".value.", ".to_v."], [".proj_attn.", ".to_out.0."]];
    let present = |name: &str| {
        let renamed = NAMES.iter().find(|[before, _]| name.contains(".attentions.") && name.contains(before));
        renamed.map_or_else(|| name.to_owned(), |[before, now]| name.replace(before, now))
    };
    tensors.iter().map(|(name, tensor)| (present(name), tensor.clone())).collect()
}
