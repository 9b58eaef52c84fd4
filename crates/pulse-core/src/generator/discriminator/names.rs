//! The names that files give to the tensors of a discriminator, brought to those of NVIDIA's pickles for PyTorch.

use std::collections::BTreeMap;

use pulse_checkpoint::Tensor;

use crate::tensors::{MOST_BLOCKS, outputs_first};

/// The filter that StyleGAN2's were trained with, along one axis, where the file does not have it.
const FOUR_TAPS: [f32; 4] = [0.125, 0.375, 0.375, 0.125];
/// The same of StyleGAN's.
const THREE_TAPS: [f32; 3] = [0.25, 0.5, 0.25];

type Named = BTreeMap<String, Tensor>;

/// How layers are scaled and halve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Karras et al. 2019: He's gain is in the weights; blur, convolution, and the mean of four.
    StyleGan1,
    /// Karras et al. 2020: the gain is behind the activation; filter, and a convolution of stride 2.
    StyleGan2,
}

pub(super) fn renamed(tensors: &Named) -> (Style, Named) {
    if tensors.contains_key("final_conv.0.weight") {
        return (Style::StyleGan2, of_rosinality(tensors));
    }
    if tensors.contains_key("FromRGB_lod0/weight") {
        return (Style::StyleGan1, of_tensorflow(tensors, &THREE_TAPS));
    }
    if tensors.contains_key("4x4/Conv/weight") {
        return (Style::StyleGan2, of_tensorflow(tensors, &FOUR_TAPS));
    }
    (Style::StyleGan2, tensors.clone())
}

/// The largest resolution, when those behind 4x4 are counted by `has`.
fn largest(has: impl Fn(usize) -> bool) -> usize {
    4 << (1..MOST_BLOCKS).take_while(|&index| has(index)).count()
}

fn of_rosinality(tensors: &Named) -> Named {
    let size = largest(|index| tensors.contains_key(&format!("convs.{index}.conv1.0.weight")));
    let rename = |name: &str| {
        let parts: Vec<_> = name.split('.').collect();
        Some(match parts[..] {
            ["convs", "0", "0" | "1", kind] => format!("b{size}.fromrgb.{kind}"),
            ["convs", block, layer, place, kind] => {
                let block: usize = block.parse().ok().filter(|block| (1..MOST_BLOCKS).contains(block))?;
                let (layer, kind) = match (layer, place, kind) {
                    ("conv1", "0" | "1", kind) => ("conv0", kind),
                    ("conv2", "0", "kernel") => ("conv1", "resample_filter"),
                    ("conv2", "1" | "2", kind) => ("conv1", kind),
                    ("skip", "0", "kernel") => ("skip", "resample_filter"),
                    ("skip", "1", kind) => ("skip", kind),
                    _ => return None,
                };
                format!("b{}.{layer}.{kind}", (2 * size) >> block)
            }
            ["final_conv", "0" | "1", kind] => format!("b4.conv.{kind}"),
            ["final_linear", "0", kind] => format!("b4.fc.{kind}"),
            ["final_linear", "1", kind] => format!("b4.out.{kind}"),
            _ => return None,
        })
    };
    tensors.iter().filter_map(|(name, tensor)| Some((rename(name)?, tensor.clone()))).collect()
}

/// Weights are `[in, out]` and `[height, width, in, out]` there, and the filter is not in the file.
fn of_tensorflow(tensors: &Named, taps: &[f32]) -> Named {
    let filter = Tensor::new([taps.len()], taps).expect("as many as there are");
    let size = largest(|index| tensors.contains_key(&format!("{0}x{0}/Conv0/weight", 4 << index)));
    let mut renamed = Named::new();
    for (name, tensor) in tensors {
        let parts: Vec<_> = name.split('/').collect();
        let (layer, kind) = match parts[..] {
            ["FromRGB_lod0", kind] => (format!("b{size}.fromrgb"), kind),
            ["Output", kind] => ("b4.out".to_owned(), kind),
            [block, layer, kind] => {
                let Some((block, _)) = block.split_once('x') else { continue };
                let layer = match layer {
                    "FromRGB" => "fromrgb",
                    "Conv0" => "conv0",
                    "Conv1_down" => "conv1",
                    "Skip" => "skip",
                    "Conv" => "conv",
                    "Dense0" => "fc",
                    "Dense1" => "out",
                    _ => continue,
                };
                (format!("b{block}.{layer}"), kind)
            }
            _ => continue,
        };
        // Two layers of a block halve, and the block itself may halve the picture.
        let halving = match layer.split_once('.') {
            Some((_, "conv1" | "skip")) => Some(&*layer),
            Some((block, "conv0")) => Some(block),
            _ => None,
        };
        if let Some(halving) = halving {
            renamed.insert(format!("{halving}.resample_filter"), filter.clone());
        }
        renamed.insert(format!("{layer}.{kind}"), outputs_first(tensor));
    }
    renamed
}
