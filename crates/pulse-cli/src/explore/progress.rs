//! Progress on standard error, for work that has a share and nothing else.

use std::io::IsTerminal as _;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::interrupt::Interrupt;
use crate::terminal;
use crate::upsample::{ProgressMode, duration};

/// How often a line of JSON is written.
const OFTEN: Duration = Duration::from_millis(100);

/// How often a plain line is written.
const RARELY: Duration = Duration::from_secs(2);

/// The bar's own unit: thousandths of the whole.
const WHOLE: f64 = 1000.0;

pub(crate) struct Progress<'a> {
    mode: ProgressMode,
    bar: Option<ProgressBar>,
    what: String,
    /// How much was done before, by an earlier process.
    before: f64,
    interrupt: &'a Interrupt,
    started: Instant,
    told: Option<Instant>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(mode: ProgressMode, what: &str, interrupt: &'a Interrupt) -> Self {
        Self::going_on(mode, what, 0.0, interrupt)
    }

    /// The same for work of which a share was done `before`.
    pub(crate) fn going_on(mode: ProgressMode, what: &str, before: f64, interrupt: &'a Interrupt) -> Self {
        let shown = mode == ProgressMode::Bar || mode == ProgressMode::Auto && std::io::stderr().is_terminal();
        let bar = shown.then(|| {
            let style = ProgressStyle::with_template("{bar:24.green/dim} {msg}").expect("the template is well-formed");
            ProgressBar::new(WHOLE as u64).with_style(style).with_message(what.to_owned())
        });
        Self { mode, bar, what: what.to_owned(), before, interrupt, started: Instant::now(), told: None }
    }

    /// Shows how much is done, from 0 to 1. `Break` when Ctrl-C was pressed.
    pub(crate) fn at(&mut self, share: f64) -> ControlFlow<()> {
        let share = share.clamp(0.0, 1.0);
        let left = self.seconds_left(share);
        let until = left.map_or_else(String::new, |left| format!(", {} left", duration(left)));
        let line = format!("{}: {:.0}%{until}", self.what, 100.0 * share);
        if let Some(bar) = &self.bar {
            bar.set_position((share * WHOLE) as u64);
            bar.set_message(terminal::shown(&line));
        } else if self.mode == ProgressMode::Json && self.is_due(OFTEN) {
            let event = json!({ "event": "progress", "what": self.what, "fraction": share, "seconds_left": left });
            terminal::event(&event);
        } else if matches!(self.mode, ProgressMode::Auto | ProgressMode::Plain) && self.is_due(RARELY) {
            terminal::progress(&line);
        }
        if self.interrupt.pressed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Whether the last line was so long ago. Short work has one line only, at its beginning.
    fn is_due(&mut self, pause: Duration) -> bool {
        let due = self.told.is_none_or(|told| told.elapsed() >= pause);
        if due {
            self.told = Some(Instant::now());
        }
        due
    }

    /// Supposing that it goes on as it went so far; nothing when it has only begun.
    fn seconds_left(&self, share: f64) -> Option<f64> {
        let now = share - self.before;
        (now > 0.01).then(|| self.started.elapsed().as_secs_f64() * (1.0 - share) / now)
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
