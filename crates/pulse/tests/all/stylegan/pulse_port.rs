//! PULSE's port of StyleGAN: `synthesis.pt`, `mapping.pt`, `gaussian_fit.pt`.

use std::ops::ControlFlow;

use pulse::event::SearchEvent;
use pulse::generator::{Family, LatentInput, NoiseStart, Space, ZeroedNoise};
use pulse::image::Image;
use pulse::inputs::Inputs;
use pulse::loss::Term;
use pulse::render::Renderer;
use pulse::search::{Problem, SearchConfig, search};
use pulse_engine::{Cpu, Engine, Shape};

use super::{Case, GRADIENT, IMAGE, MAPPING, check, engines, open, ws_of};

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
