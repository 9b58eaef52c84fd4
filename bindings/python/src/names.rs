//! Names that the library keeps for as long as the process lives, and those that Python asks for.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use pulse::Opened;
use pulse::generator::EMBEDDED;
use pulse::judge::Order;
use pyo3::prelude::*;

/// A name that lives on. The same one is kept once.
pub(crate) fn kept(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(name) = names.get(name) {
        return name;
    }
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(name);
    name
}

/// The names of the embedded generators, the default first, and of what candidates are sorted by.
#[pyfunction]
pub(crate) fn names() -> (Vec<&'static str>, Vec<&'static str>) {
    let mut embedded: Vec<_> = EMBEDDED.iter().map(|embedded| embedded.name).collect();
    embedded.sort_by_key(|name| *name != Opened::default_name());
    (embedded, Order::ALL.map(Order::name).to_vec())
}
