//! `pulse explore --directions` and `--path`: walks that stay consistent.

use std::path::Path;
use std::time::Instant;

use pulse::candidate::consistency_db;
use pulse::explored::{ExploreFolder, Explored, Stepped};
use pulse::record::{ExploreRecord, MadeRecord};
use pulse::steer::{Holds, Reopened};
use pulse::walk::DirectionSettings;
use pulse_engine::Cpu;

use super::place::{place, print_found};
use super::progress::Progress;
use super::{Arguments, Walk};
use crate::failure::{Failure, note, print};
use crate::interrupt::Interrupt;
use crate::status::Status;

/// Walks, and writes the folder.
pub(super) fn run(
    arguments: &Arguments,
    walk: Walk,
    reopened: &Reopened,
    engine: &Cpu,
    interrupt: &Interrupt,
) -> Result<Status, Failure> {
    let started = Instant::now();
    let run_inputs = reopened.run.inputs_checksum()?;
    let holds = |folder: &Path| walk.holds(folder, &run_inputs);
    let place = place(arguments, &walk.name(), holds);
    let is_same = holds(&place) == Holds::Same;
    if is_same && !arguments.force {
        let earlier = ExploreRecord::open(&place)?;
        if earlier.is_whole(&place) {
            print_found(&place)?;
            return Ok(verdict(earlier.worst_db(), reopened.run.record().settings.epsilon));
        }
    }
    let replace = arguments.force || is_same;
    let solved = &reopened.solved;
    let made = crate::made::now();
    match walk {
        Walk::Step { candidate, direction, directions, length } => {
            let row = solved.row(candidate).map_err(|error| Failure::of("--candidate", error))?;
            let folder = ExploreFolder::create(&place, replace)?;
            let mut explorer = solved.explorer(engine)?;
            let from = solved.point(row);
            let mut progress = Progress::new(arguments.progress, "step", interrupt);
            let found =
                explorer.find(&from, directions, DirectionSettings::default().seed, &mut |share| progress.at(share));
            drop(progress);
            let Some(found) = found.map_err(|error| Failure::of("--direction", error))? else { return Ok(stopped()) };
            let Some(along) = found.get(direction - 1) else {
                return Err(Failure::of("--direction", format!("there are only {} directions", found.len())));
            };
            let mut step = |length| explorer.step(&from, along, length).map_err(|error| Failure::of("--length", error));
            let (from, to) = (step(0.0)?, step(length)?);
            let explored = explored(arguments, reopened, &run_inputs, &made, started);
            let stepped = Stepped { candidate, direction, directions, from: &from, to: &to };
            folder.write_step(&explored, &stepped)?;
            let what = format!(
                "{length:+} sd along direction {direction} from candidate {candidate}, {:.1} of 255 levels from it",
                255.0 * to.change
            );
            summarise(&what, to.frame.db, started, &place)?;
            Ok(verdict(to.frame.db, solved.config.epsilon))
        }
        Walk::Directions { candidate, settings } => {
            let row = solved.row(candidate).map_err(|error| Failure::of("--candidate", error))?;
            settings.validate().map_err(|error| Failure::of("--directions", error))?;
            let folder = ExploreFolder::create(&place, replace)?;
            let mut explorer = solved.explorer(engine)?;
            let from = solved.point(row);
            let mut progress = Progress::new(arguments.progress, "directions", interrupt);
            let found = explorer.directions(&from, &settings, &mut |share| progress.at(share));
            drop(progress);
            let found = found.map_err(|error| Failure::of("--directions", error))?;
            let Some(curves) = found else { return Ok(stopped()) };
            let tolerance = solved.config.epsilon.sqrt();
            let explored = explored(arguments, reopened, &run_inputs, &made, started);
            let record = folder.write_curves(&explored, candidate, (settings.extent, tolerance), &curves)?;
            let worst = record.directions.map_or(0.0, |directions| directions.worst_db);
            let most = curves.iter().flat_map(|curve| &curve.frames).map(|at| at.most).fold(0.0, f64::max);
            let what = format!(
                "{} directions from candidate {candidate}, which change a part by up to {:.0} of 255 levels",
                curves.len(),
                255.0 * most
            );
            summarise(&what, worst, started, &place)?;
            Ok(verdict(worst, solved.config.epsilon))
        }
        Walk::Path { ends, frames } => {
            let rows = ends.map(|end| solved.row(end).map_err(|error| Failure::of("--path", error)));
            let [from, to] = rows;
            let (from, to) = (from?, to?);
            let folder = ExploreFolder::create(&place, replace)?;
            let mut progress = Progress::new(arguments.progress, "path", interrupt);
            let found = solved.passage([from, to], frames, engine, &mut |share| progress.at(share));
            drop(progress);
            let found = found.map_err(|error| Failure::of("--frames", error))?;
            let Some(path) = found else { return Ok(stopped()) };
            let explored = explored(arguments, reopened, &run_inputs, &made, started);
            folder.write_path(&explored, ends, &path)?;
            let what = format!(
                "{frames} frames from candidate {} to candidate {}, the largest jump {:.1} times the mean",
                ends[0],
                ends[1],
                path.roughness()
            );
            summarise(&what, path.worst_db(), started, &place)?;
            Ok(verdict(path.worst_db(), solved.config.epsilon))
        }
    }
}

