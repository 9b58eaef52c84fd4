//! All pictures of one call, one after the other.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::sleep;
use std::time::{Duration, Instant};

use pulse::ErrorKind;
use pulse::face::Detector;
use pulse::faces::FACES;
use pulse::folder::Claim;
use pulse::generator::LatentInput;
use pulse::inputs::{Inputs, read_inputs};
use pulse::kept::KeptPrograms;
use pulse::portrait::check_makes_faces;
use pulse::record::{Record, SettingsRecord};
use pulse::run::RECORD;
use pulse::search::SearchConfig;
use pulse::session::Judge;
use pulse::standing::{Asked, Request, Standing};
use pulse::{Opened, TakenAs};
use pulse_engine::Cpu;

use super::ahead::{Decoder, Picture};
use super::arguments::Arguments;
use super::course::Course;
use super::one::Searched;
use super::overview::Entry;
use super::summary;
use super::trace::Trace;
use crate::failure::{Failure, note, print};
use crate::generator;
use crate::interrupt::Interrupt;
use crate::render::note_unknown;
use crate::sources::Source;

/// How often to look whether another process is done.
const PAUSE: Duration = Duration::from_millis(100);

/// What is the same for all pictures.
pub(super) struct Job<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) interrupt: &'a Interrupt,
    pub(super) config: SearchConfig,
    pub(super) request: Request,
    pub(super) asked: Asked,
    pub(super) engine: Arc<KeptPrograms<Cpu>>,
    /// For what is done once: its programs are not to be kept.
    pub(super) once: Cpu,
    pub(super) opened: Opened,
    latent: LatentInput,
    pub(super) init: Option<Arc<Inputs>>,
    pub(super) trace: Option<Trace>,
    pub(super) judge: Judge,
    /// Where faces are to be found first.
    pub(super) detector: Option<Detector>,
    /// Whether one of several pictures is searched for, or the only one.
    several: bool,
    /// Whether another job has begun the trace.
    trace_goes_on: bool,
}

impl<'a> Job<'a> {
    pub(super) fn new(
        arguments: &'a Arguments,
        config: SearchConfig,
        engine: Cpu,
        opened: Opened,
        interrupt: &'a Interrupt,
    ) -> Result<Self, Failure> {
        let init = arguments.init.as_deref().map(read_inputs).transpose()?.map(Arc::new);
        let first = opened.generator.spec().latents[0];
        let latent = init.as_ref().map_or(first, |init| init.latent(&*opened.generator));
        arguments.space.check(&opened, latent)?;
        generator::check_order(&opened, arguments.sort)?;
        let detector = if arguments.taken.finds_faces() {
            check_makes_faces(&opened).map_err(|error| Failure::with("--faces", &error))?;
            Some(arguments.taken.detection.detector(&engine)?)
        } else {
            None
        };
        arguments.check_sampler(&opened, &config)?;
        opened.check_colours()?;
        let opened = opened.of_class(config.space.class);
        let mut config = config.resolved(&*opened.generator);
        let (once, engine) = (engine.clone(), Arc::new(KeptPrograms::new(engine)));
        if let (Some(init), Some(file)) = (&init, &arguments.init) {
            opened.prepare(latent, &*engine)?;
            let specs = opened.inputs(latent, &config.space)?;
            config.candidates = init.check(&specs).map_err(|error| Failure::with(file.display(), &error))?;
            note_unknown(file, init.unknown(&specs));
        }
        let request = arguments.request();
        let asked = Asked {
            generator: opened.record.clone(),
            settings: SettingsRecord::from(&config),
            request: request.record()?,
            again: arguments.force,
        };
        let (trace, judge) = (None, interrupt.judge());
        Ok(Self {
            arguments,
            interrupt,
            config,
            request,
            asked,
            engine,
            once,
            opened,
            latent,
            init,
            trace,
            judge,
            detector,
            several: false,
            trace_goes_on: false,
        })
    }

    /// The same after another job, whose trace goes on.
    pub(super) fn after_another_job(self) -> Self {
        Self { trace_goes_on: true, ..self }
    }

    pub(super) fn is_one_of_several(&self) -> bool {
        self.several
    }

