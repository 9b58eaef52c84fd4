//! A search from a prepared picture to a folder, driven step by step.

mod judge;
mod later;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use pulse_core::candidate::Candidate;
use pulse_core::event::{Observer, SearchEvent};
use pulse_core::generator::{InputSpec, LatentInput, Subject};
use pulse_core::image::Image;
use pulse_core::inputs::Inputs;
use pulse_core::judge::{Assessment, Order};
use pulse_core::quantity::{PixelScale, Quantity, Reading};
use pulse_core::search::steering::Steering;
use pulse_core::search::{Problem, Sampler, Search, SearchConfig};
use pulse_core::solved::{Solved, inputs_of};
use pulse_core::tape::{Bookmark, Tape};
use pulse_engine::Engine;
use pulse_record::record::{InputRecord, MadeRecord, QuantityRecord, Record, RequestRecord, SteeringRecord};
use pulse_record::report::Curves;
use pulse_record::run::{Finished, Page, RunFolder};
use pulse_record::sheet::Colormap;

pub use judge::Judge;

use crate::portrait::InPhotograph;
use crate::{Opened, Prepared, Result};

/// One search under way: a generator, a picture, and the settings. It owns all that it needs, so a thread, a server or an object
/// can keep it.
///
/// ```
/// use std::sync::Arc;
/// use pulse::engine::Cpu;
/// use pulse::event::Silent;
/// use pulse::image::Image;
/// use pulse::search::SearchConfig;
/// use pulse::session::Session;
/// use pulse::{Opened, Preparation, Prepared};
///
/// let engine: Arc<Cpu> = Arc::new(Cpu::default());
/// let opened = Opened::named("faces")?;
/// let picture = Image::new(3, 1, 1, vec![0.7, 0.6, 0.5])?;
/// let prepared = Prepared::new(picture, &Preparation::default(), opened.generator.spec(), &*engine)?;
///
/// let config = SearchConfig { candidates: 2, steps: 5, ..SearchConfig::default() };
/// let mut session = Session::start(opened, Arc::new(prepared), config, engine)?;
/// while !session.is_done() {
///     session.step(&mut Silent)?;
/// }
/// assert_eq!(session.finish(&mut Silent)?.candidates.len(), 2);
/// # Ok::<(), pulse::Error>(())
/// ```
pub struct Session {
    opened: Opened,
    prepared: Arc<Prepared>,
    engine: Arc<dyn Engine>,
    search: Search<'static>,
    curves: Curves,
    latent: LatentInput,
    started: Instant,
    /// Seconds that were searched before it was stopped, where it goes on.
    before: f64,
    /// What it goes on from, once it was stopped.
    bookmark: Option<Bookmark>,
}

impl Session {
    /// A search from random starts.
    ///
    /// # Errors
    /// As [`Search::new`].
    pub fn start(
        opened: Opened,
        prepared: Arc<Prepared>,
        config: SearchConfig,
        engine: Arc<dyn Engine>,
    ) -> Result<Self> {
        Self::start_at(opened, prepared, config, None, engine)
    }

    /// A search that starts from these inputs, one row a candidate; from random starts where there are none.
    ///
    /// # Errors
    /// As [`Search::new`].
    pub fn start_at(
        opened: Opened,
        prepared: Arc<Prepared>,
        config: SearchConfig,
        start: Option<Arc<Inputs>>,
        engine: Arc<dyn Engine>,
    ) -> Result<Self> {
        let (generator, measurement) = (Arc::clone(&opened.generator), Arc::clone(&prepared.measurement));
        let mut problem = Problem::owned(generator, measurement, Arc::clone(&prepared.target));
        problem.start = start.map(Into::into);
        Self::of(opened, prepared, problem, &Steering::default(), config, engine)
    }

