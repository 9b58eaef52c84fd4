//! `pulse explore --keep`, `--vary`, `--toward` and `--like`: a steered search from a run.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use pulse::ErrorKind;
use pulse::candidate::Outcome;
use pulse::event::{Observer, SearchEvent};
use pulse::judge::{Order, Verdict};
use pulse::record::SettingsRecord;
use pulse::run::{Run, RunFolder};
use pulse::search::{Repulsion, SearchConfig};
use pulse::session::Labels;
use pulse::solved::NEAR;
use pulse::steer::{Holds, Reopened, Wishes, holds, settings_of};
use pulse_engine::Cpu;

use super::Arguments;
use super::place::{place, print_found, steered_name};
use super::progress::Progress;
use crate::failure::{Failure, note, print};
use crate::generator::check_order;
use crate::interrupt::Interrupt;
use crate::status::Status;

#[derive(Args)]
pub(super) struct Options {
    /// Search again from --candidate while the white region of this mask stays as it is
    #[arg(long, value_name = "MASK", requires = "candidate", conflicts_with_all = ["path", "directions", "frames"], help_heading = "Steer")]
    pub(super) keep: Option<PathBuf>,

    /// The same, with all that stays but the white region
    #[arg(long, value_name = "MASK", requires = "candidate", conflicts_with_all = ["keep", "path", "directions", "frames"], help_heading = "Steer")]
    pub(super) vary: Option<PathBuf>,

    /// Draw candidates towards a picture, or towards the part of it where MASK is white
    #[arg(long, value_name = "IMAGE[:MASK]", conflicts_with_all = ["path", "directions", "frames"], help_heading = "Steer")]
    pub(super) toward: Option<PathBuf>,

    /// Search in the neighbourhood of this candidate
    #[arg(long, value_name = "N", conflicts_with_all = ["path", "directions", "frames"], help_heading = "Steer")]
    pub(super) like: Option<usize>,

    /// How far from it to begin: 0 is the candidate itself, 1 anywhere
    #[arg(
        long,
        value_name = "X",
        requires = "like",
        default_value_t = NEAR,
        allow_negative_numbers = true,
        help_heading = "Steer"
    )]
    amount: f64,

    /// How many candidates to find [default: as many as the run has]
    #[arg(short = 'n', long, value_name = "N", help_heading = "Steer")]
    candidates: Option<usize>,

    /// The seed [default: the one after the run's]
    #[arg(short, long, value_name = "N", help_heading = "Steer")]
    seed: Option<u64>,

    /// Look for candidates that are as different as they can be [default: as the run has it, but not with --like]
    #[arg(long, help_heading = "Steer")]
    spread: bool,

    /// Search each candidate by itself, though the run spread its own
    #[arg(long, conflicts_with = "spread", help_heading = "Steer")]
    no_spread: bool,
}

impl Options {
    /// Whether there is anything to steer by.
    pub(super) fn wanted(&self) -> bool {
        self.keep.is_some() || self.vary.is_some() || self.toward.is_some() || self.like.is_some()
    }

    /// Checks what the parser cannot.
    pub(super) fn check(&self, candidate: Option<usize>) -> Result<(), Failure> {
        let keeps = self.keep.is_some() || self.vary.is_some();
        if self.like.is_some() && candidate.is_some() && !keeps {
            let reason = "says of which candidate a region stays; add --keep or --vary, or leave it out beside --like";
            return Err(Failure::of("--candidate", reason));
        }
        if !(0.0..=1.0).contains(&self.amount) {
            return Err(Failure::of("--amount", "give a number from 0 to 1"));
        }
        Ok(())
    }

    /// An option that does nothing without anything to steer by.
    pub(super) fn idle(&self) -> Option<&'static str> {
        let given = [
            ("--candidates", self.candidates.is_some()),
            ("--seed", self.seed.is_some()),
            ("--spread", self.spread),
            ("--no-spread", self.no_spread),
        ];
        given.into_iter().find(|option| option.1).map(|option| option.0)
    }
}

