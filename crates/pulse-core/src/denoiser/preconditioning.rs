//! From what a network predicts to the denoised picture: four numbers for each noise level.

use std::sync::Arc;

/// `D(x; σ) = skip x + output F(input x; time)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficients {
    /// The factor of `x` itself.
    pub skip: f64,
    /// The factor of what the network gives.
    pub output: f64,
    /// What `x` is multiplied by for the network.
    pub input: f64,
    /// The network's own time.
    pub time: f64,
}

/// What a network of discrete noise levels was trained to predict, with `x_t = sqrt(ᾱ) x₀ + sqrt(1 − ᾱ) n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predicts {
    /// The noise `n` (Ho, Jain, Abbeel 2020).
    Noise,
    /// The picture `x₀`.
    Picture,
    /// `v = sqrt(ᾱ) n − sqrt(1 − ᾱ) x₀` (Salimans, Ho 2022).
    Velocity,
}

/// How a network's time, its argument and its result follow from the noise level `σ`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Preconditioning {
    /// Discrete levels: level `t` has `σ_t = sqrt(1 / ᾱ_t − 1)`. A level between two of them has a time between theirs, in
    /// proportion to `log σ`.
    Discrete {
        /// `σ_t` for `t = 0, 1, …`, growing.
        sigmas: Arc<[f64]>,
        /// What the network gives.
        predicts: Predicts,
    },
    /// Discrete levels and the noise, as above, but a level between two of them has the time of the nearest: EDM's form of
    /// improved DDPM, `iDDPMPrecond` (Karras et al. 2022, table 1).
    Nearest {
        /// `σ_t` for `t = 0, 1, …`, growing.
        sigmas: Arc<[f64]>,
    },
    /// A straight flow `x_t = (1 − t) x₀ + t n` whose network gives the velocity `n − x₀` (Lipman et al. 2023; Liu, Gong, Liu
    /// 2023): `σ = t / (1 − t)`.
    Flow {
        /// The network's time is this many times `t`.
        timesteps: f64,
    },
    /// The preconditioning of Karras, Aittala, Aila, Laine 2022, table 1, last column.
    Edm {
        /// The standard deviation of the pictures.
        sigma_data: f64,
    },
    /// The same with a network that gives the negative of it, which diffusers calls `v_prediction`.
    EdmVelocity {
        /// The standard deviation of the pictures.
        sigma_data: f64,
    },
    /// Variance-preserving diffusion in the form of EDM's code, `VPPrecond`: `σ(t) = sqrt(exp(β_d t² / 2 + β_min t) − 1)`.
    VariancePreserving {
        /// `β_d`.
        beta_d: f64,
        /// `β_min`.
        beta_min: f64,
        /// `M`: the network's time is `(M − 1) t`.
        timesteps: f64,
    },
    /// Variance-exploding diffusion in the form of EDM's code, `VEPrecond`: the network's time is `log(σ / 2)`.
    VarianceExploding,
    /// A consistency model (Song, Dhariwal, Chen, Sutskever 2023, section 3 and appendix C): like EDM's, but the identity at
    /// `sigma_min`; the network's time is `250 log(σ)`.
    Consistency {
        /// The standard deviation of the pictures.
        sigma_data: f64,
        /// The smallest noise level, where it is the identity.
        sigma_min: f64,
    },
    /// A function that gives `D(x; σ)` itself: its argument is `x`, and its time is `σ`.
    Itself {
        /// The smallest and the largest noise level that it knows.
        sigma_range: [f64; 2],
    },
}

impl Preconditioning {
    /// The four numbers at noise level `σ > 0`.
    pub fn at(&self, sigma: f64) -> Coefficients {
        let unit = 1.0 / (1.0 + sigma * sigma).sqrt();
        match self {
            Self::Discrete { sigmas, predicts } => {
                let (skip, output) = match predicts {
                    Predicts::Noise => (1.0, -sigma),
                    Predicts::Picture => (0.0, 1.0),
                    Predicts::Velocity => (unit * unit, -sigma * unit),
                };
                Coefficients { skip, output, input: unit, time: index_of(sigmas, sigma) }
            }
            Self::Nearest { sigmas } => {
                Coefficients { skip: 1.0, output: -sigma, input: unit, time: nearest(sigmas, sigma) as f64 }
            }
            Self::Flow { timesteps } => {
                let t = sigma / (1.0 + sigma);
                Coefficients { skip: 1.0 - t, output: -t, input: 1.0 - t, time: timesteps * t }
            }
            Self::Edm { sigma_data } => of_edm(sigma, *sigma_data),
            Self::EdmVelocity { sigma_data } => {
                let edm = of_edm(sigma, *sigma_data);
                Coefficients { output: -edm.output, ..edm }
            }
            Self::VariancePreserving { beta_d, beta_min, timesteps } => {
                let exponent = 2.0 * beta_d * (1.0 + sigma * sigma).ln();
                let t = ((beta_min * beta_min + exponent).sqrt() - beta_min) / beta_d;
                Coefficients { skip: 1.0, output: -sigma, input: unit, time: (timesteps - 1.0) * t }
            }
            Self::VarianceExploding => Coefficients { skip: 1.0, output: sigma, input: 1.0, time: (0.5 * sigma).ln() },
            Self::Consistency { sigma_data, sigma_min } => {
                let above = sigma - sigma_min;
                let total = (sigma * sigma + sigma_data * sigma_data).sqrt();
                Coefficients {
                    skip: sigma_data * sigma_data / (above * above + sigma_data * sigma_data),
                    output: above * sigma_data / total,
                    input: 1.0 / total,
                    time: 250.0 * (sigma + 1e-44).ln(),
                }
            }
            Self::Itself { .. } => Coefficients { skip: 0.0, output: 1.0, input: 1.0, time: sigma },
        }
    }