    /// A search for a problem that the caller has put together, with what steers it.
    ///
    /// # Errors
    /// As [`Search::new`].
    pub fn of(
        opened: Opened,
        prepared: Arc<Prepared>,
        problem: Problem<'static>,
        steering: &Steering,
        config: SearchConfig,
        engine: Arc<dyn Engine>,
    ) -> Result<Self> {
        let started = Instant::now();
        opened.prepare(problem.latent(), &*engine)?;
        let search = Search::new(problem, steering, config, &*engine)?;
        let latent = search.problem().latent();
        let (curves, before, bookmark) = (Curves::default(), 0.0, None);
        Ok(Self { opened, prepared, engine, search, curves, latent, started, before, bookmark })
    }

    /// The same search from where a session for the same thing was stopped. It ends as that one would have, to the bit, and takes no
    /// step twice; its observer is told at the start what was found before.
    ///
    /// # Errors
    /// [`ErrorKind::Run`](crate::ErrorKind::Run) where the bookmark is damaged, or that of another search.
    pub fn going_on(mut self, bookmark: &Bookmark) -> Result<Self> {
        self.take_up(bookmark)?;
        Ok(self)
    }

    fn take_up(&mut self, bookmark: &Bookmark) -> Result<()> {
        let mut tape = Tape::of(bookmark);
        pass_version(&mut tape)?;
        self.search.pass(&mut tape)?;
        self.curves.pass(&mut tape)?;
        tape.real(&mut self.before)?;
        tape.end()
    }

    /// What another session goes on from that is for the same thing, should this one not live to be stopped. Nothing changes by it.
    ///
    /// # Errors
    /// None for a search that can be stopped.
    pub fn bookmark(&mut self) -> Result<Bookmark> {
        let mut tape = Tape::to_write();
        pass_version(&mut tape)?;
        self.search.pass(&mut tape)?;
        self.curves.pass(&mut tape)?;
        tape.real(&mut self.seconds())?;
        Ok(tape.into_bookmark())
    }

    fn seconds(&self) -> f64 {
        self.before + self.started.elapsed().as_secs_f64()
    }

    /// Whether every candidate is finished, or it was stopped.
    pub fn is_done(&self) -> bool {
        self.search.is_done()
    }

    /// One step of every candidate under way; `Break` where the observer asked to stop.
    ///
    /// # Errors
    /// As [`Search::step`].
    pub fn step(&mut self, observer: &mut dyn Observer) -> Result<ControlFlow<()>> {
        self.search.step(&mut Both { curves: &mut self.curves, observer })
    }

    /// All steps that are left. An observer that asks to stop ends it.
    ///
    /// # Errors
    /// As [`Search::step`].
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<()> {
        while !self.is_done() {
            if self.step(observer)?.is_break() {
                self.stop(observer)?;
            }
        }
        Ok(())
    }

    /// Ends the candidates under way at their best. What [`finish`](Self::finish) gives has a bookmark then, from which another
    /// session [goes on](Self::going_on). Where all is done already, nothing happens.
    ///
    /// # Errors
    /// As [`Search::stop`].
    pub fn stop(&mut self, observer: &mut dyn Observer) -> Result<()> {
        if !self.is_done() {
            self.bookmark = Some(self.bookmark()?);
        }
        self.search.stop(&mut Both { curves: &mut self.curves, observer })
    }

    /// Every candidate as it would be if the search were stopped here. The search itself is not changed by this.
    ///
    /// # Errors
    /// As [`Search::so_far`].
    pub fn candidates_so_far(&mut self) -> Result<Vec<Candidate>> {
        self.search.so_far()
    }

    /// Looks for `count` more candidates. After a stop it goes on with those that were stopped, too.
    ///
    /// # Errors
    /// As [`Search::add_candidates`].
    pub fn add_candidates(&mut self, count: usize) -> Result<()> {
        self.search.add_candidates(count)?;
        let before = self.before;
        self.bookmark.take().map_or(Ok(()), |bookmark| self.take_up(&bookmark))?;
        // The clock has not been stopped.
        self.before = before;
        Ok(())
    }

