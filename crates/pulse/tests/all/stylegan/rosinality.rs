//! rosinality's port of StyleGAN2.

use pulse::generator::{Family, LatentInput, Space, Truncation};
use pulse::inputs::Inputs;
use pulse::render::Renderer;

use super::{Case, GRADIENT, IMAGE, MAPPING, check, engines, open, ws_of};

#[test]
fn matches() {
    let (generator, case) = (open("rosinality.pt"), Case::open("rosinality_case"));
    let spec = generator.spec();
    assert_eq!((spec.family, spec.width, spec.num_ws), (Family::STYLEGAN2, 32, 8));
    let mut inputs = Inputs::default();
    case.give(&mut inputs, "z", "z");
    case.give(&mut inputs, "ws", "ws_in");
    let truncated = Space { truncation: Truncation { psi: 0.5, cutoff: None }, ..Space::default() };
    for (name, engine) in engines() {
        let mut renderer = Renderer::new(&*generator, LatentInput::WS, &*engine).unwrap();
        for row in 0..case.rows("z") {
            let w = case.row("w", row);
            let ws = ws_of(&*generator, &Space::default(), &*engine, &inputs, row);
            check(&format!("rosinality {name} mapping"), &ws, &w.repeat(spec.num_ws), MAPPING);
            let nearer: Vec<f32> = w.iter().zip(case.all("latent_avg")).map(|(w, a)| a + 0.5 * (w - a)).collect();
            let ws = ws_of(&*generator, &truncated, &*engine, &inputs, row);
            check(&format!("rosinality {name} psi 0.5"), &ws, &nearer.repeat(spec.num_ws), MAPPING);

            let image = renderer.render(&inputs, row).unwrap();
            check(&format!("rosinality {name} image"), image, case.row("image", row), IMAGE);
            let gradient = renderer.vector_jacobian(case.row("image_cotangent", row), &["ws"]).unwrap();
            check(&format!("rosinality {name} gradient"), &gradient[0], case.row("ws_grad", row), GRADIENT);
        }
    }
}