    /// Searches for all pictures that earlier runs have not finished, one of `several` or the only one.
    pub(super) fn go_through(&mut self, sources: &[&Source], several: bool) -> Result<Vec<Entry>, Failure> {
        self.several = several;
        let standing = |source: &Source| {
            if self.interrupt.pressed() {
                Standing::Open { replace: false }
            } else {
                self.asked.standing(&source.path, &source.folder)
            }
        };
        let standings: Vec<_> = sources.iter().copied().map(standing).collect();
        let is_open = |standing: &Standing| matches!(standing, Standing::Open { .. } | Standing::Stopped);
        let open = sources.iter().zip(&standings).filter(|(_, standing)| is_open(standing));
        let open: Vec<_> = open.map(|(source, _)| *source).collect();
        if !open.is_empty() {
            // It may take long, and is not to count as time of the first picture.
            self.opened.prepare(self.latent, &*self.engine)?;
            let goes_on = self.trace_goes_on || standings.iter().any(|standing| matches!(standing, Standing::Stopped));
            let trace = self.arguments.trace.as_deref();
            self.trace = trace.map(|path| Trace::create(path, goes_on)).transpose()?;
        }
        let (started, of) = (Instant::now(), sources.len());
        let mut course = Course { started, number: 0, of, behind: 0.0, share: 1.0, open: open.len() };
        let (request, once, generator) = (self.request.clone(), self.once.clone(), Arc::clone(&self.opened.generator));
        let decoder = Decoder {
            request: &request,
            generator: generator.spec(),
            engine: &once,
            has_blocks: self.arguments.taken.told() == Some(TakenAs::Mosaic),
        };
        Ok(std::thread::scope(|scope| {
            let pictures = decoder.ahead(scope, open);
            // Once the disk is full, all that follows would be searched for in vain.
            let mut is_full = false;
            let mut entries: Vec<_> = (sources.iter().zip(standings))
                .map(|(source, standing)| {
                    course.number += 1;
                    if is_open(&standing) && (is_full || self.interrupt.pressed()) {
                        return Some(Entry::not_begun(source));
                    }
                    let tried = self.first_try(source, standing, &pictures, &mut course);
                    is_full |= is_of(&tried, ErrorKind::Full);
                    (!is_of(&tried, ErrorKind::Busy)).then(|| entry_of(source, tried))
                })
                .collect();
            // All others are done by now.
            for (source, entry) in sources.iter().zip(&mut entries).filter(|(_, entry)| entry.is_none()) {
                let tried = if is_full { Ok(Entry::not_begun(source)) } else { self.after_another(source, &decoder) };
                is_full |= is_of(&tried, ErrorKind::Full);
                *entry = Some(entry_of(source, tried));
            }
            entries.into_iter().flatten().collect()
        }))
    }

    /// What becomes of a picture, unless another process is at work on it.
    fn first_try(
        &mut self,
        source: &Source,
        standing: Standing,
        pictures: &Receiver<Result<Picture, Failure>>,
        course: &mut Course,
    ) -> Result<Entry, Failure> {
        let replace = match standing {
            Standing::Finished(records) => return self.skip(source, &records),
            Standing::Taken(error) => return Err(Failure::with(source.path.display(), &error)),
            Standing::Open { replace } => replace,
            Standing::Stopped => true,
        };
        let gone = |_| Err(Failure::of(source.path.display(), "cannot be read; try it alone"));
        let picture = pictures.recv().unwrap_or_else(gone);
        let shown = self.several.then_some(*course);
        course.behind += 1.0;
        self.upsample(source, picture?, replace, shown)
    }

    /// What becomes of a picture that another process is at work on: it is finished by that one, or else searched for here.
    fn after_another(&mut self, source: &Source, decoder: &Decoder<'_>) -> Result<Entry, Failure> {
        note(&format!("{}: another process is at work on it; waiting for that", source.path.display()));
        loop {
            while Claim::is_taken(&source.folder) && !self.interrupt.pressed() {
                sleep(PAUSE);
            }
            if self.interrupt.pressed() {
                return Ok(Entry::not_begun(source));
            }
            let replace = match self.asked.standing(&source.path, &source.folder) {
                Standing::Finished(records) => return self.skip(source, &records),
                Standing::Taken(error) => return Err(Failure::with(source.path.display(), &error)),
                Standing::Open { replace } => replace,
                Standing::Stopped => true,
            };
            match self.upsample(source, decoder.read(source)?, replace, None) {
                Err(failure) if failure.is(ErrorKind::Busy) => {}
                done => return done,
            }
        }
    }

    /// A picture that an earlier run or another process finished.
    pub(super) fn skip(&self, source: &Source, records: &[Record]) -> Result<Entry, Failure> {
        let seal = if self.arguments.taken.finds_faces() { FACES } else { RECORD };
        Claim::clear(&source.folder, seal)?;
        if !self.arguments.no_report && records.iter().any(|record| record.files.report.is_none()) {
            note(&format!(
                "{}: the run that is there has no report.html; --force searches again",
                source.path.display()
            ));
        }
        let has = |record: &Record, name: &str| record.quantities.iter().any(|quantity| quantity.name == name);
        let asked: Vec<_> = self.arguments.look.quantity.iter().map(ToString::to_string).collect();
        if records.iter().any(|record| asked.iter().any(|name| !has(record, name))) {
            note(&format!(
                "{}: the run that is there has not read what --quantity asks for; --force searches again",
                source.path.display()
            ));
        }
        if !self.several {
            let [path, folder] = [&source.path, &source.folder].map(|path| path.display());
            print(&format!("{path}: an earlier run finished it; --force searches again\n  {folder}\n"))?;
        }
        Ok(Entry::skipped(source, records))
    }

    /// Prints what was found for one picture.
    pub(super) fn show(&self, source: &Source, searched: Vec<Searched>) -> Result<Entry, Failure> {
        for Searched { record, of, sheet, .. } in &searched {
            let name =
                if self.several || self.arguments.taken.finds_faces() { format!("{of}: ") } else { String::new() };
            print(&summary(&name, sheet, record))?;
        }
        let records: Vec<_> = searched.into_iter().map(|searched| searched.record).collect();
        Ok(Entry::searched(source, &records))
    }
}

fn is_of(tried: &Result<Entry, Failure>, kind: ErrorKind) -> bool {
    tried.as_ref().is_err_and(|failure| failure.is(kind))
}

/// What became of a picture; what failed is told at once.
fn entry_of(source: &Source, tried: Result<Entry, Failure>) -> Entry {
    tried.unwrap_or_else(|failure| {
        failure.report();
        Entry::failed(source, &failure)
    })
}
