//! How candidates are measured together, for every command that writes a run.

use pulse::candidate::Candidate;
use pulse::explore::{Critic, Prior, RANDOM_PICTURES, Range, random_pictures};
use pulse::generator::{LatentInput, Space};
use pulse::image::Image;
use pulse::measurement::Size;
use pulse_engine::Engine;

use crate::generator::Named;

/// What is compiled and rendered for the first run, and used again for all others.
#[derive(Default)]
pub(crate) struct Ranges {
    /// What tells how typical inputs are.
    prior: Option<Prior>,
    /// What the generator was trained against, where that is known.
    critic: Option<Critic>,
    /// Pictures of the generator that have nothing to do with each other.
    random: Option<Vec<Image>>,
}

impl Ranges {
    /// Measures candidates for a picture of the size `small` together, and how typical they are of the generator, which is
    /// the same each time.
    pub(crate) fn of(
        &mut self,
        candidates: &[Candidate],
        small: Size,
        (named, latent, space): (&Named, LatentInput, &Space),
        engine: &dyn Engine,
    ) -> pulse::Result<Range> {
        let generator = &*named.generator;
        let mut prior = match self.prior.take() {
            Some(prior) => prior,
            None => Prior::new(generator, latent, space, engine)?,
        };
        let plausibility: Vec<_> = candidates.iter().map(|candidate| prior.plausibility(&candidate.inputs)).collect();
        self.prior = Some(prior);
        if let (None, Some(Ok(discriminator))) = (&self.critic, &named.discriminator) {
            self.critic = Some(Critic::new(discriminator, engine)?);
        }
        let logits: Vec<_> = match &mut self.critic {
            Some(critic) => candidates.iter().map(|candidate| critic.logit(candidate)).collect(),
            None => Vec::new(),
        };
        let random = match self.random.take() {
            Some(random) => random,
            None => random_pictures(generator, engine, RANDOM_PICTURES)?,
        };
        let range = Range::of(candidates, small, &plausibility, &logits, &random);
        self.random = Some(random);
        range
    }
}