/// Searches, and writes the folder of a run.
pub(super) fn run(
    arguments: &Arguments,
    reopened: &Reopened,
    engine: &Cpu,
    interrupt: &Interrupt,
) -> Result<Status, Failure> {
    let options = &arguments.steer;
    check_order(&reopened.opened, Order::default())?;
    let wishes = wishes(arguments);
    let run = &reopened.solved.config;
    let mut config = settings_of(run, &wishes);
    config.candidates = options.candidates.unwrap_or(config.candidates);
    config.seed = options.seed.unwrap_or(config.seed);
    config.spread = match (options.spread, options.no_spread) {
        (true, _) => run.spread.or_else(|| Some(Repulsion::default())),
        (_, true) => None,
        _ => config.spread,
    };
    config.validate()?;
    let asked = reopened.record(&arguments.run, &wishes)?;
    let settings = SettingsRecord::from(&config);
    let holds = |folder: &Path| holds(folder, &asked, &settings);
    let place = place(arguments, &steered_name(arguments), holds);
    check_place(&place, reopened.run.folder())?;
    let is_same = holds(&place) == Holds::Same;
    if is_same && !arguments.force {
        let earlier = Run::open(&place)?;
        if earlier.is_whole() {
            print_found(&place)?;
            let summary = &earlier.record().summary;
            return Ok(if summary.reached == summary.candidates { Status::Good } else { Status::Bad });
        }
    }
    let of_option = |error: pulse::Error| Failure::with(option(&wishes, &error), &error);
    let begin = || reopened.search(&wishes, &config, Arc::new(engine.clone())).map_err(of_option);
    let mut session = begin()?;
    print(&format!("{}\n", inherited(options, run, &config)))?;
    let bookmark = if is_same && !arguments.force { Run::open(&place)?.bookmark()? } else { None };
    let folder = match &bookmark {
        Some(_) => RunFolder::take_up(&place)?,
        None => RunFolder::create(&place, arguments.force || is_same)?,
    };
    if let Some(bookmark) = &bookmark {
        session = match session.going_on(bookmark) {
            Ok(session) => session,
            Err(error) => {
                Failure::with(place.display(), &error).report();
                begin()?
            }
        };
    }
    let mut watched =
        Watched { progress: Progress::new(arguments.progress, "steer", interrupt), shares: Vec::new(), steps: 1 };
    session.run(&mut watched)?;
    let found = session.finish(&mut watched)?;
    drop(watched);
    if found.candidates.is_empty() {
        note("stopped before it was begun: nothing was written");
        return Ok(Status::Bad);
    }
    let input = reopened.run.record().input.clone();
    let labels = Labels { steering: Some(asked), made: Some(crate::made::now()), ..Labels::of(input) };
    let record = found.save(&folder, labels, &mut interrupt.judge())?;
    let verdict = Verdict::named(record.verdict.as_deref());
    let verdict = verdict.map_or_else(String::new, |verdict| format!(", {}", verdict.words()));
    let summary = &record.summary;
    print(&format!(
        "{} of {} consistent ({:.1} to {:.1} dB, mean distance {:.3}){verdict}, in {:.1} s{}\n  {}\n",
        summary.reached,
        summary.candidates,
        summary.worst_db,
        summary.best_db,
        summary.mean_pairwise_distance,
        record.seconds,
        if summary.stopped { ", stopped; the same command goes on" } else { "" },
        folder.path().join(&record.files.sheet).display()
    ))?;
    let reached = found.candidates.iter().all(|candidate| candidate.outcome == Outcome::Reached);
    Ok(if reached && !summary.stopped { Status::Good } else { Status::Bad })
}

/// What the search has from the run, in one line.
fn inherited(options: &Options, run: &SearchConfig, config: &SearchConfig) -> String {
    let candidates = match options.candidates {
        None => format!("{} candidates, ", config.candidates),
        Some(_) => String::new(),
    };
    let spread = match (run.spread, config.spread) {
        (Some(_), Some(_)) if !options.spread => "; --spread too, which --no-spread leaves out",
        (Some(_), None) if !options.no_spread => "; but not --spread, which would lead away from it",
        _ => "",
    };
    let seed = if options.seed.is_some() { String::new() } else { format!("; seed {}, the next one", config.seed) };
    format!("as in the run: {candidates}{} steps, measurement and target{spread}{seed}", config.steps)
}

/// Shows how far all candidates together are.
pub(crate) struct Watched<'a> {
    pub(crate) progress: Progress<'a>,
    pub(crate) shares: Vec<f64>,
    pub(crate) steps: usize,
}

impl Observer for Watched<'_> {
    fn event(&mut self, event: SearchEvent<'_>) -> ControlFlow<()> {
        match event {
            SearchEvent::Step(step) => {
                self.shares[step.candidate] = step.step as f64 / self.steps as f64;
                self.progress.at(self.shares.iter().sum::<f64>() / self.shares.len() as f64)
            }
            SearchEvent::Finished(candidate) | SearchEvent::Found(candidate) => {
                self.shares[candidate.start] = 1.0;
                ControlFlow::Continue(())
            }
            // The first step may come late.
            SearchEvent::Started { candidates, steps } => {
                (self.shares, self.steps) = (vec![0.0; candidates], steps);
                self.progress.at(0.0)
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// What the options ask for.
fn wishes(arguments: &Arguments) -> Wishes {
    let options = &arguments.steer;
    Wishes {
        candidate: arguments.candidate,
        keep: options.keep.clone(),
        vary: options.vary.clone(),
        toward: options.toward.as_deref().map(example),
        like: options.like,
        amount: options.like.map(|_| options.amount),
    }
}

/// Which option an error is about.
fn option(wishes: &Wishes, error: &pulse::Error) -> &'static str {
    match (error.kind(), wishes) {
        (ErrorKind::Run, Wishes { like: Some(_), candidate: None, .. }) => "--like",
        (ErrorKind::Run | ErrorKind::Setting, Wishes { candidate: Some(_), .. }) => "--candidate",
        _ => "",
    }
}

/// `IMAGE:MASK`, or the name of an image that is there.
pub(super) fn example(text: &Path) -> (PathBuf, Option<PathBuf>) {
    match text.to_str().and_then(|text| text.rsplit_once(':')) {
        Some((image, mask)) if !text.exists() => (image.into(), Some(mask.into())),
        _ => (text.to_owned(), None),
    }
}

/// Checks that the place is not the run itself, whose target and inputs are what is searched again.
fn check_place(place: &Path, run: &Path) -> Result<(), Failure> {
    let real = |path: &Path| path.canonicalize().ok();
    if real(place).is_some_and(|place| Some(place) == real(run)) {
        let reason = format!("{} is the run that is explored; choose another folder", place.display());
        return Err(Failure::of("--out", reason));
    }
    Ok(())
}
