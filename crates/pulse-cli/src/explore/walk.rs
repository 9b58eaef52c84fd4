//! `pulse explore --directions` and `--path`: walks that stay consistent.

use std::path::{Path, PathBuf};
use std::time::Instant;

use pulse::candidate::consistency_db;
use pulse::explore::{Coordinates, ExploreFolder, Explored, Explorer};
use pulse::run::{EXPLORED, Reopened};
use pulse_engine::Cpu;

use super::opened::Opened;
use super::progress::Progress;
use super::{Arguments, Walk};
use crate::Verdict;
use crate::failure::{Failure, note, print};
use crate::interrupt::Interrupt;

/// Frames of a path when nobody says how many.
pub(super) const PATH_FRAMES: usize = 24;

/// Walks, and writes the folder.
pub(super) fn run(
    arguments: &Arguments,
    walk: Walk,
    opened: &Opened,
    engine: &Cpu,
    interrupt: &Interrupt,
) -> Result<Verdict, Failure> {
    let started = Instant::now();
    let reopened = opened.reopen()?;
    let place = Place::new(arguments, walk);
    match walk {
        Walk::Directions { candidate, settings } => {
            let row = reopened.row(candidate).map_err(|error| Failure::of("--candidate", error))?;
            settings.validate().map_err(|error| Failure::of("--directions", error))?;
            let folder = ExploreFolder::create(&place.folder, arguments.force)?;
            let problem = reopened.problem();
            let mut explorer = Explorer::new(&problem, &reopened.specs, &reopened.config, engine)?;
            let from = explorer.point(&reopened.inputs, row);
            let mut progress = Progress::new(arguments.progress, "directions", interrupt);
            let found = explorer.directions(&from, &settings, &mut |share| progress.at(share));
            drop(progress);
            let found = found.map_err(|error| Failure::of("--directions", error))?;
            let Some(curves) = found else { return Ok(stopped()) };
            let reach = settings.reach * Coordinates::latent(&reopened.specs).radius(&from);
            let tolerance = reopened.config.epsilon.sqrt();
            let explored = explored(arguments, opened, &reopened, started);
            let record = folder.write_curves(&explored, candidate, [reach, tolerance], &curves)?;
            let worst = record.directions.map_or(0.0, |directions| directions.worst_db);
            place.summarise(&format!("{} directions from candidate {candidate}", curves.len()), worst, started)?;
            Ok(verdict(worst, &reopened))
        }
        Walk::Path { ends, frames } => {
            let rows = ends.map(|end| reopened.row(end).map_err(|error| Failure::of("--path", error)));
            let [from, to] = rows;
            let (from, to) = (from?, to?);
            let folder = ExploreFolder::create(&place.folder, arguments.force)?;
            let problem = reopened.problem();
            let mut explorer = Explorer::new(&problem, &reopened.specs, &reopened.config, engine)?;
            let [from, to] = [from, to].map(|row| explorer.point(&reopened.inputs, row));
            let mut progress = Progress::new(arguments.progress, "path", interrupt);
            let found = explorer.path(&from, &to, frames, &mut |share| progress.at(share));
            drop(progress);
            let found = found.map_err(|error| Failure::of("--frames", error))?;
            let Some(path) = found else { return Ok(stopped()) };
            let explored = explored(arguments, opened, &reopened, started);
            folder.write_path(&explored, ends, &path)?;
            let what = format!(
                "{frames} frames from candidate {} to candidate {}, the largest jump {:.1} times the mean",
                ends[0],
                ends[1],
                path.roughness()
            );
            place.summarise(&what, path.worst_db(), started)?;
            Ok(verdict(path.worst_db(), &reopened))
        }
    }
}

/// Where it goes.
struct Place {
    folder: PathBuf,
}

impl Place {
    fn new(arguments: &Arguments, walk: Walk) -> Self {
        let name = match walk {
            Walk::Directions { candidate, .. } => format!("candidate-{candidate}"),
            Walk::Path { ends: [from, to], .. } => format!("path-{from}-{to}"),
        };
        let folder = arguments.out.clone().unwrap_or_else(|| arguments.run.join(EXPLORED).join(name));
        Self { folder }
    }

    fn summarise(&self, what: &str, worst_db: f64, started: Instant) -> Result<(), Failure> {
        let seconds = started.elapsed().as_secs_f64();
        print(&format!("{what}, all at {worst_db:.1} dB or more, in {seconds:.1} s\n  {}\n", self.folder.display()))
    }
}

fn explored<'a>(
    arguments: &'a Arguments,
    opened: &'a Opened,
    reopened: &'a Reopened<'_>,
    started: Instant,
) -> Explored<'a> {
    let run: &Path = &arguments.run;
    let seconds = started.elapsed().as_secs_f64();
    let (seed, epsilon) = (reopened.config.seed, reopened.config.epsilon);
    Explored { run, generator: &opened.named.record, specs: &reopened.specs, seed, epsilon, seconds }
}

fn stopped() -> Verdict {
    note("stopped before it was done: nothing was written");
    Verdict::Bad
}

/// Whether the worst frame is within the run's epsilon.
fn verdict(worst_db: f64, reopened: &Reopened<'_>) -> Verdict {
    if worst_db >= consistency_db(reopened.config.epsilon) { Verdict::Good } else { Verdict::Bad }
}
