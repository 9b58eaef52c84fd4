//! Denoisers in the folders of diffusers: a network, and the settings of the scheduler beside it.
//!
//! A scheduler is a way to sample. What stays of it here is what the network was trained with, which levels there are and what it
//! predicts, and how a [deterministic sampler](super::deterministic) is set up.

use std::sync::Arc;

use pulse_checkpoint::{Checkpoint, Configuration, Value as Setting};

use super::schedule::{Bounds, DiscreteSchedule, FlowSchedule, Schedule, Spacing, Spread};
use super::settings::Settings;
use super::unet2d::UNet2d;
use super::{Backbone, Denoiser, Preconditioning, Predicts};
use crate::Result;

/// Where the configuration of the scheduler is among that of the network.
pub const SCHEDULER: &str = "scheduler";

/// More levels than any network has.
const MOST_LEVELS: usize = 1 << 16;

/// The denoiser, where the checkpoint is one of diffusers: the tensors of its network, the entries of its `config.json` as the
/// configuration, and those of `scheduler_config.json` as a map, the entry [`SCHEDULER`]. Without one it is taken for a network
/// of Ho, Jain, Abbeel 2020: 1000 levels, `β` from 0.0001 to 0.02, predicting noise.
///
/// `given` settings count more than those of the network and those of the scheduler.
pub(super) fn read(checkpoint: &Checkpoint, given: &Configuration) -> Result<Option<Denoiser>> {
    if !UNet2d::is_named(checkpoint) {
        return Ok(None);
    }
    let mut scheduler = match checkpoint.configuration.get(SCHEDULER) {
        Some(Setting::Map(entries)) => entries.clone(),
        _ => Configuration::new(),
    };
    let mut checkpoint = checkpoint.clone();
    for (key, value) in given {
        scheduler.insert(key.clone(), value.clone());
        checkpoint.configuration.insert(key.clone(), value.clone());
    }
    let backbone = UNet2d::from_checkpoint(&checkpoint)?;
    trained(Arc::new(backbone), &scheduler).map(Some)
}

/// The denoiser that a network is which was trained as the settings of a scheduler say.
pub(super) fn trained(backbone: Arc<dyn Backbone>, scheduler: &Configuration) -> Result<Denoiser> {
    let Trained { preconditioning, schedule, sigmas } = Trained::read(scheduler)?;
    let denoiser = Denoiser::new(backbone, preconditioning)?.with_schedule(schedule);
    Ok(match sigmas {
        Some(range) => denoiser.with_sigma_range(range),
        None => denoiser,
    })
}

/// What a network was trained with.
struct Trained {
    preconditioning: Preconditioning,
    schedule: Schedule,
    /// The smallest and the largest noise level, where the file says so.
    sigmas: Option<[f64; 2]>,
}

impl Trained {
    fn read(scheduler: &Configuration) -> Result<Self> {
        let name = scheduler.get("_class_name").and_then(Setting::as_str).unwrap_or("DDPMScheduler");
        let settings = Settings::new(name, scheduler);
        match name {
            "FlowMatchEulerDiscreteScheduler" | "FlowMatchHeunDiscreteScheduler" | "FlowMatchLCMScheduler" => {
                let shift = settings.number("shift", 1.0, 1e-6..=1e6)?;
                Self::flow(&settings, shift)
            }
            "EDMEulerScheduler" | "EDMDPMSolverMultistepScheduler" => Self::edm(&settings),
            "CMStochasticIterativeScheduler" => Self::consistency(&settings),
            _ if settings.flag("use_flow_sigmas", false)? => {
                let shift = settings.number("flow_shift", 1.0, 1e-6..=1e6)?;
                Self::flow(&settings, shift)
            }
            _ if has_betas(name, &settings) => Self::discrete(&settings),
            _ => {
                let reason = format!(
                    "is {name:?}, which is not known here: the schedulers with a `beta_schedule` (DDPM, DDIM and others), \
                     EDMEuler, FlowMatchEulerDiscrete and CMStochasticIterative can be read"
                );
                Err(Settings::new("scheduler", scheduler).unfit("_class_name", &reason))
            }
        }
    }

