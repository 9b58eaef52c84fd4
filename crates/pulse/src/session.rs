//! A search from a prepared picture to a folder, driven step by step.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use pulse_core::candidate::Candidate;
use pulse_core::event::{Observer, SearchEvent};
use pulse_core::generator::{InputSpec, LatentInput};
use pulse_core::image::Image;
use pulse_core::inputs::Inputs;
use pulse_core::judge::{Critic, Order, OwnFits, OwnPictures, Prior, RANDOM_PICTURES, Range, random_pictures};
use pulse_core::search::steering::Steering;
use pulse_core::search::{Problem, Search, SearchConfig};
use pulse_core::solved::{Solved, inputs_of};
use pulse_engine::Engine;
use pulse_record::checksum::sha256;
use pulse_record::record::{InputRecord, Record, RequestRecord, SteeringRecord};
use pulse_record::report::{Curves, Subject};
use pulse_record::run::{Finished, Page, RunFolder};

use crate::{Opened, Prepared, Result};

/// One search under way: a generator, a picture, and the settings. It holds all that it needs, so that a thread, a server or an
/// object can keep it.
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

    /// A search from these inputs, one row a candidate, where there are any.
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
        Self::of(opened, prepared, problem, Steering::default(), config, engine)
    }

    /// A search for a problem that is put already, with what steers it.
    ///
    /// # Errors
    /// As [`Search::new`].
    pub fn of(
        opened: Opened,
        prepared: Arc<Prepared>,
        problem: Problem<'static>,
        steering: Steering,
        config: SearchConfig,
        engine: Arc<dyn Engine>,
    ) -> Result<Self> {
        let started = Instant::now();
        let latent = problem.latent();
        opened.prepare(latent, &*engine)?;
        let search = Search::new(problem, steering, config, &*engine)?;
        Ok(Self { opened, prepared, engine, search, curves: Curves::default(), latent, started })
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

    /// Ends the candidates under way at their best.
    ///
    /// # Errors
    /// As [`Search::stop`].
    pub fn stop(&mut self, observer: &mut dyn Observer) -> Result<()> {
        self.search.stop(&mut Both { curves: &mut self.curves, observer })
    }

    /// Every candidate as it would be if the search were stopped here. The search goes on as if nobody had asked.
    ///
    /// # Errors
    /// As [`Search::so_far`].
    pub fn candidates_so_far(&mut self) -> Result<Vec<Candidate>> {
        self.search.so_far()
    }

    /// Looks for `count` candidates more.
    ///
    /// # Errors
    /// As [`Search::add_candidates`].
    pub fn add_candidates(&mut self, count: usize) -> Result<()> {
        self.search.add_candidates(count)
    }

    /// What was found, with what belongs to it.
    ///
    /// # Errors
    /// As [`Opened::inputs`].
    pub fn finish(self, observer: &mut dyn Observer) -> Result<Found> {
        let Self { opened, prepared, engine, search, mut curves, latent, started } = self;
        let mut config = search.config().clone();
        config.candidates = search.candidates();
        let problem = search.problem().clone();
        let candidates = search.into_found(&mut Both { curves: &mut curves, observer });
        let specs = opened.inputs(latent, &config.space)?;
        let seconds = started.elapsed().as_secs_f64();
        Ok(Found { opened, prepared, engine, problem, config, specs, candidates, curves, seconds })
    }
}

/// The curves of a session, and whoever watches it.
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
    /// How long it took, from the start of the session.
    pub seconds: f64,
    engine: Arc<dyn Engine>,
    problem: Problem<'static>,
}

/// What a folder says beside what was found.
#[derive(Clone, Debug)]
pub struct Labels {
    /// The file that was given.
    pub input: InputRecord,
    /// What was asked for beside the settings of the search, where the run is to be told from others by it.
    pub request: Option<RequestRecord>,
    /// What candidates were steered by.
    pub steering: Option<SteeringRecord>,
    /// What comes first on the sheet and on the page.
    pub order: Order,
    /// Whether there is to be a page.
    pub page: bool,
    /// What the generator's pictures are of, where that is not what the generator says.
    pub subject: Option<Subject>,
    /// Seconds that it took before the session.
    pub seconds_before: f64,
}

impl Found {
    /// The problem with what was found for it: where walks and searches that are steered begin.
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
    pub fn measure(&self, judge: &mut Judge) -> Result<Range> {
        judge.measure(&self.candidates, &self.opened, &self.problem, &self.config, &*self.engine)
    }

