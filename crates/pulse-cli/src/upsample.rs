//! `pulse upsample`: the search, for every picture that is given.

mod ahead;
mod arguments;
mod course;
mod faces;
mod overview;
mod progress;
mod request;
mod shard;
mod space;
mod standing;
mod target;
mod trace;
mod watch;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pulse::candidate::{Candidate, consistency_db};
use pulse::face::Detector;
use pulse::folder::Claim;
use pulse::generator::{Embedded, InputSpec, LatentInput};
use pulse::inputs::Inputs;
use pulse::kept::KeptPrograms;
use pulse::record::{InputRecord, Record, RequestRecord, SettingsRecord};
use pulse::report::{Curves, Subject};
use pulse::run::{Finished, Page, RECORD, RunFolder};
use pulse::search::{Problem, SearchConfig, search};
use pulse_engine::Cpu;

use crate::failure::{Failure, note, print};
use crate::generator::{self, Named};
use crate::interrupt::Interrupt;
use crate::range::Ranges;
use crate::render::note_unknown;
use crate::sources::{self, Source};
use crate::verdict::Verdict;

use ahead::{Content, Decoder, Picture};
pub(crate) use arguments::{Arguments, EXAMPLES, ProgressMode};
use course::Course;
pub(crate) use faces::RECORD as FACES;
use overview::{Entry, Fate};
use progress::Progress;
pub(crate) use progress::duration;
use standing::{Asked, Standing};
use target::Prepared;
use trace::Trace;
use watch::{Intermediate, Watch};

/// Searches for every picture that the arguments name, one after the other.
pub(crate) fn run(arguments: &Arguments) -> Result<Verdict, Failure> {
    let config = arguments.config()?;
    let engine = arguments.engine.start()?;
    let interrupt = Interrupt::listen("stopping; what was found so far is written now")?;
    let named = generator::open(&arguments.generator)?;
    let mut job = Job::new(arguments, config, engine, &named)?;
    let (mut sources, failures) = sources::of(&arguments.inputs, &arguments.out);
    failures.iter().for_each(Failure::report);
    let several = arguments.shard.is_some() || sources.len() + failures.len() > 1 || arguments.inputs[0].is_dir();
    if let Some(shard) = arguments.shard {
        // After all have their folders, so that these are the same in every shard.
        let mut position = 0..;
        sources.retain(|_| position.next().is_some_and(|position| shard.has(position)));
    }
    let mut verdict = if failures.is_empty() { Verdict::Good } else { Verdict::Failed };
    let entries = job.go_through(&sources, several, &interrupt)?;
    verdict = entries.iter().map(Entry::verdict).fold(verdict, Verdict::max);
    let not_begun = entries.iter().filter(|entry| entry.fate() == Fate::NotBegun).count();
    if not_begun > 0 {
        note(&format!("stopped: {not_begun} of {} pictures were not begun", entries.len()));
    }
    if several && (!entries.is_empty() || failures.is_empty()) {
        report(&entries, &arguments.out.join(overview::file_name(arguments.shard)))?;
    }
    Ok(verdict)
}

/// Prints what became of every picture, and writes it to the file at `path`.
fn report(entries: &[Entry], path: &Path) -> Result<(), Failure> {
    let printed = print(&format!("\n{}  {}\n", overview::table(entries), path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::of(folder.display(), format!("cannot be made: {error}; choose another --out")))?;
    }
    overview::write_csv(path, entries)?;
    printed
}

/// What is the same for all pictures.
struct Job<'a> {
    arguments: &'a Arguments,
    config: SearchConfig,
    request: RequestRecord,
    engine: KeptPrograms<Cpu>,
    named: &'a Named,
    latent: LatentInput,
    init: Option<Inputs>,
    /// The generator's inputs, once something is to be searched.
    specs: Vec<InputSpec>,
    trace: Option<Trace>,
    ranges: Ranges,
    /// Where faces are to be found first.
    detector: Option<Detector>,
}

/// One search, done and written.
struct Searched {
    record: Record,
    candidates: Vec<Candidate>,
    /// What was searched for: the picture, or a face in it.
    of: String,
    /// Its sheet.
    sheet: PathBuf,
}

/// One search: what for, and where its run goes.
struct Search<'a> {
    prepared: &'a Prepared,
    input: InputRecord,
    /// What is searched for, for people.
    of: String,
    folder: &'a Path,
    /// Whether a finished run in the folder may be replaced.
    replace: bool,
    /// What reading the picture took, in seconds.
    seconds: f64,
    course: Option<Course>,
}

