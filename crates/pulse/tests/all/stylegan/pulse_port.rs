//! PULSE's port of StyleGAN: `synthesis.pt`, `mapping.pt`, `gaussian_fit.pt`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use pulse::event::SearchEvent;
use pulse::generator::{Family, LatentInput, Space, Start, StyleGan1, ZeroedNoise};
use pulse::image::Image;
use pulse::inputs::Inputs;
use pulse::latent::Geometry;
use pulse::loss::Term;
use pulse::measurement::{MeasurementKind, Size};
use pulse::render::Renderer;
use pulse::search::{Problem, SearchConfig, search};
use pulse_checkpoint::Checkpoint;
use pulse_engine::{Cpu, Engine, NetworkBuilder, Shape};

use super::{Case, GRADIENT, IMAGE, MAPPING, check, engines, fixture, open, ws_of};

/// The start of the case's search.
fn start(case: &Case) -> Inputs {
    let mut inputs = Inputs::default();
    case.give(&mut inputs, "latent", "latent0");
    for map in 0..case.number("layers") {
        case.give(&mut inputs, &format!("noise.{map}"), &format!("noise0.{map}"));
    }
    inputs
}

/// PULSE's search, with its last noise map zeroed in the inputs already.
fn space(case: &Case) -> Space {
    let zeroed_noise = ZeroedNoise::Maps(vec![case.number("zeroed_noise")]);
    Space { searched_noise: case.number("trainable_noise"), zeroed_noise, ..Space::search() }
}

fn mapping(name: &str) {
    let (generator, case) = (open(name), Case::open(&format!("{name}_case")));
    let mut inputs = Inputs::default();
    case.give(&mut inputs, "z", "mapping.z");
    for (engine_name, engine) in engines() {
        for row in 0..case.rows("mapping.z") {
            let ws = ws_of(&*generator, &Space::default(), &*engine, &inputs, row);
            let repeated = case.row("mapping.w", row).repeat(generator.spec().num_ws);
            check(&format!("{name} {engine_name} mapping"), &ws, &repeated, MAPPING);
        }
    }
}

fn synthesis(name: &str, engine_name: &str, engine: &dyn Engine) {
    let (generator, case) = (open(name), Case::open(&format!("{name}_case")));
    let mut inputs = start(&case);
    let last = case.number("zeroed_noise");
    let size = generator.spec().width;
    inputs.insert(format!("noise.{last}"), 1, Shape::map(1, size, size), vec![0.0; size * size]);
    let mut renderer = Renderer::in_space(&*generator, LatentInput::Latent, &space(&case), engine).unwrap();
    let image = renderer.render(&inputs, 0).unwrap();
    let shifted: Vec<f32> = image.iter().map(|&v| f32::midpoint(v, 1.0)).collect();
    check(&format!("{name} {engine_name} image"), &shifted, case.all("image"), IMAGE);

    let names: Vec<String> = (0..case.number("trainable_noise")).map(|map| format!("noise.{map}")).collect();
    let wanted: Vec<&str> = std::iter::once("latent").chain(names.iter().map(String::as_str)).collect();
    // The case's picture is in [0, 1]: half the network's.
    let cotangent: Vec<f32> = case.all("image_cotangent").iter().map(|v| v / 2.0).collect();
    let gradients = renderer.vector_jacobian(&cotangent, &wanted).unwrap();
    check(&format!("{name} {engine_name} latent gradient"), &gradients[0], case.all("latent_grad"), GRADIENT);
    for (map, gradient) in gradients[1..].iter().enumerate() {
        let wanted = case.all(&format!("noise_grad.{map}"));
        check(&format!("{name} {engine_name} noise {map} gradient"), gradient, wanted, GRADIENT);
    }
}

#[test]
fn spec_is_inferred() {
    let generator = open("pulse_r32");
    let spec = generator.spec();
    assert_eq!((spec.family, spec.channels, spec.height, spec.width), (Family::StyleGan1, 3, 32, 32));
    assert_eq!((spec.z_dim, spec.w_dim, spec.num_ws, spec.classes), (32, 32, 8, 0));
    assert_eq!(spec.latents, [LatentInput::Latent, LatentInput::Z, LatentInput::W, LatentInput::Ws]);
}

#[test]
fn mapping_matches() {
    mapping("pulse_r32");
    mapping("pulse_r256");
}

#[test]
fn synthesis_matches() {
    for (name, engine) in engines() {
        synthesis("pulse_r32", name, &*engine);
    }
}

#[test]
fn synthesis_with_fused_doubling_matches() {
    for (name, engine) in engines() {
        synthesis("pulse_r256", name, &*engine);
    }
}

