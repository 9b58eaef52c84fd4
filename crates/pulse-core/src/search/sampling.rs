//! Sampling a denoiser: candidates go from noise to pictures together, and are kept consistent at every level.

mod consistent;
mod eye;
mod forces;

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;

use pulse_engine::Engine;

use self::consistent::Consistent;
pub(crate) use self::eye::Eye;
use self::forces::{Forces, Pushed};
use super::exact::ExactEnd;
use super::steering::{Near, Steering};
use super::{Problem, SearchConfig, way::Way};
use crate::candidate::{Candidate, Outcome, consistency_db};
use crate::denoiser::Denoiser;
use crate::event::{Observer, SearchEvent, Step};
use crate::generator::{ENTERED, LatentInput};
use crate::loss::Term;
use crate::random::Stream;
use crate::sampler::{Noise, NullSpace, NullSpaceConfig};
use crate::tape::Tape;
use crate::{Error, ErrorKind, Result};

/// The standard deviation of what rounding to 8 bits does to a number in [0, 1].
const ROUNDING: f64 = 1.0 / 255.0 / 3.464_101_615_137_754_6;

/// The noise level at which the denoiser has decided what the picture shows and not yet how: there its own fit to the target
/// tells whether it knows such pictures.
const MIDDLE: f64 = 0.5;

/// Which random numbers of a candidate those are with which its picture is entered again.
const ENTERED_DRAW: u16 = u16::MAX;

/// The candidates that are sampled side by side. All are at the same level.
pub(crate) struct Sampling<'a> {
    problem: Problem<'a>,
    config: SearchConfig,
    candidates: usize,
    next: usize,
    sampler: NullSpace,
    eye: Eye,
    consistent: Consistent,
    forces: Forces,
    /// The noise of each candidate, where that is not of its own stream.
    noises: Option<Vec<Noise>>,
    /// What each candidate begins with, and the level of its noise; none for noise alone, of unit variance.
    given: Option<(Vec<f32>, Option<f64>)>,
    /// The picture that every candidate begins with, and the level of its noise.
    near: Option<(Vec<f32>, f64)>,
    end: ExactEnd,
    /// The candidates under way.
    under_way: Vec<UnderWay>,
    finished: VecDeque<Candidate>,
    capacity: usize,
}

/// A candidate under way.
#[derive(Clone, Copy)]
struct UnderWay {
    candidate: usize,
    /// The mean squared error of the denoised picture before it was moved, in the last step.
    error: f64,
    /// The same at the [middle](MIDDLE) level.
    middle: f64,
}

impl<'a> Sampling<'a> {
    pub(crate) fn new(
        problem: Problem<'a>,
        steering: &Steering,
        config: SearchConfig,
        engine: &dyn Engine,
    ) -> Result<Self> {
        let denoiser = denoiser_of(&problem)?;
        let given = given(&problem, &config)?;
        let candidates =
            given.as_ref().map_or(config.candidates, |(numbers, _)| numbers.len() / problem.picture_numbers());
        let batch = config.batch.min(candidates);
        let capacity = if config.spread.is_some() { candidates } else { batch };
        // Pictures of the network are twice as wide as [0, 1].
        let noise = if config.is_exact(&*problem.measurement) { 0.0 } else { 2.0 * config.sigma.max(ROUNDING) };
        let settings = NullSpaceConfig { noise, ..config.null_space.clone() };
        let [smallest, largest] = denoiser.sigma_range();
        let levels = settings.levels(largest, smallest)?;
        let numbers = problem.picture_numbers();
        Ok(Self {
            sampler: NullSpace::new(settings, levels, numbers, capacity)?,
            eye: Eye::new(&denoiser, &config.space, engine, batch, capacity)?,
            consistent: Consistent::new(&problem, steering, &config, engine, batch)?,
            forces: Forces::new(config.spread, steering, numbers),
            noises: None,
            given,
            near: steering.near.as_ref().map(Near::noisy),
            end: ExactEnd::new(&problem, steering.keep.clone(), &config, engine, batch)?,
            under_way: Vec::with_capacity(capacity),
            finished: VecDeque::new(),
            next: 0,
            problem,
            config,
            candidates,
            capacity,
        })
    }

    /// The same for as many pictures as there are candidates, on the way from candidate `from` to candidate `to`: their noise goes over
    /// from that of the one to that of the other.
    pub(crate) fn between(self, [from, to]: [usize; 2]) -> Self {
        let [from, to] = [from, to].map(|candidate| self.stream(candidate, 0));
        let last = (self.candidates - 1).max(1) as f64;
        let noise = |frame: usize| Noise::Between { from, to, share: frame as f64 / last };
        Self { noises: Some((0..self.candidates).map(noise).collect()), ..self }
    }

