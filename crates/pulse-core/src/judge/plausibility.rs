//! How typical inputs are of what a generator was trained on.

use std::collections::BTreeMap;

use pulse_engine::{Engine, OutputId};

use crate::Result;
use crate::generator::{Entrance, LatentInput};
use crate::loss::angles_of_rows;
use crate::search::{Port, Problem, SearchConfig, SearchProgram};
use crate::vector::square;

/// How far the inputs of one candidate are from what the generator was trained on. All numbers are relative: 1 is as large as
/// what is departed from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Plausibility {
    /// `|v| / sqrt(n)`, the Mahalanobis radius of the latent over the one to be expected; 1 is typical. `v` is `z`, the whitened
    /// `latent`, or `w` and `ws` through the Gaussian fit of the mapping, `(LeakyReLU5(w) − mean) / std`; nothing for those where
    /// there is no fit. The search keeps the norm of a latent on a sphere, so this is what its start was drawn with.
    pub radius: Option<f64>,
    /// `sqrt(Σₖ |δₖ|² / |sₖ|²)` over the offsets `δ` of intermediate features, the picture's among them, and the stages' own
    /// outputs `s`: 0 for what the generator makes of its latent alone.
    pub offsets: f64,
    /// The root mean squared angle between the rows of `ws`, over a right angle, `sqrt(GEOCROSS / 64) / (π / 2)`: 0 where all
    /// rows are one, as in training. Nothing where rows cannot differ.
    pub angles: Option<f64>,
}

impl Plausibility {
    /// `sqrt((radius − 1)² + offsets² + angles²)`, what is unknown left out: 0 is as typical as can be.
    pub fn departure(&self) -> f64 {
        let radius = self.radius.map_or(0.0, |radius| radius - 1.0);
        (radius.powi(2) + self.offsets.powi(2) + self.angles.unwrap_or(0.0).powi(2)).sqrt()
    }
}

/// A generator with the ends at which its inputs are judged.
pub struct Prior {
    network: SearchProgram,
    /// The stages that have an offset, the picture among them, and the latent's rows.
    wanted: Vec<OutputId>,
    latent: LatentInput,
    /// The mean and the deviation of `w`, where it is entered there.
    fit: Option<[Vec<f32>; 2]>,
}

impl Prior {
    /// For candidates of a search. It runs the same network: an engine that [keeps programs](crate::kept::KeptPrograms) has
    /// nothing to compile.
    ///
    /// # Errors
    /// As [`search`](crate::search::search).
    pub fn new(problem: &Problem<'_>, config: &SearchConfig, engine: &dyn Engine) -> Result<Self> {
        let latent = problem.latent();
        let network = SearchProgram::of_search(problem, (latent, &config.space), config, engine)?;
        let whitened = matches!(latent, LatentInput::Z | LatentInput::LATENT);
        let fit = if whitened { None } else { problem.generator.entrance().and_then(fit_of) };
        let wanted = stages(&network).chain(network.rows.map(|(rows, _)| rows)).collect();
        Ok(Self { network, wanted, latent, fit })
    }

    /// How typical these inputs of one candidate are.
    ///
    /// # Panics
    /// When an input of the generator is not among them, or of another shape.
    pub fn plausibility(&mut self, inputs: &BTreeMap<String, Vec<f32>>) -> Plausibility {
        let SearchProgram { program, ports, .. } = &mut self.network;
        for port in ports.iter() {
            program.input_mut(port.id)[..port.spec.shape.len()].copy_from_slice(&inputs[&port.spec.name]);
        }
        program.forward(1, &self.wanted);
        let offsets = offsets(&self.network, 0, |_, port| &inputs[&port.spec.name]);
        let SearchProgram { program, rows, .. } = &self.network;
        let angles =
            rows.map(|(rows, [count, width])| angles_of_rows(&program.output(rows)[..count * width], count, width));
        let latent = &inputs[self.latent.name()];
        Plausibility { radius: self.radius(latent), offsets, angles }
    }

    fn radius(&self, latent: &[f32]) -> Option<f64> {
        let count = latent.len() as f64;
        if matches!(self.latent, LatentInput::Z | LatentInput::LATENT) {
            return Some((square(latent) / count).sqrt());
        }
        let [mean, std] = self.fit.as_ref()?;
        let whitened = latent.iter().zip(mean.iter().zip(std).cycle()).map(|(&w, (&mean, &std))| {
            let undone = f64::from(if w < 0.0 { 5.0 * w } else { w });
            (undone - f64::from(mean)) / f64::from(std).max(f64::MIN_POSITIVE)
        });
        Some((whitened.map(|v| v * v).sum::<f64>() / count).sqrt())
    }
}

/// The outputs that [`offsets`] needs.
pub(crate) fn stages(network: &SearchProgram) -> impl Iterator<Item = OutputId> {
    let stages = network.ports.iter().filter(|port| port.spec.stage.is_some());
    stages.map(|port| port.stage.unwrap_or(network.image))
}

/// [`Plausibility::offsets`] of a row of a network that has run with the inputs that `input` gives, by the place of each and its port.
pub(crate) fn offsets<'a>(network: &SearchProgram, row: usize, input: impl Fn(usize, &Port) -> &'a Vec<f32>) -> f64 {
    let SearchProgram { program, ports, image, .. } = network;
    let mut squares = 0.0;
    for (place, port) in ports.iter().enumerate().filter(|(_, port)| port.spec.stage.is_some()) {
        let offset = input(place, port);
        let own_row = row * offset.len()..(row + 1) * offset.len();
        let own = if let Some(stage) = port.stage {
            square(&program.output(stage)[own_row])
        } else {
            // The picture's own values are what is left of it without its offset.
            let sums = program.output(*image)[own_row].iter().zip(offset);
            sums.map(|(sum, x)| f64::from(sum - x).powi(2)).sum()
        };
        let offset = square(offset);
        // A stage of nothing but zeros is left with nothing to be relative to.
        squares += if offset > 0.0 { offset / own } else { 0.0 };
    }
    squares.sqrt()
}

fn fit_of(entrance: &Entrance) -> Option<[Vec<f32>; 2]> {
    let tensors = entrance.fit_tensors().ok()?;
    let [mean, std] = ["gaussian_fit.mean", "gaussian_fit.std"].map(|name| tensors.get(name));
    Some([mean?.data().to_vec(), std?.data().to_vec()])
}