impl<'a> Job<'a> {
    fn new(arguments: &'a Arguments, config: SearchConfig, engine: Cpu, named: &'a Named) -> Result<Self, Failure> {
        let generator = &*named.generator;
        let init = arguments.init.as_deref().map(Inputs::read).transpose()?;
        let latent = init.as_ref().map_or(generator.spec().latents[0], |init| init.latent(generator));
        arguments.space.check(named, latent)?;
        named.check_order(arguments.sort)?;
        let detector = if arguments.faces { Some(faces::detector(arguments, named)?) } else { None };
        let request = request::record(arguments)?;
        let engine = KeptPrograms::new(engine);
        let (specs, trace, ranges) = (Vec::new(), None, Ranges::default());
        let mut job = Self { arguments, config, request, engine, named, latent, init, specs, trace, ranges, detector };
        if job.init.is_some() {
            job.make_ready()?;
        }
        if let (Some(init), Some(file)) = (&job.init, &arguments.init) {
            job.config.candidates = init.check(&job.specs).map_err(|error| Failure::of(file.display(), error))?;
            note_unknown(file, init.unknown(&job.specs));
        }
        Ok(job)
    }

    /// Makes the generator ready to be searched, which may take its time.
    fn make_ready(&mut self) -> Result<(), Failure> {
        if self.specs.is_empty() {
            self.named.prepare(self.latent)?;
            self.specs = self.named.inputs(self.latent, &self.config.space)?;
        }
        Ok(())
    }

    /// Searches for all pictures that earlier runs have not finished, one of `several` or the only one.
    fn go_through(&mut self, sources: &[Source], several: bool, interrupt: &Interrupt) -> Result<Vec<Entry>, Failure> {
        let asked = Asked {
            generator: &self.named.record,
            settings: SettingsRecord::from(&self.config),
            request: self.request.clone(),
            force: self.arguments.force,
        };
        let standing = |source| {
            if interrupt.pressed() { Standing::Open { replace: false } } else { asked.standing(source) }
        };
        let standings: Vec<_> = sources.iter().map(standing).collect();
        let is_open = |standing: &Standing| matches!(standing, Standing::Open { .. });
        let open = sources.iter().zip(&standings).filter(|(_, standing)| is_open(standing));
        let open: Vec<_> = open.map(|(source, _)| source).collect();
        if !open.is_empty() {
            self.make_ready()?;
            self.trace = self.arguments.trace.as_deref().map(Trace::create).transpose()?;
        }
        let (started, of) = (Instant::now(), sources.len());
        let mut course = Course { started, number: 0, of, behind: 0.0, share: 1.0, open: open.len() };
        let decoder = Decoder { arguments: self.arguments, generator: self.named.generator.spec() };
        Ok(std::thread::scope(|scope| {
            let pictures = decoder.ahead(scope, open);
            let entries = sources.iter().zip(standings).map(|(source, standing)| {
                course.number += 1;
                let entry = match standing {
                    Standing::Finished(records) => self.skip(source, &records, several),
                    Standing::Taken(failure) => Err(failure),
                    Standing::Open { .. } if interrupt.pressed() => Ok(Entry::not_begun(source)),
                    Standing::Open { replace } => {
                        let gone = |_| Err(Failure::of(source.path.display(), "cannot be read; try it alone"));
                        let picture = pictures.recv().unwrap_or_else(gone);
                        let course_shown = several.then_some(course);
                        course.behind += 1.0;
                        picture
                            .and_then(|picture| self.upsample(source, picture, replace, course_shown, interrupt))
                            .and_then(|searched| self.show(source, searched, several))
                    }
                };
                entry.unwrap_or_else(|failure| {
                    failure.report();
                    Entry::failed(source, &failure)
                })
            });
            entries.collect()
        }))
    }

    /// A picture that an earlier run finished.
    fn skip(&self, source: &Source, records: &[Record], several: bool) -> Result<Entry, Failure> {
        let seal = if self.arguments.faces { faces::RECORD } else { RECORD };
        Claim::clear(&source.folder, seal)?;
        if !self.arguments.no_report && records.iter().any(|record| record.files.report.is_none()) {
            note(&format!(
                "{}: the run that is there has no report.html; --force searches again",
                source.path.display()
            ));
        }
        if !several {
            let [path, folder] = [&source.path, &source.folder].map(|path| path.display());
            print(&format!("{path}: an earlier run finished it; --force searches again\n  {folder}\n"))?;
        }
        Ok(Entry::skipped(source, records))
    }

