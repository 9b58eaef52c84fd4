//! Models in ONNX, as the program takes them.

use std::path::Path;

use pulse::inputs::read_inputs;

use crate::program::Place;

/// A place with these models, and the arrays of one as its inputs.
fn with(models: &[&str], case: &str) -> Place {
    let place = Place::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pulse/tests/fixtures/onnx");
    for model in models {
        std::fs::copy(fixtures.join(model), place.path(model)).unwrap();
    }
    std::fs::copy(fixtures.join(case), place.path("case.safetensors")).unwrap();
    place.picture("small.png", 3, 8, 8);
    place
}

fn nearness(found: &[f32], truth: &[f32]) -> f64 {
    let square = |x: f64| x * x;
    let difference: f64 = found.iter().zip(truth).map(|(&a, &b)| square(f64::from(a) - f64::from(b))).sum();
    (difference / truth.iter().map(|&x| square(f64::from(x))).sum::<f64>()).sqrt()
}

/// Renders the case, with gradients, and compares what it holds.
fn renders(place: &Place, model: &str) {
    let arguments = ["render", model, "--inputs", "case.safetensors", "--out", "out.safetensors", "--vjp"];
    let ran = place.run(&arguments);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let [made, case] = ["out.safetensors", "case.safetensors"].map(|file| read_inputs(&place.path(file)).unwrap());
    let mut compared = 0;
    for (name, truth) in case.arrays().iter().filter(|(name, _)| *name == "image" || name.ends_with("_grad")) {
        let found = &made.arrays()[name];
        let bound = if name == "image" { 1e-5 } else { 1e-4 };
        assert!(nearness(found.data(), truth.data()) < bound, "{model}: {name}");
        compared += 1;
    }
    assert!(compared >= 2, "{model}");
}

#[test]
fn a_model_with_its_weights_beside_it_is_rendered_searched_walked_and_converted() {
    let place = with(&["dcgan.onnx", "dcgan.onnx.data"], "dcgan_case.safetensors");
    renders(&place, "dcgan.onnx");
    place.run(&["convert", "dcgan.onnx", "one.safetensors"]).ended_with(0);
    renders(&place, "one.safetensors");
    let info = place.run(&["info", "dcgan.onnx"]).ended_with(0).out;
    assert!(info.contains("ONNX") && info.contains("input"), "{info}");

    place.upsample("small.png", &["--generator", "dcgan.onnx", "--candidates", "3", "--steps", "20"]);
    let record = place.record("pulse-out/small");
    assert_eq!(record["generator"]["family"], "ONNX");
    for candidate in record["candidates"].as_array().unwrap() {
        assert!(candidate["db"].as_f64().unwrap() > 45.0, "{candidate}");
    }
    let walk = [
        "explore",
        "pulse-out/small",
        "--generator",
        "dcgan.onnx",
        "--candidate",
        "1",
        "--directions",
        "2",
        "--frames",
        "3",
    ];
    let ran = place.run(&walk);
    assert!(ran.status <= 1, "{}", ran.err);
}

/// Its weights are the file beside it, too.
#[test]
fn another_file_of_weights_is_another_generator() {
    let place = with(&["dcgan.onnx", "dcgan.onnx.data"], "dcgan_case.safetensors");
    let checksum = || {
        let info = place.run(&["info", "dcgan.onnx"]).ended_with(0).out;
        info.lines().find(|line| line.contains("sha256")).unwrap().to_owned()
    };
    let before = checksum();
    let mut weights = std::fs::read(place.path("dcgan.onnx.data")).unwrap();
    weights[400] ^= 1;
    std::fs::write(place.path("dcgan.onnx.data"), weights).unwrap();
    assert_ne!(before, checksum());
    std::fs::remove_file(place.path("dcgan.onnx.data")).unwrap();
    let ran = place.run(&["info", "dcgan.onnx"]);
    assert!(ran.status != 0 && ran.err.contains("dcgan.onnx.data") && ran.err.contains("put it there"), "{}", ran.err);
}

#[test]
fn a_class_is_a_number_or_a_vector_and_noise_has_its_own_names() {
    let place = with(&["biggan_script17.onnx"], "biggan_script17_case.safetensors");
    renders(&place, "biggan_script17.onnx");
    let class = ["--generator", "biggan_script17.onnx", "--class", "4", "--candidates", "1", "--steps", "8"];
    place.upsample("small.png", &class);
    assert_eq!(place.record("pulse-out/small")["settings"]["space"]["class"], 4);
    for model in ["biggan_one_hot_dynamo23", "style2_noise_dynamo20", "unet_script17", "fastgan_script11"] {
        let file = format!("{model}.onnx");
        renders(&with(&[&file], &format!("{model}_case.safetensors")), &file);
    }
}

#[test]
fn the_latent_and_the_range_can_be_said_and_only_of_such_models() {
    let place = with(&["style2_noise_dynamo20.onnx"], "style2_noise_dynamo20_case.safetensors");
    let named = place.run(&["info", "style2_noise_dynamo20.onnx", "--latent", "noise4"]).ended_with(0).out;
    assert!(named.contains("noise4"), "{named}");
    let unknown = place.run(&["info", "style2_noise_dynamo20.onnx", "--latent", "w"]);
    assert!(unknown.status != 0 && unknown.err.contains("no input `w`"), "{}", unknown.err);
    let range = place.run(&["info", "style2_noise_dynamo20.onnx", "--range", "1,0"]);
    assert!(range.status != 0 && range.err.contains("the smaller first"), "{}", range.err);
    place.run(&["info", "style2_noise_dynamo20.onnx", "--range", "-2,2"]).ended_with(0);
    for option in [["--latent", "z"], ["--range", "0,1"]] {
        let ran = place.run(&["info", "faces", option[0], option[1]]);
        assert!(ran.status != 0 && ran.err.contains("no ONNX model"), "{}", ran.err);
    }
}

#[test]
fn a_denoiser_in_onnx_is_searched_as_one() {
    let place = with(&["unet_script17.onnx"], "unet_script17_case.safetensors");
    place.upsample("small.png", &["--generator", "unet_script17.onnx", "--candidates", "2", "--steps", "4"]);
    let record = place.record("pulse-out/small");
    assert_eq!(record["settings"]["sampler"], "null-space");
    let wrong = place.run(&["info", "unet_script17.onnx", "--set", "prediction_type=banana"]);
    assert!(wrong.status != 0 && wrong.err.contains("prediction_type"), "{}", wrong.err);
}