    fn flow(settings: &Settings<'_>, shift: f64) -> Result<Self> {
        if settings.flag("invert_sigmas", false)? {
            return Err(settings.unfit("invert_sigmas", "is true: only flows from noise at t = 1 can be read"));
        }
        let timesteps = settings.count("num_train_timesteps", 1000, 1..=MOST_LEVELS)?;
        let spread = match (settings.flag("use_karras_sigmas", false)?, settings.flag("use_exponential_sigmas", false)?)
        {
            (true, _) => Spread::Karras,
            (_, true) => Spread::Logarithmic,
            _ => Spread::Even,
        };
        let terminal = settings.number("shift_terminal", 0.0, 0.0..=0.999)?;
        let schedule = FlowSchedule {
            timesteps,
            shift: (!settings.flag("use_dynamic_shifting", false)?).then_some(shift),
            terminal: (terminal > 0.0).then_some(terminal),
            spread,
        };
        let preconditioning = Preconditioning::Flow { timesteps: timesteps as f64 };
        Ok(Self { preconditioning, schedule: Schedule::Flow(schedule), sigmas: None })
    }

    fn edm(settings: &Settings<'_>) -> Result<Self> {
        let sigma_data = settings.number("sigma_data", 0.5, 1e-6..=1e6)?;
        let preconditioning = match settings.text("prediction_type", "epsilon")? {
            "epsilon" => Preconditioning::Edm { sigma_data },
            "v_prediction" => Preconditioning::EdmVelocity { sigma_data },
            other => {
                let reason = format!("is {other:?}: epsilon and v_prediction can be read");
                return Err(settings.unfit("prediction_type", &reason));
            }
        };
        let rho = settings.number("rho", 7.0, 0.1..=1e3)?;
        let sigmas = Some(sigma_range(settings, 0.002)?);
        Ok(Self { preconditioning, schedule: Schedule::Karras { rho }, sigmas })
    }

    fn consistency(settings: &Settings<'_>) -> Result<Self> {
        let sigma_data = settings.number("sigma_data", 0.5, 1e-6..=1e6)?;
        let [sigma_min, sigma_max] = sigma_range(settings, 0.002)?;
        let rho = settings.number("rho", 7.0, 0.1..=1e3)?;
        Ok(Self {
            preconditioning: Preconditioning::Consistency { sigma_data, sigma_min },
            schedule: Schedule::Karras { rho },
            sigmas: Some([sigma_min, sigma_max]),
        })
    }

    fn discrete(settings: &Settings<'_>) -> Result<Self> {
        let alphas = alphas(settings)?;
        let predicts = match settings.text("prediction_type", "epsilon")? {
            "epsilon" => Predicts::Noise,
            "sample" => Predicts::Picture,
            "v_prediction" => Predicts::Velocity,
            other => {
                let reason = format!("is {other:?}: epsilon, sample and v_prediction can be read");
                return Err(settings.unfit("prediction_type", &reason));
            }
        };
        // A level of nothing but noise has no σ.
        let sigmas = alphas.iter().filter(|&&alpha| alpha > 0.0).map(|alpha| (1.0 / alpha - 1.0).sqrt()).collect();
        let spacing = match settings.text("timestep_spacing", "leading")? {
            "leading" => Spacing::Leading,
            "trailing" => Spacing::Trailing,
            "linspace" => Spacing::Even,
            other => {
                let reason = format!("is {other:?}: leading, trailing and linspace can be read");
                return Err(settings.unfit("timestep_spacing", &reason));
            }
        };
        let bounds = if settings.flag("thresholding", false)? {
            Bounds::Quantile {
                ratio: settings.number("dynamic_thresholding_ratio", 0.995, 0.0..=1.0)?,
                most: settings.number("sample_max_value", 1.0, 1.0..=1e6)?,
            }
        } else if settings.flag("clip_sample", true)? {
            Bounds::Clip(settings.number("clip_sample_range", 1.0, 1e-6..=1e6)?)
        } else {
            Bounds::None
        };
        let schedule = Schedule::Discrete(DiscreteSchedule {
            last_alpha: if settings.flag("set_alpha_to_one", true)? { 1.0 } else { alphas[0] },
            alphas: alphas.into(),
            spacing,
            offset: settings.count("steps_offset", 0, 0..=MOST_LEVELS)?,
            bounds,
        });
        Ok(Self { preconditioning: Preconditioning::Discrete { sigmas, predicts }, schedule, sigmas: None })
    }
}

/// Whether a scheduler is one of discrete levels that are known by their `β`.
fn has_betas(name: &str, settings: &Settings<'_>) -> bool {
    let known = ["DDPMScheduler", "DDIMScheduler"].contains(&name);
    (known || settings.get("beta_schedule").is_some()) && settings.get("snr_shift_scale").is_none()
}