impl Walk {
    /// What its folder is called.
    fn name(self) -> String {
        match self {
            Self::Step { candidate, direction, length, .. } => {
                let way = if length < 0.0 { "back" } else { "ahead" };
                format!("step-{candidate}-{direction}-{way}-{}", length.abs())
            }
            Self::Directions { candidate, .. } => format!("candidate-{candidate}"),
            Self::Path { ends: [from, to], .. } => format!("path-{from}-{to}"),
        }
    }

    /// Whether a record is that of this walk.
    fn is_of(self, record: &ExploreRecord) -> bool {
        match self {
            Self::Directions { candidate, settings } => record.directions.as_ref().is_some_and(|found| {
                let frames = found.curves.iter().all(|curve| curve.frames.len() == settings.frames);
                let extent = found.extent == Some(settings.extent.into());
                found.candidate == candidate && found.curves.len() == settings.count && frames && extent
            }),
            Self::Step { candidate, direction, directions, length } => record.step.as_ref().is_some_and(|step| {
                [step.candidate, step.direction, step.directions] == [candidate, direction, directions]
                    && step.length.to_bits() == length.to_bits()
            }),
            Self::Path { ends, frames } => {
                record.path.as_ref().is_some_and(|path| [path.from, path.to] == ends && path.frames.len() == frames)
            }
        }
    }

    /// What the folder of an earlier walk holds.
    fn holds(self, folder: &Path, run_inputs: &str) -> Holds {
        match ExploreRecord::open(folder) {
            Err(_) => Holds::Nothing,
            Ok(record) if record.run_inputs.as_deref() != Some(run_inputs) => Holds::Stale,
            Ok(record) if self.is_of(&record) => Holds::Same,
            Ok(_) => Holds::Other,
        }
    }
}

fn summarise(what: &str, worst_db: f64, started: Instant, place: &Path) -> Result<(), Failure> {
    let seconds = started.elapsed().as_secs_f64();
    print(&format!("{what}, all at {worst_db:.1} dB or more, in {seconds:.1} s\n  {}\n", place.display()))
}

fn explored<'a>(
    arguments: &'a Arguments,
    reopened: &'a Reopened,
    run_inputs: &'a str,
    made: &'a MadeRecord,
    started: Instant,
) -> Explored<'a> {
    let run: &Path = &arguments.run;
    let seconds = started.elapsed().as_secs_f64();
    let solved = &reopened.solved;
    let (seed, epsilon) = (solved.config.seed, solved.config.epsilon);
    let generator = &reopened.opened.record;
    Explored { run, run_inputs, generator, specs: &solved.specs, seed, epsilon, made: Some(made), seconds }
}

fn stopped() -> Status {
    note("stopped before it was done: nothing was written");
    Status::Bad
}

/// Whether the worst frame is within epsilon.
fn verdict(worst_db: f64, epsilon: f64) -> Status {
    if worst_db >= consistency_db(epsilon) { Status::Good } else { Status::Bad }
}
