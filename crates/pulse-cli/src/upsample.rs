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
mod trace;
mod watch;

use std::path::Path;

use pulse::Note;
use pulse::candidate::consistency_db;
use pulse::judge::Verdict;
use pulse::record::Record;
use pulse::write::make_folder;

use crate::failure::{Failure, blur_hint, note, print};
use crate::interrupt::Interrupt;
use crate::sources;
use crate::status::Status;

pub(crate) use arguments::{Arguments, EXAMPLES, ProgressMode};
use job::Job;
use overview::{Entry, Fate};
pub(crate) use progress::duration;

/// Searches for every picture that the arguments name, one after the other.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let config = arguments.config()?;
    let engine = arguments.engine.start()?;
    let interrupt = Interrupt::listen("stopping; what was found so far is written now")?;
    let opened = arguments.told.open(arguments.generator())?;
    let mut job = Job::new(arguments, config, engine, opened, &interrupt)?;
    let (mut sources, failures) = sources::of(&arguments.inputs, &arguments.out);
    failures.iter().for_each(Failure::report);
    let several = arguments.shard.is_some() || sources.len() + failures.len() > 1 || arguments.inputs[0].is_dir();
    if let Some(shard) = arguments.shard {
        // After all have their folders, so that these are the same in every shard.
        let mut position = 0..;
        sources.retain(|_| position.next().is_some_and(|position| shard.has(position)));
    }
    let mut verdict = if failures.is_empty() { Status::Good } else { Status::Failed };
    let entries = job.go_through(&sources, several)?;
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
        Note::Placed(_) => format!("{about}; --place off takes it as it is"),
        Note::Grey { colours } => format!("{about}; --measurement {colours} lets them have colours"),
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
