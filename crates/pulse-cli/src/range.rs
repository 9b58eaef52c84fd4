//! How candidates are measured together, for every command that writes a run.

use pulse::candidate::Candidate;
use pulse::explore::{Prior, RANDOM_PICTURES, Range, random_pictures};
use pulse::image::Image;
use pulse::search::{Problem, SearchConfig};
use pulse_engine::Engine;

/// What is rendered for the first run, and used again for all others.
#[derive(Default)]
pub(crate) struct Ranges {
    /// Pictures of the generator that have nothing to do with each other.
    random: Option<Vec<Image>>,
}

impl Ranges {
    /// Measures the candidates of a search together, and how typical they are of the generator, which is the same each time.
    pub(crate) fn of(
        &mut self,
        candidates: &[Candidate],
        problem: &Problem<'_>,
        config: &SearchConfig,
        engine: &dyn Engine,
    ) -> pulse::Result<Range> {
        let mut prior = Prior::new(problem, config, engine)?;
        let plausibility: Vec<_> = candidates.iter().map(|candidate| prior.plausibility(&candidate.inputs)).collect();
        // What it ran may be what the next ones run.
        drop(prior);
        let random = match self.random.take() {
            Some(random) => random,
            None => random_pictures(problem, config, engine, RANDOM_PICTURES)?,
        };
        let range = Range::of(candidates, problem.target.size(), &plausibility, &random);
        self.random = Some(random);
        range
    }
}
