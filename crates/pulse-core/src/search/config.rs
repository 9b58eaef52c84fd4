//! Every setting of a search, and the two sets of defaults. No front has a default of its own.

use std::fmt;
use std::str::FromStr;

use crate::candidate::epsilon_of_db;
use crate::generator::{Generator, Space};
use crate::loss::{Loss, Term};
use crate::measurement::{Measurement, MeasurementKind, Photons};
use crate::optimizer::{OptimizerKind, Schedule};
use crate::sampler::NullSpaceConfig;
use crate::{Error, ErrorKind, Result};

/// How to search.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchConfig {
    /// How many candidates to find.
    pub candidates: usize,
    /// The run's seed.
    pub seed: u64,
    /// The most steps for one candidate, restarts not counted.
    pub steps: usize,
    /// How many starts are drawn for each candidate; the one whose picture measures nearest to the target is
    /// searched.
    pub starts: usize,
    /// What is minimised.
    pub loss: Loss,
    /// A candidate is within epsilon when the mean squared error between what it shrinks to and the target is
    /// at most this; pictures are in [0, 1].
    pub epsilon: f64,
    /// The standard deviation of the target's noise, pictures being in [0, 1]; 0 where it has none. Of counted light it is that of a
    /// middle grey. With it neither the search nor the projection goes on below epsilon, which [`with_noise`](Self::with_noise) sets to its square, and
    /// candidates are judged by what it does not explain.
    pub sigma: f64,
    /// The optimiser.
    pub optimizer: OptimizerKind,
    /// The learning rate of the latent and the noise maps. Once features move, it goes on at a tenth.
    pub learning_rate: f64,
    /// How the learning rates change: over the steps until features move, and again over those from there on.
    pub schedule: Schedule,
    /// Whether, when and how fast intermediate features are searched too.
    pub features: Option<FeatureSearch>,
    /// Whether the picture found is moved to the nearest one that shrinks to the target exactly; where there is noise,
    /// or where the measurement is ill-conditioned, to the nearest one within epsilon.
    pub project: bool,
    /// Whether a candidate is finished as soon as it is within epsilon, and not after all steps.
    pub early_stop: bool,
    /// Whether the L2 and L1 losses stop at epsilon, without a gradient below it.
    pub clamp_losses: bool,
    /// When a candidate is hopeless, and how often it may start again.
    pub restarts: Restarts,
    /// The most candidates that are searched at the same time; more takes more memory. It changes no picture.
    pub batch: usize,
    /// Truncation, which noise maps are searched, one row of the latent or all.
    pub space: Space,
    /// How strongly and how long candidates repel each other; without it each is searched by itself.
    pub spread: Option<Repulsion>,
    /// What searches: the [generator's own](Sampler::of) where none is named.
    pub sampler: Option<Sampler>,
    /// How a denoiser is sampled, where that is the way.
    pub null_space: NullSpaceConfig,
}

/// What searches for candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sampler {
    /// Goes down the gradient of the loss, through generator and measurement (Menon et al. 2020).
    Descent,
    /// Draws from the denoiser, level by level, and keeps it consistent at each
    /// ([`NullSpace`](crate::sampler::NullSpace)). Only for denoisers.
    NullSpace,
}

impl Sampler {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Descent, Self::NullSpace];

    /// Its name in options and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Descent => "descent",
            Self::NullSpace => "null-space",
        }
    }

    /// What searches a generator best: a denoiser is sampled, any other is descended.
    pub fn of(generator: &dyn Generator) -> Self {
        if generator.denoiser().is_some() { Self::NullSpace } else { Self::Descent }
    }
}

impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Sampler {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|sampler| sampler.name() == text.trim()).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(" or ");
            Error::new(ErrorKind::Setting, format!("`{text}` is no way to search: choose {names}"))
        })
    }
}

