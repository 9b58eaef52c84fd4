//! Pictures of given inputs.

use pulse::image::Image;
use pulse::inputs::{Inputs, read_inputs};
use pulse_engine::Shape;

use crate::program::Place;
use crate::upsample::mean_difference;

#[test]
fn inputs_make_their_candidates_again() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    place.upsample("small.png", &["--candidates", "2"]).ended_with(0);
    let ran = place.run(&["render", "faces", "--inputs", "pulse-out/small/inputs.safetensors", "--out", "again.png"]);
    assert_eq!(ran.ended_with(0).out, "again-01.png\nagain-02.png\n");
    for number in ["01", "02"] {
        let found = place.read_picture(&format!("pulse-out/small/candidate-{number}.png"));
        let again = place.read_picture(&format!("again-{number}.png"));
        // A value on the edge between two levels of 8 bits may fall to either side.
        assert!(mean_difference(&found, &again) < 0.1 / 255.0, "{number}");
    }

    // A search may start where another ended, and has a candidate for each row.
    let init = ["--init", "pulse-out/small/inputs.safetensors", "--out", "further", "--seed", "9"];
    place.upsample("small.png", &init).ended_with(0);
    let record = place.record("further/small");
    assert_eq!(record["summary"]["candidates"], 2);
    let found = place.read_picture("pulse-out/small/candidate-02.png");
    let further = place.read_picture("further/small/candidate-02.png");
    assert!(mean_difference(&found, &further) < 2.0 / 255.0);
}

#[test]
fn arrays_are_not_clamped_and_have_gradients() {
    let place = Place::new();
    let picture = Shape::map(3, 64, 64);
    let mut inputs = Inputs::default();
    let z: Vec<f32> = (0..100).map(|i| (i as f32).sin()).collect();
    // The offset of the picture itself takes it out of [-1, 1].
    inputs.insert("z", 1, Shape::Vector(100), z.clone());
    inputs.insert("feature.4", 1, picture, vec![2.0; picture.len()]);
    inputs.insert("image_cotangent", 1, picture, vec![0.01; picture.len()]);
    inputs.insert("stranger", 1, Shape::Vector(1), vec![0.0]);
    place.write("inputs.safetensors", &inputs.to_bytes().unwrap());

    let ran = place.run(&["render", "faces", "--inputs", "inputs.safetensors", "--out", "out.safetensors", "--vjp"]);
    assert_eq!(ran.status, 0);
    assert_eq!(ran.err, "pulse: inputs.safetensors: not an input of this generator, ignored: stranger\n");
    let arrays = read_inputs(&place.path("out.safetensors")).unwrap();
    let names: Vec<_> = arrays.arrays().keys().collect();
    assert_eq!(names, ["feature.4_grad", "image", "z_grad"]);
    let image = &arrays.arrays()["image"];
    assert_eq!(image.shape(), [1, 3, 64, 64]);
    assert!(image.data().iter().any(|&value| value > 1.0));
    assert!(arrays.arrays()["feature.4_grad"].data().iter().all(|&value| (value - 0.01).abs() < 1e-6));

    // The gradient against a central difference in its own direction. A step of 1e-2 in f32 and a network
    // that is smooth but for its ReLUs agree within a few per cent.
    let gradient = arrays.arrays()["z_grad"].data().clone();
    let norm = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
    let sum_at = |step: f64| {
        let moved = z.iter().zip(&*gradient).map(|(&z, &g)| (f64::from(z) + step * f64::from(g) / norm) as f32);
        let mut inputs = Inputs::default();
        inputs.insert("z", 1, Shape::Vector(100), moved.collect());
        place.write("moved.safetensors", &inputs.to_bytes().unwrap());
        place
            .run(&["render", "faces", "--inputs", "moved.safetensors", "--out", "moved.out.safetensors"])
            .ended_with(0);
        let arrays = read_inputs(&place.path("moved.out.safetensors")).unwrap();
        arrays.arrays()["image"].data().iter().map(|&v| 0.01 * f64::from(v)).sum::<f64>()
    };
    let slope = (sum_at(1e-2) - sum_at(-1e-2)) / 2e-2;
    assert!((slope - norm).abs() < 0.05 * norm, "{slope} is not {norm}");
}

#[test]
fn what_cannot_be_rendered() {
    let place = Place::new();
    let write = |name: &str, array: &str, numbers: usize| {
        let mut inputs = Inputs::default();
        inputs.insert(array, 1, Shape::Vector(numbers), vec![0.1; numbers]);
        place.write(name, &inputs.to_bytes().unwrap());
    };
    write("z.safetensors", "z", 100);
    write("w.safetensors", "w", 512);
    let run = |inputs: &str, more: &[&str]| {
        let mut arguments = vec!["render", "faces", "--inputs", inputs];
        arguments.extend(more);
        place.run(&arguments)
    };
    run("z.safetensors", &["--out", "picture"]).failed_with(&["picture", ".png", ".safetensors"]);
    run("z.safetensors", &["--out", "a.png", "--vjp"]).failed_with(&["a.png", "--vjp", ".safetensors"]);
    run("z.safetensors", &["--out", "a.safetensors", "--vjp"]).failed_with(&["z.safetensors", "image_cotangent"]);
    run("z.safetensors", &["--out", "no/a.png"]).failed_with(&["no/a.png", "folder"]);
    run("w.safetensors", &["--out", "a.png"]).failed_with(&["w.safetensors", "none of the generator's inputs", "z"]);
    run("missing.safetensors", &["--out", "a.png"]).failed_with(&["missing.safetensors", "give"]);
    assert!(!place.path("a.png").exists() && !place.path("a.safetensors").exists());

    run("z.safetensors", &["--out", "a.png"]).ended_with(0);
    let picture: Image = place.read_picture("a.png");
    assert_eq!([picture.channels(), picture.height(), picture.width()], [3, 64, 64]);
}
