//! How typical inputs are.

use std::collections::BTreeMap;
use std::path::Path;

use pulse::explore::{Prior, random_pictures};
use pulse::generator::{self, EMBEDDED, Generator, InputSpec, LatentInput, Space, append_whole};
use pulse::start::{Stream, draw};
use pulse_engine::{Cpu, NetworkBuilder};

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

#[test]
fn departures_are_measured_against_what_is_departed_from() {
    let generator = EMBEDDED[0].open().unwrap();
    let mut prior = Prior::new(&*generator, LatentInput::Z, &Space::default(), &Cpu::default()).unwrap();
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
    let latent = LatentInput::Latent;
    let mut prior = Prior::new(&*generator, latent, &Space::default(), &Cpu::default()).unwrap();
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
    let mut entered = start(&specs(&*generator, LatentInput::Ws));
    entered.insert("ws".into(), ws);
    let mut prior = Prior::new(&*generator, LatentInput::Ws, &Space::default(), &Cpu::default()).unwrap();
    let radius = prior.plausibility(&entered).radius.unwrap();
    assert!((radius / whitened - 1.0).abs() < 1e-3, "{radius} {whitened}");
}

#[test]
fn random_pictures_are_many_and_always_the_same() {
    let generator = EMBEDDED[0].open().unwrap();
    let all = random_pictures(&*generator, &Cpu::default(), 5).unwrap();
    assert_eq!(all, random_pictures(&*generator, &Cpu::default(), 5).unwrap());
    for (index, picture) in all.iter().enumerate() {
        assert!(all[..index].iter().all(|other| picture.mean_squared_difference(other).sqrt() > 0.05));
    }
}