/// A search for a set of candidates that are far apart: they are moved in lockstep and repel each other in the space of a
/// [`View`](super::steering::View), until the repulsion has fallen to 0 and each only fits. The set depends on how many
/// candidates it has, but not on the batch. All of it is in memory at the same time. What was found is ordered by
/// [`widest_first`](super::steering::widest_first); events under way number candidates by their starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repulsion {
    /// The weight of the repulsion while the latent settles.
    pub weight: f64,
    /// The weight when features begin to move. From there on it falls linearly.
    pub feature_weight: f64,
    /// The share of the steps, from 0 to 1, after which there is none.
    pub until: f64,
}

impl Default for Repulsion {
    /// Measured in `docs/tuning.md`.
    fn default() -> Self {
        Self { weight: 1.5, feature_weight: 1.25, until: 0.75 }
    }
}

/// The search through intermediate features: each stage's output plus an offset in a small ball.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureSearch {
    /// The share of the steps, from 0 to 1, after which features move; until then the latent settles alone.
    pub from: f64,
    /// The learning rate, in units of the ball's radius spread evenly over its numbers.
    pub learning_rate: f64,
}

/// Starting again from fresh inputs. A candidate is judged when its latent has settled (where features are
/// searched, else after half of the steps), by the best that it has reached in all its attempts. With features, a candidate that ends
/// plainly worse than the first eight of its run (5 dB below their median before the exact end) starts once more, one in four at most,
/// and the better of the two is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Restarts {
    /// How often a candidate may start again from fresh inputs.
    pub limit: usize,
    /// The consistency in dB below which it is hopeless.
    pub below_db: f64,
}

impl Default for SearchConfig {
    /// Ours: tuned for fit, variety and time on real photographs; `docs/tuning.md` says how.
    fn default() -> Self {
        Self {
            candidates: 8,
            seed: 0,
            steps: 80,
            starts: 8,
            loss: Loss::default(),
            epsilon: epsilon_of_db(45.0),
            sigma: 0.0,
            optimizer: OptimizerKind::Adam,
            learning_rate: 0.4,
            schedule: Schedule::Linear1CycleDrop,
            features: Some(FeatureSearch { from: 0.5, learning_rate: 0.5 }),
            project: true,
            early_stop: true,
            clamp_losses: false,
            restarts: Restarts { limit: 2, below_db: 19.0 },
            batch: 8,
            space: Space::search(),
            spread: None,
            sampler: None,
            null_space: NullSpaceConfig::default(),
        }
    }
}

impl SearchConfig {
    /// The original's search from a given start: Menon et al. 2020, and the defaults of the program that its authors
    /// published. Its losses, optimisers, schedules and downscaling are each checked against the original's numbers;
    /// so are, for a network of 32 pixels, the picture and the gradients at the start; the whole of it, step by step,
    /// against `scripts/paper_trace.py`, an independent implementation of our own.
    pub fn paper() -> Self {
        Self {
            candidates: 1,
            seed: 0,
            steps: 100,
            starts: 1,
            loss: Loss::default(),
            epsilon: 2e-3,
            sigma: 0.0,
            optimizer: OptimizerKind::Adam,
            learning_rate: 0.4,
            schedule: Schedule::Linear1CycleDrop,
            features: None,
            project: false,
            early_stop: false,
            clamp_losses: true,
            restarts: Restarts { limit: 0, below_db: 0.0 },
            batch: 8,
            space: Space::search(),
            spread: None,
            sampler: None,
            null_space: NullSpaceConfig::default(),
        }
    }

    /// The search for a target with noise of the standard deviation `sigma`, pictures being in [0, 1]: a candidate is
    /// consistent when its mean squared error is that of the noise, σ², and not made any more so (the discrepancy
    /// principle, Morozov 1966).
    #[must_use]
    pub fn with_noise(self, sigma: f64) -> Self {
        Self { sigma, epsilon: sigma * sigma, ..self }
    }

    /// The search for what this measurement made: for a target with the noise that its stages bring
    /// ([`MeasurementKind::noise`]), where they do. For whoever says nothing about noise.
    #[must_use]
    pub fn with_noise_of(self, measurement: &MeasurementKind) -> Self {
        match measurement.noise() {
            0.0 => self,
            noise => self.with_noise(noise),
        }
    }