/// Every step's L2, GEOCROSS and total against the original's, from the same start with the same settings.
fn trace(name: &str, engine: &dyn Engine) {
    let (generator, case) = (open(name), Case::open(&format!("{name}_case")));
    let setting = |key: &str| case.0.configuration[key].as_str().unwrap();
    let size = case.number("resolution") / case.number("factor");
    let target = Image::new(3, size, size, case.all("reference_lr").to_vec()).unwrap();
    let picture = Size::new(case.number("resolution"), case.number("resolution"));
    let measurement = MeasurementKind::default().resolve(3, picture, Size::new(size, size)).unwrap();
    let inputs = start(&case);
    let config = SearchConfig {
        steps: case.number("steps"),
        learning_rate: setting("lr").parse().unwrap(),
        epsilon: setting("eps").parse().unwrap(),
        loss: setting("loss").parse().unwrap(),
        space: space(&case),
        ..SearchConfig::paper()
    };
    let mut found = Vec::new();
    let mut observer = |event: SearchEvent<'_>| {
        if let SearchEvent::Step(step) = event {
            let of = |term| step.losses.iter().find(|loss| loss.0 == term).unwrap().1;
            found.push([of(Term::L2), of(Term::Geocross), step.total]);
        }
        ControlFlow::Continue(())
    };
    let problem = Problem { start: Some(&inputs), ..Problem::new(&*generator, &*measurement, &target) };
    search(&problem, &config, engine, &mut observer).unwrap();
    let wanted: Vec<&[f32]> = case.all("trace").chunks_exact(3).collect();
    assert_eq!(found.len(), wanted.len());
    // Where a gradient starts near zero, Adam makes a whole step of what two roundings make of its sign, so
    // the paths part slowly.
    for (step, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        let error = (0..3).map(|i| (found[i] / f64::from(wanted[i]) - 1.0).abs()).fold(0.0, f64::max);
        println!("{name} step {step}: {found:?}, off by {error:.1e}");
        assert!(step >= 10 || error < 0.01, "step {step}: {found:?}, not {wanted:?}");
    }
    let last = wanted.len() - 1;
    assert!((found[last][2] / f64::from(wanted[last][2]) - 1.0).abs() < 0.05, "{:?}", found[last]);
}

/// Without the file's Gaussian fit one is made from the mapping.
#[test]
fn gaussian_fit_of_the_mapping_is_that_of_the_file() {
    let part = |name: &str| {
        let tensors = Checkpoint::open(fixture("pulse_r32").join(name).with_extension("pt")).unwrap().tensors;
        tensors.into_iter().map(move |(tensor, numbers)| (format!("{name}.{tensor}"), numbers)).collect::<Vec<_>>()
    };
    let network: Vec<_> = part("synthesis").into_iter().chain(part("mapping")).collect();
    let whole: BTreeMap<_, _> = network.iter().cloned().chain(part("gaussian_fit")).collect();
    let mut inputs = Inputs::default();
    let rows = |row: usize| (0..8 * 32).map(move |i| ((i * 7 + row * 13) % 11) as f32 / 4.0 - 1.25);
    inputs.insert("latent", 2, Shape::Rows { rows: 8, width: 32 }, (0..2).flat_map(rows).collect());
    let [made, given] = [network.into_iter().collect(), whole].map(|tensors| {
        let generator = StyleGan1::from_tensors(&tensors).unwrap();
        let mut renderer = Renderer::new(&generator, LatentInput::Latent, &Cpu::default()).unwrap();
        let mut ws = Vec::new();
        for row in 0..2 {
            renderer.render(&inputs, row).unwrap();
            ws.extend_from_slice(renderer.ws().unwrap());
        }
        ws
    });
    // The mean of 1e5 samples is off by 0.3% of the deviation, the deviation by about as much.
    check("ws of the fit that was made", &made, &given, 0.01);
}

#[test]
fn tiling_gives_every_layer_the_same_row() {
    let generator = open("pulse_r32");
    let tiled = Space { tile_latent: true, ..Space::search() };
    let mut inputs = Inputs::default();
    inputs.insert("latent", 1, Shape::Vector(32), (0..32).map(|i| (i as f32 / 5.0).sin()).collect());
    let mut renderer = Renderer::in_space(&*generator, LatentInput::Latent, &tiled, &Cpu::default()).unwrap();
    renderer.render(&inputs, 0).unwrap();
    let ws = renderer.ws().unwrap();
    assert_eq!(ws, ws[..32].repeat(8));
}

#[test]
fn noise_maps_are_searched_zeroed_and_fixed_as_the_space_says() {
    let generator = open("pulse_r32");
    let mut builder = NetworkBuilder::new();
    let space = Space { searched_noise: 3, ..Space::search() };
    let generated = generator.append(&mut builder, LatentInput::Latent, &space).unwrap();
    assert_eq!(generated.inputs[0].geometry, Geometry::Sphere { group: 32 });
    let noise = &generated.inputs[1..];
    assert_eq!(noise.len(), 8);
    for (map, input) in noise.iter().enumerate() {
        let size = 4 << (map / 2);
        assert_eq!((input.name.as_str(), input.shape), (&*format!("noise.{map}"), Shape::map(1, size, size)));
        let searched = matches!(input.geometry, Geometry::Sphere { group } if group == size * size);
        assert_eq!(searched, map < 3, "{map}");
        assert_eq!(matches!(input.start, Start::Zero), map == 7, "{map}");
    }
}
