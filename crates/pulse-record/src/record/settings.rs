//! The settings of a search, and what steered it, in the record of a run; and from the record back to a search.
//!
//! These are types of their own on purpose: the format of `run.json` does not change when a type of the library does.

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};
use pulse_core::generator::{Space, Truncation, ZeroedNoise};
use pulse_core::sampler::{NullSpaceConfig, Spacing};
use pulse_core::search::{FeatureSearch, Repulsion, Restarts, Sampler, SearchConfig};

/// Every field of [`SearchConfig`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingsRecord {
    /// As in [`SearchConfig::candidates`].
    pub candidates: usize,
    /// As in [`SearchConfig::seed`].
    pub seed: u64,
    /// As in [`SearchConfig::steps`].
    pub steps: usize,
    /// As in [`SearchConfig::starts`].
    pub starts: usize,
    /// As in [`SearchConfig::loss`].
    pub loss: String,
    /// As in [`SearchConfig::epsilon`].
    pub epsilon: f64,
    /// As in [`SearchConfig::sigma`].
    #[serde(default)]
    pub sigma: f64,
    /// As in [`SearchConfig::optimizer`].
    pub optimizer: String,
    /// As in [`SearchConfig::learning_rate`].
    pub learning_rate: f64,
    /// As in [`SearchConfig::schedule`].
    pub schedule: String,
    /// As in [`SearchConfig::features`].
    pub features: Option<FeatureRecord>,
    /// As in [`SearchConfig::project`].
    pub project: bool,
    /// As in [`SearchConfig::early_stop`].
    pub early_stop: bool,
    /// As in [`SearchConfig::clamp_losses`].
    pub clamp_losses: bool,
    /// As in [`SearchConfig::restarts`].
    pub restarts: RestartRecord,
    /// As in [`SearchConfig::batch`].
    pub batch: usize,
    /// As in [`SearchConfig::space`].
    pub space: SpaceRecord,
    /// As in [`SearchConfig::spread`].
    #[serde(default)]
    pub spread: Option<RepulsionRecord>,
    /// As in [`SearchConfig::sampler`]. Records without it are of descents.
    #[serde(default = "descent")]
    pub sampler: Option<String>,
    /// As in [`SearchConfig::null_space`].
    #[serde(default)]
    pub null_space: NullSpaceRecord,
}

#[expect(clippy::unnecessary_wraps, reason = "a default is of its field's type")]
fn descent() -> Option<String> {
    Some(Sampler::Descent.to_string())
}

/// [`NullSpaceConfig`], its noise apart, which follows from the search's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NullSpaceRecord {
    /// As in [`NullSpaceConfig::steps`].
    pub steps: usize,
    /// The power of a [flow's spacing](Spacing::Flow); absent for [Karras'](Spacing::Karras).
    pub flow_power: Option<f64>,
    /// As in [`NullSpaceConfig::carry`]: `never`, `measured`, or a number.
    pub carry: String,
    /// As in [`NullSpaceConfig::second_order`].
    pub second_order: f64,
    /// As in [`NullSpaceConfig::variance`].
    pub variance: f64,
}

impl Default for NullSpaceRecord {
    fn default() -> Self {
        NullSpaceConfig::default().into()
    }
}

impl From<NullSpaceConfig> for NullSpaceRecord {
    fn from(config: NullSpaceConfig) -> Self {
        let NullSpaceConfig { steps, spacing, carry, second_order, variance, noise: _ } = config;
        let flow_power = if let Spacing::Flow { power } = spacing { Some(power) } else { None };
        Self { steps, flow_power, carry: carry.to_string(), second_order, variance }
    }
}

impl TryFrom<NullSpaceRecord> for NullSpaceConfig {
    type Error = Error;

    fn try_from(record: NullSpaceRecord) -> Result<Self> {
        let NullSpaceRecord { steps, flow_power, carry, second_order, variance } = record;
        let spacing = flow_power.map_or(Spacing::Karras, |power| Spacing::Flow { power });
        let carry = carry.parse().map_err(damaged)?;
        Ok(Self { steps, spacing, carry, second_order, variance, ..Self::default() })
    }
}

/// [`Space`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpaceRecord {
    /// As in [`Truncation::psi`].
    pub truncation_psi: f32,
    /// As in [`Truncation::cutoff`].
    pub truncation_cutoff: Option<usize>,
    /// As in [`Space::noise`].
    pub noise: String,
    /// As in [`Space::searched_noise`].
    pub searched_noise: usize,
    /// As in [`Space::zeroed_noise`]; absent where that is the last map.
    pub zeroed_noise: Option<Vec<usize>>,
    /// As in [`Space::tile_latent`].
    pub tile_latent: bool,
    /// As in [`Space::class`].
    #[serde(default)]
    pub class: usize,
    /// As in [`Space::unroll`].
    #[serde(default = "unrolled")]
    pub unroll: usize,
}

