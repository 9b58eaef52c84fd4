//! The names that StyleGAN's tensors have, brought to those of PULSE's files: `synthesis.…`, `mapping.…`,
//! `gaussian_fit.…`.

use std::collections::BTreeMap;

use pulse_checkpoint::Tensor;

use super::super::prior;
use crate::tensors::outputs_first;

type Named = BTreeMap<String, Tensor>;

/// What the three files of PULSE hold, each tensor with its file's name before its own.
const PARTS: [&str; 3] = ["synthesis.", "mapping.", "gaussian_fit."];

pub(super) fn is_pulse(tensors: &Named) -> bool {
    ["", "synthesis.", "g_synthesis."].iter().any(|part| tensors.contains_key(&format!("{part}blocks.4x4.const")))
}

pub(super) fn is_tensorflow(tensors: &Named) -> bool {
    tensors.contains_key("synthesis/4x4/Const/StyleMod/weight")
}

/// Those of `synthesis.pt` alone have no part before them.
pub(super) fn of_pulse(tensors: &Named) -> Named {
    let whole = |name: &str| PARTS.iter().any(|part| name.starts_with(part));
    let name = |name: &str| {
        // The public port has a `g_` before the parts, and the layers of an epilogue in a sequence of their own.
        let name = name.strip_prefix("g_").filter(|name| whole(name)).unwrap_or(name);
        let name = name.replace(".top_epi.", ".").replace(".bot_epi.", ".");
        if whole(&name) || !name.contains('.') { name } else { format!("synthesis.{name}") }
    };
    tensors.iter().map(|(key, tensor)| (name(key), tensor.clone())).collect()
}

/// TensorFlow's weights are `[in, out]` and `[height, width, in, out]`.
pub(super) fn of_tensorflow(tensors: &Named) -> Named {
    let renamed = tensors.iter().filter_map(|(name, tensor)| rename(name).map(|name| (name, outputs_first(tensor))));
    let mut named: Named = renamed.collect();
    // What has no weights is stored as PULSE has it.
    let others = [("synthesis/4x4/Const/const", "synthesis.blocks.4x4.const"), ("dlatent_avg", "w_avg")];
    for (theirs, ours) in others.into_iter().chain(prior::NAMES.map(|name| (name, name))) {
        named.extend(tensors.get(theirs).map(|tensor| (ours.to_owned(), tensor.clone())));
    }
    for (name, tensor) in tensors {
        if let Some(index) = name.strip_prefix("synthesis/noise") {
            named.insert(format!("synthesis.noise.{index}"), tensor.clone());
        }
    }
    named
}

/// The name of a weight or a bias; `None` for what is none, or is not used at the full resolution.
fn rename(name: &str) -> Option<String> {
    let parts: Vec<_> = name.split('/').collect();
    let (&kind, path) = parts.split_last().filter(|(kind, _)| matches!(**kind, "weight" | "bias"))?;
    match path {
        ["mapping", "LabelConcat"] => Some(format!("mapping.label_concat.{kind}")),
        ["mapping", layer] => Some(format!("mapping.dense{}.{kind}", layer.strip_prefix("Dense")?)),
        ["synthesis", "ToRGB_lod0"] => Some(format!("synthesis.torgb.{kind}")),
        ["synthesis", size, "Const"] => Some(format!("synthesis.blocks.{size}.{kind}")),
        ["synthesis", size, layer] => Some(format!("synthesis.blocks.{size}.{}.{kind}", layer.to_lowercase())),
        ["synthesis", size, layer, epilogue] => {
            let place = if matches!(*layer, "Const" | "Conv0_up") { 1 } else { 2 };
            let part = if *epilogue == "Noise" { "noise" } else { "style_mod.lin" };
            Some(format!("synthesis.blocks.{size}.epi{place}.{part}.{kind}"))
        }
        _ => None,
    }
}
