//! The Python module's native half, `pulse._pulse`: a session behind Python objects. Nothing is computed here, and no setting has a
//! default here.
//!
//! A thread that waits for the library has let go of Python (`Python::detach`). The thread that asked for a search takes it back for
//! events and for functions of the caller's own; no thread of a pool ever does.

mod array;
mod call;
mod certainty;
mod engine;
mod error;
mod event;
mod found;
mod generator;
mod measurement;
mod names;
mod own;
mod picture;
mod reopened;
mod session;
mod settings;
mod steering;
mod trouble;
mod upsample;
mod walk;

use pyo3::prelude::*;

#[pymodule]
mod _pulse {
    #[pymodule_export]
    use crate::certainty::Certainty;
    #[pymodule_export]
    use crate::engine::{set_threads, threads};
    #[pymodule_export]
    use crate::event::Event;
    #[pymodule_export]
    use crate::found::{Candidate, Found};
    #[pymodule_export]
    use crate::generator::Generator;
    #[pymodule_export]
    use crate::measurement::Measurement;
    #[pymodule_export]
    use crate::names::names;
    #[pymodule_export]
    use crate::picture::{Picture, encode_png};
    #[pymodule_export]
    use crate::reopened::open_run;
    #[pymodule_export]
    use crate::session::Session;
    #[pymodule_export]
    use crate::settings::Settings;
    #[pymodule_export]
    use crate::upsample::upsample;
    #[pymodule_export]
    use crate::walk::Frame;
}
