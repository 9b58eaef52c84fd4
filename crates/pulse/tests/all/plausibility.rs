//! How typical inputs are.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pulse::event::Silent;
use pulse::generator::draw;
use pulse::generator::{self, EMBEDDED, Generator, InputSpec, LatentInput, Space, append_whole};
use pulse::image::Image;
use pulse::inputs::Inputs;
use pulse::judge::{Prior, random_pictures, random_pictures_unless};
use pulse::kept::KeptPrograms;
use pulse::measurement::{Measurement, MeasurementKind, Size};
use pulse::random::Stream;
use pulse::render::Renderer;
use pulse::search::{Problem, Repulsion, SearchConfig, search};
use pulse_engine::{Cpu, Engine, Network, NetworkBuilder, Program};

fn specs(generator: &dyn Generator, latent: LatentInput) -> Vec<InputSpec> {
    append_whole(generator, &mut NetworkBuilder::new(), latent, &Space::default()).unwrap().inputs
}

fn start(specs: &[InputSpec]) -> BTreeMap<String, Vec<f32>> {
    let filled = |(index, spec): (usize, &InputSpec)| {
        let mut numbers = vec![0.0; spec.shape.len()];
        draw(&spec.start, Stream { seed: 3, candidate: 0, draw: 0, input: index as u16 }, &mut numbers);
        (spec.name.clone(), numbers)
    };
    specs.iter().enumerate().map(filled).collect()
}

/// What a search for a small grey picture needs beside the generator.
fn measured(generator: &dyn Generator) -> (Box<dyn Measurement>, Image) {
    let spec = generator.spec();
    let small = Size::new(8, 8);
    let sharp = Size::new(spec.width, spec.height);
    let measurement = MeasurementKind::default().resolve(spec.channels, sharp, small).unwrap();
    (measurement, Image::new(spec.channels, 8, 8, vec![0.5; spec.channels * 64]).unwrap())
}

/// What judges a candidate that is entered at `latent`.
fn judge(generator: &dyn Generator, latent: LatentInput) -> Prior {
    let (measurement, target) = measured(generator);
    let mut start = Inputs::default();
    for spec in specs(generator, latent) {
        start.insert(spec.name, 1, spec.shape, vec![0.0; spec.shape.len()]);
    }
    let problem = Problem::new(generator, &*measurement, &target).starting_from(&start);
    let config = SearchConfig { candidates: 1, space: Space::default(), ..SearchConfig::default() };
    Prior::new(&problem, &config, &Cpu::default()).unwrap()
}

#[test]
fn departures_are_measured_against_what_is_departed_from() {
    let generator = EMBEDDED[0].open().unwrap();
    let mut prior = judge(&*generator, LatentInput::Z);
    let specs = specs(&*generator, LatentInput::Z);
    let mut inputs = start(&specs);
    let drawn = prior.plausibility(&inputs);
    // Of 100 normal numbers the norm is 10, give or take 0.7.
    assert!((drawn.radius.unwrap() - 1.0).abs() < 0.25 && drawn.offsets == 0.0 && drawn.angles.is_none(), "{drawn:?}");

    inputs.get_mut("z").unwrap().iter_mut().for_each(|z| *z *= 2.0);
    let far = prior.plausibility(&inputs);
    assert!((far.radius.unwrap() / drawn.radius.unwrap() - 2.0).abs() < 1e-6);
    assert!(far.departure() > drawn.departure() + 0.5);

    inputs.get_mut("feature.0").unwrap().fill(0.01);
    let small = prior.plausibility(&inputs).offsets;
    inputs.get_mut("feature.0").unwrap().fill(0.03);
    let larger = prior.plausibility(&inputs).offsets;
    assert!(small > 0.0 && (larger / small - 3.0).abs() < 1e-4, "{small} {larger}");
}

