//! `pulse upsample`: the search, for every picture that is given.

mod ahead;
mod arguments;
mod course;
mod look;
mod overview;
mod progress;
mod shard;
mod space;
mod trace;
mod watch;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use pulse::candidate::{Candidate, consistency_db};
use pulse::face::{Detector, Photograph};
use pulse::faces::{FACES, FacesFolder};
use pulse::folder::Claim;
use pulse::generator::LatentInput;
use pulse::generator::Subject;
use pulse::image::{Extent, Image, Provenance};
use pulse::inputs::{Inputs, read_inputs};
use pulse::judge::Verdict;
use pulse::kept::KeptPrograms;
use pulse::portrait::{check_makes_faces, cut_faces};
use pulse::record::{InputRecord, Record, SettingsRecord};
use pulse::run::{RECORD, RunFolder};
use pulse::search::SearchConfig;
use pulse::session::{Judge, Labels, Session};
use pulse::standing::{Asked, Request, Standing};
use pulse::{Note, Opened, Prepared};
use pulse_engine::Cpu;

use crate::failure::{Failure, blur_hint, note, print};
use crate::generator;
use crate::interrupt::Interrupt;
use crate::render::note_unknown;
use crate::sources::{self, Source};
use crate::status::Status;

use ahead::{Content, Decoder, Picture};
pub(crate) use arguments::{Arguments, EXAMPLES, ProgressMode};
use course::Course;
use overview::{Entry, Fate};
use progress::Progress;
pub(crate) use progress::duration;
use trace::Trace;
use watch::{Intermediate, Watch};

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
    let entries = job.go_through(&sources, several, &interrupt)?;
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
    request: Request,
    engine: Arc<KeptPrograms<Cpu>>,
    /// For what is done once: its programs are not to be kept.
    once: Cpu,
    opened: Opened,
    latent: LatentInput,
    init: Option<Arc<Inputs>>,
    trace: Option<Trace>,
    judge: Judge,
    /// Where faces are to be found first.
    detector: Option<Detector>,
}

/// One search, done and written.
struct Searched {
    record: Record,
    candidates: Vec<Candidate>,
    /// The name of what was searched for: the picture, or a face in it.
    of: String,
    /// Its sheet.
    sheet: PathBuf,
}