    /// The smallest and the largest noise level that such a network was trained for.
    ///
    /// | | smallest | largest |
    /// |---|---|---|
    /// | discrete, nearest | the first level | the last level |
    /// | flow | 0.001 | 79: what is left at a ratio of 1 to 80 |
    /// | EDM | 0.002 | 80 (Karras et al. 2022, table 1) |
    /// | variance-preserving | `σ(0.00001)` | `σ(1)` |
    /// | variance-exploding | 0.02 | 100 |
    /// | consistency | its own, where it is the identity | 80 |
    /// | itself | as it says | as it says |
    pub fn sigma_range(&self) -> [f64; 2] {
        match self {
            Self::Discrete { sigmas, .. } | Self::Nearest { sigmas } => {
                let end = |sigma: Option<&f64>| sigma.copied().unwrap_or(1.0);
                [end(sigmas.first()), end(sigmas.last())]
            }
            Self::Flow { .. } => [1e-3, 79.0],
            Self::Edm { .. } | Self::EdmVelocity { .. } => [0.002, 80.0],
            Self::VariancePreserving { beta_d, beta_min, .. } => {
                [1e-5, 1.0].map(|t: f64| (0.5 * beta_d * t * t + beta_min * t).exp_m1().sqrt())
            }
            Self::VarianceExploding => [0.02, 100.0],
            Self::Consistency { sigma_min, .. } => [*sigma_min, 80.0],
            Self::Itself { sigma_range } => *sigma_range,
        }
    }
}

/// The growing levels of improved DDPM as EDM's code has them: `u_M = 0`,
/// `u_{j−1} = sqrt((u_j² + 1) / max(ᾱ_{j−1} / ᾱ_j, c₁) − 1)`, `ᾱ_j = sin²(π j / (2 M (c₂ + 1)))`, and `σ_t = u_{M−1−t}` (Karras et
/// al. 2022, table 1).
pub(super) fn improved_levels(count: usize, c1: f64, c2: f64) -> Arc<[f64]> {
    let kept = |j: usize| (std::f64::consts::FRAC_PI_2 * j as f64 / (count as f64 * (c2 + 1.0))).sin().powi(2);
    let mut u = 0.0_f64;
    (1..=count)
        .rev()
        .map(|j| {
            u = ((u * u + 1.0) / (kept(j - 1) / kept(j)).max(c1) - 1.0).sqrt();
            u
        })
        .collect()
}

/// The levels `σ_t = sqrt(1 / ᾱ_t − 1)` of noise that is added bit by bit, with `ᾱ_t = Π_{s ≤ t} (1 − β_s)`.
pub(super) fn levels_of(betas: impl IntoIterator<Item = f64>) -> Arc<[f64]> {
    let kept = betas.into_iter().scan(1.0_f64, |kept, beta| {
        *kept *= 1.0 - beta;
        Some(*kept)
    });
    kept.map(|kept| (1.0 / kept - 1.0).sqrt()).collect()
}

/// The place of the nearest level among growing ones.
fn nearest(sigmas: &[f64], sigma: f64) -> usize {
    let after = sigmas.partition_point(|&level| level < sigma).min(sigmas.len().saturating_sub(1));
    match after.checked_sub(1) {
        Some(before) if sigma - sigmas[before] <= sigmas[after] - sigma => before,
        _ => after,
    }
}

fn of_edm(sigma: f64, sigma_data: f64) -> Coefficients {
    let total = (sigma * sigma + sigma_data * sigma_data).sqrt();
    Coefficients {
        skip: (sigma_data / total).powi(2),
        output: sigma * sigma_data / total,
        input: 1.0 / total,
        time: sigma.ln() / 4.0,
    }
}

/// The place of a level among growing ones, between two of them in proportion to its logarithm.
fn index_of(sigmas: &[f64], sigma: f64) -> f64 {
    let after = sigmas.partition_point(|&level| level < sigma);
    match (after.checked_sub(1).map(|before| sigmas[before]), sigmas.get(after)) {
        (Some(below), Some(&above)) => (after - 1) as f64 + (sigma.ln() - below.ln()) / (above.ln() - below.ln()),
        (None, _) => 0.0,
        (Some(_), None) => (sigmas.len() - 1) as f64,
    }
}
