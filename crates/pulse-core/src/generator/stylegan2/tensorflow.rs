//! NVIDIA's pickles for TensorFlow, brought to the names and the order of those for PyTorch.
//!
//! Weights are `[in, out]` and `[height, width, in, out]` there; the kernels that double the picture are turned
//! by half a turn; the styles' biases lack the 1 that they start at; the filter is not in the file.

use std::collections::BTreeMap;

use pulse_checkpoint::{Checkpoint, Configuration, Tensor, Value};

use super::super::prior;
use crate::tensors::outputs_first;

/// The filter that every such network was trained with, along one axis.
const FILTER: [f32; 4] = [0.125, 0.375, 0.375, 0.125];

pub(super) fn is_named(tensors: &BTreeMap<String, Tensor>) -> bool {
    tensors.contains_key("synthesis/4x4/Conv/mod_weight")
}

pub(super) fn renamed(checkpoint: &Checkpoint) -> Checkpoint {
    let mut tensors = BTreeMap::new();
    for (name, tensor) in &checkpoint.tensors {
        if let Some((name, tensor)) = rename(name, tensor) {
            if let Some(layer) = name.strip_suffix(".weight") {
                let filtered = ["conv0", "skip"].iter().any(|kind| layer.ends_with(kind));
                if filtered {
                    tensors.insert(format!("{layer}.resample_filter"), filter());
                }
            }
            if let Some((block, _)) = name.split_once(".conv1.weight") {
                tensors.insert(format!("{block}.resample_filter"), filter());
            }
            tensors.insert(name, tensor);
        }
    }
    let mut configuration = checkpoint.configuration.clone();
    if let Some(clamp) = clamp(&configuration) {
        let layers = tensors.keys().filter_map(|name| name.strip_suffix(".affine.weight"));
        let clamped = Value::Map(BTreeMap::from([("conv_clamp".to_owned(), clamp)]));
        let modules = layers.map(|layer| (layer.to_owned(), clamped.clone())).collect();
        configuration.insert("modules".to_owned(), Value::Map(modules));
    }
    Checkpoint { format: checkpoint.format, tensors, configuration }
}

/// Where every layer is clamped, which later programs for TensorFlow do.
fn clamp(configuration: &Configuration) -> Option<Value> {
    let synthesis = configuration.get("components").and_then(|components| components.get("synthesis")?.as_map());
    let of = |network: &Configuration| network.get("static_kwargs")?.get("conv_clamp").cloned();
    [synthesis, Some(configuration)].into_iter().flatten().find_map(of).filter(|clamp| *clamp != Value::Null)
}

fn filter() -> Tensor {
    let taps: Vec<f32> = FILTER.iter().flat_map(|a| FILTER.iter().map(move |b| a * b)).collect();
    Tensor::new([4, 4], taps).expect("four by four")
}

/// The name and the numbers as PyTorch has them; `None` for what the network does not run.
fn rename(name: &str, tensor: &Tensor) -> Option<(String, Tensor)> {
    let parts: Vec<_> = name.split('/').collect();
    match parts[..] {
        ["dlatent_avg"] => Some(("mapping.w_avg".into(), tensor.clone())),
        [fit] if prior::NAMES.contains(&fit) => Some((fit.into(), tensor.clone())),
        ["mapping", "LabelConcat", "weight"] => Some(("mapping.label_concat.weight".into(), outputs_first(tensor))),
        ["mapping", layer, kind] => {
            Some((format!("mapping.fc{}.{kind}", layer.strip_prefix("Dense")?), outputs_first(tensor)))
        }
        ["synthesis", map] => {
            let index: usize = map.strip_prefix("noise")?.parse().ok()?;
            // One map at 4x4, then two at each resolution, of which the second is `conv1`.
            let size = 4_usize.checked_shl(index.div_ceil(2) as u32)?;
            let layer = if index.is_multiple_of(2) { "conv1" } else { "conv0" };
            Some((format!("synthesis.b{size}.{layer}.noise_const"), tensor.clone()))
        }
        ["synthesis", "4x4", "Const", "const"] => Some(("synthesis.b4.const".into(), tensor.clone())),
        ["synthesis", size, layer, kind] => {
            let (size, _) = size.split_once('x')?;
            let layer = match layer {
                "Conv" | "Conv1" => "conv1",
                "Conv0_up" => "conv0",
                "ToRGB" => "torgb",
                "Skip" => "skip",
                _ => return None,
            };
            let (kind, tensor) = match kind {
                "weight" if layer == "conv0" => ("weight", half_turned(&outputs_first(tensor))),
                "mod_weight" => ("affine.weight", outputs_first(tensor)),
                "mod_bias" => ("affine.bias", mapped(tensor, |bias| bias + 1.0)),
                "weight" => ("weight", outputs_first(tensor)),
                "bias" | "noise_strength" => (kind, tensor.clone()),
                _ => return None,
            };
            Some((format!("synthesis.b{size}.{layer}.{kind}"), tensor))
        }
        _ => None,
    }
}

fn mapped(tensor: &Tensor, f: impl Fn(f32) -> f32) -> Tensor {
    let numbers: Vec<f32> = tensor.data().iter().map(|&number| f(number)).collect();
    Tensor::new(tensor.shape(), numbers).expect("as many numbers as before")
}

/// Each kernel of `[out, in, height, width]` with its taps in reverse.
fn half_turned(tensor: &Tensor) -> Tensor {
    let &[_, _, height, width] = tensor.shape() else { return tensor.clone() };
    let turned: Vec<f32> =
        tensor.data().chunks(height * width).flat_map(|kernel| kernel.iter().rev().copied()).collect();
    Tensor::new(tensor.shape(), turned).expect("as many numbers as before")
}