/// One search: what for, and where its run goes.
struct Search<'a> {
    prepared: Arc<Prepared>,
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
    fn new(
        arguments: &'a Arguments,
        config: SearchConfig,
        engine: Cpu,
        opened: Opened,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        let init = arguments.init.as_deref().map(read_inputs).transpose()?.map(Arc::new);
        let first = opened.generator.spec().latents[0];
        let latent = init.as_ref().map_or(first, |init| init.latent(&*opened.generator));
        arguments.space.check(&opened, latent)?;
        generator::check_order(&opened, arguments.sort)?;
        let detector = if arguments.faces {
            check_makes_faces(&opened).map_err(|error| Failure::with("--faces", &error))?;
            Some(arguments.detection.detector(&engine)?)
        } else {
            None
        };
        arguments.check_sampler(&opened, &config)?;
        let config = config.resolved(&*opened.generator);
        let (once, engine) = (engine.clone(), Arc::new(KeptPrograms::new(engine)));
        let (request, trace, judge) = (arguments.request(), None, interrupt.judge());
        let mut job = Self { arguments, config, request, engine, once, opened, latent, init, trace, judge, detector };
        if let (Some(init), Some(file)) = (&job.init, &arguments.init) {
            job.opened.prepare(latent, &*job.engine)?;
            let specs = job.opened.inputs(latent, &job.config.space)?;
            job.config.candidates = init.check(&specs).map_err(|error| Failure::with(file.display(), &error))?;
            note_unknown(file, init.unknown(&specs));
        }
        Ok(job)
    }

    /// Searches for all pictures that earlier runs have not finished, one of `several` or the only one.
    fn go_through(&mut self, sources: &[Source], several: bool, interrupt: &Interrupt) -> Result<Vec<Entry>, Failure> {
        let asked = Asked {
            generator: self.opened.record.clone(),
            settings: SettingsRecord::from(&self.config),
            request: self.request.record()?,
            again: self.arguments.force,
        };
        let standing = |source: &Source| {
            if interrupt.pressed() {
                Standing::Open { replace: false }
            } else {
                asked.standing(&source.path, &source.folder)
            }
        };
        let standings: Vec<_> = sources.iter().map(standing).collect();
        let is_open = |standing: &Standing| matches!(standing, Standing::Open { .. });
        let open = sources.iter().zip(&standings).filter(|(_, standing)| is_open(standing));
        let open: Vec<_> = open.map(|(source, _)| source).collect();
        if !open.is_empty() {
            // It may take long, and is not to count as time of the first picture.
            self.opened.prepare(self.latent, &*self.engine)?;
            self.trace = self.arguments.trace.as_deref().map(Trace::create).transpose()?;
        }
        let (started, of) = (Instant::now(), sources.len());
        let mut course = Course { started, number: 0, of, behind: 0.0, share: 1.0, open: open.len() };
        let (request, once, generator) = (self.request.clone(), self.once.clone(), Arc::clone(&self.opened.generator));
        let decoder = Decoder { request: &request, generator: generator.spec(), engine: &once };
        Ok(std::thread::scope(|scope| {
            let pictures = decoder.ahead(scope, open);
            let entries = sources.iter().zip(standings).map(|(source, standing)| {
                course.number += 1;
                let entry = match standing {
                    Standing::Finished(records) => self.skip(source, &records, several),
                    Standing::Taken(error) => Err(Failure::with(source.path.display(), &error)),
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
        let seal = if self.arguments.faces { FACES } else { RECORD };
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
        let search = Search { prepared, input, of, folder: &source.folder, replace, seconds, course };
        Ok(vec![self.search(search, interrupt)?])
    }

    /// Searches for each face of a photograph, and writes the folders of the runs, the photographs, and last the record.
    fn upsample_faces(
        &mut self,
        source: &Source,
        picture: Image,
        input: &InputRecord,
        replace: bool,
        course: Option<Course>,
        interrupt: &Interrupt,
    ) -> Result<Vec<Searched>, Failure> {
        let of_picture = |error: pulse::Error| Failure::with(source.path.display(), &error);
        let generator = Arc::clone(&self.opened.generator);
        let cuts = match &mut self.detector {
            Some(detector) => cut_faces(&picture, detector, generator.spec()).map_err(of_picture)?,
            None => Vec::new(),
        };
        if cuts.is_empty() {
            note(&self.arguments.detection.no_face(&source.path));
            return Ok(Vec::new());
        }
        let photograph = Photograph::from(&picture);
        drop(picture);

        let folder = FacesFolder::take(&source.folder, replace, cuts.len())?;
        let mut searched = Vec::new();
        for (index, cut) in cuts.iter().enumerate() {
            if interrupt.pressed() {
                break;
            }
            let prepared = Prepared::face(cut, &self.request.preparation, generator.spec(), &self.once);
            let search = Search {
                prepared: Arc::new(prepared.map_err(of_picture)?),
                input: input.clone(),
                of: format!("{}, face {}", source.path.display(), index + 1),
                folder: &folder.run(index),
                replace: folder.had_faces(),
                seconds: 0.0,
                course: course.map(|course| course.face(index, cuts.len())),
            };
            searched.push(self.search(search, interrupt)?);
        }
        let provenance = Provenance { extent: Extent::Composite, ..self.opened.record.provenance(self.config.seed) };
        let candidates: Vec<_> = searched.iter().map(|searched| searched.candidates.as_slice()).collect();
        folder.write(&photograph, input, &cuts, &candidates, &provenance)?;
        Ok(searched)
    }

    /// Searches, and writes the folder of the run.
    fn search(&mut self, sought: Search<'_>, interrupt: &Interrupt) -> Result<Searched, Failure> {
        let Search { prepared, input, of, folder, replace, seconds, course } = sought;
        let of_picture = |error: pulse::Error| Failure::with(&of, &error);
        let shown = !matches!(self.arguments.progress, ProgressMode::None | ProgressMode::Json);
        if shown && !self.judge.is_ready(&prepared, &self.opened, &self.config) {
            note(&format!("{of}: looking at the model's own pictures too, once for pictures of this kind"));
        }
        let (placing, engine) = (self.request.place, Arc::clone(&self.engine));
        let placed = self.judge.place(prepared, placing, &self.opened, &self.config, &*engine);
        let prepared = placed.map_err(of_picture)?;
        for line in &prepared.notes {
            note(&format!("{of}: {}", words(line)));
        }
        let folder = RunFolder::create(folder, replace)?;
        let (opened, config, init) = (self.opened.clone(), self.config.clone(), self.init.clone());
        let intermediate =
            Intermediate::new(self.arguments.save_intermediate, folder.path(), &self.opened.record, &self.config)?;
        let mut watch = Watch {
            progress: Progress::new(self.arguments.progress, &of, course, std::io::stderr().is_terminal()),
            trace: self.trace.as_mut().map(|trace| trace.of(&of)),
            intermediate,
            interrupt,
            folder,
            generator: &self.opened.record,
            config: &self.config,
            failure: None,
        };
        let mut session = Session::start_at(opened, prepared, config, init, engine).map_err(of_picture)?;
        let searched = session.run(&mut watch).and_then(|()| session.finish(&mut watch)).map_err(of_picture);
        let watched = watch.finish();
        let (found, folder) = (searched?, watched?);
        let labels = Labels {
            input,
            request: Some(self.request.record()?),
            steering: None,
            quantities: self.arguments.look.quantity.clone(),
            scale: self.arguments.look.pixel_scale.clone(),
            order: self.arguments.sort,
            colours: self.arguments.look.colormap,
            page: !self.arguments.no_report,
            subject: self.arguments.faces.then_some(Subject::Faces),
            seconds_before: seconds,
        };
        let record = found.save(&folder, labels, &mut self.judge).map_err(of_picture)?;
        let sheet = folder.path().join(&record.files.sheet);
        Ok(Searched { record, candidates: found.candidates, of, sheet })
    }
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
    let stopped = if summary.stopped { ", stopped" } else { "" };
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
