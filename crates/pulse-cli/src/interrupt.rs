//! Ctrl-C: the first stops the search and keeps what was found, the second ends the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pulse::session::Judge;

use crate::failure::{Failure, note};

/// What shells report for a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Whether Ctrl-C was pressed.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on, to being terminated or hung up too, and says `what` happens then.
    pub(crate) fn listen(what: &'static str) -> Result<Self, Failure> {
        Self::then(what, || {})
    }

    /// The same, and does something then.
    pub(crate) fn then(what: &'static str, act: impl Fn() + Send + 'static) -> Result<Self, Failure> {
        let pressed = Arc::new(AtomicBool::new(false));
        let handler = Arc::clone(&pressed);
        ctrlc::set_handler(move || {
            if handler.swap(true, Ordering::SeqCst) {
                std::process::exit(INTERRUPTED);
            }
            note(&format!("{what} (Ctrl-C again ends at once)"));
            act();
        })
        .map_err(|error| Failure::of("Ctrl-C", format!("cannot be listened to: {error}; run it in another shell")))?;
        Ok(Self(pressed))
    }

    /// What judges candidates until Ctrl-C is pressed.
    pub(crate) fn judge(&self) -> Judge {
        let interrupt = self.clone();
        Judge::stopping_when(move || interrupt.pressed())
    }

    /// Whether to stop.
    pub(crate) fn pressed(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