/// What records before there were denoisers mean.
fn unrolled() -> usize {
    Space::default().unroll
}

/// What steered the candidates, and the run that it refers to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SteeringRecord {
    /// The folder of that run, as it was given.
    pub run: String,
    /// The number of its candidate of which a region stayed.
    pub candidate: Option<usize>,
    /// The file of the mask of what stayed.
    pub keep: Option<String>,
    /// The file of the mask of what did not.
    pub vary: Option<String>,
    /// The file of the example, with that of its mask after a colon.
    pub toward: Option<String>,
    /// The number of the candidate in whose neighbourhood it was searched.
    pub like: Option<usize>,
    /// How far from that candidate it began, from 0 to 1.
    pub amount: Option<f64>,
    /// The checksum of that run's inputs: what tells it from another run in the same folder.
    #[serde(default)]
    pub run_inputs: Option<String>,
    /// The checksums of the mask of what stayed or did not, of the example, and of its mask, of those that there are.
    #[serde(default)]
    pub files: Vec<String>,
}

/// [`Repulsion`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepulsionRecord {
    /// As in [`Repulsion::weight`].
    pub weight: f64,
    /// As in [`Repulsion::feature_weight`].
    pub feature_weight: f64,
    /// As in [`Repulsion::until`].
    pub until: f64,
}

/// [`FeatureSearch`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureRecord {
    /// As in [`FeatureSearch::from`].
    pub from: f64,
    /// As in [`FeatureSearch::learning_rate`].
    pub learning_rate: f64,
}

/// [`Restarts`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestartRecord {
    /// As in [`Restarts::limit`].
    pub limit: usize,
    /// As in [`Restarts::below_db`].
    pub below_db: f64,
}

impl From<&SearchConfig> for SettingsRecord {
    fn from(config: &SearchConfig) -> Self {
        // Without `..`, so that a new setting cannot be forgotten here.
        let SearchConfig {
            candidates,
            seed,
            steps,
            starts,
            loss,
            epsilon,
            sigma,
            optimizer,
            learning_rate,
            schedule,
            features,
            project,
            early_stop,
            clamp_losses,
            restarts: Restarts { limit, below_db },
            batch,
            space,
            spread,
            sampler,
            null_space,
        } = config.clone();
        let features = features.map(|FeatureSearch { from, learning_rate }| FeatureRecord { from, learning_rate });
        Self {
            candidates,
            seed,
            steps,
            starts,
            loss: loss.to_string(),
            epsilon,
            sigma,
            optimizer: optimizer.to_string(),
            learning_rate,
            schedule: schedule.to_string(),
            features,
            project,
            early_stop,
            clamp_losses,
            restarts: RestartRecord { limit, below_db },
            batch,
            space: space.into(),
            spread: spread.map(|Repulsion { weight, feature_weight, until }| RepulsionRecord {
                weight,
                feature_weight,
                until,
            }),
            sampler: sampler.map(|sampler| sampler.to_string()),
            null_space: null_space.into(),
        }
    }
}

impl From<Space> for SpaceRecord {
    fn from(space: Space) -> Self {
        let Space {
            truncation: Truncation { psi, cutoff },
            noise,
            searched_noise,
            zeroed_noise,
            tile_latent,
            class,
            unroll,
        } = space;
        Self {
            truncation_psi: psi,
            truncation_cutoff: cutoff,
            noise: noise.to_string(),
            searched_noise,
            zeroed_noise: match zeroed_noise {
                ZeroedNoise::Last => None,
                ZeroedNoise::Maps(maps) => Some(maps),
            },
            tile_latent,
            class,
            unroll,
        }
    }
}

impl TryFrom<&SettingsRecord> for SearchConfig {
    type Error = Error;

