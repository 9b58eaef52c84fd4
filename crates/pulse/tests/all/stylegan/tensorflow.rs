//! NVIDIA's pickles for TensorFlow.

use std::collections::BTreeMap;

use pulse::ErrorKind;
use pulse::generator::{LatentInput, Space, Truncation, from_checkpoint};
use pulse::inputs::Inputs;
use pulse::render::Renderer;
use pulse_checkpoint::{Checkpoint, Configuration, Format, Tensor, Value};
use pulse_engine::{Cpu, Shape};

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
        let mut renderer = Renderer::new(&*generator, LatentInput::WS, &engine).unwrap();
        for row in 0..case.rows("z") {
            let ws = ws_of(&*generator, &truncated, &engine, &inputs, row);
            check(&format!("{name} as TensorFlow ws"), &ws, case.row("ws_psi0.7", row), MAPPING);
            let image = renderer.render(&inputs, row).unwrap();
            check(&format!("{name} as TensorFlow image"), image, case.row("image", row), IMAGE);
        }
    }
}

/// Made-up numbers of either sign, no two alike.
fn made_up(shape: impl Into<Vec<usize>>, seed: f32) -> Tensor {
    let shape = shape.into();
    let count = shape.iter().product::<usize>();
    Tensor::new(shape, (0..count).map(|i| (seed + 1.7 * i as f32).sin()).collect::<Vec<_>>()).unwrap()
}

/// `w` of `z` and a class as the papers' programs for TensorFlow say it, in f64: the embedded class stands behind
/// `z`, both together are normalised, then come the layers `√2^gain · LeakyReLU0.2(W x + b)` at their learning rate
/// of 0.01, with weights `[in, out]`.
fn mapped_by_hand(tensors: &BTreeMap<String, Tensor>, z: &[f32], class: usize, he: f64, gain: f64) -> Vec<f32> {
    let label = tensors["mapping/LabelConcat/weight"].data();
    let embedded = &label[class * z.len()..][..z.len()];
    let mut x: Vec<f64> = z.iter().chain(embedded).map(|&v| f64::from(v)).collect();
    let mean_square = x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64;
    for v in &mut x {
        *v /= (mean_square + 1e-8).sqrt();
    }
    for layer in 0.. {
        let Some(weight) = tensors.get(&format!("mapping/Dense{layer}/weight")) else { break };
        let bias = tensors[&format!("mapping/Dense{layer}/bias")].data();
        let scale = he * 0.01 / (x.len() as f64).sqrt();
        x = (0..bias.len())
            .map(|o| {
                let products = x.iter().enumerate().map(|(i, x)| x * f64::from(weight.data()[i * bias.len() + o]));
                let sum = scale * products.sum::<f64>() + 0.01 * f64::from(bias[o]);
                gain * if sum < 0.0 { 0.2 * sum } else { sum }
            })
            .collect();
    }
    x.into_iter().map(|v| v as f32).collect()
}

#[test]
fn classes_join_z_before_both_are_normalised() {
    const CLASSES: usize = 3;
    let two = as_tensorflow(&Checkpoint::open(fixture("stylegan2ada_skip.pkl")).unwrap());
    let one = Checkpoint::open(fixture("stylegan1_tf.pkl")).unwrap();
    let root = std::f64::consts::SQRT_2;
    for (name, mut checkpoint, he, gain) in [("StyleGAN", one, root, 1.0), ("StyleGAN2", two, 1.0, root)] {
        let width = 32;
        let tensors = &mut checkpoint.tensors;
        tensors.insert("mapping/LabelConcat/weight".into(), made_up([CLASSES, width], 0.3));
        // The first layer takes twice as much. Trained weights are a hundred times as large, for their learning rate.
        let first = made_up([2 * width, width], 0.7);
        let first = first.data().iter().map(|v| 100.0 * v).collect::<Vec<_>>();
        tensors.insert("mapping/Dense0/weight".into(), Tensor::new([2 * width, width], first).unwrap());
        let generator = from_checkpoint(&checkpoint).unwrap();
        let spec = generator.spec();
        assert_eq!((spec.z_dim, spec.w_dim, spec.classes), (width, width, CLASSES), "{name}");
        assert_eq!(spec.latents[..2], [LatentInput::LATENT, LatentInput::Z], "{name}");

        let z = made_up([CLASSES, width], 0.9);
        let mut inputs = Inputs::default();
        inputs.insert("z", CLASSES, Shape::Vector(width), z.data().to_vec());
        let one_hot = (0..CLASSES * CLASSES).map(|i| f32::from(u8::from(i / CLASSES == i % CLASSES)));
        let mut classed = inputs.clone();
        classed.insert("c", CLASSES, Shape::Vector(CLASSES), one_hot.collect());
        for (engine_name, engine) in engines() {
            for row in 0..CLASSES {
                let z = &z.data()[row * width..][..width];
                let by_hand = |class| mapped_by_hand(&checkpoint.tensors, z, class, he, gain).repeat(spec.num_ws);
                let ws = ws_of(&*generator, &Space::default(), &*engine, &classed, row);
                check(&format!("{name} {engine_name} class {row}"), &ws, &by_hand(row), MAPPING);
                // The first class, when nobody says which.
                let ws = ws_of(&*generator, &Space::default(), &*engine, &inputs, row);
                check(&format!("{name} {engine_name} no class"), &ws, &by_hand(0), MAPPING);
            }
        }
        // An embedding that the first layer has no room for.
        let wide = made_up([CLASSES, 2 * width], 0.3);
        checkpoint.tensors.insert("mapping/LabelConcat/weight".into(), wide);
        assert_eq!(from_checkpoint(&checkpoint).err().unwrap().kind(), ErrorKind::Generator, "{name}");
    }
}