pub(super) fn sigma_range(settings: &Settings<'_>, least: f64) -> Result<[f64; 2]> {
    let smallest = settings.number("sigma_min", least, 1e-9..=1e6)?;
    let largest = settings.number("sigma_max", 80.0, 1e-9..=1e9)?;
    if smallest < largest {
        return Ok([smallest, largest]);
    }
    Err(settings.unfit("sigma_max", &format!("is {largest} and `sigma_min` {smallest}: it has to be the larger one")))
}

/// `ᾱ_t = Π_{s ≤ t} (1 − β_s)`, each `β` rounded to single precision as it was in training.
fn alphas(settings: &Settings<'_>) -> Result<Vec<f64>> {
    let mut product = 1.0;
    let betas = betas(settings)?;
    let mut alphas: Vec<f64> = betas
        .iter()
        .map(|&beta| {
            product *= f64::from(1.0 - beta);
            f64::from(product as f32)
        })
        .collect();
    if settings.flag("rescale_betas_zero_snr", false)? {
        rescale_to_nothing(&mut alphas);
    }
    let falling = alphas.windows(2).all(|pair| pair[1] < pair[0]);
    let within = alphas[0] < 1.0 && alphas.iter().all(|&alpha| (0.0..1.0).contains(&alpha));
    // All but the last have to be more than nothing.
    let some = alphas.iter().rev().skip(1).all(|&alpha| alpha > 1e-30) && (alphas.len() > 1 || alphas[0] > 1e-30);
    if falling && within && some {
        return Ok(alphas);
    }
    Err(settings.unfit("beta_schedule", "gives noise levels that do not grow from each to the next: mind the betas"))
}

/// `sqrt(ᾱ)` moved and scaled so that the last is 0 and the first stays (Lin, Liu, Li, Yang 2024, algorithm 1).
fn rescale_to_nothing(alphas: &mut [f64]) {
    let (first, last) = (alphas[0].sqrt(), alphas[alphas.len() - 1].sqrt());
    for alpha in alphas {
        *alpha = ((alpha.sqrt() - last) * (first / (first - last))).powi(2);
    }
}

/// `β_t` for every level.
fn betas(settings: &Settings<'_>) -> Result<Vec<f32>> {
    if settings.get("trained_betas").is_some() {
        let list = settings.list("trained_betas", MOST_LEVELS)?;
        let betas = list.iter().map(|beta| beta.as_float().map(|beta| beta as f32)).collect::<Option<_>>();
        return betas.ok_or_else(|| settings.unfit("trained_betas", "holds what is no number"));
    }
    let levels = settings.count("num_train_timesteps", 1000, 1..=MOST_LEVELS)?;
    let start = settings.number("beta_start", 0.0001, 0.0..=1.0)?;
    let end = settings.number("beta_end", 0.02, 0.0..=1.0)?;
    let name = settings.text("beta_schedule", "linear")?;
    Ok(match name {
        "linear" => evenly(start, end, levels).collect(),
        "scaled_linear" => evenly(start.sqrt(), end.sqrt(), levels).map(|root| root * root).collect(),
        "sigmoid" => {
            evenly(-6.0, 6.0, levels).map(|x| 1.0 / (1.0 + (-x).exp()) * (end - start) as f32 + start as f32).collect()
        }
        "squaredcos_cap_v2" => {
            of_products(levels, |t| ((t + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2).cos().powi(2))
        }
        "laplace" => of_products(levels, |t| {
            let logarithm = -0.5 * 1f64.copysign(0.5 - t) * (1.0 - 2.0 * (0.5 - t).abs() + 1e-6).ln();
            (logarithm.exp() / (1.0 + logarithm.exp())).sqrt()
        }),
        other => {
            let known = "linear, scaled_linear, squaredcos_cap_v2, sigmoid and laplace";
            return Err(settings.unfit("beta_schedule", &format!("is {other:?}: {known} can be read")));
        }
    })
}

/// `n` numbers from `start` to `end`, from both ends in single precision.
fn evenly(start: f64, end: f64, n: usize) -> impl Iterator<Item = f32> {
    let (start, end) = (start as f32, end as f32);
    let step = if n > 1 { (end - start) / (n - 1) as f32 } else { 0.0 };
    (0..n).map(move |at| if at < n / 2 || n == 1 { start + step * at as f32 } else { end - step * (n - 1 - at) as f32 })
}

/// `β_t = min(1 − ᾱ((t + 1) / n) / ᾱ(t / n), 0.999)` (Nichol, Dhariwal 2021).
fn of_products(n: usize, alpha: impl Fn(f64) -> f64) -> Vec<f32> {
    let at = |t: usize| alpha(t as f64 / n as f64);
    (0..n).map(|t| (1.0 - at(t + 1) / at(t)).min(0.999) as f32).collect()
}
