//! NVIDIA's pickles for PyTorch: StyleGAN2-ADA and StyleGAN3.

use pulse::generator::{Family, Generator, LatentInput, NoiseStart, Space, Truncation};
use pulse::inputs::Inputs;
use pulse::render::Renderer;
use pulse_engine::Engine;

use super::{Case, GRADIENT, IMAGE, MAPPING, check, engines, open, ws_of};

/// From `z` (and `c`) to `ws`, and from `ws` to the picture and back.
fn matches(name: &str) {
    let (generator, case) = (open(&format!("{name}.pkl")), Case::open(&format!("{name}_case")));
    for (engine_name, engine) in engines() {
        mapping(name, engine_name, &*generator, &case, &*engine);
        synthesis(name, engine_name, &*generator, &case, &*engine);
    }
}

fn mapping(name: &str, engine_name: &str, generator: &dyn Generator, case: &Case, engine: &dyn Engine) {
    let mut inputs = Inputs::default();
    case.give(&mut inputs, "z", "z");
    if generator.spec().classes > 0 {
        case.give(&mut inputs, "c", "c");
    }
    let truncated = Space { truncation: Truncation { psi: 0.7, cutoff: None }, ..Space::default() };
    let first_two = Space { truncation: Truncation { psi: 0.7, cutoff: Some(2) }, ..Space::default() };
    for row in 0..case.rows("z") {
        let (whole, nearer) = (case.row("ws", row), case.row("ws_psi0.7", row));
        let ws = ws_of(generator, &Space::default(), engine, &inputs, row);
        check(&format!("{name} {engine_name} ws"), &ws, whole, MAPPING);
        let ws = ws_of(generator, &truncated, engine, &inputs, row);
        check(&format!("{name} {engine_name} ws, psi 0.7"), &ws, nearer, MAPPING);
        let split = 2 * generator.spec().w_dim;
        let ws = ws_of(generator, &first_two, engine, &inputs, row);
        let wanted = [&nearer[..split], &whole[split..]].concat();
        check(&format!("{name} {engine_name} ws, psi 0.7 in two rows"), &ws, &wanted, MAPPING);
    }
}

fn synthesis(name: &str, engine_name: &str, generator: &dyn Generator, case: &Case, engine: &dyn Engine) {
    let mut inputs = Inputs::default();
    case.give(&mut inputs, "ws", "ws_in");
    let mut renderer = Renderer::new(generator, LatentInput::WS, engine).unwrap();
    for row in 0..case.rows("ws_in") {
        let image = renderer.render(&inputs, row).unwrap();
        check(&format!("{name} {engine_name} image"), image, case.row("image", row), IMAGE);
        let gradient = renderer.vector_jacobian(case.row("image_cotangent", row), &["ws"]).unwrap();
        check(&format!("{name} {engine_name} gradient"), &gradient[0], case.row("ws_grad", row), GRADIENT);
    }
    if case.has("image_noise_none") {
        let silent = Space { noise: NoiseStart::Zero, ..Space::default() };
        let mut renderer = Renderer::in_space(generator, LatentInput::WS, &silent, engine).unwrap();
        for row in 0..case.rows("ws_in") {
            let image = renderer.render(&inputs, row).unwrap();
            check(&format!("{name} {engine_name} no noise"), image, case.row("image_noise_none", row), IMAGE);
        }
    }
}

#[test]
fn stylegan2_skip_matches() {
    matches("stylegan2ada_skip");
}

#[test]
fn stylegan2_resnet_matches() {
    matches("stylegan2ada_resnet");
}

#[test]
fn stylegan2_conditional_matches() {
    matches("stylegan2ada_cond");
}

#[test]
fn stylegan3_translation_matches() {
    matches("stylegan3_t");
}

#[test]
fn stylegan3_rotation_matches() {
    matches("stylegan3_r");
}

#[test]
fn specs_are_inferred() {
    for (name, family, size, num_ws, classes) in [
        ("stylegan2ada_skip", Family::STYLEGAN2, 32, 8, 0),
        ("stylegan2ada_resnet", Family::STYLEGAN2, 32, 8, 0),
        ("stylegan2ada_cond", Family::STYLEGAN2, 16, 6, 5),
        ("stylegan3_t", Family::STYLEGAN3, 32, 16, 0),
        ("stylegan3_r", Family::STYLEGAN3, 32, 16, 0),
    ] {
        let generator = open(&format!("{name}.pkl"));
        let spec = generator.spec();
        assert_eq!((spec.family, spec.channels, spec.height, spec.width), (family, 3, size, size), "{name}");
        assert_eq!((spec.z_dim, spec.w_dim, spec.num_ws, spec.classes), (32, 32, num_ws, classes), "{name}");
    }
}
