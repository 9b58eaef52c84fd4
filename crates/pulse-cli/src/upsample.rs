//! `pulse upsample`: the search, for every picture that is given.

mod ahead;
mod arguments;
mod course;
mod job;
mod look;
mod one;
mod overview;
mod progress;
mod shard;
mod space;
mod taken;
mod trace;
mod watch;

use std::path::Path;

use pulse::Note;
use pulse::Opened;
use pulse::candidate::consistency_db;
use pulse::judge::Verdict;
use pulse::record::Record;
use pulse::write::make_folder;
use pulse_engine::Cpu;

use crate::failure::{Failure, blur_hint, note, print, turned_hint};
use crate::interrupt::Interrupt;
use crate::sources::{self, Source, Sources};
use crate::status::Status;

pub(crate) use arguments::{Arguments, EXAMPLES, ProgressMode};
use job::Job;
use overview::{Entry, Fate};
pub(crate) use progress::duration;
use taken::Decider;

/// Searches for every picture that the arguments name, one after the other.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    arguments.config()?;
    let engine = arguments.engine.start()?;
    let interrupt = Interrupt::listen("stopping; what was found so far is written now")?;
    let opened = arguments.told.open(arguments.generator())?;
    let Sources { pictures: mut sources, mut left_out, failures } =
        sources::of(&arguments.inputs, &arguments.out, arguments.recursive);
    failures.iter().for_each(Failure::report);
    let count = sources.len() + left_out.len() + failures.len();
    let several = arguments.shard.is_some() || count > 1 || arguments.inputs[0].is_dir();
    if let Some(shard) = arguments.shard {
        // After all have their folders, so that these are the same in every shard.
        let mut position = 0..;
        sources.retain(|_| position.next().is_some_and(|position| shard.has(position)));
        left_out.retain(|_| position.next().is_some_and(|position| shard.has(position)));
    }
    let mut verdict = if failures.is_empty() { Status::Good } else { Status::Failed };
    let mut entries = go_through(arguments, &engine, opened, &interrupt, &sources, several)?;
    entries.extend(left_out.iter().map(|left| Entry::left_out(&left.path, left.reason)));
    verdict = entries.iter().map(Entry::verdict).fold(verdict, Status::max);
    let not_begun = entries.iter().filter(|entry| entry.fate() == Fate::NotBegun).count();
    if not_begun > 0 {
        note(&format!("stopped: {not_begun} of {} pictures were not begun", entries.len()));
    }
    if several && (!entries.is_empty() || failures.is_empty()) {
        report(&entries, &arguments.out.join(overview::file_name(arguments.shard)))?;
    }
    Ok(verdict)
}

/// Searches for all of them: first for those that are small, then for the faces in photographs, with the generator for those.
fn go_through(
    arguments: &Arguments,
    engine: &Cpu,
    opened: Opened,
    interrupt: &Interrupt,
    sources: &[Source],
    several: bool,
) -> Result<Vec<Entry>, Failure> {
    let photographs = if arguments.lets_pictures_decide() {
        let mut decider = Decider::new(arguments, engine, &opened);
        let decide = |source| if interrupt.pressed() { Ok(false) } else { decider.is_photograph(source) };
        sources.iter().map(decide).collect::<Result<Vec<_>, _>>()?
    } else {
        vec![false; sources.len()]
    };
    let of = |wanted: bool| {
        let chosen = sources.iter().zip(&photographs).filter(move |(_, is_photograph)| **is_photograph == wanted);
        chosen.map(|(source, _)| source).collect::<Vec<_>>()
    };
    let (small, faces) = (of(false), of(true));
    if let Some(option) = arguments.taken.about_faces().filter(|_| faces.is_empty() && !arguments.taken.finds_faces()) {
        return Err(Failure::of(option, "is about photographs with people in them, and there is none; leave it out"));
    }
    let mut entries = [Vec::new(), Vec::new()];
    if !small.is_empty() || faces.is_empty() {
        let mut job = Job::new(arguments, arguments.config()?, engine.clone(), opened, interrupt)?;
        entries[0] = job.go_through(&small, several)?;
    }
    if !faces.is_empty() {
        let arguments = arguments.for_faces();
        let opened = arguments.told.open(arguments.generator())?;
        let mut job = Job::new(&arguments, arguments.config()?, engine.clone(), opened, interrupt)?;
        if !small.is_empty() {
            job = job.after_another_job();
        }
        entries[1] = job.go_through(&faces, several)?;
    }
    let mut entries = entries.map(Vec::into_iter);
    Ok(photographs.iter().filter_map(|is_photograph| entries[usize::from(*is_photograph)].next()).collect())
}

/// Writes what became of every picture to the file at `path`, and prints it.
fn report(entries: &[Entry], path: &Path) -> Result<(), Failure> {
    let folder = path.parent().map_or(Ok(()), make_folder);
    let written = folder.map_err(Failure::from).and_then(|()| overview::write_csv(path, entries));
    let place = if written.is_ok() { format!("  {}\n", path.display()) } else { String::new() };
    print(&format!("\n{}{place}", overview::table(entries)))?;
    written
}

/// A note about a picture, with the option that changes it.
fn words(about: &Note) -> String {
    match about {
        Note::Blocks { .. } => format!("{about}; --mosaic off takes it as it is"),
        Note::Turned(guess) => format!("{about}{}", turned_hint(guess)),
        Note::Placed(_) => format!("{about}; --place off takes it as it is"),
        Note::Grey { colours } => format!("{about}; --measurement {colours} lets them have colours"),
        Note::OtherBlocks(_) => {
            format!("{about}; --crop X,Y,W,H takes one of them, and --faces all that have faces in them")
        }
        Note::Toned { grey } => format!("{about}; --measurement {grey} takes it for grey"),
        Note::Transparent { .. } => format!("{about}; --background white shows it over a colour"),
        Note::Complete { blur: Some(blur), .. } => format!("{about}{}", blur_hint("", *blur)),
        _ => about.to_string(),
    }
}

/// The lines about one picture at the end.
fn summary(name: &str, sheet: &Path, record: &Record) -> String {
    let summary = &record.summary;
    let target = consistency_db(record.settings.epsilon);
    let figures = if summary.candidates == 1 {
        format!("{:.1} dB", summary.best_db)
    } else {
        format!(
            "{:.1} to {:.1} dB, mean distance {:.3}",
            summary.worst_db, summary.best_db, summary.mean_pairwise_distance
        )
    };
    let read = record.quantities.iter().map(|quantity| format!("  {quantity}\n")).collect::<Vec<_>>().concat();
    let stopped = if summary.stopped { ", stopped; the same command goes on" } else { "" };
    let verdict = Verdict::named(record.verdict.as_deref());
    let verdict = verdict.map_or_else(String::new, |verdict| format!(", {}", verdict.words()));
    format!(
        "{name}{} of {} at {target:.1} dB or more ({figures}){verdict}, in {:.1} s{stopped}\n{read}  {}\n",
        summary.reached,
        summary.candidates,
        record.seconds,
        sheet.display()
    )
}
