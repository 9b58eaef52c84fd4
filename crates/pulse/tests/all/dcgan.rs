//! The embedded generator against PyTorch's numbers (`dcgan_faces_case`: PyTorch in f32, evaluation mode).

use std::collections::BTreeMap;

use pulse::ErrorKind;
use pulse::generator::{Dcgan, Embedded, Family, Generator, LatentInput};
use pulse::inputs::Inputs;
use pulse::render::Renderer;
use pulse_checkpoint::{Checkpoint, Tensor};
use pulse_engine::{Cpu, Engine, Reference, Shape};

fn relative_error(found: &[f32], wanted: &[f32]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    let square = |x: f32| f64::from(x) * f64::from(x);
    let error: f64 = found.iter().zip(wanted).map(|(&a, &b)| square(a - b)).sum();
    (error / wanted.iter().map(|&b| square(b)).sum::<f64>()).sqrt()
}

fn matches_pytorch(engine: &dyn Engine) {
    let bytes = include_bytes!("../fixtures/dcgan_faces_case.safetensors");
    let case = Checkpoint::from_bytes(bytes).unwrap();
    let row = |name: &str, row: usize| {
        let data = case.tensor(name).unwrap().data();
        data[row * data.len() / 4..][..data.len() / 4].to_vec()
    };
    let generator = Embedded::find("faces").unwrap().open().unwrap();
    let mut renderer = Renderer::new(&*generator, LatentInput::Z, engine).unwrap();
    let mut inputs = Inputs::default();
    inputs.insert("z", 4, Shape::Vector(100), case.tensor("z").unwrap().data().to_vec());
    for candidate in 0..4 {
        let image = renderer.render(&inputs, candidate).unwrap();
        // Both sides round f32 sums of up to 8192 products; folding batch norm moves roundings about.
        assert!(relative_error(image, &row("image", candidate)) < 1e-4);
        let gradient = renderer.vector_jacobian(&row("image_cotangent", candidate), &["z"]).unwrap();
        // A ReLU near zero may fall on either side and take its whole path with it.
        assert!(relative_error(&gradient[0], &row("z_grad", candidate)) < 1e-3);
    }
}

#[test]
fn reference_engine_matches_pytorch() {
    matches_pytorch(&Reference);
}

#[test]
fn cpu_engine_matches_pytorch() {
    matches_pytorch(&Cpu::default());
}

/// A state dict of a DCGAN with random-looking numbers: `widths` from z to the picture.
fn state_dict(prefix: &str, widths: &[usize]) -> BTreeMap<String, Tensor> {
    let mut tensors = BTreeMap::new();
    let mut add = |name: String, shape: Vec<usize>| {
        let n: usize = shape.iter().product();
        let data: Vec<f32> = (0..n).map(|i| 0.1 + 0.05 * ((i * 37 % 19) as f32 - 9.0)).map(f32::abs).collect();
        tensors.insert(name, Tensor::new(shape, data).unwrap());
    };
    for (index, pair) in widths.windows(2).enumerate() {
        add(format!("{prefix}{}.weight", 3 * index), vec![pair[0], pair[1], 4, 4]);
        if index + 2 < widths.len() {
            for field in ["weight", "bias", "running_mean", "running_var"] {
                add(format!("{prefix}{}.{field}", 3 * index + 1), vec![pair[1]]);
            }
        }
    }
    tensors
}

#[test]
fn any_dcgan_is_inferred_from_its_shapes() {
    for (prefix, widths, channels, size) in [
        ("main.", &[7usize, 6, 3][..], 3, 8),
        ("", &[5, 9, 4, 2, 1], 1, 32),
        ("module.net.", &[16, 8, 8, 8, 8, 3], 3, 64),
    ] {
        let generator = Dcgan::from_tensors(&state_dict(prefix, widths)).unwrap();
        let spec = generator.spec();
        assert_eq!((spec.family, spec.channels, spec.height, spec.width), (Family::DCGAN, channels, size, size));
        let mut renderer = Renderer::new(&generator, LatentInput::Z, &Reference).unwrap();
        let mut inputs = Inputs::default();
        inputs.insert("z", 1, Shape::Vector(widths[0]), vec![0.3; widths[0]]);
        assert_eq!(renderer.render(&inputs, 0).unwrap().len(), channels * size * size);
    }
}

#[test]
fn tensors_of_something_else_are_refused_by_name() {
    let mut tensors = state_dict("main.", &[4, 4, 3]);
    tensors.insert("main.0.weight".into(), Tensor::new([4, 4, 3, 3], vec![0.0; 144]).unwrap());
    let error = Dcgan::from_tensors(&tensors).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Generator);
    assert!(error.to_string().contains("main.0"), "{error}");

    let mut tensors = state_dict("main.", &[4, 4, 3]);
    tensors.insert("main.3.weight".into(), Tensor::new([5, 3, 4, 4], vec![0.0; 240]).unwrap());
    assert_eq!(Dcgan::from_tensors(&tensors).unwrap_err().kind(), ErrorKind::Generator);

    let mut tensors = state_dict("main.", &[4, 4, 3]);
    tensors.insert("main.0.weight".into(), Tensor::new([4, 4, 4, 4], vec![f32::NAN; 256]).unwrap());
    assert_eq!(Dcgan::from_tensors(&tensors).unwrap_err().kind(), ErrorKind::Generator);
}
