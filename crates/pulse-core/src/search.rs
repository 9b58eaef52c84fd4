//! The search: many inputs of a frozen generator whose pictures all shrink to the target.
//!
//! For each candidate, from a random start: run the generator and the measurement, compare with the target,
//! move the inputs against the gradient, bring them back to their geometry, keep the best step whole. The
//! latent settles first; then, by default, intermediate features join it. (Both at once lets features repair what
//! a better latent would have explained.) At the end the picture is moved to the nearest one that is consistent
//! exactly ([`Projection`](crate::measurement::Projection)).
//!
//! Candidates run in a batch, each with its own start, step count, optimiser state and outcome: a candidate does
//! not depend on the others, but that one which is plainly worse than the first eight is searched for again. (Menon et al. 2020, section 3; `docs/tuning.md` says what differs from it.)

mod again;
mod batch;
mod config;
mod exact;
mod finish;
mod guide;
mod moving;
mod program;
mod sampling;
mod slot;
pub mod steering;
mod stepped;
mod way;
mod weights;

use std::sync::Arc;

use pulse_engine::{Engine, Shape};

pub use config::{
    FeatureSearch, MOST_CANDIDATES, MOST_RESTARTS, MOST_STARTS, MOST_STEPS, Repulsion, Restarts, Sampler, SearchConfig,
};

use crate::candidate::Candidate;
use crate::event::Observer;
use crate::generator::{Generator, LatentInput};
use crate::image::Image;
use crate::inputs::Inputs;
use crate::loss::{Loss, LossValues, Term};
use crate::measurement::Measurement;
use crate::{Error, ErrorKind, Result, Shared};

pub(crate) use exact::{Ended, ExactEnd};
pub(crate) use program::{Port, SearchProgram};
pub(crate) use sampling::{Eye, Sampling};
use steering::Steering;
pub use stepped::Search;
pub(crate) use way::Way;
pub(crate) use weights::Weights;

/// What to search: which generator, through which measurement, for which target.
///
/// [`new`](Self::new) makes one that borrows; [`owned`](Self::owned) makes one that a thread, a server or an object can keep.
#[derive(Clone)]
pub struct Problem<'a> {
    /// The generative model.
    pub generator: Shared<'a, dyn Generator + 'a>,
    /// `A`, from the generator's pictures to the target.
    pub measurement: Shared<'a, dyn Measurement + 'a>,
    /// `y`, of the generator's channels.
    pub target: Shared<'a, Image>,
    /// Where the candidates start, one row each; what it does not name starts as usual.
    pub start: Option<Shared<'a, Inputs>>,
    /// The latent that is searched where no start names one: the generator's first where it is not said.
    pub latent: Option<LatentInput>,
}

impl<'a> Problem<'a> {
    /// A search from random starts.
    pub fn new(generator: &'a dyn Generator, measurement: &'a dyn Measurement, target: &'a Image) -> Self {
        Self::of(generator.into(), measurement.into(), target.into())
    }

    fn of(
        generator: Shared<'a, dyn Generator + 'a>,
        measurement: Shared<'a, dyn Measurement + 'a>,
        target: Shared<'a, Image>,
    ) -> Self {
        Self { generator, measurement, target, start: None, latent: None }
    }

    /// The same search from these starts.
    #[must_use]
    pub fn starting_from(self, start: impl Into<Shared<'a, Inputs>>) -> Self {
        Self { start: Some(start.into()), ..self }
    }

    /// The same search from random starts.
    #[must_use]
    pub fn starting_anywhere(self) -> Self {
        Self { start: None, ..self }
    }

    /// The latent that is searched: the one that the start names, or else the one that is said.
    pub fn latent(&self) -> LatentInput {
        let other = self.latent.unwrap_or(self.generator.spec().latents[0]);
        self.start.as_ref().map_or(other, |start| start.latent(&*self.generator))
    }

    /// The same for a descent: a denoiser is entered at its noise then.
    fn descended(self) -> Self {
        let noise = self.generator.denoiser().map(|_| LatentInput::Z);
        Self { latent: self.latent.or(noise), ..self }
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

impl Problem<'static> {
    /// A search from random starts that holds what it needs.
    pub fn owned(generator: Arc<dyn Generator>, measurement: Arc<dyn Measurement>, target: Arc<Image>) -> Self {
        Self::of(generator.into(), measurement.into(), target.into())
    }
}

/// Searches for candidates, in the order of their numbers. Those of a [`Repulsion`] are numbered by how much they show, the
/// widest view first.
///
/// A search that its observer stops gives the candidates that had been started. Not reaching epsilon is an
/// [`Outcome`](crate::candidate::Outcome), not an error.
///
/// # Errors
/// [`ErrorKind::Setting`] for invalid settings, [`ErrorKind::Inputs`] for a start that does not fit
/// the generator, [`ErrorKind::Network`] for a network that the engine cannot run.
pub fn search(
    problem: &Problem<'_>,
    config: &SearchConfig,
    engine: &dyn Engine,
    observer: &mut dyn Observer,
) -> Result<Vec<Candidate>> {
    search_steered(problem, &Steering::default(), config, engine, observer)
}

/// The same with [`Steering`]. A region that is kept is exactly that of its picture in every candidate. The pictures of steps
/// under way are the generator's own, without that region.
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
    let mut search = Search::new(problem.clone(), steering, config.clone(), engine)?;
    while !search.is_done() {
        if search.step(observer)?.is_break() {
            search.stop(observer)?;
        }
    }
    Ok(search.into_found(observer))
}

/// The terms that a loss holds, with their unweighted values.
fn terms(loss: &Loss, values: &LossValues) -> impl Iterator<Item = (Term, f64)> {
    Term::ALL.into_iter().filter(|&term| loss.weight(term) > 0.0).map(|term| (term, values.get(term)))
}
