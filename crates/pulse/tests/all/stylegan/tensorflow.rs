//! NVIDIA's pickles for TensorFlow.

use pulse::generator::{LatentInput, Space};
use pulse::inputs::Inputs;
use pulse::render::Renderer;

use super::{Case, IMAGE, MAPPING, check, engines, open, ws_of};

#[test]
fn stylegan1_matches() {
    let (generator, case) = (open("stylegan1_tf.pkl"), Case::open("stylegan1_tf_case"));
    let mut inputs = Inputs::default();
    case.give(&mut inputs, "z", "z");
    case.give(&mut inputs, "w", "w");
    for (name, engine) in engines() {
        let mut renderer = Renderer::new(&*generator, LatentInput::W, &*engine).unwrap();
        for row in 0..case.rows("w") {
            let ws = ws_of(&*generator, &Space::default(), &*engine, &inputs, row);
            let repeated = case.row("w", row).repeat(generator.spec().num_ws);
            check(&format!("stylegan1_tf {name} mapping"), &ws, &repeated, MAPPING);
            let image = renderer.render(&inputs, row).unwrap();
            check(&format!("stylegan1_tf {name} image"), image, case.row("image", row), IMAGE);
        }
    }
}
