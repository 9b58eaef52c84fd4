//! `pulse upsample`: the search, for every picture that is given.

mod arguments;
mod faces;
mod progress;
pub(crate) mod sources;
mod space;
mod target;
mod trace;
mod watch;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pulse::candidate::{Candidate, consistency_db};
use pulse::explore::{Prior, RANDOM_PICTURES, Range, random_pictures};
use pulse::face::Detector;
use pulse::generator::{Embedded, InputSpec, LatentInput};
use pulse::image::{Image, Reader};
use pulse::inputs::Inputs;
use pulse::measurement::Size;
use pulse::report::{Curves, Subject};
use pulse::run::{Finished, InputRecord, Page, Record, RunFolder, sha256_of_file};
use pulse::search::{Problem, SearchConfig, search};
use pulse_engine::Cpu;

use crate::Verdict;
use crate::failure::{Failure, note, print};
use crate::generator::{self, Named};
use crate::interrupt::Interrupt;
use crate::render::note_unknown;

pub(crate) use arguments::{Arguments, EXAMPLES};
use progress::Progress;
use sources::Source;
use target::Prepared;
use trace::Trace;
use watch::{Intermediate, Watch};

/// Searches for every picture that the arguments name, one after the other.
pub(crate) fn run(arguments: &Arguments) -> Result<Verdict, Failure> {
    let config = arguments.config()?;
    let engine = arguments.engine.start()?;
    let interrupt = Interrupt::listen()?;
    let named = generator::open(&arguments.generator)?;
    let mut job = Job::new(arguments, config, engine, &named)?;
    let (sources, failures) = sources::of(&arguments.inputs, &arguments.out);
    failures.iter().for_each(Failure::report);

    let mut verdict = if failures.is_empty() { Verdict::Good } else { Verdict::Failed };
    let several = sources.len() > 1;
    let mut done = 0;
    for source in &sources {
        if interrupt.pressed() {
            break;
        }
        match job.upsample(source, &interrupt) {
            Ok(searched) => {
                for Searched { record, of, sheet, .. } in &searched {
                    let name = if several || arguments.faces { format!("{of}: ") } else { String::new() };
                    if let Err(failure) = print(&summary(&name, sheet, record)) {
                        failure.report();
                        verdict = Verdict::Failed;
                    }
                }
                // A photograph without a face has no candidate either.
                let reached = searched.iter().all(|searched| searched.record.summary.reached > 0);
                if (searched.is_empty() || !reached) && verdict == Verdict::Good {
                    verdict = Verdict::Bad;
                }
            }
            Err(failure) => {
                failure.report();
                verdict = Verdict::Failed;
            }
        }
        done += 1;
    }
    if done < sources.len() {
        note(&format!("stopped: {} of {} pictures were not begun", sources.len() - done, sources.len()));
        // A picture that was not begun has no candidate.
        if verdict == Verdict::Good {
            verdict = Verdict::Bad;
        }
    }
    Ok(verdict)
}

/// What is the same for all pictures.
struct Job<'a> {
    arguments: &'a Arguments,
    config: SearchConfig,
    engine: Cpu,
    named: &'a Named,
    init: Option<Inputs>,
    latent: LatentInput,
    specs: Vec<InputSpec>,
    trace: Option<Trace>,
    /// What tells how typical inputs are, once there were any.
    prior: Option<Prior>,
    /// Pictures of this generator that have nothing to do with each other, once there was something to compare them with.
    random: Option<Vec<Image>>,
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

impl<'a> Job<'a> {
    fn new(arguments: &'a Arguments, mut config: SearchConfig, engine: Cpu, named: &'a Named) -> Result<Self, Failure> {
        let generator = &*named.generator;
        let init = arguments.init.as_deref().map(Inputs::read).transpose()?;
        let latent = init.as_ref().map_or(generator.spec().latents[0], |init| init.latent(generator));
        arguments.space.check(named, latent)?;
        named.prepare(latent)?;
        let specs = named.inputs(latent, &config.space)?;
        if let (Some(init), Some(file)) = (&init, &arguments.init) {
            config.candidates = init.check(&specs).map_err(|error| Failure::of(file.display(), error))?;
            note_unknown(file, init.unknown(&specs));
        }
        let trace = arguments.trace.as_deref().map(Trace::create).transpose()?;
        let detector = if arguments.faces { Some(faces::detector(arguments, named)?) } else { None };
        Ok(Self { arguments, config, engine, named, init, latent, specs, trace, prior: None, random: None, detector })
    }

    /// Measures candidates together, and how typical they are of the generator.
    fn range(&mut self, candidates: &[Candidate], small: Size) -> pulse::Result<Range> {
        let generator = &*self.named.generator;
        // Compiling it takes longer than using it, and there may be many pictures.
        let mut prior = match self.prior.take() {
            Some(prior) => prior,
            None => Prior::new(generator, self.latent, &self.config.space, &self.engine)?,
        };
        let plausibility: Vec<_> = candidates.iter().map(|candidate| prior.plausibility(&candidate.inputs)).collect();
        self.prior = Some(prior);
        let random = match self.random.take() {
            Some(random) => random,
            None => random_pictures(generator, &self.engine, RANDOM_PICTURES)?,
        };
        let range = Range::of(candidates, small, &plausibility, &random);
        self.random = Some(random);
        range
    }

    /// What the generator's pictures are of: every embedded one makes faces, and of a file nobody knows.
    fn subject(&self) -> Subject {
        let faces = self.arguments.faces || Embedded::find(&self.arguments.generator).is_some();
        if faces { Subject::Faces } else { Subject::Pictures }
    }

    /// Searches for one picture, or for each face in it, and writes its folder.
    fn upsample(&mut self, source: &Source, interrupt: &Interrupt) -> Result<Vec<Searched>, Failure> {
        let started = Instant::now();
        let (picture, input) = self.read(source)?;
        if self.detector.is_some() {
            return self.upsample_faces(source, picture, &input, interrupt);
        }
        let spec = self.named.generator.spec();
        let prepared =
            Prepared::of(picture, self.arguments, spec).map_err(|reason| Failure::of(source.path.display(), reason))?;
        let of = source.path.display().to_string();
        Ok(vec![self.search(&prepared, input, of, &source.folder, started, interrupt)?])
    }

    fn read(&self, source: &Source) -> Result<(Image, InputRecord), Failure> {
        let picture = Reader { background: self.arguments.background }.read(&source.path)?;
        let size = picture.size();
        let input = InputRecord {
            path: source.path.display().to_string(),
            sha256: sha256_of_file(&source.path)?,
            width: size.width,
            height: size.height,
        };
        Ok((picture, input))
    }

    /// Searches for what was prepared, called `of`, and writes the folder of the run.
    fn search(
        &mut self,
        prepared: &Prepared,
        input: InputRecord,
        of: String,
        folder: &Path,
        started: Instant,
        interrupt: &Interrupt,
    ) -> Result<Searched, Failure> {
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
        let folder = RunFolder::create(folder, self.arguments.force)?;
        let mut watch = Watch {
            progress: Progress::new(self.arguments.progress, &of, std::io::stderr().is_terminal()),
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
        let seconds = started.elapsed().as_secs_f64();
        let range = self.range(&candidates, prepared.target.size()).map_err(of_picture)?;
        let finished = Finished {
            input,
            generator: self.named.record.clone(),
            specs: &self.specs,
            measurement: prepared.kind.to_string(),
            mosaic: prepared.mosaic.clone(),
            target: &prepared.target,
            original: prepared.original.as_ref(),
            config: &self.config,
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
