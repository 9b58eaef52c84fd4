//! The batch of candidates under way: one loop over forward pass, losses, backward pass and updates.

mod again;
mod kept;

use std::ops::{ControlFlow, Range};

use pulse_engine::{Engine, InputId, OutputId};

use super::steering::Steering;
use crate::Result;
use crate::candidate::{Candidate, consistency_db};
use crate::event::{Observer, SearchEvent, Step};
use crate::generator;
use crate::image::mean_squared_error;
use crate::loss::{LossEvaluator, Term};
use crate::random::Stream;
use crate::tape::Tape;

use super::exact::ExactEnd;
use super::finish::finish;
use super::guide::{Guide, Schedule};
use super::moving::Moving;
use super::program::{self, SearchProgram};
use super::slot::{Slot, Stage};
use super::way::{Way, either};
use super::{Problem, Repulsion, Restarts, SearchConfig, Weights, terms};

/// The factor on the latent's learning rate once features move: the latent has settled, and follows them.
const SETTLED: f64 = 0.1;

/// A fresh start that gains less than this, in dB, shows that the target is hard and not the start: the
/// candidate goes on from its best.
const WORTH_ANOTHER: f64 = 1.0;

/// The candidates that are searched side by side, each in a slot of the program's batch.
pub(super) struct Batch<'a> {
    problem: Problem<'a>,
    config: SearchConfig,
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
    end: ExactEnd,
    /// The step from which features move.
    features_from: usize,
    /// The step at which a candidate is judged and goes on from its best; never where there is nothing to decide.
    judged: usize,
    /// The outputs that the step under way reads, and the inputs whose gradients it takes.
    outputs: Vec<OutputId>,
    wanted: Vec<InputId>,
    /// How many candidates are under way at the same time: as many as the program runs, or all that move in lockstep.
    capacity: usize,
    guide: Option<Guide>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        problem: Problem<'a>,
        steering: &Steering,
        config: SearchConfig,
        engine: &dyn Engine,
    ) -> Result<Self> {
        problem.generator.prepare(problem.latent(), engine)?;
        let specs = program::specs(&problem, &config.space)?;
        let candidates = problem.start.as_ref().map_or(Ok(config.candidates), |start| start.check(&specs))?;
        let batch = config.batch.min(candidates);
        let capacity = if config.spread.is_some() { candidates } else { batch };
        let view = program::view(&problem, steering, &config)?;
        let entered = (problem.latent(), &config.space);
        let mut network = SearchProgram::compile_with_view(&problem, entered, view.as_ref(), engine, batch)?;
        let ports = std::mem::take(&mut network.ports);
        let inputs: Vec<_> = ports.into_iter().map(|port| Moving::new(port, config.optimizer, capacity)).collect();
        let numbers = problem.target.values().len();
        let [rows, width] = network.rows.map_or([0, 0], |(_, shape)| shape);
        let floor = config.clamp_losses.then_some(config.epsilon);
        // A generator without features goes on with its latent alone.
        let features = config.features.filter(|_| inputs.iter().any(Moving::is_feature));
        let features_from = features.map_or(usize::MAX, |features| (features.from * config.steps as f64) as usize);
        let judged = match (features, config.restarts.limit) {
            (Some(_), _) => features_from,
            (None, 0) => usize::MAX,
            (None, _) => config.steps / 2,
        };
        let guide = match (&view, network.seen) {
            (Some(view), Some((_, numbers))) => {
                let until = config.spread.unwrap_or_default().until;
                let schedule = Schedule::new(config.steps, features_from, until);
                // Where a part is kept, the push falls on the rest alone.
                let free = steering.free();
                let spread = config.spread.map(|spread| Repulsion {
                    weight: free * spread.weight,
                    feature_weight: free * spread.feature_weight,
                    ..spread
                });
                Some(Guide::new(spread, steering.attractions(view)?, schedule, [candidates, numbers]))
            }
            _ => None,
        };
        let weights = Weights::of(&*problem.measurement, problem.target.values(), config.sigma);
        Ok(Self {
            loss: config
                .loss
                .evaluator(numbers, rows, width, floor)
                .with_known(problem.measurement.known())
                .with_weights(weights.get().map(<[f32]>::to_vec)),
            measured_gradient: vec![0.0; numbers],
            rows_gradient: vec![0.0; rows * width],
            end: ExactEnd::new(&problem, steering.keep.clone(), &config, engine, 1)?,
            terms: Vec::with_capacity(Term::ALL.len()),
            outputs: Vec::with_capacity(4 + inputs.len()),
            wanted: Vec::with_capacity(inputs.len()),
            slots: Vec::with_capacity(capacity),
            capacity,
            guide,
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

    fn step_window(&mut self, window: Range<usize>, observer: &mut dyn Observer) -> ControlFlow<()> {
        self.upload(window.clone());
        self.forward(window.clone());
        let mut flow = ControlFlow::Continue(());
        for slot in window.clone() {
            flow = either(flow, self.evaluate(slot, slot - window.start, observer));
        }
        if self.slots[window.clone()].iter().any(Slot::is_running) {
            self.backward(window.clone());
            for slot in window.clone() {
                if self.slots[slot].is_running() {
                    flow = either(flow, self.advance(slot, slot - window.start, observer));
                }
            }
        }
        flow
    }

    /// The forward pass of a step. A stage is read only by a candidate whose features start to move.
    fn forward(&mut self, window: Range<usize>) {
        let SearchProgram { program, image, measured, rows, seen, .. } = &mut self.network;
        self.outputs.clear();
        self.outputs.extend([*measured, *image]);
        self.outputs.extend(rows.map(|(rows, _)| rows));
        self.outputs.extend(seen.map(|(seen, _)| seen));
        if self.slots[window.clone()].iter().any(|slot| slot.step == self.features_from) {
            self.outputs.extend(self.inputs.iter().filter_map(|input| input.port.stage));
        }
        program.forward(window.len(), &self.outputs);
    }

    fn upload(&mut self, window: Range<usize>) {
        for input in &self.inputs {
            for slot in window.clone() {
                input.upload(slot, slot - window.start, &mut *self.network.program);
            }
        }
    }

    /// Puts every fresh slot at its start: the row that was given, or else the draw whose picture measures
    /// nearest to the target. Fresh slots come first, so that only they are run.
    fn place_fresh(&mut self) {
        let fresh = self.slots.iter().filter(|slot| slot.is_fresh()).count();
        for slot in 0..fresh {
            if let Some(other) = (slot..self.slots.len()).find(|&other| self.slots[other].is_fresh()) {
                self.swap(slot, other);
            }
        }
        let choices = if self.problem.start.is_some() { 1 } else { self.config.starts };
        for draw in 0..if fresh > 0 && choices > 1 { choices } else { 0 } {
            (0..fresh).for_each(|slot| self.draw(slot, draw));
            let batch = self.network.program.batch();
            for slot in 0..fresh {
                if slot % batch == 0 {
                    let window = slot..fresh.min(slot + batch);
                    self.upload(window.clone());
                    self.network.program.forward(window.len(), &[self.network.measured]);
                }
                let target = self.problem.target.values();
                let measured =
                    &self.network.program.output(self.network.measured)[slot % batch * target.len()..][..target.len()];
                let found = mean_squared_error(measured, target);
                if let Stage::Fresh { nearest, error } = &mut self.slots[slot].stage
                    && found < *error
                {
                    (*nearest, *error) = (draw, found);
                }
            }
        }
        for slot in 0..fresh {
            let Stage::Fresh { nearest, .. } = self.slots[slot].stage else { continue };
            self.draw(slot, nearest);
            self.slots[slot].stage = Stage::Running;
        }
    }

    /// Fills the inputs of a slot: with the row that was given, and else with one draw of its present start.
    fn draw(&mut self, slot: usize, draw: usize) {
        let Slot { candidate, restart, .. } = self.slots[slot];
        let draw = (restart * self.config.starts + draw) as u16;
        for (index, input) in self.inputs.iter_mut().enumerate() {
            let spec = input.port.spec.clone();
            let given = self.problem.start.as_ref().and_then(|start| start.row(&spec, candidate));
            let stream = Stream { seed: self.config.seed, candidate: candidate as u32, draw, input: index as u16 };
            input.start(slot, |x| match given {
                Some(row) => x.copy_from_slice(row),
                None => generator::draw(&spec.start, stream, x),
            });
        }
    }

    /// Looks at a slot after the forward pass: losses, cotangents, the best step, and whether it is finished.
    fn evaluate(&mut self, slot: usize, row: usize, observer: &mut dyn Observer) -> ControlFlow<()> {
        let learning_rate = self.latent_rate(self.slots[slot].step);
        let program = &mut self.network.program;
        let numbers = self.measured_gradient.len();
        let latent = self.rows_gradient.len();
        let measured = &program.output(self.network.measured)[row * numbers..][..numbers];
        let rows = self.network.rows.map_or(&[][..], |(id, _)| &program.output(id)[row * latent..][..latent]);
        let target = self.problem.target.values();
        let values = self.loss.evaluate(measured, target, rows, &mut self.measured_gradient, &mut self.rows_gradient);
        let spec = self.problem.generator.spec();
        let pixels = self.problem.picture_numbers();
        let image = &program.output(self.network.image)[row * pixels..][..pixels];
        let state = &mut self.slots[slot];
        state.taken += 1;
        // While forces act on a candidate, its best fit is not its best step: it goes on from its last one.
        let guided = values.total.is_finite() && self.guide.as_ref().is_some_and(|guide| guide.acts(state.step));
        // Where a candidate may end early, the step at which it is within epsilon is the one that is wanted, even
        // when another term of the loss was less before.
        let within = self.config.early_stop && values.l2 <= self.config.epsilon && !guided;
        if within || guided || values.total < state.best.values.total {
            state.keep(&values, image, &self.inputs, slot);
        }
        if within || state.step + 1 >= self.config.steps || !values.total.is_finite() {
            state.stage = Stage::Finished;
        }
        self.terms.clear();
        self.terms.extend(terms(&self.config.loss, &values));
        let step = Step {
            candidate: state.candidate,
            step: state.step,
            losses: &self.terms,
            total: values.total,
            learning_rate,
            db: consistency_db(values.l2),
            image,
            shape: [spec.channels, spec.height, spec.width],
        };
        let flow = observer.event(SearchEvent::Step(step));
        program.cotangent_mut(self.network.measured)[row * numbers..][..numbers]
            .copy_from_slice(&self.measured_gradient);
        if let (Some(guide), Some((id, length))) = (&mut self.guide, self.network.seen) {
            let range = row * length..(row + 1) * length;
            let misfit = (values.l2 - self.config.sigma.powi(2)).max(0.0);
            let gradient = guide.gradient(state.candidate, state.step, misfit, &program.output(id)[range.clone()]);
            program.cotangent_mut(id)[range].copy_from_slice(gradient);
        }
        if let Some((id, _)) = self.network.rows {
            program.cotangent_mut(id)[row * latent..][..latent].copy_from_slice(&self.rows_gradient);
        }
        if state.step == self.features_from {
            for input in self.inputs.iter_mut().filter(|input| input.is_feature()) {
                if let Some(stage) = input.port.stage {
                    let range = input.row(row);
                    input.open(slot, &program.output(stage)[range]);
                }
            }
        }
        flow
    }

    fn backward(&mut self, window: Range<usize>) {
        let features = self.slots[window.clone()].iter().any(|slot| slot.step >= self.features_from);
        self.wanted.clear();
        let moves = |input: &&Moving| !input.is_fixed() && (features || !input.is_feature());
        self.wanted.extend(self.inputs.iter().filter(moves).map(|input| input.port.id));
        self.network.program.backward(window.len(), &self.wanted);
    }

    /// Moves a slot's inputs one step; at the step at which it is judged, starts it again or goes on from its best.
    fn advance(&mut self, slot: usize, row: usize, observer: &mut dyn Observer) -> ControlFlow<()> {
        let step = self.slots[slot].step;
        self.slots[slot].step += 1;
        if step + 1 == self.judged
            && let Some(flow) = self.judge(slot, observer)
        {
            return flow;
        }
        let latent_rate = self.latent_rate(step);
        for input in &mut self.inputs {
            let rate = match self.config.features {
                _ if input.is_fixed() => continue,
                _ if !input.is_feature() => latent_rate,
                Some(features) if step >= self.features_from => {
                    let (step, steps) = (step - self.features_from, self.config.steps - self.features_from);
                    features.learning_rate * self.config.schedule.factor(step, steps) * input.spread(slot)
                }
                _ => continue,
            };
            input.step(slot, row, &*self.network.program, rate);
        }
        ControlFlow::Continue(())
    }

    /// Starts a hopeless candidate again, or puts it back to its best step; neither when there is nothing to
    /// gain: in its first attempt, with no features to come, it just goes on.
    fn judge(&mut self, slot: usize, observer: &mut dyn Observer) -> Option<ControlFlow<()>> {
        let Restarts { limit, below_db } = self.config.restarts;
        let state = &mut self.slots[slot];
        // Noise keeps a good candidate from the target as it does a bad one.
        let db = consistency_db((state.best.values.l2 - self.config.sigma.powi(2)).max(0.0));
        let gained = db - state.judged_db;
        state.judged_db = db;
        let given = self.problem.start.is_some();
        if !given && db < below_db && state.restart < limit && gained >= WORTH_ANOTHER {
            state.restart += 1;
            state.step = 0;
            state.stage = Stage::FRESH;
            return Some(observer.event(SearchEvent::Restarted { candidate: state.candidate, db }));
        }
        if self.features_from == usize::MAX && state.restart == 0 {
            return None;
        }
        for (input, best) in self.inputs.iter_mut().zip(&state.best.inputs) {
            input.start(slot, |x| x.copy_from_slice(best));
        }
        Some(ControlFlow::Continue(()))
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

    /// Two slots change places.
    fn swap(&mut self, a: usize, b: usize) {
        if a != b {
            self.slots.swap(a, b);
            for input in &mut self.inputs {
                input.swap(a, b);
            }
        }
    }
}

impl<'a> Way<'a> for Batch<'a> {
    fn candidates(&self) -> usize {
        self.candidates
    }

    fn problem(&self) -> &Problem<'a> {
        &self.problem
    }

    fn config(&self) -> &SearchConfig {
        &self.config
    }

    fn grow(&mut self, candidates: usize) {
        self.candidates = candidates;
    }

    fn is_idle(&self) -> bool {
        self.slots.is_empty()
    }

    fn has_started_all(&self) -> bool {
        self.next == self.candidates
    }

    fn fill(&mut self) {
        while self.slots.len() < self.capacity && self.next < self.candidates {
            self.slots.push(Slot::new(self.next, self.problem.picture_numbers(), &self.inputs));
            self.next += 1;
        }
        self.place_fresh();
    }

    fn can_begin_again(&self) -> bool {
        self.is_free()
    }

    fn begin_again(&mut self, candidate: &Candidate) -> bool {
        self.takes_up(candidate)
    }

    fn stop(&mut self) -> Result<()> {
        let running = self.slots.iter_mut().filter(|slot| slot.stage != Stage::Finished);
        running.for_each(|slot| slot.stage = Stage::Stopped);
        Ok(())
    }

    fn take_finished(&mut self) -> Result<Option<Candidate>> {
        let ended = |slot: &Slot| matches!(slot.stage, Stage::Finished | Stage::Stopped);
        let Some(slot) = self.slots.iter().rposition(ended) else { return Ok(None) };
        let Self { end, slots, inputs, problem, config, network, .. } = self;
        let candidate = finish(end, problem, config, &slots[slot], inputs, network)?;
        self.swap(slot, self.slots.len() - 1);
        self.slots.pop();
        Ok(Some(candidate))
    }

    fn so_far(&mut self) -> Result<Vec<Candidate>> {
        let Self { end, slots, inputs, problem, config, network, .. } = self;
        let mut found = Vec::new();
        for slot in slots.iter_mut().filter(|slot| slot.taken > 0) {
            let stage = std::mem::replace(&mut slot.stage, Stage::Stopped);
            let candidate = finish(end, problem, config, slot, inputs, network);
            slot.stage = stage;
            found.push(candidate?);
        }
        Ok(found)
    }

    fn pass(&mut self, tape: &mut Tape) -> Result<()> {
        self.pass_slots(tape)
    }

    fn step(&mut self, observer: &mut dyn Observer) -> Result<ControlFlow<()>> {
        let batch = self.network.program.batch();
        let mut flow = ControlFlow::Continue(());
        for first in (0..self.slots.len()).step_by(batch) {
            flow = either(flow, self.step_window(first..self.slots.len().min(first + batch), observer));
        }
        if let Some(guide) = &mut self.guide {
            guide.turn();
        }
        Ok(flow)
    }
}
