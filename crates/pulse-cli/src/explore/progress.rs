//! Progress on standard error, for work that has a share and nothing else.

use std::io::{IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::interrupt::Interrupt;
use crate::upsample::ProgressMode;

/// How often a log is told.
const RARELY: Duration = Duration::from_secs(2);

/// The bar's own unit: thousandths of the whole.
const WHOLE: f64 = 1000.0;

pub(super) struct Progress<'a> {
    mode: ProgressMode,
    bar: Option<ProgressBar>,
    what: &'a str,
    interrupt: &'a Interrupt,
    told: Instant,
}

impl<'a> Progress<'a> {
    pub(super) fn new(mode: ProgressMode, what: &'a str, interrupt: &'a Interrupt) -> Self {
        let shown = mode == ProgressMode::Bar || mode == ProgressMode::Auto && std::io::stderr().is_terminal();
        let bar = shown.then(|| {
            let style = ProgressStyle::with_template("{bar:24.green/dim} {msg}").expect("the template is well-formed");
            ProgressBar::new(WHOLE as u64).with_style(style).with_message(what.to_owned())
        });
        Self { mode, bar, what, interrupt, told: Instant::now() }
    }

    /// Shows how much is done, from 0 to 1. `Break` when Ctrl-C was pressed.
    pub(super) fn at(&mut self, share: f64) -> ControlFlow<()> {
        let share = share.clamp(0.0, 1.0);
        if let Some(bar) = &self.bar {
            bar.set_position((share * WHOLE) as u64);
        } else if self.mode == ProgressMode::Json {
            let line = json!({ "event": "progress", "what": self.what, "fraction": share });
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        } else if self.mode != ProgressMode::None && self.told.elapsed() >= RARELY {
            self.told = Instant::now();
            let _ = writeln!(std::io::stderr().lock(), "{}: {:.0}%", self.what, 100.0 * share);
        }
        if self.interrupt.pressed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