#[test]
fn rows_that_differ_are_less_plausible() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pulse_r32");
    let generator = generator::open(&folder).unwrap();
    let latent = LatentInput::LATENT;
    let mut prior = judge(&*generator, latent);
    let mut inputs = start(&specs(&*generator, latent));
    let apart = prior.plausibility(&inputs);
    let rows = inputs.get_mut("latent").unwrap();
    let width = generator.spec().w_dim;
    let first = rows[..width].to_vec();
    rows.chunks_exact_mut(width).for_each(|row| row.copy_from_slice(&first));
    let equal = prior.plausibility(&inputs);
    // The angle of equal rows is that of the loss's epsilons.
    assert!(apart.angles.unwrap() > 0.1 && equal.angles.unwrap() < 1e-3, "{apart:?} {equal:?}");
    assert!(equal.departure() < apart.departure());

    // The same picture entered at ws: the fit is undone, and the radius is that of the whitened latent.
    let whitened = equal.radius.unwrap();
    let mut renderer = pulse::render::Renderer::new(&*generator, latent, &Cpu::default()).unwrap();
    let mut file = pulse::inputs::Inputs::default();
    for spec in specs(&*generator, latent) {
        file.insert(spec.name.clone(), 1, spec.shape, inputs[&spec.name].clone());
    }
    renderer.render(&file, 0).unwrap();
    let ws = renderer.ws().unwrap().to_vec();
    let mut entered = start(&specs(&*generator, LatentInput::WS));
    entered.insert("ws".into(), ws);
    let mut prior = judge(&*generator, LatentInput::WS);
    let radius = prior.plausibility(&entered).radius.unwrap();
    assert!((radius / whitened - 1.0).abs() < 1e-3, "{radius} {whitened}");
}

#[test]
fn the_offset_of_the_picture_is_relative_to_what_it_is_added_to() {
    let generator = EMBEDDED[0].open().unwrap();
    let specs = specs(&*generator, LatentInput::Z);
    let mut inputs = start(&specs);
    let mut file = Inputs::default();
    for spec in &specs {
        file.insert(&spec.name, 1, spec.shape, inputs[&spec.name].clone());
    }
    let mut renderer = Renderer::new(&*generator, LatentInput::Z, &Cpu::default()).unwrap();
    let own = renderer.render(&file, 0).unwrap().to_vec();
    // A picture that is half as strong again.
    let offset = inputs.get_mut(&specs.last().unwrap().name).unwrap();
    offset.iter_mut().zip(&own).for_each(|(offset, own)| *offset = 0.5 * own);
    let offsets = judge(&*generator, LatentInput::Z).plausibility(&inputs).offsets;
    assert!((offsets - 0.5).abs() < 1e-5, "{offsets}");
}

#[test]
fn random_pictures_are_many_and_always_the_same() {
    let generator = EMBEDDED[0].open().unwrap();
    let (measurement, target) = measured(&*generator);
    let problem = Problem::new(&*generator, &*measurement, &target);
    let random = |config: &SearchConfig| random_pictures(&problem, config, &Cpu::default(), 5).unwrap();
    let all = random(&SearchConfig::default());
    for (index, picture) in all.iter().enumerate() {
        assert!(all[..index].iter().all(|other| picture.mean_squared_difference(other).sqrt() > 0.05));
    }
    // Whatever is searched for, and however.
    assert_eq!(all, random(&SearchConfig { batch: 1, seed: 7, ..SearchConfig::paper() }));
}

#[test]
fn random_pictures_of_a_denoiser_end_between_two_levels() {
    let generator = generator::Embedded::find("faces-flow").unwrap().open().unwrap();
    let (measurement, target) = measured(&*generator);
    let problem = Problem::new(&*generator, &*measurement, &target);
    let config = SearchConfig { batch: 2, ..SearchConfig::default() };
    let asked = AtomicUsize::new(0);
    let stop = || asked.fetch_add(1, Ordering::Relaxed) == 3;
    assert_eq!(random_pictures_unless(&problem, &config, &Cpu::default(), 2, &stop).unwrap(), None);
    assert_eq!(asked.into_inner(), 4, "it goes on after it was stopped");
}

/// Counts how often it compiles.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl Engine for Counting {
    fn compile(&self, network: &Network, batch: usize) -> pulse_engine::Result<Box<dyn Program>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Cpu::default().compile(network, batch)
    }
}

#[test]
fn what_was_searched_is_judged_by_the_program_of_the_search() {
    let generator = EMBEDDED[0].open().unwrap();
    let (measurement, target) = measured(&*generator);
    let problem = Problem::new(&*generator, &*measurement, &target);
    let counting = Counting::default();
    let engine = KeptPrograms::new(counting.clone());
    for spread in [None, Some(Repulsion::default())] {
        let config = SearchConfig { candidates: 2, steps: 3, spread, ..SearchConfig::default() };
        let found = search(&problem, &config, &engine, &mut Silent).unwrap();
        let compiled = counting.0.load(Ordering::Relaxed);
        let mut prior = Prior::new(&problem, &config, &engine).unwrap();
        assert!(found.iter().all(|candidate| prior.plausibility(&candidate.inputs).departure() > 0.0));
        drop(prior);
        random_pictures(&problem, &config, &engine, 2).unwrap();
        assert_eq!(counting.0.load(Ordering::Relaxed), compiled, "{spread:?}");
    }
}
