//! A search that its caller drives.

use std::ops::ControlFlow;

use pulse_engine::Engine;

use super::again::{Again, broken};
use super::batch::Batch;
use super::sampling::Sampling;
use super::steering::{Steering, widest_first};
use super::way::{Way, either};
use super::{MOST_CANDIDATES, Problem, Sampler, SearchConfig};
use crate::candidate::{Candidate, Outcome};
use crate::event::{Observer, SearchEvent};
use crate::image::Image;
use crate::tape::Tape;
use crate::{Error, ErrorKind, Result};

/// A search that its caller advances. It does nothing between two calls of [`step`](Self::step), and gives what it has found so
/// far at any time.
///
/// ```
/// # use pulse_core::{event::Silent, generator::EMBEDDED, image::{Image, Size}, measurement::MeasurementKind};
/// # use pulse_core::search::{Problem, Search, SearchConfig, steering::Steering};
/// # let generator = EMBEDDED[0].open()?;
/// # let target = Image::new(3, 1, 1, vec![0.7, 0.6, 0.5])?;
/// # let measurement = MeasurementKind::default().resolve(3, Size::new(64, 64), target.size())?;
/// let problem = Problem::new(&*generator, &*measurement, &target);
/// let config = SearchConfig { candidates: 1, steps: 3, ..SearchConfig::default() };
/// let mut search = Search::new(problem, &Steering::default(), config, &pulse_engine::Cpu::default())?;
/// while !search.is_done() {
///     search.step(&mut Silent)?;
/// }
/// assert_eq!(search.into_found(&mut Silent).len(), 1);
/// # Ok::<(), pulse_core::Error>(())
/// ```
pub struct Search<'a> {
    way: Box<dyn Way<'a> + Send + 'a>,
    found: Vec<Candidate>,
    again: Again,
    has_begun: bool,
    is_stopped: bool,
}

impl<'a> Search<'a> {
    /// Compiles what it runs. Nothing is searched yet.
    ///
    /// # Errors
    /// As [`search_steered`](super::search_steered).
    pub fn new(problem: Problem<'a>, steering: &Steering, config: SearchConfig, engine: &dyn Engine) -> Result<Self> {
        config.validate()?;
        let config = config.resolved(&*problem.generator);
        problem.check()?;
        let spec = problem.generator.spec();
        steering.check([spec.channels, spec.height, spec.width])?;
        let way: Box<dyn Way<'a> + Send + 'a> = match config.sampler_of(&*problem.generator) {
            Sampler::Descent if steering.near.is_some() => {
                let message = "a descent begins near inputs and not near a picture: give it starts";
                return Err(Error::new(ErrorKind::Setting, message));
            }
            Sampler::Descent => Box::new(Batch::new(problem.descended(), steering, config, engine)?),
            Sampler::NullSpace => Box::new(Sampling::new(problem, steering, config, engine)?),
        };
        Ok(Self { way, found: Vec::new(), again: Again::default(), has_begun: false, is_stopped: false })
    }

