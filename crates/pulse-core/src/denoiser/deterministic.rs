//! From noise to a picture without further noise: the same picture for the same start.
//!
//! A noisy picture is `u = a x₀ + b n`. A network that is shown `u` says what it takes for `x₀` and for `n`, and the next, less
//! noisy one is `a' x₀ + b' n` (Song, Meng, Ermon 2021, equation 12 with `η = 0`). What are called Euler steps of a diffusion or
//! a flow are the same.

mod levels;

use std::fmt;
use std::str::FromStr;

use self::levels::{Level, Step};
use super::{Bounds, CompiledDenoiser, Denoiser, Schedule};
use crate::{Error, ErrorKind, Result};

/// A deterministic sampler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampler {
    /// DDIM (Song, Meng, Ermon 2021) as the file's own scheduler is set up, with denoised pictures that it clips clipped. Of a
    /// model without discrete levels it is [`Sampler::Euler`].
    Ddim,
    /// Euler steps at the levels of the file's own scheduler, the last one to the picture without noise. Nothing is clipped.
    Euler,
    /// Heun's second-order steps, without noise (Karras, Aittala, Aila, Laine 2022, algorithm 1): two evaluations each but for
    /// the last. Levels are as in [`Schedule::Karras`], from the largest to the smallest that the model knows.
    Heun,
}

impl Sampler {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ddim, Self::Euler, Self::Heun];

    /// How many steps there are where nobody says.
    pub const STEPS: usize = 50;

    /// The one that a model was made for: DDIM for discrete levels, Euler for a straight flow, Heun otherwise.
    pub fn usual(denoiser: &Denoiser) -> Self {
        match denoiser.schedule() {
            Schedule::Discrete(_) => Self::Ddim,
            Schedule::Flow(_) => Self::Euler,
            Schedule::Karras { .. } => Self::Heun,
        }
    }

    /// Its name, as people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ddim => "ddim",
            Self::Euler => "euler",
            Self::Heun => "heun",
        }
    }

    /// The pictures that `steps` steps lead to from noise of unit variance, `start`, with one row each. They are not clamped.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when there cannot be so many steps.
    ///
    /// # Panics
    /// When there are more rows than `compiled` takes, or they do not fit.
    pub fn run(self, compiled: &mut CompiledDenoiser, steps: usize, start: &[f32]) -> Result<Vec<f32>> {
        if !(1..=MOST_STEPS).contains(&steps) {
            let message = format!("a sampler cannot take {steps} steps: take 1 to {MOST_STEPS}");
            return Err(Error::new(ErrorKind::Setting, message));
        }
        match self {
            Self::Ddim => Ok(straight(compiled, &levels::ddim(compiled.denoiser(), steps)?, start)),
            Self::Euler => Ok(straight(compiled, &levels::euler(compiled.denoiser(), steps)?, start)),
            Self::Heun => Ok(heun(compiled, steps, start)),
        }
    }
}

/// More steps than anyone waits for.
const MOST_STEPS: usize = 100_000;

impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Sampler {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|sampler| sampler.name() == text).ok_or_else(|| {
            let message = format!("there is no sampler {text:?}: take {}", Self::ALL.map(Self::name).join(", "));
            Error::new(ErrorKind::Setting, message)
        })
    }
}

/// Steps `u ← a' x₀ + b' n`.
fn straight(compiled: &mut CompiledDenoiser, steps: &[Step], start: &[f32]) -> Vec<f32> {
    let preconditioning = compiled.denoiser().preconditioning().clone();
    let numbers = compiled.denoiser().picture().len();
    let [pictures, outputs] = [start.len() / numbers, compiled.denoiser().spec().outputs];
    let pixels = numbers / compiled.denoiser().spec().channels;
    let first = steps[0].from.start(&preconditioning) as f32;
    let mut u: Vec<f32> = start.iter().map(|number| first * number).collect();
    let (mut shown, mut raw) = (u.clone(), vec![0.0; pictures * outputs * pixels]);
    for &Step { from, to, bounds } in steps {
        let parts = from.parts(&preconditioning);
        shown.iter_mut().zip(&u).for_each(|(shown, u)| *shown = parts.input as f32 * u);
        compiled.raw(&shown, &vec![from.time; pictures], &mut raw);
        for (u, raw) in u.chunks_exact_mut(numbers).zip(raw.chunks_exact(outputs * pixels)) {
            step(u, &raw[..numbers], &parts, to, bounds);
        }
    }
    u
}

/// One step of one picture.
fn step(u: &mut [f32], raw: &[f32], parts: &levels::Parts, to: Level, bounds: Bounds) {
    let [of_u, of_raw] = parts.picture.map(|factor| factor as f32);
    let mut picture: Vec<f32> = u.iter().zip(raw).map(|(u, raw)| of_u * u + of_raw * raw).collect();
    bound(&mut picture, bounds);
    let [of_u, of_raw] = parts.noise.map(|factor| factor as f32);
    let (signal, noise) = (to.signal as f32, to.noise as f32);
    for ((u, raw), picture) in u.iter_mut().zip(raw).zip(picture) {
        *u = signal * picture + noise * (of_u * *u + of_raw * raw);
    }
}

/// Brings a denoised picture back.
fn bound(picture: &mut [f32], bounds: Bounds) {
    match bounds {
        Bounds::None => {}
        Bounds::Clip(most) => {
            let most = most as f32;
            for number in picture {
                *number = number.clamp(-most, most);
            }
        }
        Bounds::Quantile { ratio, most } => {
            let mut sizes: Vec<f32> = picture.iter().map(|number| number.abs()).collect();
            sizes.sort_by(f32::total_cmp);
            let place = ratio * (sizes.len() - 1) as f64;
            let [below, above] = [place.floor(), place.ceil()].map(|at| f64::from(sizes[at as usize]));
            let scale = (below + (above - below) * place.fract()).max(1.0).min(most) as f32;
            for number in picture {
                *number = number.clamp(-scale, scale) / scale;
            }
        }
    }
}

/// `d = (x − D(x; σ)) / σ`, `x' = x + (σ' − σ) d`, then the same with the mean of `d` here and there, where `σ' > 0`.
fn heun(compiled: &mut CompiledDenoiser, steps: usize, start: &[f32]) -> Vec<f32> {
    let rho = if let Schedule::Karras { rho } = compiled.denoiser().schedule() { *rho } else { 7.0 };
    let sigmas = levels::karras(compiled.denoiser().sigma_range(), rho, steps);
    let pictures = start.len() / compiled.denoiser().picture().len();
    let mut x: Vec<f32> = start.iter().map(|number| sigmas[0] as f32 * number).collect();
    let [mut denoised, mut slope, mut ahead] = [0; 3].map(|_| vec![0.0; start.len()]);
    for pair in sigmas.windows(2) {
        let (here, there) = (pair[0], pair[1]);
        compiled.denoise(&x, &vec![here; pictures], &mut denoised);
        for ((slope, x), denoised) in slope.iter_mut().zip(&x).zip(&denoised) {
            *slope = (x - denoised) / here as f32;
        }
        let length = (there - here) as f32;
        ahead.iter_mut().zip(&x).zip(&slope).for_each(|((ahead, x), slope)| *ahead = x + length * slope);
        if there > 0.0 {
            compiled.denoise(&ahead, &vec![there; pictures], &mut denoised);
            for (((x, slope), ahead), denoised) in x.iter_mut().zip(&slope).zip(&ahead).zip(&denoised) {
                *x += length * 0.5 * (slope + (ahead - denoised) / there as f32);
            }
        } else {
            x.copy_from_slice(&ahead);
        }
    }
    x
}
