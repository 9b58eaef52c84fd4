//! The batch of candidates under way: one loop over forward pass, losses, backward pass and updates.

use std::ops::ControlFlow;

use pulse_engine::{Engine, InputId};

use crate::Result;
use crate::candidate::{Candidate, consistency_db};
use crate::event::{Observer, SearchEvent, Step};
use crate::latent::{Geometry, Retraction};
use crate::loss::{LossEvaluator, Term};
use crate::optimizer::Optimizer;
use crate::start::{self, Stream};

use super::finish::Finisher;
use super::program::{self, SearchProgram};
use super::slot::Slot;
use super::{Problem, Restarts, SearchConfig};

/// The factor on the latent's learning rate once features move: the latent has settled, and follows them.
const SETTLED: f64 = 0.1;

/// One input of the network on the host: its numbers for every slot, and how they move.
pub(super) struct Moving {
    pub(super) port: program::Port,
    pub(super) x: Vec<f32>,
    optimizer: Optimizer,
    retraction: Retraction,
    /// Whether it moves with the latent from the first step, or with the features later.
    feature: bool,
}

impl Moving {
    pub(super) fn row(&self, slot: usize) -> std::ops::Range<usize> {
        let length = self.port.spec.shape.len();
        slot * length..(slot + 1) * length
    }
}