    /// The problem that it searches.
    pub fn problem(&self) -> &Problem<'a> {
        self.way.problem()
    }

    /// How it searches.
    pub fn config(&self) -> &SearchConfig {
        self.way.config()
    }

    /// How many candidates it looks for in all.
    pub fn candidates(&self) -> usize {
        self.way.candidates()
    }

    /// Whether every candidate is finished, or it was stopped.
    pub fn is_done(&self) -> bool {
        self.way.is_idle() && (self.is_stopped || self.way.has_started_all() && self.again.waiting.is_empty())
    }

    /// One step of every candidate under way, the start of new ones before it and the end of those that are finished after it.
    /// Gives `Break` when the observer asked to stop: the caller then decides whether to [`stop`](Self::stop) or to go on;
    /// going on gives the same candidates as without the request. Does nothing when all is done.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] for a generator whose pictures are not finite.
    pub fn step(&mut self, observer: &mut dyn Observer) -> Result<ControlFlow<()>> {
        if self.begin(observer).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        if self.is_done() {
            return Ok(ControlFlow::Continue(()));
        }
        if !self.is_stopped {
            self.begin_again();
            self.way.fill();
        }
        let flow = self.way.step(observer)?;
        let mut ended = self.take_finished(observer)?;
        if self.way.is_idle() && self.way.has_started_all() && self.again.waiting.is_empty() {
            ended = either(ended, self.choose_again(observer));
        }
        Ok(either(flow, ended))
    }

    /// Says that it has started, before anything else is said, and what was found before it was stopped.
    fn begin(&mut self, observer: &mut dyn Observer) -> ControlFlow<()> {
        if self.has_begun {
            return ControlFlow::Continue(());
        }
        self.has_begun = true;
        let steps = self.config().steps_of(&*self.problem().generator);
        let mut flow = observer.event(SearchEvent::Started { candidates: self.candidates(), steps });
        for candidate in &self.found {
            flow = either(flow, observer.event(self.event_of(candidate)));
        }
        flow
    }

    /// Chooses those that are to be searched for again, once all are found.
    fn choose_again(&mut self, observer: &mut dyn Observer) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        if self.way.can_begin_again() && self.again.decided < self.found.len() {
            self.again.decide(&self.found);
            for &candidate in &self.again.waiting {
                let db =
                    self.found.iter().find(|found| found.index == candidate).map_or(0.0, |found| found.searched_db);
                flow = either(flow, observer.event(SearchEvent::Restarted { candidate, db }));
            }
        }
        flow
    }

    fn begin_again(&mut self) {
        while let Some(candidate) = self.again.waiting.first() {
            let Some(found) = self.found.iter().find(|found| found.index == *candidate) else { return };
            if !self.way.begin_again(found) {
                return;
            }
            self.again.waiting.remove(0);
        }
    }

    /// All that was found and is under way, between two steps, to a tape or from there. A search of the same problem with the same
    /// settings that reads it goes on where this one is, and ends as this one would, to the bit: its observer is told what was found
    /// before, and no step is taken twice.
    ///
    /// # Errors
    /// [`ErrorKind::Run`] where the tape is not that of such a search, which is of no use then.
    pub fn pass(&mut self, tape: &mut Tape) -> Result<()> {
        let can_grow = self.config().spread.is_none();
        pass_found(tape, &mut self.found, self.way.candidates(), can_grow)?;
        if tape.is_read() {
            self.is_stopped = false;
        }
        pass_again(tape, &mut self.again, self.way.candidates())?;
        self.way.pass(tape)
    }

    /// To a tape, as [`pass`](Self::pass) does it, a search that has found all of these and is done.
    ///
    /// # Errors
    /// None: it is written.
    pub fn write_done(tape: &mut Tape, found: &[Candidate]) -> Result<()> {
        let as_found = |candidate: &Candidate| Candidate { index: candidate.start, ..candidate.clone() };
        pass_found(tape, &mut found.iter().map(as_found).collect(), found.len(), false)?;
        let mut again = Again { decided: found.len(), ..Again::default() };
        pass_again(tape, &mut again, found.len())?;
        let [mut begun, mut under_way] = [found.len(), 0];
        tape.count(&mut begun)?;
        tape.count(&mut under_way)
    }

    /// Ends the candidates under way at their best, and starts no others.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn stop(&mut self, observer: &mut dyn Observer) -> Result<()> {
        self.is_stopped = true;
        // It is stopped already.
        let _ = self.begin(observer);
        self.way.stop()?;
        // What is found of these is not what the search would have ended with.
        let waiting = std::mem::take(&mut self.again.waiting);
        let begun_again = self.found.iter_mut().filter(|found| waiting.contains(&found.index));
        begun_again.for_each(|found| found.outcome = Outcome::Stopped);
        self.take_finished(observer).map(drop)
    }

    /// The candidates that are finished, in the order in which they were.
    pub fn found(&self) -> &[Candidate] {
        &self.found
    }

    /// Every candidate as it would be if the search were stopped here: those that are finished, and the best of those under
    /// way. The search itself is not changed by this.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn so_far(&mut self) -> Result<Vec<Candidate>> {
        let mut all = self.found.clone();
        let new = self.way.so_far()?.into_iter();
        all.extend(new.filter(|new| self.found.iter().all(|found| found.index != new.index)));
        all.sort_by_key(|candidate| candidate.index);
        Ok(all)
    }

    /// Looks for `count` more candidates, also when all were done: those that a search for as many in all would have found.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for more than [`MOST_CANDIDATES`] in all, for a set that spreads, which is of one size, and
    /// where each candidate was given its start.
    pub fn add_candidates(&mut self, count: usize) -> Result<()> {
        let all = self.candidates().saturating_add(count);
        let problem = if self.config().spread.is_some() {
            "a set that spreads cannot grow: search for a larger one".to_owned()
        } else if self.problem().start.is_some() {
            "candidates with given starts cannot be added to: give more starts".to_owned()
        } else if all > MOST_CANDIDATES {
            format!("{all} candidates: ask for at most {MOST_CANDIDATES} in all")
        } else {
            self.is_stopped = false;
            self.way.grow(all);
            return Ok(());
        };
        Err(Error::new(ErrorKind::Setting, problem))
    }

    /// What was found, in the order of the candidates' numbers. A set that spreads is numbered here, the widest view first, and
    /// the observer receives each candidate as [`SearchEvent::Finished`].
    pub fn into_found(mut self, observer: &mut dyn Observer) -> Vec<Candidate> {
        // One that went on where all was found already has not taken a step, and stopping has nothing left to stop.
        let _ = self.begin(observer);
        let spreads = self.config().spread.is_some();
        let mut found = self.found;
        found.sort_by_key(|candidate| candidate.index);
        if spreads {
            let mut ranks = vec![0; found.len()];
            let (broken, widest) = (broken(&found), widest_first(&found));
            // What is damaged differs most, and is not what is wanted most.
            let (last, first): (Vec<_>, Vec<_>) = widest.into_iter().partition(|&candidate| broken[candidate]);
            first.into_iter().chain(last).enumerate().for_each(|(rank, candidate)| ranks[candidate] = rank);
            found.iter_mut().zip(ranks).for_each(|(candidate, rank)| candidate.index = rank);
            found.sort_by_key(|candidate| candidate.index);
            for candidate in &found {
                let _ = observer.event(SearchEvent::Finished(candidate));
            }
        }
        found
    }

    fn take_finished(&mut self, observer: &mut dyn Observer) -> Result<ControlFlow<()>> {
        let mut flow = ControlFlow::Continue(());
        while let Some(candidate) = self.way.take_finished()? {
            let before = self.found.iter().position(|found| found.index == candidate.index);
            let kept = before.unwrap_or(self.found.len());
            match self.found.get_mut(kept) {
                Some(found) => found.keep_better(candidate),
                None => self.found.push(candidate),
            }
            flow = either(flow, observer.event(self.event_of(&self.found[kept])));
        }
        Ok(flow)
    }

    fn event_of<'b>(&self, candidate: &'b Candidate) -> SearchEvent<'b> {
        if self.config().spread.is_some() { SearchEvent::Found(candidate) } else { SearchEvent::Finished(candidate) }
    }
}

/// What was found of so many candidates.
fn pass_found(tape: &mut Tape, found: &mut Vec<Candidate>, candidates: usize, can_grow: bool) -> Result<()> {
    let mut all = candidates;
    tape.count(&mut all)?;
    // Only candidates that do not know of each other can be more than they were.
    tape.check(all == candidates || all < candidates && can_grow)?;
    let dot = Image::new(1, 1, 1, vec![0.0])?;
    tape.list(found, || Candidate::blank(&dot), |tape, candidate| candidate.pass(tape))?;
    tape.check(found.iter().all(|candidate| candidate.index < candidates))
}

/// Which candidates are searched for again.
fn pass_again(tape: &mut Tape, again: &mut Again, candidates: usize) -> Result<()> {
    tape.real(&mut again.least)?;
    tape.count_below(&mut again.decided, candidates + 1)?;
    tape.count_below(&mut again.chosen, candidates + 1)?;
    tape.list(&mut again.waiting, || 0, |tape, candidate| tape.count_below(candidate, candidates))
}