    fn noise(&self, candidate: usize) -> Noise {
        match &self.noises {
            Some(noises) => noises[candidate],
            None => Noise::Of(self.stream(candidate, 0)),
        }
    }

    /// Looks at every candidate after a step.
    fn look(&mut self, observer: &mut dyn Observer) -> ControlFlow<()> {
        let step = self.sampler.steps_done() - 1;
        let is_middle = self.sampler.level() <= MIDDLE;
        let spec = self.problem.generator.spec();
        let errors = self.consistent.errors(&self.problem, self.eye.seen());
        let pictures = self.sampler.denoised().chunks_exact(self.problem.picture_numbers());
        let mut flow = ControlFlow::Continue(());
        for ((under_way, &error), image) in self.under_way.iter_mut().zip(errors).zip(pictures) {
            under_way.error = error;
            if !is_middle || under_way.middle.is_infinite() {
                under_way.middle = error;
            }
            let event = Step {
                candidate: under_way.candidate,
                step,
                losses: &[(Term::L2, error)],
                total: error,
                learning_rate: 0.0,
                db: consistency_db(error),
                image,
                shape: [spec.channels, spec.height, spec.width],
            };
            if observer.event(SearchEvent::Step(event)).is_break() {
                flow = ControlFlow::Break(());
            }
        }
        flow
    }

    /// The candidates under way as they are now.
    fn end_all(&mut self) -> Result<Vec<Candidate>> {
        let numbers = self.problem.picture_numbers();
        let is_done = self.sampler.is_done();
        let own = if is_done { self.sampler.state() } else { self.sampler.denoised() };
        let rows: Vec<&[f32]> = own.chunks_exact(numbers).collect();
        let mut pictures = vec![0.0; own.len()];
        let mut ended = Vec::with_capacity(rows.len());
        for rows in rows.chunks(self.config.batch) {
            ended.extend(self.end.end(&self.problem, rows)?);
        }
        for (picture, end) in pictures.chunks_exact_mut(numbers).zip(&ended) {
            picture.iter_mut().zip(end.image.values()).for_each(|(x, value)| *x = 2.0 * value - 1.0);
        }
        let entered = self.entered(&pictures);
        let denoised = self.eye.denoised(&entered, ENTERED);
        let mut found = Vec::with_capacity(ended.len());
        let every = self.under_way.iter().zip(ended).enumerate();
        for (row, (under_way, ended)) in every {
            let range = row * numbers..(row + 1) * numbers;
            let offset = pictures[range.clone()].iter().zip(&denoised[range.clone()]).map(|(x, h)| x - h).collect();
            let mut inputs = BTreeMap::from([
                (LatentInput::NOISY.name().to_owned(), entered[range].to_vec()),
                ("feature.0".to_owned(), offset),
            ]);
            if let Some(class) = self.eye.class() {
                inputs.insert("c".to_owned(), class.to_vec());
            }
            let outcome = match () {
                () if !is_done => Outcome::Stopped,
                () if ended.error <= self.config.epsilon => Outcome::Reached,
                () => Outcome::Missed,
            };
            found.push(Candidate {
                index: under_way.candidate,
                start: under_way.candidate,
                restarts: 0,
                outcome,
                image: ended.image,
                measured: ended.measured,
                db: consistency_db(ended.error),
                searched_db: consistency_db(under_way.error),
                moved: ended.moved,
                latent_db: consistency_db(under_way.middle),
                losses: vec![(Term::L2, under_way.error)],
                total: under_way.error,
                steps: self.sampler.steps_done(),
                inputs,
            });
        }
        Ok(found)
    }

    /// Pictures with the noise with which they are entered again.
    fn entered(&self, pictures: &[f32]) -> Vec<f32> {
        let mut entered = vec![0.0; pictures.len()];
        let numbers = self.problem.picture_numbers();
        for (under_way, row) in self.under_way.iter().zip(entered.chunks_exact_mut(numbers)) {
            self.stream(under_way.candidate, ENTERED_DRAW).fill_normal(row);
        }
        entered.iter_mut().zip(pictures).for_each(|(x, picture)| *x = picture + ENTERED as f32 * *x);
        entered
    }

    fn stream(&self, candidate: usize, draw: u16) -> Stream {
        Stream { seed: self.config.seed, candidate: candidate as u32, draw, input: 0 }
    }
}

