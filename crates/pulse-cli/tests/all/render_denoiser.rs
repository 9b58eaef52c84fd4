//! What denoisers make of noise.

use std::path::{Path, PathBuf};

use pulse::inputs::{Inputs, read_inputs};
use pulse_engine::Shape;

use crate::program::Place;

/// A file or folder of the denoisers' fixtures.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../pulse/tests/fixtures/priors").join(name)
}

/// A network with five classes, two channels for each of its pictures' three, and its reference numbers.
fn case() -> (String, Inputs) {
    let case = read_inputs(&fixture("unet_shift_case.safetensors")).unwrap();
    (fixture("unet_shift").to_str().unwrap().to_owned(), case)
}

/// Writes arrays, some of them by their names in the case.
fn write(place: &Place, case: &Inputs, named: &[(&str, &str)], numbers: &[(&str, f32)]) {
    let mut arrays = case.arrays().clone();
    arrays.clear();
    for (name, of_case) in named {
        arrays.insert((*name).to_owned(), case.arrays()[*of_case].clone());
    }
    let mut inputs = Inputs::from_arrays(arrays);
    for (name, number) in numbers {
        inputs.insert(*name, 2, Shape::Vector(1), vec![*number; 2]);
    }
    place.write("in.safetensors", &inputs.to_bytes().unwrap());
}

/// The arrays that the program writes.
fn answer(place: &Place, model: &str, more: &[&str]) -> Inputs {
    let mut arguments = vec!["render", model, "--inputs", "in.safetensors", "--out", "out.safetensors"];
    arguments.extend(more);
    assert_eq!(place.run(&arguments).ended_with(0).out, "out.safetensors\n");
    read_inputs(&place.path("out.safetensors")).unwrap()
}

#[track_caller]
fn assert_near(found: &Inputs, name: &str, case: &Inputs, of_case: &str, tolerance: f32) {
    let (found, wanted) = (&found.arrays()[name], &case.arrays()[of_case]);
    assert_eq!(found.shape(), wanted.shape());
    let largest = wanted.data().iter().fold(0.0f32, |largest, number| largest.max(number.abs()));
    let apart = found.data().iter().zip(wanted.data().iter()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < tolerance * largest, "{name}: {apart} of {largest}");
}

#[test]
fn a_denoiser_answers_what_its_inputs_ask() {
    let place = Place::new();
    let (model, case) = case();
    let noisy = [("x", "t700.x"), ("c", "c"), ("cotangent", "t700.cotangent")];
    write(&place, &case, &noisy, &[("t", 700.0)]);
    let network = answer(&place, &model, &["--vjp"]);
    assert_near(&network, "output", &case, "t700.y", 1e-5);
    assert_near(&network, "x_grad", &case, "t700.x_grad", 1e-4);

    write(&place, &case, &noisy[..2], &[("sigma", 0.3)]);
    let denoised = answer(&place, &model, &[]);
    let names: Vec<_> = denoised.arrays().keys().collect();
    assert_eq!(names, ["denoised"]);
    assert_eq!(denoised.arrays()["denoised"].shape(), [2, 3, 8, 16]);

    write(&place, &case, &[("start", "ddim.start"), ("c", "c")], &[]);
    let sampled = answer(&place, &model, &["--sampler", "ddim", "--steps", "6"]);
    assert_near(&sampled, "image", &case, "ddim.end", 1e-3);
    let ran = place.run(&["render", &model, "--inputs", "in.safetensors", "--out", "a.png", "--steps", "6"]);
    assert_eq!(ran.ended_with(0).out, "a-01.png\na-02.png\n");
    assert_eq!(place.read_picture("a-02.png").width(), 16);
}

#[test]
fn what_a_denoiser_cannot_be_asked() {
    let place = Place::new();
    let (model, case) = case();
    let run = |more: &[&str]| {
        let mut arguments = vec!["render", &model, "--inputs", "in.safetensors", "--out", "out.safetensors"];
        arguments.extend(more);
        place.run(&arguments)
    };
    let noisy = [("x", "t1.x"), ("c", "c")];
    write(&place, &case, &noisy[..1], &[("t", 1.0)]);
    run(&[]).failed_with(&["in.safetensors", "lack `c`"]);
    write(&place, &case, &noisy, &[("t", 1.0), ("sigma", 1.0)]);
    run(&[]).failed_with(&["in.safetensors", "`x` with `t`", "`start`"]);
    write(&place, &case, &noisy, &[("sigma", 0.0)]);
    run(&[]).failed_with(&["in.safetensors", "`sigma`", "above 0"]);
    write(&place, &case, &noisy, &[("t", 1.0)]);
    run(&["--vjp"]).failed_with(&["in.safetensors", "lack `cotangent`"]);
    run(&["--steps", "3"]).failed_with(&["--steps", "`start`"]);
    run(&["--noise", "zero"]).failed_with(&["--noise", "leave"]);
    run(&["--sampler", "dpm"]).failed_with(&["--sampler", "ddim, euler, heun"]);
    let png = ["render", &model, "--inputs", "in.safetensors", "--out", "a.png"];
    place.run(&png).failed_with(&["a.png", ".safetensors", "`start`"]);
    write(&place, &case, &[("start", "ddim.start"), ("c", "c")], &[]);
    run(&["--vjp"]).failed_with(&["no gradient through a sampler"]);
    run(&["--steps", "2000"]).failed_with(&["2000 steps", "1000 levels"]);
    write(&place, &case, &[("start", "ddim.start"), ("c", "c"), ("stranger", "c")], &[]);
    let ran = run(&["--steps", "2"]);
    assert_eq!((ran.status, ran.err.contains("ignored: stranger")), (0, true), "{}", ran.err);

    let faces = ["render", "faces", "--inputs", "in.safetensors", "--out", "a.png", "--sampler", "euler"];
    place.run(&faces).failed_with(&["--sampler", "denoiser"]);
}
