//! What went wrong in Python while the library worked: an exception in a function of the caller's own, or Ctrl-C.
//!
//! The library's passes cannot fail. So an exception waits here, with the thread that it happened on, until that thread is back in
//! Python.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::error::raised;

thread_local! {
    static TROUBLE: RefCell<Option<PyErr>> = const { RefCell::new(None) };
    static LOOKED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// How often a thread looks for Ctrl-C: often enough for a person. Each look may wait for another Python thread.
const PAUSE: Duration = Duration::from_millis(50);

/// Whether something went wrong on this thread.
pub(crate) fn is_there() -> bool {
    TROUBLE.with_borrow(Option::is_some)
}

/// Keeps what went wrong first.
pub(crate) fn keep(error: PyErr) {
    TROUBLE.with_borrow_mut(|trouble| {
        trouble.get_or_insert(error);
    });
}

/// What went wrong, which is forgotten then.
pub(crate) fn take() -> Option<PyErr> {
    TROUBLE.take()
}

/// Whether something went wrong, or Ctrl-C was pressed.
pub(crate) fn interrupted() -> bool {
    if !is_there() && LOOKED.get().is_none_or(|last| last.elapsed() >= PAUSE) {
        LOOKED.set(Some(Instant::now()));
        Python::attach(|py| py.check_signals()).unwrap_or_else(keep);
    }
    is_there()
}

/// Lets go of Python while the library works, and raises what went wrong.
pub(crate) fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> pulse::Result<T> + Send) -> PyResult<T> {
    drop(take());
    let done = py.detach(work);
    match take() {
        Some(error) => Err(error),
        None => done.map_err(|error| raised(py, &error)),
    }
}
