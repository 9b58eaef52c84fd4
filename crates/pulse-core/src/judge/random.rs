//! Random pictures of a generator, the same in every run.

use std::ops::{ControlFlow, Range};

use pulse_engine::Engine;

use crate::Result;
use crate::denoiser::Denoiser;
use crate::generator::{LatentInput, Space, draw};
use crate::image::Image;
use crate::random::Stream;
use crate::sampler::{Nearest, Noise, NullSpace, NullSpaceConfig};
use crate::search::{Eye, Problem, SearchConfig, SearchProgram};

/// Levels of a random picture of a denoiser: it is to be typical, and not fine.
const LEVELS: usize = 16;

/// `count` pictures that the generator of a search makes of random `z`, or of a random whitened `w` where it has no `z`, the
/// same in every run; none where it has neither. Their distances say how far apart two unrelated pictures of this generator
/// are. As [`Prior`](super::Prior) it runs the network of the search, where that is entered so.
///
/// # Errors
/// As [`search`](crate::search::search).
pub fn random_pictures(
    problem: &Problem<'_>,
    config: &SearchConfig,
    engine: &dyn Engine,
    count: usize,
) -> Result<Vec<Image>> {
    let made = random_pictures_unless(problem, config, engine, count, &|| false)?;
    // Nothing has stopped it.
    Ok(made.unwrap_or_default())
}

/// The same pictures; nothing where `stop` says so before all are made. Each of a denoiser takes many passes, so that is asked between
/// two levels.
///
/// # Errors
/// As [`search`](crate::search::search).
pub fn random_pictures_unless(
    problem: &Problem<'_>,
    config: &SearchConfig,
    engine: &dyn Engine,
    count: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Vec<Image>>> {
    let mut pictures = Vec::with_capacity(count);
    let flow = each_random_picture(problem, config, engine, 0..count, stop, |_, picture| {
        pictures.push(picture);
        Ok(())
    })?;
    Ok(flow.is_continue().then_some(pictures))
}

/// The same pictures one by one, those of these numbers. Breaks where `stop` said so before all were made.
pub(super) fn each_random_picture(
    problem: &Problem<'_>,
    config: &SearchConfig,
    engine: &dyn Engine,
    numbers: Range<usize>,
    stop: &dyn Fn() -> bool,
    mut each: impl FnMut(usize, Image) -> Result<()>,
) -> Result<ControlFlow<()>> {
    if let Some(denoiser) = problem.generator.denoiser() {
        return each_drawn(denoiser, config, engine, numbers, stop, each);
    }
    let spec = problem.generator.spec();
    let known = |latent: &LatentInput| spec.latents.contains(latent);
    let Some(latent) = [LatentInput::Z, LatentInput::LATENT].into_iter().find(known) else {
        return Ok(ControlFlow::Continue(()));
    };
    let space = Space { tile_latent: latent == LatentInput::LATENT, ..Space::default() };
    let mut network = SearchProgram::of_search(problem, (latent, &space), config, engine)?;
    let batch = network.program.batch();
    let pixels = problem.picture_numbers();
    for first in numbers.clone().step_by(batch) {
        if stop() {
            return Ok(ControlFlow::Break(()));
        }
        let active = batch.min(numbers.end - first);
        for row in 0..active {
            let picture = first + row;
            for (input, port) in network.ports.iter().enumerate() {
                let input = input as u16;
                let stream = if port.spec.name == latent.name() {
                    // One that no search draws from.
                    Stream { seed: 0, candidate: u32::MAX, draw: picture as u16, input }
                } else {
                    Stream { seed: 0, candidate: picture as u32, draw: 0, input }
                };
                let length = port.spec.shape.len();
                draw(&port.spec.start, stream, &mut network.program.input_mut(port.id)[row * length..][..length]);
            }
        }
        network.program.forward(active, &[network.image]);
        for row in 0..active {
            let values = &network.program.output(network.image)[row * pixels..][..pixels];
            let picture = Image::from_network(spec.channels, spec.height, spec.width, values)?;
            each(first + row, picture)?;
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The same of a denoiser: draws from its prior.
fn each_drawn(
    denoiser: &Denoiser,
    config: &SearchConfig,
    engine: &dyn Engine,
    numbers: Range<usize>,
    stop: &dyn Fn() -> bool,
    mut each: impl FnMut(usize, Image) -> Result<()>,
) -> Result<ControlFlow<()>> {
    let batch = config.batch.min(numbers.len()).max(1);
    let mut eye = Eye::new(denoiser, &config.space, engine, batch, batch)?;
    let settings = NullSpaceConfig { steps: LEVELS, noise: 0.0, ..config.null_space.clone() };
    let [smallest, largest] = denoiser.sigma_range();
    let levels = settings.levels(largest, smallest)?;
    let pixels = denoiser.picture().len();
    let mut sampler = NullSpace::new(settings, levels, pixels, batch)?;
    let spec = denoiser.spec();
    for first in numbers.clone().step_by(batch) {
        let pictures = first..numbers.end.min(first + batch);
        // One that no search draws from.
        let noise = |picture: usize| Noise::Of(Stream { seed: 0, candidate: u32::MAX, draw: picture as u16, input: 0 });
        sampler.start(&pictures.clone().map(noise).collect::<Vec<_>>());
        while !sampler.is_done() {
            if stop() {
                return Ok(ControlFlow::Break(()));
            }
            sampler.step(&mut eye, &mut Anything)?;
        }
        for (number, values) in pictures.zip(sampler.state().chunks_exact(pixels)) {
            let picture = Image::from_network(spec.channels, spec.height, spec.width, values)?;
            each(number, picture)?;
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// No target: every picture is consistent.
struct Anything;

impl Nearest for Anything {
    fn nearest(&mut self, _: &mut [f32], _: &[f64]) -> Result<()> {
        Ok(())
    }
}
