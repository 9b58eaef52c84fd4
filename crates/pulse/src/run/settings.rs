//! From the settings of a record back to those of a search.

use super::record::{FeatureRecord, RepulsionRecord, RestartRecord, SettingsRecord, SpaceRecord};
use crate::generator::{Space, Truncation, ZeroedNoise};
use crate::search::{FeatureSearch, Restarts, SearchConfig, Spread};
use crate::{Error, ErrorKind, Result};

impl TryFrom<&SettingsRecord> for SearchConfig {
    type Error = Error;

    /// The settings that were recorded: the record of what this gives is the record that was given.
    ///
    /// # Errors
    /// [`ErrorKind::Run`] when a name in them is not known, or when no search could have had them.
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
            spread: spread.map(|RepulsionRecord { weight, feature_weight, until }| Spread {
                weight,
                feature_weight,
                until,
            }),
        };
        config.validate().map_err(damaged)?;
        Ok(config)
    }
}

impl TryFrom<SpaceRecord> for Space {
    type Error = Error;

    fn try_from(record: SpaceRecord) -> Result<Self> {
        let SpaceRecord { truncation_psi, truncation_cutoff, noise, searched_noise, zeroed_noise, tile_latent } =
            record;
        Ok(Self {
            truncation: Truncation { psi: truncation_psi, cutoff: truncation_cutoff },
            noise: noise.parse().map_err(damaged)?,
            searched_noise,
            zeroed_noise: zeroed_noise.map_or(ZeroedNoise::Last, ZeroedNoise::Maps),
            tile_latent,
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
    use crate::generator::NoiseStart;
    use crate::optimizer::{OptimizerKind, Schedule};

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
            },
            spread: Some(Spread { weight: 1.0 / 7.0, feature_weight: 1e-9, until: 0.1 }),
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
