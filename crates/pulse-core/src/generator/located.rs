//! Where in a file the generator stands: files of whole training programs put a name before each of its own, such as `decoder.`,
//! `g_ema.module.` or `_orig_mod.`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use pulse_checkpoint::{Checkpoint, Tensor};

use super::{Dcgan, StyleGan1, StyleGan2, StyleGan3};
use crate::{Error, ErrorKind, Result, WayOut};

/// Tensors that tell a family, under whatever name they stand. Of two that fit, the longer one counts.
const SIGNS: [&str; 8] = [
    "synthesis.b4.const",
    "synthesis.input.freqs",
    "input.input",
    "synthesis.blocks.4x4.const",
    "g_synthesis.blocks.4x4.const",
    "blocks.4x4.const",
    "synthesis/4x4/Conv/mod_weight",
    "synthesis/4x4/Const/StyleMod/weight",
];

/// Parts of names that wrappers of PyTorch put in, anywhere.
const WRAPPERS: [&str; 4] = ["module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"];

/// So many are listed where one has to be chosen.
const LISTED: usize = 12;

/// The checkpoint with the generator's tensors under their own names: as it is where they stand so already, or else the only
/// part of it that is a generator.
///
/// # Errors
/// [`ErrorKind::Generator`] with [`WayOut::Networks`] when there are several.
pub fn located(checkpoint: &Checkpoint) -> Result<Cow<'_, Checkpoint>> {
    let tensors = &checkpoint.tensors;
    if is_named(tensors) || Dcgan::from_tensors(tensors).is_ok() {
        return Ok(Cow::Borrowed(checkpoint));
    }
    let bare = unwrapped(checkpoint);
    if is_named(&bare.tensors) {
        return Ok(bare);
    }
    let prefixes = prefixes(&bare.tensors);
    match &prefixes.iter().collect::<Vec<_>>()[..] {
        [] => Ok(bare),
        [prefix] => Ok(bare.under(prefix).map_or(bare, Cow::Owned)),
        several => {
            let names: Vec<_> =
                several.iter().take(LISTED).map(|prefix| format!("`{}`", prefix.escape_debug())).collect();
            let more = if several.len() > LISTED { ", …" } else { "" };
            let message = format!("the file holds {} generators: {}{more}", several.len(), names.join(", "));
            Err(Error::new(ErrorKind::Generator, message).with_way_out(WayOut::Networks))
        }
    }
}

fn is_named(tensors: &BTreeMap<String, Tensor>) -> bool {
    StyleGan1::is_named(tensors) || StyleGan2::is_named(tensors) || StyleGan3::is_named(tensors)
}

/// What stands before the names of each generator in the file.
fn prefixes(tensors: &BTreeMap<String, Tensor>) -> BTreeSet<String> {
    let before = |name: &str| {
        let of = |sign: &&&str| name.strip_suffix(**sign).is_some_and(|before| before.ends_with('.'));
        let sign = SIGNS.iter().filter(of).max_by_key(|sign| sign.len())?;
        // A decoder's own input is no sign without the layer behind it.
        let prefix = &name[..name.len() - sign.len() - 1];
        let whole = *sign != "input.input" || tensors.contains_key(&format!("{prefix}.conv1.conv.weight"));
        whole.then(|| prefix.to_owned())
    };
    let found: BTreeSet<_> = tensors.keys().filter_map(|name| before(name)).collect();
    if found.is_empty() { chains(tensors) } else { found }
}

/// The same for generators whose layers have nothing but numbers.
fn chains(tensors: &BTreeMap<String, Tensor>) -> BTreeSet<String> {
    let mut chains = BTreeMap::<&str, BTreeMap<String, Tensor>>::new();
    for (name, tensor) in tensors {
        // prefix.layer.field
        let mut parts = name.rsplitn(3, '.');
        if let (Some(field), Some(layer), Some(prefix)) = (parts.next(), parts.next(), parts.next()) {
            chains.entry(prefix).or_default().insert(format!("{layer}.{field}"), tensor.clone());
        }
    }
    let readable = chains.into_iter().filter(|(_, tensors)| Dcgan::from_tensors(tensors).is_ok());
    readable.map(|(prefix, _)| prefix.to_owned()).collect()
}

/// The same without the names of wrappers, unless two names would be one then.
fn unwrapped(checkpoint: &Checkpoint) -> Cow<'_, Checkpoint> {
    let bare = |name: &str| name.split('.').filter(|part| !WRAPPERS.contains(part)).collect::<Vec<_>>().join(".");
    let tensors: BTreeMap<_, _> =
        checkpoint.tensors.iter().map(|(name, tensor)| (bare(name), tensor.clone())).collect();
    if tensors.len() < checkpoint.tensors.len() || tensors.keys().eq(checkpoint.tensors.keys()) {
        return Cow::Borrowed(checkpoint);
    }
    let mut configuration = checkpoint.configuration.clone();
    if let Some(pulse_checkpoint::Value::Map(modules)) = configuration.get_mut("modules") {
        *modules = std::mem::take(modules).into_iter().map(|(path, module)| (bare(&path), module)).collect();
    }
    Cow::Owned(Checkpoint { format: checkpoint.format, tensors, configuration })
}
