//! The whole search of `--preset paper` through the program, step by step, against an independent implementation.
//!
//! The numbers are ours, of `scripts/paper_trace.py`, which was written from the papers: the program that the authors
//! of PULSE published left no whole start to compare with.

use pulse::inputs::Inputs;
use pulse_checkpoint::{Checkpoint, Tensor};
use pulse_engine::Shape;
use serde_json::Value;

use crate::program::{Place, Ran};
use crate::stylegan::{Case, GRADIENT, IMAGE, check, fixture, generator, render, write_npy};

/// The start, its picture and gradients, and every step from there.
fn trace(name: &str) -> Checkpoint {
    Checkpoint::open(fixture(&format!("{name}_trace.safetensors"))).unwrap()
}

/// A file of the inputs that the search starts at, with a cotangent for the picture where one is given.
fn write_start(place: &Place, trace: &Checkpoint, cotangent: bool) {
    let mut inputs = Inputs::default();
    for (name, tensor) in &trace.tensors {
        let input = name == "latent" || name.starts_with("noise.") && !name.ends_with("_grad");
        if input || cotangent && name == "image_cotangent" {
            inputs.insert(name, 1, Shape::Vector(tensor.data().len()), tensor.data().to_vec());
        }
    }
    // A rendering draws the maps that nobody gives; the search zeroes this one.
    let layers: usize = trace.configuration["layers"].as_str().unwrap().parse().unwrap();
    let last = format!("noise.{}", layers - 1);
    if cotangent {
        let side: usize = trace.configuration["resolution"].as_str().unwrap().parse().unwrap();
        inputs.insert(last, 1, Shape::map(1, side, side), vec![0.0; side * side]);
    }
    place.write("in.safetensors", &inputs.to_bytes().unwrap());
}

#[test]
fn a_start_has_the_same_picture_and_gradients() {
    let (place, trace) = (Place::new(), trace("pulse_r32"));
    write_start(&place, &trace, true);
    let arrays = render(&place, &generator("pulse_r32"), &["--vjp"]);
    check("picture", &arrays.arrays()["image"], trace.tensor("image").unwrap(), IMAGE);
    let gradients = trace.tensors.iter().filter(|(name, _)| name.ends_with("_grad"));
    for (name, wanted) in gradients {
        let found = &arrays.arrays()[name];
        let flat = |tensor: &Tensor| Tensor::new([tensor.data().len()], tensor.data().clone()).unwrap();
        check(name, &flat(found), &flat(wanted), GRADIENT);
    }
}

#[test]
fn every_step_of_the_search_follows() {
    for name in ["pulse_r32", "pulse_r256"] {
        let (place, case, trace) = (Place::new(), Case::open(name), trace(name));
        write_npy(&place, "small.npy", case.tensor("reference_lr"));
        write_start(&place, &trace, false);
        let generator = generator(name);
        let mut command = place.command(&["upsample", "small.npy", "--generator", &generator, "--preset", "paper"]);
        command.args(["--steps", case.setting("steps"), "--zero-noise", case.setting("zeroed_noise")]);
        command.args(["--init", "in.safetensors", "--trace", "trace.jsonl", "--progress", "none"]);
        // The original misses epsilon in so few steps, and so does this.
        Ran::of(command.output().unwrap()).ended_with(1);

        let lines = std::fs::read_to_string(place.path("trace.jsonl")).unwrap();
        let wanted: Vec<&[f32]> = trace.tensor("trace").unwrap().data().chunks_exact(3).collect();
        assert_eq!(lines.lines().count(), wanted.len());
        for (step, (line, wanted)) in lines.lines().zip(&wanted).enumerate() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["step"], step);
            for (term, &wanted) in ["L2", "GEOCROSS", "total"].into_iter().zip(*wanted) {
                let found = line["losses"][term].as_f64().unwrap();
                // Each step magnifies the rounding of the ones before.
                let bound = if step < 10 { 0.01 } else { 0.05 };
                let error = (found / f64::from(wanted) - 1.0).abs();
                assert!(error < bound, "{name}, step {step}, {term}: {found} is not {wanted}");
            }
        }
    }
}
