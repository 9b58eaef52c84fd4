//! Somebody's "enhanced" picture held against the small one.

use pulse::image::{Image, Kernel, Size, write_png};
use serde_json::Value;

use crate::program::{Place, Ran};

/// A sharp picture, what it shrinks to, and a sharp picture of something else.
fn place() -> Place {
    let place = Place::new();
    place.picture("sharp.png", 3, 64, 64);
    let sharp = place.read_picture("sharp.png");
    write_png(&place.path("small.png"), &sharp.resized(Kernel::Area, Size::new(16, 16)).unwrap(), None).unwrap();
    let turned = sharp.values().iter().rev().copied().collect();
    write_png(&place.path("turned.png"), &Image::new(3, 64, 64, turned).unwrap(), None).unwrap();
    place
}

fn check(place: &Place, claim: &str, small: &str, more: &[&str]) -> Ran {
    let start = ["check", claim, small, "--progress", "none", "-n", "2", "--steps", "3", "--out", "out"];
    place.run(&[&start[..], more].concat())
}

fn record(place: &Place) -> Value {
    serde_json::from_slice(&std::fs::read(place.path("out/check.json")).unwrap()).unwrap()
}

#[test]
fn what_it_was_made_from_is_consistent_and_others_are_too() {
    let place = place();
    let ran = check(&place, "sharp.png", "small.png", &[]).ended_with(0);
    assert!(ran.out.starts_with("consistent: ") && ran.out.contains("out/check.html"), "{}", ran.out);
    let record = record(&place);
    assert_eq!((&record["schema"], &record["consistent"]), (&1.into(), &true.into()));
    let comparison = &record["comparison"];
    assert_eq!((&comparison["measurement"], &comparison["wanted_db"]), (&"area".into(), &42.0.into()));
    assert!(comparison["db"].as_f64().unwrap() > 55.0, "{comparison}");
    assert!(comparison["registration"]["words"].as_array().unwrap().is_empty(), "{comparison}");
    let others = &record["others"];
    assert_eq!((others["db"].as_array().unwrap().len(), &others["steered"]), (2, &4.into()));
    for name in ["distance", "between", "outside", "nearest_db"] {
        assert!(others[name].as_f64().unwrap() >= 0.0, "{others}");
    }
    let mut files: Vec<String> = serde_json::from_value(record["files"].clone()).unwrap();
    files.push("check.json".into());
    files.sort();
    assert_eq!(files, place.list("out"));
    assert!(files.contains(&"candidate-02.png".to_owned()), "{files:?}");

    let page = std::fs::read_to_string(place.path("out/check.html")).unwrap();
    assert!(page.contains("Could sharp.png be what small.png shows?") && page.contains("Consistent."));
    assert!(page.contains("default-src 'none'") && !page.contains("<script"));
    assert!(!page.contains("http:") && !page.contains("https:"));
    for said in ["Consistent never means true", "Nobody is identified", "Other 2, imagined", "drawn towards"] {
        assert!(page.contains(said), "{said}");
    }
}

#[test]
fn something_else_is_not_consistent_and_a_lower_target_is_obeyed() {
    let place = place();
    let ran = check(&place, "turned.png", "small.png", &[]).ended_with(1);
    assert!(ran.out.starts_with("not consistent: "), "{}", ran.out);
    assert_eq!(record(&place)["consistent"], false);
    assert!(std::fs::read_to_string(place.path("out/check.html")).unwrap().contains("Not consistent."));
    check(&place, "turned.png", "small.png", &[]).failed_with(&["out", "--force"]);
    let more = ["--force", "--target-db", "1", "--measurement", "bicubic"];
    check(&place, "turned.png", "small.png", &more).ended_with(0);
    let comparison = &record(&place)["comparison"];
    assert_eq!((&comparison["wanted_db"], &comparison["measurement_found"]), (&1.0.into(), &false.into()));
}

#[test]
fn a_small_picture_that_is_too_large_for_the_generator_is_compared_all_the_same() {
    let place = place();
    place.picture("large.png", 3, 200, 160);
    let small = place.read_picture("large.png").resized(Kernel::Bicubic, Size::new(100, 80)).unwrap();
    write_png(&place.path("hundred.png"), &small, None).unwrap();
    let ran = check(&place, "large.png", "hundred.png", &[]);
    assert_eq!((ran.status, ran.err.lines().count()), (0, 1), "{}", ran.err);
    assert!(ran.err.contains("100x80") && ran.err.contains("64x64"), "{}", ran.err);
    let record = record(&place);
    assert!(record["others"].is_null() && record["no_others"].as_str().unwrap().contains("100x80"), "{record}");
    let page = std::fs::read_to_string(place.path("out/check.html")).unwrap();
    assert!(page.contains("nothing to add") && !page.contains("Other 1"));
}

#[test]
fn what_cannot_be_compared_is_an_error_and_leaves_nothing() {
    let place = place();
    check(&place, "small.png", "sharp.png", &[]).failed_with(&["small.png", "16x16", "64x64", "claim first"]);
    check(&place, "sharp.png", "nowhere.png", &[]).failed_with(&["nowhere.png"]);
    check(&place, "sharp.png", "small.png", &["--target-db", "-3"]).failed_with(&["--target-db", "0 to 150"]);
    check(&place, "sharp.png", "small.png", &["--generator", "nobody"]).failed_with(&["nobody", "faces"]);
    check(&place, "sharp.png", "small.png", &["-n", "1"]).failed_with(&["--candidates"]);
    assert!(!place.path("out").exists());
}

#[test]
fn a_name_with_markup_does_not_become_markup() {
    let place = place();
    std::fs::copy(place.path("sharp.png"), place.path("<img src=x>.png")).unwrap();
    check(&place, "<img src=x>.png", "small.png", &[]).ended_with(0);
    let page = std::fs::read_to_string(place.path("out/check.html")).unwrap();
    assert!(page.contains("&lt;img src=x&gt;.png") && !page.contains("<img src=x"));
}

#[test]
fn a_denoiser_imagines_others_too() {
    let place = place();
    check(&place, "sharp.png", "small.png", &["--generator", "faces-flow"]).ended_with(0);
    let others = &record(&place)["others"];
    assert!(others["distance"].as_f64().unwrap() > 0.0, "{others}");
}