    /// The search for a target with the noise `sigma`, on top of that of light which this measurement counted.
    #[must_use]
    pub fn with_noise_beside(self, sigma: f64, measurement: Option<&MeasurementKind>) -> Self {
        let counted = measurement.and_then(MeasurementKind::photons).map_or(0.0, Photons::noise);
        self.with_noise(sigma.hypot(counted))
    }

    /// Whether candidates are to meet a target of this measurement exactly: not where there is noise, nor where the measurement magnifies
    /// what is not exact.
    pub(crate) fn is_exact(&self, measurement: &dyn Measurement) -> bool {
        measurement.is_well_conditioned() && self.sigma == 0.0
    }

    /// What searches this generator.
    pub fn sampler_of(&self, generator: &dyn Generator) -> Sampler {
        self.sampler.unwrap_or_else(|| Sampler::of(generator))
    }

    /// The same with the way that searches this generator.
    #[must_use]
    pub fn resolved(self, generator: &dyn Generator) -> Self {
        Self { sampler: Some(self.sampler_of(generator)), ..self }
    }

    /// How many steps a candidate of this generator takes.
    pub fn steps_of(&self, generator: &dyn Generator) -> usize {
        match self.sampler_of(generator) {
            Sampler::Descent => self.steps,
            Sampler::NullSpace => self.null_space.steps,
        }
    }

    /// Names a setting that is invalid. Those of the null-space sampler are looked at where it samples.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`].
    pub fn validate(&self) -> Result<()> {
        let share = |share: f64| (0.0..=1.0).contains(&share);
        let positive = |number: f64| number > 0.0 && number.is_finite();
        let problem = if self.candidates == 0 || self.candidates > MOST_CANDIDATES {
            format!("{} candidates: ask for 1 to {MOST_CANDIDATES}", self.candidates)
        } else if self.steps == 0 || self.steps > MOST_STEPS {
            format!("{} steps: allow 1 to {MOST_STEPS}", self.steps)
        } else if self.starts == 0 || self.starts > MOST_STARTS {
            format!("{} starts a candidate: draw 1 to {MOST_STARTS}", self.starts)
        } else if self.restarts.limit > MOST_RESTARTS {
            format!("{} restarts: allow at most {MOST_RESTARTS}", self.restarts.limit)
        } else if self.batch == 0 {
            "a batch of 0: search at least 1 candidate at a time".into()
        } else if self.loss.weight(Term::L2) + self.loss.weight(Term::L1) == 0.0 {
            format!("the loss {}: without L2 or L1 nothing draws a picture to the target", self.loss)
        } else if !share(self.sigma) {
            format!("noise of a standard deviation of {}: it must be a number from 0 to 1", self.sigma)
        } else if !positive(self.epsilon) {
            format!("an epsilon of {}: it must be a number above 0", self.epsilon)
        } else if !positive(self.learning_rate) {
            format!("a learning rate of {}: it must be a number above 0", self.learning_rate)
        } else if self.features.is_some_and(|features| !share(features.from) || !positive(features.learning_rate)) {
            "a feature search that starts outside the steps, or with a learning rate that is not above 0".into()
        } else if self
            .spread
            .is_some_and(|spread| !positive(spread.weight) || !positive(spread.feature_weight) || !share(spread.until))
        {
            "a spread with a weight that is not above 0, or that ends outside the steps".into()
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Setting, problem))
    }
}

/// The most candidates of a search. All are in memory, and are compared pair by pair.
pub const MOST_CANDIDATES: usize = 1000;

/// The most starts of a candidate. Streams of random numbers count starts and restarts together in 16 bits.
pub const MOST_STARTS: usize = 1024;

/// The most restarts of a candidate.
pub const MOST_RESTARTS: usize = 32;

/// The most steps of a search.
pub const MOST_STEPS: usize = 1_000_000;