    /// Prints what was found for one picture.
    fn show(&self, source: &Source, searched: Vec<Searched>, several: bool) -> Result<Entry, Failure> {
        for Searched { record, of, sheet, .. } in &searched {
            let name = if several || self.arguments.faces { format!("{of}: ") } else { String::new() };
            print(&summary(&name, sheet, record))?;
        }
        let records: Vec<_> = searched.into_iter().map(|searched| searched.record).collect();
        Ok(Entry::searched(source, &records))
    }

    fn subject(&self) -> Subject {
        if self.arguments.faces { Subject::Faces } else { subject(&self.arguments.generator) }
    }

    /// Searches for one picture, or for each face in it, and writes its folder.
    fn upsample(
        &mut self,
        source: &Source,
        picture: Picture,
        replace: bool,
        course: Option<Course>,
        interrupt: &Interrupt,
    ) -> Result<Vec<Searched>, Failure> {
        let Picture { input, content, seconds } = picture;
        let prepared = match content {
            Content::Target(prepared) => prepared,
            Content::Photograph(picture) => {
                return self.upsample_faces(source, picture, &input, replace, course, interrupt);
            }
        };
        let of = source.path.display().to_string();
        let search = Search { prepared: &prepared, input, of, folder: &source.folder, replace, seconds, course };
        Ok(vec![self.search(search, interrupt)?])
    }

    /// Searches, and writes the folder of the run.
    fn search(&mut self, sought: Search<'_>, interrupt: &Interrupt) -> Result<Searched, Failure> {
        let started = Instant::now();
        let Search { prepared, input, of, folder, replace, seconds, course } = sought;
        let of_picture = |error: pulse::Error| Failure::of(&of, error);
        for line in &prepared.notes {
            note(&format!("{of}: {line}"));
        }
        let problem = Problem {
            generator: &*self.named.generator,
            measurement: &*prepared.measurement,
            target: &prepared.target,
            start: self.init.as_ref(),
        };
        let folder = RunFolder::create(folder, replace)?;
        let mut watch = Watch {
            progress: Progress::new(self.arguments.progress, &of, course, std::io::stderr().is_terminal()),
            trace: self.trace.as_mut().map(|trace| trace.of(&of)),
            intermediate: Intermediate::new(
                self.arguments.save_intermediate,
                folder.path(),
                &self.named.record,
                &self.config,
            )?,
            interrupt,
            curves: Curves::default(),
            failure: None,
        };
        let searched = search(&problem, &self.config, &self.engine, &mut watch).map_err(of_picture);
        let watched = watch.finish();
        let candidates = searched?;
        let curves = watched?;
        let seconds = seconds + started.elapsed().as_secs_f64();
        let searched = (self.named, &problem, &self.config);
        let range = self.ranges.of(&candidates, searched, &self.engine).map_err(of_picture)?;
        let finished = Finished {
            input,
            generator: self.named.record.clone(),
            request: Some(self.request.clone()),
            specs: &self.specs,
            measurement: prepared.kind.to_string(),
            mosaic: prepared.mosaic.clone(),
            target: &prepared.target,
            original: prepared.original.as_ref(),
            config: &self.config,
            steering: None,
            candidates: &candidates,
            range: &range,
            order: self.arguments.sort,
            page: (!self.arguments.no_report).then_some(Page { subject: self.subject(), curves: &curves }),
            seconds,
        };
        let record = folder.write(&finished)?;
        let sheet = folder.path().join(&record.files.sheet);
        Ok(Searched { record, candidates, of, sheet })
    }
}

/// What a generator's pictures are of: every embedded one makes faces, and of a file nobody knows.
pub(crate) fn subject(generator: &str) -> Subject {
    if Embedded::find(generator).is_some() { Subject::Faces } else { Subject::Pictures }
}

/// What a person wants to know at the end.
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
    let stopped = if summary.stopped { ", stopped" } else { "" };
    format!(
        "{name}{} of {} at {target:.1} dB or more ({figures}) in {:.1} s{stopped}\n  {}\n",
        summary.reached,
        summary.candidates,
        record.seconds,
        sheet.display()
    )
}