    /// The settings that were recorded: the record of what this gives is the record that was given.
    ///
    /// # Errors
    /// [`ErrorKind::Run`] when a name in them is not known, or when they are invalid.
    fn try_from(record: &SettingsRecord) -> Result<Self> {
        // Without `..`, so that a new setting cannot be forgotten here.
        let SettingsRecord {
            candidates,
            seed,
            steps,
            starts,
            loss,
            epsilon,
            sigma,
            optimizer,
            learning_rate,
            schedule,
            features,
            project,
            early_stop,
            clamp_losses,
            restarts: RestartRecord { limit, below_db },
            batch,
            space,
            spread,
            sampler,
            null_space,
        } = record.clone();
        let config = Self {
            candidates,
            seed,
            steps,
            starts,
            loss: loss.parse().map_err(damaged)?,
            epsilon,
            sigma,
            optimizer: optimizer.parse().map_err(damaged)?,
            learning_rate,
            schedule: schedule.parse().map_err(damaged)?,
            features: features.map(|FeatureRecord { from, learning_rate }| FeatureSearch { from, learning_rate }),
            project,
            early_stop,
            clamp_losses,
            restarts: Restarts { limit, below_db },
            batch,
            space: space.try_into()?,
            spread: spread.map(|RepulsionRecord { weight, feature_weight, until }| Repulsion {
                weight,
                feature_weight,
                until,
            }),
            sampler: sampler.map(|name| name.parse()).transpose().map_err(damaged)?,
            null_space: null_space.try_into()?,
        };
        config.validate().map_err(damaged)?;
        Ok(config)
    }
}

impl TryFrom<SpaceRecord> for Space {
    type Error = Error;

    fn try_from(record: SpaceRecord) -> Result<Self> {
        let SpaceRecord {
            truncation_psi,
            truncation_cutoff,
            noise,
            searched_noise,
            zeroed_noise,
            tile_latent,
            class,
            unroll,
        } = record;
        Ok(Self {
            truncation: Truncation { psi: truncation_psi, cutoff: truncation_cutoff },
            noise: noise.parse().map_err(damaged)?,
            searched_noise,
            zeroed_noise: zeroed_noise.map_or(ZeroedNoise::Last, ZeroedNoise::Maps),
            tile_latent,
            class,
            unroll,
        })
    }
}

fn damaged(error: Error) -> Error {
    let message = format!("the settings in the run's record cannot be: {error}; run the search again");
    Error::new(ErrorKind::Run, message).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulse_core::generator::NoiseStart;
    use pulse_core::optimizer::{OptimizerKind, Schedule};
    use pulse_core::sampler::Carry;

    /// Numbers that text with few digits would not hold.
    fn unusual() -> SearchConfig {
        SearchConfig {
            seed: u64::MAX,
            loss: "0.1*L1+1e-7*GEOCROSS".parse().unwrap(),
            epsilon: 1.0 / 3.0,
            sigma: 0.1 + 0.2,
            optimizer: OptimizerKind::SgdMomentum,
            learning_rate: f64::MIN_POSITIVE,
            schedule: Schedule::Linear1Cycle,
            features: None,
            restarts: Restarts { limit: 7, below_db: -1.0 / 7.0 },
            space: Space {
                truncation: Truncation { psi: 1.0 / 3.0, cutoff: Some(4) },
                noise: NoiseStart::Zero,
                searched_noise: 3,
                zeroed_noise: ZeroedNoise::Maps(vec![2, 16]),
                tile_latent: true,
                class: 3,
                unroll: 9,
            },
            spread: Some(Repulsion { weight: 1.0 / 7.0, feature_weight: 1e-9, until: 0.1 }),
            sampler: Some(Sampler::NullSpace),
            null_space: NullSpaceConfig {
                steps: 7,
                spacing: Spacing::Karras,
                carry: Carry::Times(1.0 / 3.0),
                ..Default::default()
            },
            ..SearchConfig::paper()
        }
    }

    #[test]
    fn settings_come_back_as_they_were() {
        for config in [SearchConfig::default(), SearchConfig::paper(), unusual()] {
            let json = serde_json::to_vec(&SettingsRecord::from(&config)).unwrap();
            let record: SettingsRecord = serde_json::from_slice(&json).unwrap();
            assert_eq!(SearchConfig::try_from(&record).unwrap(), config);
        }
    }

    #[test]
    fn settings_of_no_search_are_refused() {
        let good = SettingsRecord::from(&SearchConfig::default());
        let steps = SettingsRecord { steps: 0, ..good.clone() };
        let optimizer = SettingsRecord { optimizer: "guessing".into(), ..good.clone() };
        let noise = SettingsRecord { space: SpaceRecord { noise: "loud".into(), ..good.space.clone() }, ..good };
        for record in [steps, optimizer, noise] {
            assert_eq!(SearchConfig::try_from(&record).unwrap_err().kind(), ErrorKind::Run);
        }
    }
}
