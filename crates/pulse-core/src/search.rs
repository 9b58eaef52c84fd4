//! The search: many inputs of a frozen generator whose pictures all shrink to the target.
//!
//! For each candidate, from a random start: run the generator and the measurement, compare with the target,
//! move the inputs against the gradient, bring them back to their geometry, keep the best step whole. The
//! latent settles first; then, by default, intermediate features join it; and at the end the picture is moved
//! to the nearest one that is consistent exactly ([`Projection`](crate::measurement::Projection)).
//!
//! Candidates run in a batch, each with its own start, step count, optimiser state and outcome: one is the
//! same whatever is searched beside it. (Menon et al. 2020, section 3; what we do otherwise stands in
//! `docs/tuning.md`.)

mod batch;
mod config;
mod finish;
mod guide;
mod moving;
mod program;
mod slot;
pub mod steering;

use pulse_engine::{Engine, Shape};

pub use config::{
    FeatureSearch, MOST_CANDIDATES, MOST_RESTARTS, MOST_STARTS, MOST_STEPS, Restarts, SearchConfig, Spread,
};

use crate::candidate::Candidate;
use crate::event::{Observer, SearchEvent};
use crate::generator::{Generator, LatentInput};
use crate::image::Image;
use crate::inputs::Inputs;
use crate::loss::{Loss, LossValues, Term};
use crate::measurement::Measurement;
use crate::{Error, ErrorKind, Result};

use batch::Batch;
pub(crate) use program::{Port, SearchProgram};
use steering::{Steering, widest_first};

/// What to search: which generator, through which measurement, for which target.
pub struct Problem<'a> {
    /// The generative model.
    pub generator: &'a dyn Generator,
    /// `A`, from the generator's pictures to the target.
    pub measurement: &'a dyn Measurement,
    /// `y`, of the generator's channels.
    pub target: &'a Image,
    /// Where the candidates start, one row each; what it does not name starts as usual.
    pub start: Option<&'a Inputs>,
}

impl<'a> Problem<'a> {
    /// A search from random starts.
    pub fn new(generator: &'a dyn Generator, measurement: &'a dyn Measurement, target: &'a Image) -> Self {
        Self { generator, measurement, target, start: None }
    }

    /// The latent that is searched: the one that the start names, or else the generator's first.
    pub fn latent(&self) -> LatentInput {
        self.start.map_or(self.generator.spec().latents[0], |start| start.latent(self.generator))
    }

    /// Checks that the target is of the shape that the measurement makes.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`].
    pub fn check(&self) -> Result<()> {
        let shape = Shape::map(self.target.channels(), self.target.height(), self.target.width());
        let wanted = self.measurement.output_shape();
        if shape == wanted {
            return Ok(());
        }
        let measurement = self.measurement.describe();
        let message =
            format!("the target is {shape}, and the measurement ({measurement}) makes {wanted}: match the two");
        Err(Error::new(ErrorKind::Setting, message))
    }

    /// How many numbers one picture of the generator has.
    pub(crate) fn picture_numbers(&self) -> usize {
        let spec = self.generator.spec();
        spec.channels * spec.height * spec.width
    }
}

/// Searches for candidates, in the order of their numbers. Those of a [`Spread`] are numbered by how much they show, the
/// widest view first.
///
/// A search that its observer stops gives the candidates that had been started. Not reaching epsilon is an
/// [`Outcome`](crate::candidate::Outcome), not an error.
///
/// # Errors
/// [`ErrorKind::Setting`] for settings that cannot be, [`ErrorKind::Inputs`] for a start that does not fit
/// the generator, [`ErrorKind::Network`] for a network that the engine cannot run.
pub fn search(
    problem: &Problem<'_>,
    config: &SearchConfig,
    engine: &dyn Engine,
    observer: &mut dyn Observer,
) -> Result<Vec<Candidate>> {
    search_steered(problem, &Steering::default(), config, engine, observer)
}

/// The same, with candidates that are steered beside. What is kept of a picture is exactly that picture's; the pictures of
/// steps under way are the generator's own, without it.
///
/// # Errors
/// As [`search`], and [`ErrorKind::Picture`] when what they are steered by is not of the generator's shape.
pub fn search_steered(
    problem: &Problem<'_>,
    steering: &Steering,
    config: &SearchConfig,
    engine: &dyn Engine,
    observer: &mut dyn Observer,
) -> Result<Vec<Candidate>> {
    config.validate()?;
    problem.check()?;
    let spec = problem.generator.spec();
    steering.check([spec.channels, spec.height, spec.width])?;
    let mut batch = Batch::new(problem, steering, config, engine)?;
    let started = SearchEvent::Started { candidates: batch.candidates(), steps: config.steps };
    if observer.event(started).is_break() {
        return Ok(Vec::new());
    }
    let mut found = batch.run(observer)?;
    found.sort_by_key(|candidate| candidate.index);
    if config.spread.is_some() {
        let mut ranks = vec![0; found.len()];
        widest_first(&found).into_iter().enumerate().for_each(|(rank, candidate)| ranks[candidate] = rank);
        found.iter_mut().zip(ranks).for_each(|(candidate, rank)| candidate.index = rank);
        found.sort_by_key(|candidate| candidate.index);
        // What was found is no longer to be stopped.
        for candidate in &found {
            let _ = observer.event(SearchEvent::Finished(candidate));
        }
    }
    Ok(found)
}

/// The terms that a loss holds, with their unweighted values.
fn terms(loss: &Loss, values: &LossValues) -> impl Iterator<Item = (Term, f64)> {
    Term::ALL.into_iter().filter(|&term| loss.weight(term) > 0.0).map(|term| (term, values.get(term)))
}