impl<'a> Way<'a> for Sampling<'a> {
    fn problem(&self) -> &Problem<'a> {
        &self.problem
    }

    fn config(&self) -> &SearchConfig {
        &self.config
    }

    fn candidates(&self) -> usize {
        self.candidates
    }

    fn grow(&mut self, candidates: usize) {
        self.candidates = candidates;
    }

    fn is_idle(&self) -> bool {
        self.under_way.is_empty() && self.finished.is_empty()
    }

    fn has_started_all(&self) -> bool {
        self.next == self.candidates
    }

    /// Begins with as many candidates as there is room for, once all before them are done.
    fn fill(&mut self) {
        if !self.under_way.is_empty() {
            return;
        }
        let until = self.candidates.min(self.next + self.capacity);
        let noises: Vec<_> = (self.next..until).map(|candidate| self.noise(candidate)).collect();
        let begun = UnderWay { candidate: 0, error: f64::INFINITY, middle: f64::INFINITY };
        self.under_way.extend((self.next..until).map(|candidate| UnderWay { candidate, ..begun }));
        match (&self.given, &self.near) {
            (Some((numbers, sigma)), _) => {
                let each = self.problem.picture_numbers();
                self.sampler.start_at(&noises, &numbers[self.next * each..until * each], *sigma);
            }
            (None, Some((picture, sigma))) => {
                self.sampler.start_from(&noises, &picture.repeat(noises.len()), *sigma);
            }
            (None, None) => self.sampler.start(&noises),
        }
        self.next = until;
    }

    fn step(&mut self, observer: &mut dyn Observer) -> Result<ControlFlow<()>> {
        if self.under_way.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        let share = self.sampler.steps_done() as f64 / self.sampler.steps() as f64;
        let mut pushed = Pushed { eye: &mut self.eye, forces: &mut self.forces, share };
        self.sampler.step(&mut pushed, &mut self.consistent)?;
        let flow = self.look(observer);
        if self.sampler.is_done() {
            let ended = self.end_all()?;
            self.finished.extend(ended);
            self.under_way.clear();
        }
        Ok(flow)
    }

    fn stop(&mut self) -> Result<()> {
        let ended = self.so_far()?;
        self.finished.extend(ended);
        self.under_way.clear();
        Ok(())
    }

    fn take_finished(&mut self) -> Result<Option<Candidate>> {
        Ok(self.finished.pop_front())
    }

    fn pass(&mut self, tape: &mut Tape) -> Result<()> {
        tape.count_below(&mut self.next, self.candidates + 1)?;
        let begun = UnderWay { candidate: 0, error: 0.0, middle: 0.0 };
        let candidates = self.candidates;
        tape.list(
            &mut self.under_way,
            || begun,
            |tape, under_way| {
                tape.count_below(&mut under_way.candidate, candidates)?;
                tape.real(&mut under_way.error)?;
                tape.real(&mut under_way.middle)
            },
        )?;
        tape.check(self.under_way.len() <= self.capacity)?;
        if self.under_way.is_empty() {
            return Ok(());
        }
        if tape.is_read() {
            let noises: Vec<_> = self.under_way.iter().map(|under_way| self.noise(under_way.candidate)).collect();
            self.sampler.start(&noises);
        }
        self.sampler.pass(tape)
    }

    fn so_far(&mut self) -> Result<Vec<Candidate>> {
        if self.under_way.is_empty() || self.sampler.steps_done() == 0 {
            return Ok(Vec::new());
        }
        self.end_all()
    }
}

/// What candidates begin with that were given: noise `z`, or pictures with the noise at which a denoiser is entered.
fn given(problem: &Problem<'_>, config: &SearchConfig) -> Result<Option<(Vec<f32>, Option<f64>)>> {
    let Some(start) = &problem.start else { return Ok(None) };
    let specs = super::program::specs(problem, &config.space)?;
    let rows = start.check(&specs)?;
    let latent = problem.latent();
    let Some(spec) = specs.iter().find(|spec| spec.name == latent.name()) else { return Ok(None) };
    let mut numbers = Vec::with_capacity(rows * spec.shape.len());
    for row in 0..rows {
        numbers.extend_from_slice(start.row(spec, row).ok_or_else(|| {
            Error::new(ErrorKind::Inputs, format!("the inputs lack `{}`, with which candidates would begin", spec.name))
        })?);
    }
    Ok(Some((numbers, (latent == LatentInput::NOISY).then_some(ENTERED))))
}

fn denoiser_of(problem: &Problem<'_>) -> Result<Denoiser> {
    problem.generator.denoiser().cloned().ok_or_else(|| {
        let family = problem.generator.spec().family.name();
        let message =
            format!("a {family} is no denoiser, and cannot be sampled in the null space: search it by descent");
        Error::new(ErrorKind::Setting, message)
    })
}
