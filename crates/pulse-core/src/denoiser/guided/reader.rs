//! From names and shapes to the steps of a `UNetModel`.
//!
//! Both halves are rows of blocks, `input_blocks.0 …` and `output_blocks.0 …`, and a block is a row of layers. With `k` residual
//! blocks at each size, block `i` of the first half halves the size where `k + 1` divides `i > 0`, and block `i` of the second
//! half doubles it at its end where `k + 1` divides `i + 1`, but for the last.

mod layers;

use super::super::BackboneSpec;
use super::super::given::Given;
use super::super::layers::{convolution, dense, norm};
use super::super::published::{self, Heads, NoiseLevels, UNetShape};
use super::super::resample::Direction;
use super::super::steps::{Step, SteppedUNet};
use super::super::time::{ClassPlace, Embedding, Sinusoids};
use super::levels;
use crate::tensors::Tensors;
use crate::{Error, ErrorKind, Result};

/// A picture's side is no longer.
const LARGEST: usize = 1 << 14;
/// Groups of all norms.
pub(super) const GROUPS: usize = 32;
/// What all norms add to their variance.
pub(super) const EPSILON: f32 = 1e-5;
/// Sizes of pictures, with the channels at each size as multiples of half the model's (the training code's defaults).
const SIZES: [(usize, &[usize]); 4] =
    [(512, &[1, 2, 2, 4, 4, 8, 8]), (256, &[2, 2, 4, 4, 8, 8]), (128, &[2, 2, 4, 6, 8]), (64, &[2, 4, 6, 8])];

/// What was read.
pub(super) struct Read {
    pub(super) network: SteppedUNet,
    pub(super) levels: NoiseLevels,
}

pub(super) fn read(tensors: &Tensors, settings: &Given, stem: &str) -> Result<Read> {
    let [embedding_width, model_channels] = tensors.shape("time_embed.0.weight")?;
    let blocks = Blocks::of(tensors)?;
    let first = convolution(tensors, "input_blocks.0.0", [None; 2])?;
    let channels = tensors.channels("out", first.in_channels)?;
    let outputs = convolution(tensors, "out.2", [None; 2])?.out_channels;
    let embedding = embedding(tensors, embedding_width, model_channels)?;
    let classes = embedding.class.as_ref().map_or(0, |(layer, _)| layer.in_features);
    let [affine, _] = tensors.shape("middle_block.0.emb_layers.1.weight")?;
    let [inner, ..] = tensors.shape::<4>("middle_block.0.in_layers.2.weight")?;
    let told = levels::Signs {
        learned_variance: outputs == 2 * channels,
        scale_shift: affine == 2 * inner,
        four_axes: four_axes(tensors)?,
    };
    let image_size = image_size(tensors, settings, &blocks, model_channels)?;
    let shape = UNetShape {
        model_channels,
        image_size,
        blocks: blocks.each,
        classes,
        learned_variance: told.learned_variance,
        scale_shift: told.scale_shift,
    };
    let published = published::unet(stem, shape);
    let levels = levels::tell(settings, stem, &told, published)?;
    let new_order = settings.flag("use_new_attention_order")?;
    let new_order = new_order.unwrap_or_else(|| published.is_some_and(|published| published.new_attention_order));
    let layers = layers::Layers {
        tensors,
        embedding: embedding.second.out_features,
        heads: heads(settings)?.or(published.map(|published| published.heads)),
        heads_of_second_half: settings.count("num_heads_upsample")?.map(Heads::Count),
        // The code of consistency models has that setting too, and does not look at it.
        new_order: new_order || told.four_axes,
    };
    let spec = BackboneSpec {
        family: "ADM",
        channels,
        height: image_size,
        width: image_size,
        outputs,
        time_features: model_channels,
        classes,
        parameters: tensors.parameters(&[]),
    };
    // Cosines first, `10000^(−i / half)`.
    let sinusoids = Sinusoids::positional(model_channels / 2, model_channels / 2, false);
    let time_factor = levels::time_factor(&levels, settings)?;
    let steps = steps(&layers, &blocks)?;
    Ok(Read { network: SteppedUNet { spec, sinusoids, time_factor, embedding, steps }, levels })
}

/// How many blocks there are.
struct Blocks {
    /// In each half.
    all: usize,
    /// At each size, those that change the size not counted.
    each: usize,
}

