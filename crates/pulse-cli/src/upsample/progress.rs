//! Progress on standard error: candidates done, the best so far, the time left.

use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use pulse::event::SearchEvent;
use serde_json::{Value, json};

use super::arguments::ProgressMode;
use super::course::Course;
use crate::terminal;

/// How often the bar moves, or a line of JSON is written.
const OFTEN: Duration = Duration::from_millis(100);

/// How often a plain line is written.
const RARELY: Duration = Duration::from_secs(2);

/// The bar's own unit: thousandths of the whole.
const WHOLE: f64 = 1000.0;

enum Display {
    Bar(ProgressBar),
    Plain,
    Json,
    None,
}

/// The display of the search for one picture.
pub(super) struct Progress {
    display: Display,
    state: State,
    last_shown: Option<Instant>,
}

/// What there is to show.
struct State {
    input: String,
    /// Where the picture stands among others.
    course: Option<Course>,
    started: Instant,
    steps: usize,
    /// How far each candidate is, from 0 to 1.
    parts: Vec<f64>,
    /// Their sum.
    sum: f64,
    /// Whether each candidate is finished.
    finished: Vec<bool>,
    best_db: f64,
}

impl Progress {
    pub(super) fn new(mode: ProgressMode, input: &str, course: Option<Course>, terminal: bool) -> Self {
        let display = match mode {
            ProgressMode::Bar => Display::Bar(bar(input, course)),
            ProgressMode::Auto if terminal => Display::Bar(bar(input, course)),
            ProgressMode::Auto | ProgressMode::Plain => Display::Plain,
            ProgressMode::Json => Display::Json,
            ProgressMode::None => Display::None,
        };
        let state = State {
            input: input.to_owned(),
            course,
            started: Instant::now(),
            steps: 1,
            parts: Vec::new(),
            sum: 0.0,
            finished: Vec::new(),
            best_db: f64::NEG_INFINITY,
        };
        Self { display, state, last_shown: None }
    }

    pub(super) fn event(&mut self, event: &SearchEvent<'_>) {
        self.state.note(event);
        if let Display::Json = self.display {
            self.state.json_of(event).iter().for_each(print_json);
        }
        let pause = if matches!(self.display, Display::Plain) { RARELY } else { OFTEN };
        if self.last_shown.is_none_or(|shown| shown.elapsed() >= pause) {
            self.last_shown = Some(Instant::now());
            self.show();
        }
    }

    pub(super) fn finish(&mut self) {
        match &self.display {
            Display::Bar(bar) => bar.finish_and_clear(),
            Display::Plain | Display::Json => self.show(),
            Display::None => {}
        }
    }

    fn show(&self) {
        match &self.display {
            Display::Bar(bar) => {
                bar.set_position((self.state.fraction() * WHOLE) as u64);
                bar.set_message(terminal::shown(&self.state.line()));
            }
            Display::Plain => {
                let number = self.state.course.map(|Course { number, of, .. }| format!(" ({number} of {of})"));
                let number = number.unwrap_or_default();
                terminal::progress(&format!("{}{number}: {}", self.state.input, self.state.line()));
            }
            Display::Json => print_json(&self.state.json()),
            Display::None => {}
        }
    }
}

impl State {
    fn note(&mut self, event: &SearchEvent<'_>) {
        match event {
            SearchEvent::Started { candidates, steps } => {
                self.started = Instant::now();
                self.steps = *steps;
                self.parts = vec![0.0; *candidates];
                self.finished = vec![false; *candidates];
            }
            SearchEvent::Step(step) => {
                self.reach(step.candidate, step.step as f64 / self.steps as f64);
                self.best_db = self.best_db.max(step.db);
            }
            SearchEvent::Finished(candidate) => {
                self.reach(candidate.index, 1.0);
                self.best_db = self.best_db.max(candidate.db);
                self.finished[candidate.index] = true;
            }
            // It may have been finished, and plainly worse than the others.
            SearchEvent::Restarted { candidate, .. } => {
                self.reach(*candidate, 0.0);
                self.finished[*candidate] = false;
            }
            _ => {}
        }
    }

    fn done(&self) -> usize {
        self.finished.iter().filter(|is_finished| **is_finished).count()
    }

    fn reach(&mut self, candidate: usize, part: f64) {
        let old = std::mem::replace(&mut self.parts[candidate], part);
        self.sum += part - old;
    }

    /// How much is done, from 0 to 1.
    fn fraction(&self) -> f64 {
        // A sum of many differences is off by its rounding.
        (self.sum / self.parts.len().max(1) as f64).clamp(0.0, 1.0)
    }

    /// Supposing that it goes on as it went so far; nothing when it has only begun.
    fn seconds_left(&self) -> Option<f64> {
        let (fraction, elapsed) = (self.fraction(), self.started.elapsed().as_secs_f64());
        (fraction > 0.01).then(|| elapsed * (1.0 - fraction).max(0.0) / fraction)
    }

    fn seconds_left_for_all(&self) -> Option<f64> {
        self.course?.seconds_left(self.fraction())
    }

    fn line(&self) -> String {
        let done = format!("{} of {} candidates", self.done(), self.parts.len());
        let best = if self.best_db.is_finite() { format!(", best {:.1} dB", self.best_db) } else { String::new() };
        let left = match self.seconds_left() {
            Some(seconds) if self.done() < self.parts.len() => format!(", {} left", duration(seconds)),
            _ => String::new(),
        };
        let all = self.seconds_left_for_all().map_or_else(String::new, |all| format!("; {} for all", duration(all)));
        done + &best + &left + &all
    }

    fn json(&self) -> Value {
        let mut line = json!({
            "event": "progress",
            "input": self.input,
            "done": self.done(),
            "candidates": self.parts.len(),
            "fraction": self.fraction(),
            "best_db": self.best_db,
            "seconds_left": self.seconds_left(),
        });
        if let Some(Course { number, of, .. }) = self.course {
            line["picture"] = number.into();
            line["pictures"] = of.into();
            line["seconds_left_for_all"] = self.seconds_left_for_all().into();
        }
        line
    }

    /// What is shown at once.
    fn json_of(&self, event: &SearchEvent<'_>) -> Option<Value> {
        Some(match event {
            SearchEvent::Started { candidates, steps } => {
                json!({ "event": "started", "input": self.input, "candidates": candidates, "steps": steps })
            }
            SearchEvent::Restarted { candidate, db } => {
                json!({ "event": "restarted", "input": self.input, "candidate": candidate + 1, "db": db })
            }
            SearchEvent::Finished(candidate) => json!({
                "event": "finished",
                "input": self.input,
                "candidate": candidate.index + 1,
                "outcome": candidate.outcome.name(),
                "db": candidate.db,
                "steps": candidate.steps,
            }),
            _ => return None,
        })
    }
}

fn bar(input: &str, course: Option<Course>) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:24.green/dim} {prefix}: {msg}").expect("the template is well-formed");
    let name = Path::new(input).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = course.map_or_else(String::new, |Course { number, of, .. }| format!("[{number}/{of}] ")) + &name;
    ProgressBar::new(WHOLE as u64).with_style(style).with_prefix(terminal::shown(&name))
}

fn print_json(line: &Value) {
    terminal::event(line);
}

/// A time as a person says it.
pub(crate) fn duration(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
