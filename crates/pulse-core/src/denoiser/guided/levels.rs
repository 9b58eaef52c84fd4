//! Which noise levels such a network was trained with.

use std::f64::consts::FRAC_PI_2;

use super::super::given::Given;
use super::super::preconditioning::levels_of;
use super::super::published::{NoiseLevels, Published};
use super::super::{Preconditioning, Predicts};
use crate::{Error, ErrorKind, Result};

/// More levels than any network has.
const MOST_LEVELS: usize = 100_000;

/// What of the tensors speaks for a consistency model or against it.
pub(super) struct Signs {
    pub(super) learned_variance: bool,
    pub(super) scale_shift: bool,
    /// Whether a `qkv` has four axes.
    pub(super) four_axes: bool,
}

/// The noise levels, told as the module docs of [`guided`](super) say.
pub(super) fn tell(settings: &Given, stem: &str, signs: &Signs, published: Option<&Published>) -> Result<NoiseLevels> {
    let discrete = discrete(settings, published)?;
    if let Some(said) = settings.text("preconditioning")? {
        return match said {
            "ddpm" => Ok(discrete),
            "edm" => Ok(NoiseLevels::Edm),
            "consistency" => Ok(NoiseLevels::Consistency),
            other => Err(unknown("preconditioning", other, "ddpm, edm or consistency")),
        };
    }
    if let Some(mode) = settings.text("training_mode")? {
        return Ok(if mode == "edm" { NoiseLevels::Edm } else { NoiseLevels::Consistency });
    }
    if signs.learned_variance || settings.get("noise_schedule").is_some() {
        return Ok(discrete);
    }
    let stem = stem.to_ascii_lowercase();
    let begins = |begin: &str| stem.starts_with(begin);
    if begins("edm_") {
        return Ok(NoiseLevels::Edm);
    }
    if begins("cd_") || begins("ct_") || begins("cm") {
        return Ok(NoiseLevels::Consistency);
    }
    if ["diffusion", "ddpm", "adm"].into_iter().any(|part| stem.contains(part)) {
        return Ok(discrete);
    }
    Ok(if signs.four_axes || !signs.scale_shift { NoiseLevels::Consistency } else { discrete })
}

/// Noise that is added bit by bit: as the settings say it, or else the published file.
fn discrete(settings: &Given, published: Option<&Published>) -> Result<NoiseLevels> {
    let otherwise = published.map(|published| published.levels);
    let count = settings.count("diffusion_steps")?.unwrap_or(match otherwise {
        Some(NoiseLevels::Linear(count) | NoiseLevels::Cosine(count)) => count,
        _ => 1000,
    });
    if !(2..=MOST_LEVELS).contains(&count) {
        let message = format!("the setting `diffusion_steps` is {count}: it has to be 2 to {MOST_LEVELS}");
        return Err(Error::new(ErrorKind::Setting, message));
    }
    match settings.text("noise_schedule")? {
        Some("linear") => Ok(NoiseLevels::Linear(count)),
        Some("cosine") => Ok(NoiseLevels::Cosine(count)),
        Some(other) => Err(unknown("noise_schedule", other, "linear or cosine")),
        None if matches!(otherwise, Some(NoiseLevels::Cosine(_))) => Ok(NoiseLevels::Cosine(count)),
        None => Ok(NoiseLevels::Linear(count)),
    }
}

/// How many times the preconditioning's time the network's own is.
pub(super) fn time_factor(levels: &NoiseLevels, settings: &Given) -> Result<f64> {
    match levels {
        NoiseLevels::Linear(count) | NoiseLevels::Cosine(count) => {
            let rescaled = settings.flag("rescale_timesteps")?.unwrap_or(false);
            Ok(if rescaled { 1000.0 / *count as f64 } else { 1.0 })
        }
        // The models that consistency models were distilled from have a time of 250 log σ, where EDM has log σ / 4.
        NoiseLevels::Edm => Ok(1000.0),
        NoiseLevels::Consistency => Ok(1.0),
    }
}

pub(super) fn preconditioning(levels: &NoiseLevels, settings: &Given) -> Result<Preconditioning> {
    let predicts = if settings.flag("predict_xstart")?.unwrap_or(false) { Predicts::Picture } else { Predicts::Noise };
    let sigma_data = settings.positive("sigma_data")?.unwrap_or(0.5);
    Ok(match *levels {
        NoiseLevels::Linear(count) => Preconditioning::Discrete { sigmas: levels_of(linear(count)), predicts },
        NoiseLevels::Cosine(count) => Preconditioning::Discrete { sigmas: levels_of(cosine(count)), predicts },
        NoiseLevels::Edm => Preconditioning::Edm { sigma_data },
        NoiseLevels::Consistency => {
            Preconditioning::Consistency { sigma_data, sigma_min: settings.positive("sigma_min")?.unwrap_or(0.002) }
        }
    })
}

/// `β` from 0.0001 to 0.02 for a thousand steps, and in proportion for others (Ho, Jain, Abbeel 2020).
fn linear(count: usize) -> impl Iterator<Item = f64> {
    let scale = 1000.0 / count as f64;
    let last = (count - 1) as f64;
    // Few steps would need more than all of the picture.
    (0..count).map(move |t| (scale * (1e-4 + (0.02 - 1e-4) * t as f64 / last)).min(0.999))
}

/// `β_t = min(1 − a(t + 1) / a(t), 0.999)`, `a(t) = cos²(π / 2 (t / count + 0.008) / 1.008)` (Nichol, Dhariwal 2021).
fn cosine(count: usize) -> impl Iterator<Item = f64> {
    let kept = move |t: usize| ((t as f64 / count as f64 + 0.008) / 1.008 * FRAC_PI_2).cos().powi(2);
    (0..count).map(move |t| (1.0 - kept(t + 1) / kept(t)).min(0.999))
}

fn unknown(key: &str, value: &str, known: &str) -> Error {
    let value: String = value.chars().take(60).collect();
    Error::new(ErrorKind::Setting, format!("the setting `{key}` is {value:?}: it has to be {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_linear_steps_end_where_they_are_known_to() {
        let sigmas = levels_of(linear(1000));
        assert!((sigmas[0] - 0.010_000_5).abs() < 1e-6 && (sigmas[999] - 157.407).abs() < 0.01, "{sigmas:?}");
    }

    #[test]
    fn cosine_steps_grow() {
        let sigmas = levels_of(cosine(1000));
        assert!(sigmas.is_sorted_by(|a, b| a < b) && sigmas[0] > 0.0 && sigmas[999].is_finite());
    }
}
