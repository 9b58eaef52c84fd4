//! Which of the objects of a pickle is the network that is wanted.

use super::{not_a_tensor, tensorflow};
use crate::array::Arrays;
use crate::error::{Error, ErrorKind, Result, quote};
use crate::network::module::Module;
use crate::pickle::Item;

/// The names under which generators are kept: averaged ones first, then generators, then whatever there is.
const PREFERRED: [&str; 24] = [
    "G_ema",
    "g_ema",
    "Gs",
    "params_ema",
    "generator_ema",
    "netG_ema",
    "ema",
    "model_ema",
    "ema_state_dict",
    "netG_state_dict",
    "generator_state_dict",
    "netG",
    "generator",
    "gen",
    "G",
    "g",
    "params",
    "model_state_dict",
    "state_dict",
    "model",
    "net",
    "network",
    "module",
    "weights",
];
/// The names of the three networks of NVIDIA's TensorFlow pickles, which are a tuple.
const TENSORFLOW: [&str; 3] = ["G", "D", "Gs"];
/// Dictionaries of state dictionaries nest no deeper.
const DEEPEST: usize = 4;
/// So many names are listed when none of them is it.
const LISTED: usize = 12;

/// What was chosen.
pub(super) struct Choice {
    pub(super) item: Item,
    /// The dictionaries passed on the way, innermost first, and what was taken of each.
    pub(super) passed: Vec<(Item, Item)>,
}

pub(super) fn choose(arrays: &Arrays<'_, '_>, wanted: Option<&str>) -> Result<Choice> {
    let root = arrays.pickle.root;
    let mut choice = Choice { item: root, passed: Vec::new() };
    let start = match wanted {
        None => Some(root),
        Some(name) => children(arrays, root)?.into_iter().rev().find(|(child, _)| child == name).map(|(_, item)| item),
    };
    let found = match start {
        Some(start) => descend(arrays, start, &mut choice.passed, 0)?,
        None => None,
    };
    choice.item = found.ok_or_else(|| nothing(arrays, wanted, start))?;
    if let (Some(_), Some(start)) = (wanted, start) {
        choice.passed.push((root, start));
    }
    Ok(choice)
}

/// Whether an item is a network by itself, not a dictionary that may hold one.
pub(super) fn is_network(arrays: &Arrays<'_, '_>, item: Item) -> Result<bool> {
    Ok(tensorflow::is_network(arrays, item)? || Module::of(arrays, item)?.is_some())
}

/// The network that an item is or holds.
fn descend(arrays: &Arrays<'_, '_>, item: Item, passed: &mut Vec<(Item, Item)>, depth: usize) -> Result<Option<Item>> {
    if depth > DEEPEST {
        return Ok(None);
    }
    if arrays.is_array(item) || is_network(arrays, item)? {
        return Ok(Some(item));
    }
    let children = children(arrays, item)?;
    for name in PREFERRED {
        // Where a name is there twice, the last counts, as in Python.
        let Some(&(_, child)) = children.iter().rev().find(|(child, _)| child == name) else { continue };
        if arrays.is_array(child) {
            continue;
        }
        if let Some(found) = descend(arrays, child, passed, depth + 1)? {
            passed.push((item, child));
            return Ok(Some(found));
        }
    }
    if children.iter().any(|&(_, child)| arrays.is_array(child)) {
        return Ok(Some(item));
    }
    let mut found = Vec::new();
    for (name, child) in &children {
        let mut passed = Vec::new();
        if let Some(network) = descend(arrays, *child, &mut passed, depth + 1)? {
            passed.push((item, *child));
            found.push((name, network, passed));
        }
    }
    match found.len() {
        0 => Ok(None),
        1 => Ok(found.pop().map(|(_, network, inner)| {
            passed.extend(inner);
            network
        })),
        _ => {
            let names = list(found.iter().map(|(name, ..)| name.as_str()));
            let message = format!("the file has several networks: choose one of {names}");
            Err(Error::new(ErrorKind::Missing, message))
        }
    }
}

/// What a dictionary holds under names, or a tuple of NVIDIA's in the places that have names.
fn children(arrays: &Arrays<'_, '_>, item: Item) -> Result<Vec<(String, Item)>> {
    if let Some(items @ &[_, _, averaged]) = arrays.pickle.sequence(item)
        && tensorflow::is_network(arrays, averaged)?
    {
        return Ok(TENSORFLOW.into_iter().map(str::to_owned).zip(items.iter().copied()).collect());
    }
    let entries = arrays.named_entries(item)?;
    Ok(entries.into_iter().map(|(name, item)| (name.into_owned(), item)).collect())
}

/// Why there is no network at `start`: what is there instead.
fn nothing(arrays: &Arrays<'_, '_>, wanted: Option<&str>, start: Option<Item>) -> Error {
    let root = arrays.pickle.root;
    let children = children(arrays, root).unwrap_or_default();
    let inside = children.iter().filter(|_| wanted.is_none()).map(|&(_, child)| child);
    if let Some(opaque) = start.into_iter().chain(inside).find(|&item| arrays.pickle.is_opaque(item)) {
        return not_a_tensor(arrays, opaque);
    }
    let what = arrays.pickle.describe(root);
    let names = list(children.iter().map(|(name, _)| name.as_str()));
    let of = if children.is_empty() { String::new() } else { format!(" of {names}") };
    let message = match wanted {
        Some(name) => format!("the file holds {what}{of}, and no network {}: choose one that is there", quote(name)),
        None => format!("the file holds {what}{of}, and no network: save its state dictionary with torch.save"),
    };
    Error::new(ErrorKind::Missing, message)
}

fn list<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let more = if names.len() > LISTED { ", …" } else { "" };
    names.take(LISTED).map(quote).collect::<Vec<_>>().join(", ") + more
}
