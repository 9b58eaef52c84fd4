//! ONNX models: pictures and gradients as PyTorch has them, and what is refused.
//!
//! `dcgan` and `style2` were given with the project, with their weights in a file beside them. The others were made by
//! `scripts/onnx_cases.py`; their names say the exporter and the version of the operators. Those that begin with `op_` are a few
//! operators each, and their pictures are onnxruntime's.

mod refused;
mod written;

use std::path::{Path, PathBuf};

use pulse::checkpoint::Checkpoint;
use pulse::generator::{Generator, Space, append_whole, from_checkpoint};
use pulse_engine::{Cpu, Engine, NetworkBuilder, Reference};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/onnx")
}

fn models() -> Vec<PathBuf> {
    let files = std::fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path());
    let mut models: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "onnx")).collect();
    models.sort();
    models
}

/// The norm of the difference, beside that of the truth.
fn distance(found: &[f32], truth: &[f32]) -> f64 {
    assert_eq!(found.len(), truth.len());
    let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
    let difference = norm(&mut found.iter().zip(truth).map(|(&a, &b)| f64::from(a) - f64::from(b)));
    difference / norm(&mut truth.iter().map(|&x| f64::from(x)))
}

/// The worst distances of the picture and of the gradients from those of a case.
fn distances(generator: &dyn Generator, case: &Checkpoint, engine: &dyn Engine) -> [f64; 2] {
    let mut builder = NetworkBuilder::new();
    let latent = generator.spec().latents[0];
    let made = append_whole(generator, &mut builder, latent, &Space::default()).unwrap();
    builder.output("image", made.image).unwrap();
    let network = builder.build().unwrap();
    let output = network.output("image").unwrap();
    let truth = case.tensors["image"].data();
    let rows = truth.len() / network.output_port(output).shape.len();
    let mut program = engine.compile(&network, rows).unwrap();
    for spec in &made.inputs {
        let input = program.input_mut(network.input(&spec.name).unwrap());
        match case.tensors.get(&spec.name) {
            Some(given) if given.data().len() == input.len() => input.copy_from_slice(given.data()),
            Some(class) => {
                input.fill(0.0);
                input[class.data()[0] as usize] = 1.0;
            }
            None => input.fill(0.0),
        }
    }
    program.forward(rows, &[output]);
    let [low, high] = generator.own_range();
    let own: Vec<f32> = program.output(output).iter().map(|x| low + 0.5 * (x + 1.0) * (high - low)).collect();
    let cotangents = program.cotangent_mut(output).iter_mut().zip(case.tensors["image_cotangent"].data().iter());
    cotangents.for_each(|(to, from)| *to = 0.5 * from * (high - low));
    let mut worst = 0f64;
    for spec in &made.inputs {
        if let Some(truth) = case.tensors.get(&format!("{}_grad", spec.name)) {
            let input = network.input(&spec.name).unwrap();
            program.backward(rows, &[input]);
            worst = worst.max(distance(program.gradient(input), truth.data()));
        }
    }
    [distance(&own, truth), worst]
}

/// PyTorch computes in f32, too: `style2_noise` is 9e-6 from its own result by another runtime.
#[test]
fn pictures_and_gradients_are_those_of_pytorch() {
    let mut models = models();
    assert!(models.len() >= 21, "{models:?}");
    for model in models.drain(..) {
        let case = Checkpoint::open(model.to_str().unwrap().replace(".onnx", "_case.safetensors")).unwrap();
        let generator = from_checkpoint(&Checkpoint::open(&model).unwrap()).unwrap();
        for (name, engine) in [("Cpu", &Cpu::default() as &dyn Engine), ("Reference", &Reference)] {
            let [picture, gradients] = distances(&*generator, &case, engine);
            assert!(picture < 1e-5 && gradients < 1e-4, "{}, {name}: {picture:.1e}, {gradients:.1e}", model.display());
        }
    }
}

#[test]
fn what_is_converted_to_safetensors_is_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    for name in ["style2", "spellings_dynamo20"] {
        let model = fixtures().join(name).with_extension("onnx");
        let pair = pulse::generator::pair(&model, None).unwrap();
        pair.write_safetensors(&file).unwrap();
        let case = Checkpoint::open(fixtures().join(format!("{name}_case.safetensors"))).unwrap();
        let generator = from_checkpoint(&Checkpoint::open(&file).unwrap()).unwrap();
        let [picture, gradients] = distances(&*generator, &case, &Cpu::default());
        assert!(picture < 1e-5 && gradients < 1e-4, "{name}: {picture:.1e}, {gradients:.1e}");
    }
}

/// A model with a noisy picture and a time is searched as a denoiser, and `pulse-core` knows no family of it.
#[test]
fn a_model_with_a_time_is_a_denoiser() {
    let opened = pulse::Opened::named(fixtures().join("unet_script17.onnx").to_str().unwrap()).unwrap();
    let denoiser = opened.generator.denoiser().expect("it has a noisy picture and a time");
    assert_eq!((denoiser.spec().family, denoiser.spec().channels, denoiser.spec().width), ("ONNX", 3, 16));
    let model = opened.model.expect("the network by itself");
    assert_eq!(model.spec().latents[0].name(), "sample");
}

/// Exporters spell out what the engine has as one operator.
#[test]
fn norms_of_groups_and_attention_are_found_again() {
    let count = |name: &str, operator: &str| {
        let generator = from_checkpoint(&Checkpoint::open(fixtures().join(name)).unwrap()).unwrap();
        let mut builder = NetworkBuilder::new();
        let latent = generator.spec().latents[0];
        let made = append_whole(&*generator, &mut builder, latent, &Space::default()).unwrap();
        builder.output("image", made.image).unwrap();
        let network = builder.build().unwrap();
        network.nodes().iter().filter(|node| node.operator.name() == operator).count()
    };
    assert_eq!(count("unet_script17.onnx", "Attention"), 4);
    assert_eq!(count("unet_script17.onnx", "Softmax"), 0);
    assert!(count("unet_script17.onnx", "GroupNorm") > 15 && count("unet_script17.onnx", "Silu") > 15);
    assert_eq!(count("vae_decoder_dynamo23.onnx", "Attention"), 1);
    // A filter behind inserted zeros is one operator, and weights that are scaled by styles are none.
    assert_eq!(count("style2_noise_dynamo20.onnx", "MatrixProduct"), 0);
    assert!(count("style2_noise_dynamo20.onnx", "Modulate") >= 10);
}
