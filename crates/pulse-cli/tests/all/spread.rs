//! What `--spread` does, by itself and beside other options.

use std::collections::BTreeMap;

use pulse::image::{Image, Reader, write_png};
use serde_json::Value;

use crate::program::Place;
use crate::stylegan::generator;

/// The record of a search for four candidates of `small.png`, as a set that spreads.
fn spread(place: &Place, more: &[&str]) -> Value {
    let options = [&["--spread", "--candidates", "4"], more].concat();
    place.upsample("small.png", &options).ended_with(0);
    place.record("pulse-out/small")
}

/// The numbers of all candidates' starts, in the order of their own.
fn starts(record: &Value) -> Vec<u64> {
    let candidates = record["candidates"].as_array().unwrap();
    candidates.iter().map(|candidate| candidate["start"].as_u64().unwrap()).collect()
}

#[track_caller]
fn is_a_set(record: &Value) {
    assert!(record["settings"]["spread"]["weight"].as_f64().unwrap() > 0.0);
    let mut starts = starts(record);
    starts.sort_unstable();
    assert_eq!(starts, [1, 2, 3, 4]);
    assert!(record["summary"]["spread"]["least"].as_f64().unwrap() > 1.0 / 255.0, "{}", record["summary"]);
}

#[test]
fn a_set_spreads_and_says_so() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let run = |more: &[&str], out: &str| {
        place.upsample("small.png", &[&["--candidates", "4", "--out", out], more].concat()).ended_with(0);
        place.record(&format!("{out}/small"))
    };
    let (plain, spread) = (run(&[], "plain"), run(&["--spread"], "spread"));
    assert_eq!(plain["settings"]["spread"], Value::Null);
    assert!(spread["settings"]["spread"]["until"].as_f64().unwrap() > 0.0);
    assert!(spread["summary"]["worst_db"].as_f64().unwrap() >= 45.0);
    let [plain, spread] = [plain, spread].map(|record| record["summary"]["mean_pairwise_distance"].as_f64().unwrap());
    // The picture is no face, and four candidates for it are far apart already.
    assert!(spread > 1.1 * plain, "{spread} and {plain}");
}

#[test]
fn a_candidate_of_a_set_names_its_start() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let record = spread(&place, &["--steps", "12", "--trace", "trace.jsonl"]);
    is_a_set(&record);
    assert_ne!(starts(&record), [1, 2, 3, 4], "the widest view first is another order here");
    let trace = std::fs::read_to_string(place.path("trace.jsonl")).unwrap();
    let mut totals = BTreeMap::<u64, Vec<f64>>::new();
    for line in trace.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        totals.entry(line["candidate"].as_u64().unwrap()).or_default().push(line["losses"]["total"].as_f64().unwrap());
    }
    // Its losses are those of a step of its start, and of nobody else's.
    for candidate in record["candidates"].as_array().unwrap() {
        let total = candidate["losses"]["total"].as_f64().unwrap();
        let of: Vec<_> = totals.iter().filter(|(_, totals)| totals.contains(&total)).map(|(&start, _)| start).collect();
        assert_eq!(of, [candidate["start"].as_u64().unwrap()], "candidate {}", candidate["number"]);
    }
    let plain = ["--candidates", "4", "--out", "plain"];
    place.upsample("small.png", &plain).ended_with(0);
    assert_eq!(starts(&place.record("plain/small")), [1, 2, 3, 4]);
}

#[test]
fn a_set_spreads_within_the_noise() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let record = spread(&place, &["--sigma", "10", "--steps", "40"]);
    is_a_set(&record);
    let epsilon = record["settings"]["epsilon"].as_f64().unwrap();
    for candidate in record["candidates"].as_array().unwrap() {
        assert_eq!(candidate["outcome"], "reached");
        // Within the noise, and not exact: noise is not to be fitted.
        let db = candidate["db"].as_f64().unwrap();
        assert!(db < -10.0 * epsilon.log10() + 20.0, "{db}");
    }
}

#[test]
fn a_set_spreads_behind_a_mask() {
    let place = Place::new();
    place.picture("small.png", 3, 64, 64);
    // The right half is hidden.
    let mask = Image::new(1, 64, 64, (0..4096).map(|i| f32::from(u8::from(i % 64 < 32))).collect()).unwrap();
    write_png(&place.path("mask.png"), &mask, None).unwrap();
    let record = spread(&place, &["--measurement", "mask:mask.png"]);
    is_a_set(&record);
    assert!(record["summary"]["worst_db"].as_f64().unwrap() >= 45.0, "{}", record["summary"]);
    let found = |number: usize| place.read_picture(&format!("pulse-out/small/candidate-{number:02}.png"));
    let (one, two) = (found(1), found(2));
    let mut squares = [0.0; 2];
    for (i, (a, b)) in one.values().iter().zip(two.values()).enumerate() {
        squares[usize::from(i % 64 >= 32)] += (a - b).powi(2);
    }
    assert!(squares[1] > 100.0 * squares[0], "what differs is what was hidden: {squares:?}");
}

#[test]
fn a_set_of_faces_goes_back_into_the_photograph() {
    let place = Place::new();
    let photograph = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/photos/astronaut.jpg");
    std::fs::copy(photograph, place.path("astronaut.jpg")).unwrap();
    place.upsample("astronaut.jpg", &["--faces", "--pixelate", "16", "--spread", "--candidates", "4"]).ended_with(0);
    let record = place.record("pulse-out/astronaut.jpg/face-01");
    is_a_set(&record);
    let photographs = (1..=4).map(|number| format!("pulse-out/astronaut.jpg/photograph-{number:02}.png"));
    let before = Reader::default().read(&place.path("astronaut.jpg")).unwrap().to_bytes();
    let pixels: Vec<_> = photographs.map(|name| place.read_picture(&name).to_bytes()).collect();
    for (number, after) in pixels.iter().enumerate() {
        assert_ne!(&before, after);
        assert!(pixels[..number].iter().all(|other| other != after), "{number}");
    }
}

#[test]
fn a_stylegan_spreads() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let generator = generator("stylegan2ada_skip");
    let record = spread(&place, &["--generator", &generator, "--steps", "4"]);
    is_a_set(&record);
    assert_eq!(record["generator"]["family"], "StyleGAN2");
}