/// The picture of a StyleGAN whose file says this of `fused_scale`, in the network or in its synthesis.
fn picture_with(fused_scale: Option<Value>, in_synthesis: bool, turned: bool) -> pulse::Result<Vec<f32>> {
    let mut checkpoint = Checkpoint::open(fixture("stylegan1_tf.pkl")).unwrap();
    if turned {
        for (name, tensor) in &mut checkpoint.tensors {
            if name.ends_with("Conv0_up/weight") {
                let &[height, width, from, to] = tensor.shape() else { panic!("{name}") };
                let taps: Vec<&[f32]> = tensor.data().chunks(from * to).rev().collect();
                *tensor = Tensor::new([height, width, from, to], taps.concat()).unwrap();
            }
        }
    }
    let settings = |value| Value::Map(BTreeMap::from([("fused_scale".to_owned(), value)]));
    checkpoint.configuration = match fused_scale {
        None => Configuration::new(),
        Some(value) if in_synthesis => {
            let synthesis = Value::Map(BTreeMap::from([("static_kwargs".to_owned(), settings(value))]));
            let components = Value::Map(BTreeMap::from([("synthesis".to_owned(), synthesis)]));
            Configuration::from([
                ("components".to_owned(), components),
                ("static_kwargs".to_owned(), settings(Value::String("never read".into()))),
            ])
        }
        Some(value) => Configuration::from([("static_kwargs".to_owned(), settings(value))]),
    };
    let (generator, case) = (from_checkpoint(&checkpoint)?, Case::open("stylegan1_tf_case"));
    let mut inputs = Inputs::default();
    case.give(&mut inputs, "w", "w");
    let mut renderer = Renderer::new(&*generator, LatentInput::W, &Cpu::default())?;
    Ok(renderer.render(&inputs, 0)?.to_vec())
}

/// A transposed convolution spreads its kernel where a convolution gathers by it, so that fused doubling with a
/// kernel is unfused doubling with the kernel turned by half a turn.
#[test]
fn fused_scale_is_read() {
    let auto = Value::String("auto".into());
    let case = Case::open("stylegan1_tf_case");
    let unfused = case.row("image", 0);
    for in_synthesis in [false, true] {
        for setting in [None, Some(auto.clone()), Some(Value::Bool(false))] {
            // The network has fewer than 128 pixels.
            let picture = picture_with(setting.clone(), in_synthesis, false).unwrap();
            check(&format!("{setting:?}"), &picture, unfused, IMAGE);
        }
        let fused = picture_with(Some(Value::Bool(true)), in_synthesis, true).unwrap();
        check("fused, turned", &fused, unfused, IMAGE);
        let other = picture_with(Some(Value::Bool(true)), in_synthesis, false).unwrap();
        assert!(super::relative_error(&other, unfused) > 0.01);
        for wrong in [Value::Integer(128), Value::String("always".into()), Value::Null] {
            let error = picture_with(Some(wrong), in_synthesis, false).unwrap_err();
            assert!(error.kind() == ErrorKind::Generator && error.to_string().contains("fused_scale"), "{error}");
        }
    }
}
