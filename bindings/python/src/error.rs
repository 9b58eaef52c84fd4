//! The library's errors as Python's.

use pulse::{Error, ErrorKind, WayOut};
use pyo3::prelude::*;

/// The error of `pulse.errors` that this one is.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    let way_out = match error.way_out() {
        Some(WayOut::ReplaceFolder) => "; take another folder, or replace=True",
        Some(WayOut::Shrink { .. }) => "; shrink it first, or take a part of it with crop=",
        Some(WayOut::Families) => "; the README says which generators are read",
        _ => "",
    };
    of_kind(py, name(error.kind()), &format!("{error}{way_out}"))
}

/// An error of one of the kinds of `pulse.PulseError`.
pub(crate) fn of_kind(py: Python<'_>, kind: &str, message: &str) -> PyErr {
    let made = py.import("pulse.errors").and_then(|errors| errors.call_method1("of", (kind, message)));
    made.map_or_else(|error| error, PyErr::from_value)
}

/// The name of a kind, as `pulse.PulseError.kind` has it.
fn name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Io => "io",
        ErrorKind::Full => "full",
        ErrorKind::Busy => "busy",
        ErrorKind::Picture => "picture",
        ErrorKind::Checkpoint => "checkpoint",
        ErrorKind::Generator => "generator",
        ErrorKind::Inputs => "inputs",
        ErrorKind::Network => "network",
        ErrorKind::Run => "run",
        _ => "setting",
    }
}
