//! How typical inputs are of what a generator was trained on.

use std::collections::BTreeMap;

use pulse_engine::{Engine, InputId, NetworkBuilder, OutputId, Program};

use crate::Result;
use crate::generator::{Entrance, Generator, InputSpec, LatentInput, Space, append_whole};
use crate::image::Image;
use crate::inputs::Inputs;
use crate::loss::angles_of_rows;
use crate::render::Renderer;
use crate::start::{Stream, draw};

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

/// An input of the network, and the output that holds the stage that it is an offset of.
struct Port {
    spec: InputSpec,
    id: InputId,
    stage: Option<OutputId>,
}

/// A generator with the ends at which its inputs are judged.
pub struct Prior {
    program: Box<dyn Program>,
    ports: Vec<Port>,
    rows: Option<(OutputId, [usize; 2])>,
    latent: LatentInput,
    /// The mean and the deviation of `w`, where it is entered there.
    fit: Option<[Vec<f32>; 2]>,
}

impl Prior {
    /// Compiles `generator`, entered at `latent` and set up as `space` says.
    ///
    /// # Errors
    /// As [`Renderer::in_space`].
    pub fn new(generator: &dyn Generator, latent: LatentInput, space: &Space, engine: &dyn Engine) -> Result<Self> {
        let mut builder = NetworkBuilder::new();
        let generated = append_whole(generator, &mut builder, latent, space)?;
        builder.output("image", generated.image)?;
        let stage_of = |spec: &InputSpec| format!("stage of {}", spec.name);
        for spec in &generated.inputs {
            if let Some(stage) = spec.stage {
                builder.output(stage_of(spec), stage)?;
            }
        }
        if let Some(rows) = generated.rows {
            builder.output("rows", rows)?;
        }
        let network = builder.build()?;
        let port = |spec: InputSpec| {
            let (id, stage) = (network.input(&spec.name)?, network.output(&stage_of(&spec)).ok());
            Ok(Port { spec, id, stage })
        };
        let ports = generated.inputs.into_iter().map(port).collect::<Result<_>>()?;
        let rows = generated.rows.and_then(|_| network.output("rows").ok()).map(|id| {
            let shape = network.output_port(id).shape;
            (id, [shape.len() / shape.channels(), shape.channels()])
        });
        let program = engine.compile(&network, 1)?;
        let whitened = matches!(latent, LatentInput::Z | LatentInput::Latent);
        let fit = if whitened { None } else { generator.entrance().and_then(fit_of) };
        Ok(Self { program, ports, rows, latent, fit })
    }

    /// How typical these inputs of one candidate are.
    ///
    /// # Panics
    /// When an input of the generator is not among them, or of another shape.
    pub fn plausibility(&mut self, inputs: &BTreeMap<String, Vec<f32>>) -> Plausibility {
        for port in &self.ports {
            self.program.input_mut(port.id).copy_from_slice(&inputs[&port.spec.name]);
        }
        self.program.forward(1);
        let mut squares = 0.0;
        for port in &self.ports {
            if let Some(stage) = port.stage {
                let offset = square(&inputs[&port.spec.name]);
                // A stage of nothing but zeros is left with nothing to be relative to.
                squares += if offset > 0.0 { offset / square(self.program.output(stage)) } else { 0.0 };
            }
        }
        let angles = self.rows.map(|(rows, [count, width])| angles_of_rows(self.program.output(rows), count, width));
        let latent = &inputs[self.latent.name()];
        Plausibility { radius: self.radius(latent), offsets: squares.sqrt(), angles }
    }

    fn radius(&self, latent: &[f32]) -> Option<f64> {
        let count = latent.len() as f64;
        if matches!(self.latent, LatentInput::Z | LatentInput::Latent) {
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

fn fit_of(entrance: &Entrance) -> Option<[Vec<f32>; 2]> {
    let tensors = entrance.fit_tensors().ok()?;
    let [mean, std] = ["gaussian_fit.mean", "gaussian_fit.std"].map(|name| tensors.get(name));
    Some([mean?.data().to_vec(), std?.data().to_vec()])
}

fn square(numbers: &[f32]) -> f64 {
    numbers.iter().map(|&number| f64::from(number).powi(2)).sum()
}

/// `count` pictures that `generator` makes of random `z`, or of a random whitened `w` where it has no `z`, the same in every
/// run; none where it has neither. Their distances say how far apart two unrelated pictures of this generator are.
///
/// # Errors
/// As [`Renderer::in_space`].
pub fn random_pictures(generator: &dyn Generator, engine: &dyn Engine, count: usize) -> Result<Vec<Image>> {
    let spec = generator.spec();
    let known = |latent: &LatentInput| spec.latents.contains(latent);
    let Some(latent) = [LatentInput::Z, LatentInput::Latent].into_iter().find(known) else { return Ok(Vec::new()) };
    let space = Space { tile_latent: latent == LatentInput::Latent, ..Space::default() };
    let mut renderer = Renderer::in_space(generator, latent, &space, engine)?;
    let input = renderer.specs().iter().position(|spec| spec.name == latent.name()).unwrap_or_default();
    let (shape, start) = (renderer.specs()[input].shape, renderer.specs()[input].start.clone());
    let mut numbers = vec![0.0; count * shape.len()];
    for (candidate, row) in numbers.chunks_exact_mut(shape.len()).enumerate() {
        // A stream that no search draws from.
        draw(&start, Stream { seed: 0, candidate: u32::MAX, draw: candidate as u16, input: input as u16 }, row);
    }
    let mut inputs = Inputs::default();
    inputs.insert(latent.name(), count, shape, numbers);
    let picture =
        |candidate| Image::from_network(spec.channels, spec.height, spec.width, renderer.render(&inputs, candidate)?);
    (0..count).map(picture).collect()
}