    /// Measures the candidates, and writes the folder of the run, its record last, which it gives back.
    ///
    /// # Errors
    /// As [`RunFolder::write`].
    pub fn save(&self, folder: &RunFolder, labels: Labels, judge: &mut Judge) -> Result<Record> {
        let range = self.measure(judge)?;
        let subject = labels.subject.unwrap_or(self.opened.subject);
        folder.write(&Finished {
            input: labels.input,
            generator: self.opened.record.clone(),
            request: labels.request,
            specs: &self.specs,
            measurement: self.prepared.measured_as.clone(),
            mosaic: self.prepared.mosaic.clone(),
            target: &self.prepared.target,
            original: self.prepared.original.as_ref(),
            config: &self.config,
            steering: labels.steering,
            candidates: &self.candidates,
            range: &range,
            order: labels.order,
            page: labels.page.then_some(Page { subject, curves: &self.curves }),
            seconds: labels.seconds_before + self.seconds,
        })
    }
}

/// Measures candidates together. What it compiles and renders for the first ones it uses again for all others of the same
/// generator.
#[derive(Default)]
pub struct Judge {
    /// What the generator was trained against, where that is known.
    critic: Option<Critic>,
    /// Pictures of the generator that have nothing to do with each other.
    random: Option<Vec<Image>>,
    /// The generator's own pictures, under this measurement and with these settings.
    own: Option<(String, Option<OwnPictures>)>,
}

impl Judge {
    /// Measures candidates together, and how typical each is of the generator.
    ///
    /// # Errors
    /// As [`Prior::new`], [`Critic::new`] and [`Range::of`].
    pub fn measure(
        &mut self,
        candidates: &[Candidate],
        opened: &Opened,
        problem: &Problem<'_>,
        config: &SearchConfig,
        engine: &dyn Engine,
    ) -> Result<Range> {
        let mut prior = Prior::new(problem, config, engine)?;
        let plausibility: Vec<_> = candidates.iter().map(|candidate| prior.plausibility(&candidate.inputs)).collect();
        // What it ran may be what the next ones run.
        drop(prior);
        if let (None, Some(Ok(discriminator))) = (&self.critic, &opened.discriminator) {
            self.critic = Some(Critic::new(discriminator, engine)?);
        }
        let logits: Vec<_> = match &mut self.critic {
            Some(critic) => candidates.iter().map(|candidate| critic.logit(candidate)).collect(),
            None => Vec::new(),
        };
        let random = match self.random.take() {
            Some(random) => random,
            None => random_pictures(problem, config, engine, RANDOM_PICTURES)?,
        };
        let range = Range::of(candidates, problem.target.size(), &plausibility, &logits, &random);
        self.random = Some(random);
        let own = self.own_pictures(opened, problem, config, engine)?;
        range.map(|range| match own {
            Some(own) => range.with_bent(&own.bent(&problem.target, candidates)),
            None => range,
        })
    }

    /// The generator's own pictures under the problem's measurement, which are the same for every target of one shape and kind.
    fn own_pictures(
        &mut self,
        opened: &Opened,
        problem: &Problem<'_>,
        config: &SearchConfig,
        engine: &dyn Engine,
    ) -> Result<Option<&OwnPictures>> {
        let settings = SearchConfig { candidates: 1, seed: 0, ..config.clone() };
        let under = under(opened, problem, &settings);
        if self.own.as_ref().is_some_and(|(known, _)| *known == under) {
            return Ok(self.own.as_ref().and_then(|(_, own)| own.as_ref()));
        }
        // A generator that nothing tells from others has nothing to be kept under.
        let cache = opened.cache().filter(|_| !opened.record.sha256.is_empty());
        let (size, channels) = (problem.target.size(), problem.target.channels());
        let kept = cache.and_then(|cache| OwnPictures::from_arrays(&cache.read(&under)?, size, channels));
        let own = if kept.is_some() {
            kept
        } else {
            let fits = opened.embedding().and_then(|embedded| OwnFits::kept(embedded, problem, config));
            let made = OwnPictures::of(problem, config, fits, engine)?;
            if let (Some(cache), Some(made)) = (cache, &made) {
                cache.write(&under, made.to_arrays());
            }
            made
        };
        self.own = Some((under, own));
        Ok(self.own.as_ref().and_then(|(_, own)| own.as_ref()))
    }
}

/// Grows by one whenever the same generator's pictures get other figures.
const VERSION: u32 = 1;

/// The checksum of all that a generator's own pictures depend on.
fn under(opened: &Opened, problem: &Problem<'_>, settings: &SearchConfig) -> String {
    let shape = problem.measurement.output_shape();
    let (generator, measurement) = (&opened.record.sha256, problem.measurement.describe());
    let latent = problem.latent().name();
    sha256(format!("own pictures {VERSION}, {generator}, {measurement}, {shape}, {latent}, {settings:?}").as_bytes())
}
