//! Candidates scored by the discriminator in a generator's file.

use pulse_checkpoint::{Pair, Tensor};

use crate::program::Place;
use crate::stylegan::generator;

/// A file with a generator and a discriminator of 16x16 pictures in 5 classes.
fn judged() -> String {
    generator("discriminator_pair")
}

fn logits(place: &Place, run: &str) -> Vec<f64> {
    let record = place.record(run);
    let candidates = record["candidates"].as_array().unwrap();
    candidates.iter().map(|candidate| candidate["discriminator"].as_f64().unwrap()).collect()
}

#[test]
fn candidates_are_scored_and_sorted_by_a_discriminator() {
    let place = Place::new();
    place.picture("small.png", 3, 4, 4);
    let judged = judged();
    let options = ["--generator", &judged, "--candidates", "3", "--sort", "discriminator"];
    place.upsample("small.png", &options).ended_with(0);
    let logits = logits(&place, "pulse-out/small");
    assert!(logits[0] != logits[1] && logits[1] != logits[2], "{logits:?}");
    let page = std::fs::read_to_string(place.path("pulse-out/small/report.html")).unwrap();
    let numbers: Vec<usize> = page.split("data-number=\"").skip(1).map(|rest| rest[..1].parse().unwrap()).collect();
    let mut best_first = [1, 2, 3];
    best_first.sort_by(|a, b| logits[b - 1].total_cmp(&logits[a - 1]));
    assert_eq!(numbers, best_first, "{logits:?}");

    // Neither its neighbours nor another kind of file change what is said of a candidate.
    let said = place.run(&["convert", &judged, "net.safetensors"]).ended_with(0).out;
    assert!(said.contains("with its discriminator"), "{said}");
    let options = ["--generator", "net.safetensors", "--candidates", "2", "--out", "again"];
    place.upsample("small.png", &options).ended_with(0);
    assert_eq!(self::logits(&place, "again/small"), logits[..2]);
}

#[test]
fn a_discriminator_is_described() {
    let place = Place::new();
    let info = |name: &str| place.run(&["info", name]).ended_with(0).out;
    let described = info(&judged());
    assert!(described.contains("discriminator  resnet, ") && described.contains("scores candidates"), "{described}");
    place.run(&["convert", &judged(), "net.safetensors"]).ended_with(0);
    assert!(info("net.safetensors").contains("discriminator  resnet, "));
    place.run(&["convert", &judged(), "alone.safetensors", "--network", "G_ema"]).ended_with(0);
    for without in ["alone.safetensors", "faces", &generator("stylegan3_t")] {
        assert!(info(without).contains("discriminator  none"), "{without}");
    }
}

#[test]
fn without_a_discriminator_nothing_is_said_of_one() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    place.upsample("small.png", &[]);
    assert!(place.record("pulse-out/small")["candidates"][0]["discriminator"].is_null());
    let page = std::fs::read_to_string(place.path("pulse-out/small/report.html")).unwrap();
    assert!(!page.contains("iscriminator"));
    let ran = place.upsample("small.png", &["--sort", "discriminator", "--force"]);
    ran.failed_with(&["--sort discriminator", "faces came without a discriminator", "another score"]);
}

#[test]
fn a_broken_discriminator_stops_no_search() {
    let place = Place::new();
    place.picture("small.png", 3, 4, 4);
    let mut pair = Pair::open(judged()).unwrap();
    let judge = pair.discriminator.as_mut().unwrap().as_mut().unwrap();
    judge.tensors.insert("b4.fc.weight".to_owned(), Tensor::new([4, 3], vec![0.5; 12]).unwrap());
    pair.write_safetensors(place.path("broken.safetensors")).unwrap();

    let info = place.run(&["info", "broken.safetensors"]).ended_with(0).out;
    assert!(info.contains("discriminator  there is one that cannot be used"), "{info}");
    let ran = place.upsample("small.png", &["--generator", "broken.safetensors"]);
    assert_eq!((ran.status, ran.err.lines().count()), (0, 1), "{}", ran.err);
    assert!(ran.err.contains("broken.safetensors: its discriminator cannot be used"), "{}", ran.err);
    assert!(place.record("pulse-out/small")["candidates"][0]["discriminator"].is_null());
    let options = ["--generator", "broken.safetensors", "--sort", "discriminator", "--force"];
    place.upsample("small.png", &options).failed_with(&["--sort discriminator", "cannot be used"]);
}