    /// What was found, with what belongs to it.
    ///
    /// # Errors
    /// As [`Opened::inputs`].
    pub fn finish(mut self, observer: &mut dyn Observer) -> Result<Found> {
        if !self.is_done() {
            self.bookmark = Some(self.bookmark()?);
        }
        let seconds = self.seconds();
        let Self { opened, prepared, engine, search, mut curves, latent, bookmark, .. } = self;
        let mut config = search.config().clone();
        config.candidates = search.candidates();
        let problem = search.problem().clone();
        let candidates = search.into_found(&mut Both { curves: &mut curves, observer });
        let specs = opened.inputs(latent, &config.space)?;
        Ok(Found { opened, prepared, config, specs, candidates, curves, seconds, bookmark, engine, problem })
    }
}

/// Grows by one whenever what a session keeps of a stopped search changes.
const BOOKMARK_VERSION: usize = 2;

fn pass_version(tape: &mut Tape) -> Result<()> {
    let mut version = BOOKMARK_VERSION;
    tape.count(&mut version)?;
    tape.check(version == BOOKMARK_VERSION)
}

/// Passes events on to the curves of a session and to its observer.
struct Both<'a> {
    curves: &'a mut Curves,
    observer: &'a mut dyn Observer,
}

impl Observer for Both<'_> {
    fn event(&mut self, event: SearchEvent<'_>) -> ControlFlow<()> {
        self.curves.event(&event);
        self.observer.event(event)
    }
}

/// What a session found.
pub struct Found {
    /// The generator.
    pub opened: Opened,
    /// The picture.
    pub prepared: Arc<Prepared>,
    /// The search's settings.
    pub config: SearchConfig,
    /// The generator's inputs, in the order of the network's.
    pub specs: Vec<InputSpec>,
    /// The candidates, in the order of their numbers.
    pub candidates: Vec<Candidate>,
    /// How the search went.
    pub curves: Curves,
    /// How long it took, from the start of the session; where it went on, with what it took before.
    pub seconds: f64,
    /// What another session goes on from, where this one was stopped.
    pub bookmark: Option<Bookmark>,
    engine: Arc<dyn Engine>,
    problem: Problem<'static>,
}

/// What the folder of a run holds besides what was found.
#[derive(Clone, Debug)]
pub struct Labels {
    /// The file that was given.
    pub input: InputRecord,
    /// What was asked for besides the settings of the search, where later runs are to be compared with it.
    pub request: Option<RequestRecord>,
    /// What steered the candidates.
    pub steering: Option<SteeringRecord>,
    /// What is to be read off the candidates' pictures.
    pub quantities: Vec<Quantity>,
    /// How large a pixel of the generator's picture is, for what is read.
    pub scale: Option<PixelScale>,
    /// What comes first on the sheet and on the page.
    pub order: Order,
    /// The colours in which sheet and page show grey pictures, where not in grey.
    pub colours: Option<Colormap>,
    /// Whether there is to be a page.
    pub page: bool,
    /// What the pictures are of, where that differs from [`Opened::subject`].
    pub subject: Option<Subject>,
    /// Seconds that it took before the session.
    pub seconds_before: f64,
    /// The command, and when it was given.
    pub made: Option<MadeRecord>,
}

impl Labels {
    /// A run from this file, in the order of its numbers, with a page.
    pub fn of(input: InputRecord) -> Self {
        Self {
            input,
            request: None,
            steering: None,
            quantities: Vec::new(),
            scale: None,
            order: Order::default(),
            colours: None,
            page: true,
            subject: None,
            seconds_before: 0.0,
            made: None,
        }
    }
}

