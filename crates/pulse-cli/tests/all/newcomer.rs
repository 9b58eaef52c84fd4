//! What somebody tries first: pictures that the generator does not know, or that are framed otherwise than its own.

use std::path::{Path, PathBuf};

use crate::program::Place;

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/newcomer").join(name)
}

/// The verdict of a run, whether it was searched for in another frame, and the exit status.
fn verdict(picture: &Path, more: &[&str]) -> (String, bool, i32) {
    let place = Place::new();
    let start = ["upsample", picture.to_str().unwrap(), "--out", "out", "--candidates", "2", "--progress", "none"];
    let ran = place.run(&[&start[..], more].concat());
    let name = picture.file_name().unwrap().to_str().unwrap();
    let name = name.strip_suffix(".png").unwrap_or(name);
    let record = place.record(&format!("out/{name}"));
    let candidates = record["candidates"].as_array().unwrap();
    for candidate in candidates {
        let bent = &candidate["bent"];
        assert!(bent["total"].is_number() && bent["latent_db"].is_number(), "{bent}");
        assert!(["known", "stretched", "unknown"].contains(&candidate["verdict"].as_str().unwrap()));
    }
    let placed = !record["placement"].is_null();
    assert_eq!(placed, ran.err.contains("--place off"), "{}", ran.err);
    (record["verdict"].as_str().unwrap().to_owned(), placed, ran.status)
}

#[test]
fn a_landscape_noise_and_half_a_face_are_unknown_however_well_they_match() {
    for (name, status) in [("land.png", 0), ("noise.png", 1), ("half_face.jpg", 0)] {
        let found = verdict(&case(name), &[]);
        assert_eq!(found, ("unknown".to_owned(), false, status), "{name}");
    }
}

#[test]
fn a_face_in_the_frame_is_known_and_one_step_of_search_is_not_enough() {
    let face = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/face-16.png");
    assert_eq!(verdict(&face, &[]), ("known".to_owned(), false, 0));
    assert_eq!(verdict(&face, &["--steps", "1"]), ("unknown".to_owned(), false, 0));
}

#[test]
fn a_forehead_with_eyes_is_searched_for_in_its_frame_where_that_is_asked_for() {
    let picture = case("forehead_and_eyes.jpg");
    assert_eq!(verdict(&picture, &[]), ("unknown".to_owned(), false, 0));
    let (verdict, placed, status) = verdict(&picture, &["--place", "always"]);
    assert!(placed && verdict != "unknown" && status == 0, "{verdict}");
}