impl Blocks {
    fn of(tensors: &Tensors) -> Result<Self> {
        let ahead = |half: &str| {
            let places =
                tensors.names().filter_map(|name| name.strip_prefix(half)?.split_once('.')?.0.parse::<usize>().ok());
            places.max().filter(|&place| place < 1000).map_or(0, |last| last + 1)
        };
        let (inward, outward) = (ahead("input_blocks."), ahead("output_blocks."));
        // A block of the first half that is only a convolution with a stride, or has no tensors because it takes means.
        let is_down = |&block: &usize| !tensors.has(&format!("input_blocks.{block}.0.in_layers.2.weight"));
        let by_down = (1..inward).find(is_down).map(|block| block - 1);
        // A block of the second half that ends by doubling the size: a convolution, or another residual block.
        let is_up = |&block: &usize| {
            let has = |layer: usize, end: &str| tensors.has(&format!("output_blocks.{block}.{layer}.{end}"));
            [1, 2].into_iter().any(|layer| has(layer, "conv.weight") || has(layer, "in_layers.2.weight"))
        };
        let by_up = (0..outward).find(is_up);
        let each = by_down.or(by_up).unwrap_or(inward.saturating_sub(1));
        if each == 0 || inward != outward || !inward.is_multiple_of(each + 1) {
            let reason =
                format!("and `output_blocks` are {inward} and {outward} blocks, which are not as many at each size");
            return Err(tensors.unfit("input_blocks", &reason));
        }
        Ok(Self { all: inward, each })
    }

    fn sizes(&self) -> usize {
        self.all / (self.each + 1)
    }
}

fn steps(layers: &layers::Layers, blocks: &Blocks) -> Result<Vec<Step>> {
    let tensors = layers.tensors;
    let mut steps = Vec::new();
    for block in 0..blocks.all {
        let halves = block > 0 && block.is_multiple_of(blocks.each + 1);
        let name = format!("input_blocks.{block}");
        layers.block(&name, halves.then_some(Direction::Halve), false, &mut steps)?;
        steps.push(Step::Keep);
    }
    layers.block("middle_block", None, false, &mut steps)?;
    for block in 0..blocks.all {
        let doubles = (block + 1).is_multiple_of(blocks.each + 1) && block + 1 < blocks.all;
        steps.push(Step::Join);
        let name = format!("output_blocks.{block}");
        layers.block(&name, doubles.then_some(Direction::Double), true, &mut steps)?;
    }
    let last = norm(tensors, "out.0", |_| GROUPS, EPSILON)?;
    let make = convolution(tensors, "out.2", [Some(last.scale.len()), None])?;
    steps.push(Step::Make(last, make));
    Ok(steps)
}

fn embedding(tensors: &Tensors, width: usize, model_channels: usize) -> Result<Embedding> {
    let first = dense(tensors, "time_embed.0", model_channels)?;
    let second = dense(tensors, "time_embed.2", width)?;
    let class = "label_emb.weight";
    if !tensors.has(class) {
        return Ok(Embedding { first, second, class: None });
    }
    let [classes, to] = tensors.shape(class)?;
    if to != second.out_features {
        return Err(tensors.unfit(class, &format!("gives {to} numbers where {} are needed", second.out_features)));
    }
    // A row for each class; the layer has a row for each number that it gives.
    let rows = tensors.numbers(class, &[classes, to])?;
    let weight: Vec<f32> = (0..to).flat_map(|number| rows.iter().skip(number).step_by(to)).copied().collect();
    let layer = pulse_engine::Dense { weight: weight.into(), bias: None, out_features: to, in_features: classes };
    Ok(Embedding { first, second, class: Some((layer, ClassPlace::Embedding)) })
}

fn heads(settings: &Given) -> Result<Option<Heads>> {
    let channels = settings.count("num_head_channels")?.map(Heads::Channels);
    Ok(channels.or(settings.count("num_heads")?.map(Heads::Count)))
}

/// Whether an attention's weights are those of a convolution of two axes.
fn four_axes(tensors: &Tensors) -> Result<bool> {
    let Some(name) = tensors.names().find(|name| name.ends_with(".qkv.weight")) else { return Ok(false) };
    Ok(tensors.get(name)?.shape().len() == 4)
}

/// The setting, or else the size for which the training code has these channels.
fn image_size(tensors: &Tensors, settings: &Given, blocks: &Blocks, model_channels: usize) -> Result<usize> {
    if let Some(size) = settings.count("image_size")? {
        let halved = blocks.sizes() - 1;
        if size > LARGEST || halved >= usize::BITS as usize || !size.is_multiple_of(1 << halved) {
            let message = format!("the setting `image_size` is {size}: the network halves it {halved} times");
            return Err(Error::new(ErrorKind::Setting, message));
        }
        return Ok(size);
    }
    let mut channels = Vec::new();
    for level in 0..blocks.sizes() {
        let block = level * (blocks.each + 1) + 1;
        let [out, ..] = tensors.shape::<4>(&format!("input_blocks.{block}.0.in_layers.2.weight"))?;
        channels.push(2 * out);
    }
    let multiples =
        |multiples: &[usize]| multiples.iter().map(|multiple| multiple * model_channels).eq(channels.iter().copied());
    let found = SIZES.iter().find(|(_, known)| multiples(known)).map(|(size, _)| *size);
    found.ok_or_else(|| missing("image_size", "64"))
}

/// The error of a setting that has to be given.
pub(super) fn missing(key: &str, example: &str) -> Error {
    let message = format!(
        "the file does not tell its `{key}`: give the setting {key}={example}, or put it into a JSON file of the same name beside \
         the file"
    );
    Error::new(ErrorKind::Setting, message)
}