impl Found {
    /// The problem together with its candidates, from which walks and steered searches start.
    ///
    /// # Errors
    /// As [`Solved::new`].
    pub fn solved(&self) -> Result<Solved> {
        let inputs = inputs_of(&self.candidates, &self.specs)?;
        let numbers = self.candidates.iter().map(|candidate| candidate.index + 1).collect();
        let (generator, measurement) = (Arc::clone(&self.opened.generator), Arc::clone(&self.prepared.measurement));
        let target = Arc::clone(&self.prepared.target);
        Solved::new(generator, measurement, target, self.config.clone(), inputs, numbers)
    }

    /// The candidates measured together.
    ///
    /// # Errors
    /// As [`Judge::measure`].
    pub fn measure(&self, judge: &mut Judge) -> Result<Assessment> {
        judge.measure(&self.candidates, &self.opened, &self.problem, &self.config, &*self.engine)
    }

    /// What is read off the candidates' pictures, and off random pictures of the generator.
    fn read(&self, labels: &Labels, judge: &Judge) -> Vec<QuantityRecord> {
        let pictures: Vec<&Image> = self.candidates.iter().map(|candidate| &candidate.image).collect();
        let original = self.prepared.original.as_ref();
        let sampled = self.config.sampler_of(&*self.opened.generator) == Sampler::NullSpace;
        let calibration = judge::calibration(&self.opened);
        let read = |&quantity: &Quantity| {
            let reading = Reading::of(quantity, &pictures, judge.random());
            let original = original.and_then(|original| quantity.of(original));
            let factor = if sampled { calibration.of(quantity.measure) } else { 1.0 };
            QuantityRecord::new(&reading, original, labels.scale.as_ref(), factor)
        };
        labels.quantities.iter().map(read).collect()
    }

    /// Measures the candidates, and writes the folder of the run, the record last. Gives the record.
    ///
    /// # Errors
    /// As [`RunFolder::write`].
    pub fn save(&self, folder: &RunFolder, labels: Labels, judge: &mut Judge) -> Result<Record> {
        let range = self.measure(judge)?;
        // All is found then, but not all is measured.
        let unmeasured = if judge.was_cut_short() { Some(self.bookmark_of_all()?) } else { None };
        let subject = labels.subject.unwrap_or(self.opened.subject);
        let quantities = self.read(&labels, judge);
        let mut photographs = Vec::new();
        if let Some(within) = InPhotograph::of(&self.prepared, self.opened.generator.spec())? {
            let provenance = self.opened.record.provenance(self.config.seed);
            for candidate in &self.candidates {
                let photograph = within.with(&candidate.image.quantised())?;
                photographs.push(folder.photograph(
                    candidate.index,
                    self.candidates.len(),
                    &photograph,
                    &provenance,
                )?);
            }
        }
        folder.write(&Finished {
            input: labels.input,
            generator: self.opened.record.clone(),
            request: labels.request,
            specs: &self.specs,
            measurement: self.prepared.measured_as.clone(),
            mosaic: self.prepared.mosaic.clone(),
            placement: self.prepared.placement,
            target: &self.prepared.target,
            original: self.prepared.original.as_ref(),
            known: self.prepared.known.as_deref(),
            config: &self.config,
            steering: labels.steering,
            candidates: &self.candidates,
            range: &range,
            quantities,
            order: labels.order,
            colours: labels.colours,
            page: labels.page.then_some(Page { subject, curves: &self.curves }),
            seconds: labels.seconds_before + self.seconds,
            made: labels.made,
            photographs,
            bookmark: self.bookmark.as_ref().or(unmeasured.as_ref()),
        })
    }

    /// What a session goes on from that has only to end, or that is to look for [more](Session::add_candidates).
    ///
    /// # Errors
    /// None: it is written to memory.
    pub fn bookmark_of_all(&self) -> Result<Bookmark> {
        let mut tape = Tape::to_write();
        pass_version(&mut tape)?;
        Search::write_done(&mut tape, &self.candidates)?;
        self.curves.clone().pass(&mut tape)?;
        tape.real(&mut { self.seconds })?;
        Ok(tape.into_bookmark())
    }
}
