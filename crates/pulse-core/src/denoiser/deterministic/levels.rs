//! The levels that a sampler goes through, and what a network says at each.

use crate::denoiser::{
    Bounds, Coefficients, Denoiser, DiscreteSchedule, FlowSchedule, Preconditioning, Predicts, Schedule, Spacing,
    Spread,
};
use crate::{Error, ErrorKind, Result, sampler};

/// Where `u = signal x₀ + noise n`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub(super) signal: f64,
    pub(super) noise: f64,
    /// The network's own time.
    pub(super) time: f64,
}

/// From one level to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) from: Level,
    pub(super) to: Level,
    pub(super) bounds: Bounds,
}

/// What follows from `u` and what the network gives of `input u`: `x₀` and `n`, each a sum of both with these factors.
pub(super) struct Parts {
    pub(super) input: f64,
    pub(super) picture: [f64; 2],
    pub(super) noise: [f64; 2],
}

impl Level {
    /// The picture without noise.
    const CLEAN: Self = Self { signal: 1.0, noise: 0.0, time: 0.0 };

    /// That of a discrete network.
    fn discrete(alpha: f64, time: usize) -> Self {
        Self { signal: alpha.sqrt(), noise: (1.0 - alpha).sqrt(), time: time as f64 }
    }

    /// What noise of unit variance is multiplied by to be `u` here, before all steps.
    pub(super) fn start(self, preconditioning: &Preconditioning) -> f64 {
        match preconditioning {
            Preconditioning::Discrete { .. } | Preconditioning::Flow { .. } => 1.0,
            _ => self.noise,
        }
    }

    pub(super) fn parts(self, preconditioning: &Preconditioning) -> Parts {
        let Self { signal, noise, .. } = self;
        match preconditioning {
            Preconditioning::Discrete { predicts, .. } => {
                let [picture, noise] = match predicts {
                    Predicts::Noise => [[1.0 / signal, -noise / signal], [0.0, 1.0]],
                    Predicts::Picture => [[0.0, 1.0], [1.0 / noise, -signal / noise]],
                    Predicts::Velocity => [[signal, -noise], [noise, signal]],
                };
                Parts { input: 1.0, picture, noise }
            }
            Preconditioning::Flow { .. } => Parts { input: 1.0, picture: [1.0, -noise], noise: [1.0, signal] },
            other => {
                let Coefficients { skip, output, input, .. } = other.at(noise);
                Parts { input, picture: [skip, output], noise: [(1.0 - skip) / noise, -output / noise] }
            }
        }
    }
}

/// The steps of DDIM.
pub(super) fn ddim(denoiser: &Denoiser, steps: usize) -> Result<Vec<Step>> {
    let Schedule::Discrete(schedule) = denoiser.schedule() else { return euler(denoiser, steps) };
    let back = schedule.alphas.len() / steps;
    let step = |time: usize| {
        let to = time.checked_sub(back).map_or(schedule.last_alpha, |before| schedule.alphas[before]);
        Step { from: Level::discrete(schedule.alphas[time], time), to: Level::discrete(to, 0), bounds: schedule.bounds }
    };
    Ok(times(schedule, steps)?.into_iter().map(step).collect())
}

/// Steps from each level to the next, and from the last to the picture.
pub(super) fn euler(denoiser: &Denoiser, steps: usize) -> Result<Vec<Step>> {
    let at_sigma = |sigma: f64| Level { signal: 1.0, noise: sigma, time: denoiser.preconditioning().at(sigma).time };
    let mut levels: Vec<Level> = match denoiser.schedule() {
        Schedule::Discrete(schedule) => {
            let level = |time: usize| Level::discrete(schedule.alphas[time], time);
            times(schedule, steps)?.into_iter().map(level).collect()
        }
        Schedule::Flow(schedule) => {
            let level = |t: f64| Level { signal: 1.0 - t, noise: t, time: schedule.timesteps as f64 * t };
            flow_times(schedule, steps)?.into_iter().map(level).collect()
        }
        Schedule::Karras { rho } => {
            let sigmas = karras(denoiser.sigma_range(), *rho, steps);
            sigmas[..steps].iter().map(|&sigma| at_sigma(sigma)).collect()
        }
    };
    levels.push(Level::CLEAN);
    Ok(levels.windows(2).map(|pair| Step { from: pair[0], to: pair[1], bounds: Bounds::None }).collect())
}

/// The levels of steps, from the noisiest.
fn times(schedule: &DiscreteSchedule, steps: usize) -> Result<Vec<usize>> {
    let levels = schedule.alphas.len();
    let last = levels - 1;
    if steps > levels {
        let message =
            format!("a sampler cannot take {steps} steps: the model has {levels} levels; take at most as many");
        return Err(Error::new(ErrorKind::Setting, message));
    }
    let nearest = |number: f64| number.round_ties_even() as usize;
    let times: Vec<usize> = match schedule.spacing {
        Spacing::Leading => (0..steps).rev().map(|at| at * (levels / steps) + schedule.offset).collect(),
        Spacing::Trailing => {
            let apart = levels as f64 / steps as f64;
            (0..steps).map(|at| nearest(levels as f64 - at as f64 * apart).saturating_sub(1)).collect()
        }
        Spacing::Even => evenly(last as f64, 0.0, steps).map(nearest).collect(),
    };
    if times[0] > last {
        let message = format!(
            "a sampler cannot take {steps} steps: with the offset {} of its scheduler the first is at level {} of {levels}; \
             take fewer",
            schedule.offset, times[0]
        );
        return Err(Error::new(ErrorKind::Setting, message));
    }
    Ok(times)
}

/// The times of a straight flow, from the noise.
fn flow_times(schedule: &FlowSchedule, steps: usize) -> Result<Vec<f64>> {
    let shift = schedule.shift.ok_or_else(|| {
        let message = "its scheduler leaves the times to the size of the picture (use_dynamic_shifting), so that a sampler \
                       does not know them: take heun, or write a `shift`";
        Error::new(ErrorKind::Setting, message)
    })?;
    let shifted = |t: f64| shift * t / (1.0 + (shift - 1.0) * t);
    // The last time was shifted once when it was made, and is again among all.
    let last = shifted(1.0 / schedule.timesteps as f64);
    let mut times: Vec<f64> = evenly(1.0, last, steps).map(shifted).collect();
    let last = times[steps - 1];
    if let Some(terminal) = schedule.terminal.filter(|_| last < 1.0) {
        let scale = (1.0 - last) / (1.0 - terminal);
        for t in &mut times {
            *t = 1.0 - (1.0 - *t) / scale;
        }
    }
    let range = [times[steps - 1], times[0]];
    Ok(match schedule.spread {
        Spread::Even => times,
        Spread::Karras => karras(range, 7.0, steps)[..steps].to_vec(),
        Spread::Logarithmic => evenly(range[1].ln(), range[0].ln(), steps).map(f64::exp).collect(),
    })
}

/// As [`Schedule::Karras`] has them: one more than steps, the last one 0.
pub(super) fn karras(range: [f64; 2], rho: f64, steps: usize) -> Vec<f64> {
    sampler::karras(range, rho, steps).chain([0.0]).collect()
}

/// `n` numbers from `first` to `last`.
fn evenly(first: f64, last: f64, n: usize) -> impl Iterator<Item = f64> {
    let apart = if n > 1 { (last - first) / (n - 1) as f64 } else { 0.0 };
    (0..n).map(move |at| first + at as f64 * apart)
}
