//! How candidates are measured together, for every command that writes a run.

use pulse::candidate::Candidate;
use pulse::image::Image;
use pulse::judge::{Critic, Prior, RANDOM_PICTURES, Range, random_pictures};
use pulse::search::{Problem, SearchConfig};
use pulse_engine::Engine;

use crate::generator::Named;

/// What is compiled and rendered for the first run, and used again for all others.
#[derive(Default)]
pub(crate) struct Ranges {
    /// What the generator was trained against, where that is known.
    critic: Option<Critic>,
    /// Pictures of the generator that have nothing to do with each other.
    random: Option<Vec<Image>>,
}

impl Ranges {
    /// Measures the candidates of a search together, and how typical they are of the generator, which is the same each time.
    pub(crate) fn of(
        &mut self,
        candidates: &[Candidate],
        (named, problem, config): (&Named, &Problem<'_>, &SearchConfig),
        engine: &dyn Engine,
    ) -> pulse::Result<Range> {
        let mut prior = Prior::new(problem, config, engine)?;
        let plausibility: Vec<_> = candidates.iter().map(|candidate| prior.plausibility(&candidate.inputs)).collect();
        // What it ran may be what the next ones run.
        drop(prior);
        if let (None, Some(Ok(discriminator))) = (&self.critic, &named.discriminator) {
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
        range
    }
}
