//! NVIDIA's pickles for TensorFlow.

use std::collections::BTreeMap;

use pulse::generator::{LatentInput, Space, Truncation, from_checkpoint};
use pulse::inputs::Inputs;
use pulse::render::Renderer;
use pulse_checkpoint::{Checkpoint, Configuration, Format, Tensor};
use pulse_engine::Cpu;

use super::{Case, IMAGE, MAPPING, check, engines, fixture, open, ws_of};

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

/// The tensors of one of NVIDIA's PyTorch pickles as its TensorFlow pickle would have them: the rules are those
/// of the two formats' public descriptions, as no pickle of this kind is at hand.
fn as_tensorflow(checkpoint: &Checkpoint) -> Checkpoint {
    let mut tensors = BTreeMap::new();
    for (name, tensor) in &checkpoint.tensors {
        let parts: Vec<_> = name.split('.').collect();
        let (name, tensor) = match parts[..] {
            ["mapping", "w_avg"] => ("dlatent_avg".into(), tensor.clone()),
            ["mapping", layer, kind] => (format!("mapping/Dense{}/{kind}", &layer[2..]), inputs_first(tensor)),
            ["synthesis", "b4", "const"] => ("synthesis/4x4/Const/const".into(), tensor.clone()),
            ["synthesis", _, .., "resample_filter"] => continue,
            ["synthesis", block, layer, .., kind] => {
                let size = &block[1..];
                let power: usize = size.parse::<usize>().unwrap().ilog2() as usize;
                let theirs = match (layer, size) {
                    ("conv1", "4") => "Conv",
                    ("conv1", _) => "Conv1",
                    ("conv0", _) => "Conv0_up",
                    ("skip", _) => "Skip",
                    _ => "ToRGB",
                };
                let path = format!("synthesis/{size}x{size}/{theirs}");
                match (kind, parts.len()) {
                    ("noise_const", _) => {
                        let index = 2 * power - if layer == "conv0" { 5 } else { 4 };
                        (format!("synthesis/noise{index}"), tensor.clone())
                    }
                    ("weight", 5) => (format!("{path}/mod_weight"), inputs_first(tensor)),
                    ("bias", 5) => {
                        let bias: Vec<f32> = tensor.data().iter().map(|bias| bias - 1.0).collect();
                        (format!("{path}/mod_bias"), Tensor::new(tensor.shape(), bias).unwrap())
                    }
                    ("weight", _) if layer == "conv0" => {
                        let mut taps = tensor.data().to_vec();
                        taps.chunks_exact_mut(9).for_each(<[f32]>::reverse);
                        (format!("{path}/weight"), inputs_first(&Tensor::new(tensor.shape(), taps).unwrap()))
                    }
                    ("weight", _) => (format!("{path}/weight"), inputs_first(tensor)),
                    _ => (format!("{path}/{kind}"), tensor.clone()),
                }
            }
            _ => panic!("{name}"),
        };
        tensors.insert(name, tensor);
    }
    Checkpoint { format: Format::NvidiaTensorFlow, tensors, configuration: Configuration::new() }
}

/// From `[out, in, …]` to `[…, in, out]`.
fn inputs_first(tensor: &Tensor) -> Tensor {
    let [to, from, taps @ ..] = tensor.shape() else { return tensor.clone() };
    let positions: usize = taps.iter().product();
    let mut turned = vec![0.0; tensor.data().len()];
    for (index, &value) in tensor.data().iter().enumerate() {
        let (o, i, p) = (index / positions / from, index / positions % from, index % positions);
        turned[(p * from + i) * to + o] = value;
    }
    Tensor::new(taps.iter().copied().chain([*from, *to]).collect::<Vec<_>>(), turned).unwrap()
}

#[test]
fn stylegan2_matches() {
    for name in ["stylegan2ada_skip", "stylegan2ada_resnet"] {
        let checkpoint = as_tensorflow(&Checkpoint::open(fixture(&format!("{name}.pkl"))).unwrap());
        let (generator, case) = (from_checkpoint(&checkpoint).unwrap(), Case::open(&format!("{name}_case")));
        let mut inputs = Inputs::default();
        case.give(&mut inputs, "z", "z");
        case.give(&mut inputs, "ws", "ws_in");
        let truncated = Space { truncation: Truncation { psi: 0.7, cutoff: None }, ..Space::default() };
        let engine = Cpu::default();
        let mut renderer = Renderer::new(&*generator, LatentInput::Ws, &engine).unwrap();
        for row in 0..case.rows("z") {
            let ws = ws_of(&*generator, &truncated, &engine, &inputs, row);
            check(&format!("{name} as TensorFlow ws"), &ws, case.row("ws_psi0.7", row), MAPPING);
            let image = renderer.render(&inputs, row).unwrap();
            check(&format!("{name} as TensorFlow image"), image, case.row("image", row), IMAGE);
        }
    }
}