pub(super) struct Batch<'a> {
    problem: &'a Problem<'a>,
    config: &'a SearchConfig,
    candidates: usize,
    next: usize,
    network: SearchProgram,
    inputs: Vec<Moving>,
    slots: Vec<Slot>,
    loss: LossEvaluator,
    measured_gradient: Vec<f32>,
    rows_gradient: Vec<f32>,
    /// The terms of the loss of the step under way.
    terms: Vec<(Term, f64)>,
    finisher: Finisher<'a>,
    /// The step from which features move.
    features_from: usize,
    /// The step at which a candidate is judged and goes on from its best; never in a search that cannot start again.
    judged: usize,
    wanted: Vec<InputId>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(problem: &'a Problem<'a>, config: &'a SearchConfig, engine: &dyn Engine) -> Result<Self> {
        let specs = program::specs(problem, &config.space)?;
        let candidates = problem.start.map_or(Ok(config.candidates), |start| start.check(&specs))?;
        let batch = config.batch.min(candidates);
        let mut network = SearchProgram::compile(problem, &config.space, engine, batch)?;
        let inputs = std::mem::take(&mut network.ports).into_iter().map(|port| {
            let (numbers, geometry) = (port.spec.shape.len(), port.spec.geometry);
            Moving {
                x: vec![0.0; batch * numbers],
                optimizer: Optimizer::new(config.optimizer, batch, if geometry == Geometry::Fixed { 0 } else { numbers }),
                retraction: Retraction::new(geometry, batch, numbers),
                feature: matches!(geometry, Geometry::Ball { .. }),
                port,
            }
        });
        let inputs: Vec<_> = inputs.collect();
        let numbers = problem.target.values().len();
        let [rows, width] = network.rows.map_or([0, 0], |(_, shape)| shape);
        let floor = config.clamp_losses.then_some(config.epsilon);
        let features_from = config.features.map_or(usize::MAX, |features| (features.from * config.steps as f64) as usize);
        let judged = match (config.features, config.restarts.limit) {
            (Some(_), _) => features_from,
            (None, 0) => usize::MAX,
            (None, _) => config.steps / 2,
        };
        Ok(Self {
            loss: config.loss.evaluator(numbers, rows, width, floor),
            measured_gradient: vec![0.0; numbers],
            rows_gradient: vec![0.0; rows * width],
            finisher: Finisher::new(problem, config, engine)?,
            terms: Vec::with_capacity(Term::ALL.len()),
            wanted: Vec::with_capacity(inputs.len()),
            slots: Vec::with_capacity(batch),
            next: 0,
            problem,
            config,
            candidates,
            network,
            inputs,
            features_from,
            judged,
        })
    }

    /// How many candidates are searched for in all.
    pub(super) fn candidates(&self) -> usize {
        self.candidates
    }

    pub(super) fn run(&mut self, observer: &mut dyn Observer) -> Result<Vec<Candidate>> {
        let batch = self.network.program.batch();
        let mut found = Vec::with_capacity(self.candidates);
        let mut stopped = false;
        while self.slots.len() < batch && self.next < self.candidates {
            self.start_next();
        }
        while !self.slots.is_empty() {
            self.place_fresh();
            self.network.program.forward(self.slots.len());
            for slot in 0..self.slots.len() {
                stopped |= self.evaluate(slot, observer).is_break();
            }
            if stopped {
                self.slots.iter_mut().for_each(|slot| slot.finished = true);
            }
            if self.slots.iter().any(|slot| !slot.finished) {
                self.backward();
                for slot in 0..self.slots.len() {
                    if !self.slots[slot].finished {
                        stopped |= self.advance(slot, observer).is_break();
                    }
                }
            }
            for slot in (0..self.slots.len()).rev() {
                if self.slots[slot].finished {
                    let candidate = self.finisher.finish(&self.slots[slot], &self.inputs, stopped)?;
                    stopped |= observer.event(SearchEvent::Finished(&candidate)).is_break();
                    found.push(candidate);
                    self.vacate(slot);
                }
            }
            while !stopped && self.slots.len() < batch && self.next < self.candidates {
                self.start_next();
            }
        }
        Ok(found)
    }

    /// Puts the next candidate into the first free slot.
    fn start_next(&mut self) {
        self.slots.push(Slot::new(self.next, self.problem.generator_numbers(), &self.inputs));
        self.next += 1;
    }

    /// Puts every fresh slot at its start: the row that was given, or else the draw whose picture measures
    /// nearest to the target.
    fn place_fresh(&mut self) {
        if self.slots.iter().all(|slot| !slot.fresh) {
            return;
        }
        let mut nearest = vec![(f64::INFINITY, 0); self.slots.len()];
        let draws = if self.config.starts > 1 { self.config.starts } else { 0 };
        for draw in 0..draws {
            self.draw_fresh(|_| draw);
            self.network.program.forward(self.slots.len());
            for (slot, nearest) in nearest.iter_mut().enumerate() {
                let error = self.squared_error(slot);
                if error < nearest.0 {
                    *nearest = (error, draw);
                }
            }
        }
        self.draw_fresh(|slot| nearest[slot].1);
        self.slots.iter_mut().for_each(|slot| slot.fresh = false);
    }

    /// Fills the inputs of every fresh slot with the draw that `choose` names, and uploads them.
    fn draw_fresh(&mut self, choose: impl Fn(usize) -> usize) {
        for slot in 0..self.slots.len() {
            let Slot { candidate, restart, fresh: true, .. } = self.slots[slot] else { continue };
            let draw = restart * self.config.starts + choose(slot);
            for (index, input) in self.inputs.iter_mut().enumerate() {
                let range = input.row(slot);
                let x = &mut input.x[range];
                let spec = &input.port.spec;
                let given = self.problem.start.filter(|_| restart == 0).and_then(|start| start.row(spec, candidate));
                if let Some(row) = given {
                    x.copy_from_slice(row);
                } else {
                    let (seed, candidate) = (self.config.seed, candidate as u32);
                    start::draw(&spec.start, Stream { seed, candidate, draw: draw as u16, input: index as u16 }, x);
                }
                input.retraction.start(slot, x, 0.0);
                if spec.geometry != Geometry::Fixed {
                    input.optimizer.reset(slot);
                }
            }
            self.upload(slot);
        }
    }

    /// The squared error between what a slot's picture measures as and the target.
    fn squared_error(&self, slot: usize) -> f64 {
        let target = self.problem.target.values();
        let measured = &self.network.program.output(self.network.measured)[slot * target.len()..];
        measured.iter().zip(target).map(|(&a, &b)| f64::from(a - b).powi(2)).sum()
    }

    /// Copies a slot's inputs into the program.
    fn upload(&mut self, slot: usize) {
        for input in &self.inputs {
            let range = input.row(slot);
            self.network.program.input_mut(input.port.id)[range.clone()].copy_from_slice(&input.x[range]);
        }
    }

    /// Looks at a slot after the forward pass: losses, cotangents, the best step, and whether it is finished.
    fn evaluate(&mut self, slot: usize, observer: &mut dyn Observer) -> ControlFlow<()> {
        let learning_rate = self.latent_rate(self.slots[slot].step);
        let program = &mut self.network.program;
        let numbers = self.measured_gradient.len();
        let latent = self.rows_gradient.len();
        let measured = &program.output(self.network.measured)[slot * numbers..][..numbers];
        let rows = self.network.rows.map_or(&[][..], |(id, _)| &program.output(id)[slot * latent..][..latent]);
        let target = self.problem.target.values();
        let values =
            self.loss.evaluate(measured, target, rows, &mut self.measured_gradient, &mut self.rows_gradient);
        let pixels = self.problem.generator_numbers();
        let image = &program.output(self.network.image)[slot * pixels..][..pixels];
        let state = &mut self.slots[slot];
        state.keep_best(&values, image, &self.inputs, slot);
        state.db = consistency_db(values.l2);
        self.terms.clear();
        self.terms.extend(terms(&self.config.loss, &values));
        let step = Step {
            candidate: state.candidate,
            step: state.step,
            losses: &self.terms,
            total: values.total,
            learning_rate,
            db: state.db,
            image,
        };
        let flow = observer.event(SearchEvent::Step(step));
        state.finished =
            state.step + 1 >= self.config.steps || self.config.early_stop && values.l2 <= self.config.epsilon;
        program.cotangent_mut(self.network.measured)[slot * numbers..][..numbers].copy_from_slice(&self.measured_gradient);
        if let Some((id, _)) = self.network.rows {
            program.cotangent_mut(id)[slot * latent..][..latent].copy_from_slice(&self.rows_gradient);
        }
        if state.step == self.features_from {
            self.open_balls(slot);
        }
        flow
    }

    /// The radius of each feature's ball follows from the norm of the stage's own output when it is freed.
    fn open_balls(&mut self, slot: usize) {
        for input in self.inputs.iter_mut().filter(|input| input.feature) {
            let range = input.row(slot);
            let Some(stage) = input.port.stage else { continue };
            let stage = &self.network.program.output(stage)[range.clone()];
            let norm = stage.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
            input.retraction.start(slot, &input.x[range], norm);
        }
    }

    fn backward(&mut self) {
        let features = self.slots.iter().any(|slot| slot.step >= self.features_from);
        self.wanted.clear();
        let moves = |input: &&Moving| input.port.spec.geometry != Geometry::Fixed && (features || !input.feature);
        self.wanted.extend(self.inputs.iter().filter(moves).map(|input| input.port.id));
        self.network.program.backward(self.slots.len(), &self.wanted);
    }

    /// Moves a slot's inputs one step, or starts it again when it is hopeless.
    fn advance(&mut self, slot: usize, observer: &mut dyn Observer) -> ControlFlow<()> {
        let state = &mut self.slots[slot];
        let (step, steps) = (state.step, self.config.steps);
        state.step += 1;
        if state.step == self.judged {
            let Restarts { limit, below_db } = self.config.restarts;
            let db = consistency_db(state.best.values.l2);
            if db < below_db && state.restart < limit {
                state.restart += 1;
                state.step = 0;
                state.fresh = true;
                return observer.event(SearchEvent::Restarted { candidate: state.candidate, db });
            }
            self.return_to_best(slot);
            return ControlFlow::Continue(());
        }
        let latent_rate = self.latent_rate(step);
        for input in &mut self.inputs {
            let range = input.row(slot);
            let learning_rate = match (input.port.spec.geometry, self.config.features) {
                (Geometry::Fixed, _) | (Geometry::Ball { .. }, None) => continue,
                (Geometry::Ball { .. }, Some(features)) => {
                    let Some(step) = step.checked_sub(self.features_from) else { continue };
                    let factor = self.config.schedule.factor(step, steps - self.features_from);
                    let spread = input.retraction.radius(slot) / (range.len() as f64).sqrt();
                    features.learning_rate * factor * spread
                }
                _ => latent_rate,
            };
            let gradient = &self.network.program.gradient(input.port.id)[range.clone()];
            let x = &mut input.x[range.clone()];
            input.optimizer.step(slot, x, gradient, learning_rate);
            input.retraction.retract(slot, x);
            self.network.program.input_mut(input.port.id)[range].copy_from_slice(x);
        }
        ControlFlow::Continue(())
    }

    /// Goes on from the best step of all attempts.
    fn return_to_best(&mut self, slot: usize) {
        for (input, best) in self.inputs.iter_mut().zip(&self.slots[slot].best.inputs) {
            let range = input.row(slot);
            input.x[range].copy_from_slice(best);
            input.retraction.start(slot, best, 0.0);
            if input.port.spec.geometry != Geometry::Fixed {
                input.optimizer.reset(slot);
            }
        }
        self.upload(slot);
    }

    /// The learning rate of what is not a feature: the schedule runs until features are freed, and then goes on
    /// slowly.
    fn latent_rate(&self, step: usize) -> f64 {
        let factor = match step {
            settled if settled >= self.features_from => SETTLED,
            step => self.config.schedule.factor(step, self.features_from.min(self.config.steps)),
        };
        self.config.learning_rate * factor
    }

    /// Frees a slot: the last one takes its place.
    fn vacate(&mut self, slot: usize) {
        let last = self.slots.len() - 1;
        self.slots.swap_remove(slot);
        if slot == last {
            return;
        }
        for input in &mut self.inputs {
            let (from, to) = (input.row(last), input.row(slot));
            input.x.copy_within(from, to.start);
            input.retraction.swap(slot, last);
            if input.port.spec.geometry != Geometry::Fixed {
                input.optimizer.swap(slot, last);
            }
        }
        self.upload(slot);
    }
}

/// The terms that a loss holds, with their unweighted values.
pub(super) fn terms(loss: &crate::loss::Loss, values: &crate::loss::LossValues) -> impl Iterator<Item = (Term, f64)> {
    Term::ALL.into_iter().filter(|&term| loss.weight(term) > 0.0).map(|term| (term, values.get(term)))
}
