//! `pulse align`, and `pulse upsample --faces`.

use std::path::{Path, PathBuf};

use pulse::image::Reader;
use serde_json::Value;

use crate::program::Place;

/// The astronaut's photograph, in the place.
fn photograph(place: &Place) {
    let photograph = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/photos/astronaut.jpg");
    std::fs::copy(photograph, place.path("astronaut.jpg")).unwrap();
}

fn json(path: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn align_writes_faces_and_where_they_are() {
    let place = Place::new();
    photograph(&place);
    let ran = place.run(&["align", "astronaut.jpg", "--size", "128", "--out", "faces"]).ended_with(0);
    assert!(ran.out.contains("astronaut.jpg: 1 face"), "{}", ran.out);
    assert_eq!(place.list("faces"), ["astronaut-01.png", "faces.json"]);
    assert_eq!(place.read_picture("faces/astronaut-01.png").width(), 128);
    let record = json(place.path("faces/faces.json"));
    let face = &record["pictures"][0]["faces"][0];
    assert_eq!(face["image"], "astronaut-01.png");
    assert!(face["score"].as_f64().unwrap() > 0.75);
    assert_eq!(face["box"].as_array().unwrap().len(), 4);
    assert_eq!(face["quad"].as_array().unwrap().len(), 4);
    let eye = |name: &str| face["landmarks"][name][0].as_f64().unwrap();
    assert!((eye("eye_left") - 203.0).abs() < 5.0 && (eye("eye_right") - 246.0).abs() < 5.0);

    // Another run asks before it replaces this one.
    let again = ["align", "astronaut.jpg", "--frame", "faces", "--out", "faces"];
    place.run(&again).failed_with(&["faces", "already", "--force"]);
    let forced: Vec<_> = again.into_iter().chain(["--force"]).collect();
    place.run(&forced).ended_with(0);
    assert_eq!(place.read_picture("faces/astronaut-01.png").width(), 64);
}

#[test]
fn no_face_is_an_answer_and_the_others_go_on() {
    let place = Place::new();
    std::fs::create_dir(place.path("folder")).unwrap();
    place.picture("folder/a-pattern.png", 3, 90, 70);
    photograph(&place);
    std::fs::rename(place.path("astronaut.jpg"), place.path("folder/b.jpg")).unwrap();
    let ran = place.run(&["align", "folder", "--size", "16", "--out", "out"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("a-pattern.png: no face was found; try --confidence"), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert_eq!(place.list("out"), ["b-01.png", "faces.json"]);

    // Nothing is left of a run that found nothing.
    assert_eq!(place.run(&["align", "folder/a-pattern.png", "--out", "nothing"]).status, 1);
    assert!(!place.path("nothing").exists());

    // A file that is no picture is an error, and the others go on all the same.
    place.write("folder/c.png", b"a letter");
    let ran = place.run(&["align", "folder", "--size", "16", "--out", "more"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("c.png") && ran.err.contains("not a picture"), "{}", ran.err);
    assert_eq!(place.list("more"), ["b-01.png", "faces.json"]);
}

#[test]
fn align_refuses_what_it_cannot_do() {
    let place = Place::new();
    photograph(&place);
    for (arguments, words) in [
        (["missing.jpg", "--size", "16"], ["missing.jpg", "no such file"]),
        (["astronaut.jpg", "--size", "0"], ["--size", "4096"]),
        (["astronaut.jpg", "--size", "many"], ["--size", "many"]),
        (["astronaut.jpg", "--confidence", "2"], ["confidence", "0 to 1"]),
        (["astronaut.jpg", "--smallest", "-1"], ["smallest", "above 0"]),
        (["astronaut.jpg", "--frame", "nobody"], ["nobody", "no such generator"]),
    ] {
        let arguments: Vec<_> = ["align"].into_iter().chain(arguments).chain(["--out", "out"]).collect();
        place.run(&arguments).failed_with(&words);
        assert!(!place.path("out").exists(), "{arguments:?} left something");
    }
}

#[test]
fn faces_go_back_into_the_photograph() {
    let place = Place::new();
    photograph(&place);
    let more = ["--faces", "--candidates", "2"];
    place.upsample("astronaut.jpg", &more);
    let files = ["face-01", "faces.json", "photograph-01.png", "photograph-02.png"];
    assert_eq!(place.list("pulse-out/astronaut"), files);
    let run = place.record("pulse-out/astronaut/face-01");
    assert_eq!(run["target"]["width"], 16);
    assert_eq!(place.read_picture("pulse-out/astronaut/face-01/original.png").width(), 64);
    let record = json(place.path("pulse-out/astronaut/faces.json"));
    assert_eq!(record["faces"][0]["run"], "face-01");
    assert_eq!(record["photographs"][1], "photograph-02.png");

    let before = Reader::default().read(&place.path("astronaut.jpg")).unwrap().to_bytes();
    let [first, second] = ["01", "02"]
        .map(|number| place.read_picture(&format!("pulse-out/astronaut/photograph-{number}.png")).to_bytes());
    assert_ne!(first, second);
    for after in [&first, &second] {
        let changed: Vec<_> = (0..before.len()).filter(|&i| before[i] != after[i]).map(|i| i / 3).collect();
        // The face alone, which lies between these columns and above this row.
        assert!(!changed.is_empty() && changed.iter().all(|pixel| (130..310).contains(&(pixel % 512))));
        assert!(changed.iter().all(|pixel| pixel / 512 < 200));
    }

    // A finished folder is skipped, or replaced when that is asked for, and then as a whole.
    let ran = place.upsample("astronaut.jpg", &more);
    assert!(ran.out.contains("an earlier run finished it"), "{}", ran.out);
    let other = ["--faces", "--candidates", "1"];
    place.upsample("astronaut.jpg", &other).failed_with(&["astronaut", "not empty", "candidates 2, not 1", "--force"]);
    // As if there had been a second face then, with a stranger's file beside its run.
    let folder = place.path("pulse-out/astronaut");
    let copy = |from: &str, to: &str| {
        std::fs::create_dir(folder.join(to)).unwrap();
        for name in place.list(&format!("pulse-out/astronaut/{from}")) {
            std::fs::copy(folder.join(from).join(&name), folder.join(to).join(&name)).unwrap();
        }
    };
    copy("face-01", "face-02");
    copy("face-01", "face-03");
    place.write("pulse-out/astronaut/face-03/letter.txt", b"dear mother");
    let mut sealed = record.clone();
    for run in ["face-02", "face-03"] {
        let mut face = record["faces"][0].clone();
        face["run"] = run.into();
        sealed["faces"].as_array_mut().unwrap().push(face);
    }
    place.write("pulse-out/astronaut/faces.json", sealed.to_string().as_bytes());
    copy("face-01", "face-04");
    place.upsample("astronaut.jpg", &["--faces", "--candidates", "1", "--force"]);
    // What faces.json did not name stays, and so does what is no run's.
    let expected = ["face-01", "face-03", "face-04", "faces.json", "photograph-01.png"];
    assert_eq!(place.list("pulse-out/astronaut"), expected);
    assert_eq!(place.list("pulse-out/astronaut/face-03"), ["letter.txt"]);
}

#[test]
fn upsample_without_a_face_says_so() {
    let place = Place::new();
    place.picture("pattern.png", 3, 90, 70);
    let ran = place.upsample("pattern.png", &["--faces"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("pattern.png: no face was found; try"), "{}", ran.err);
    assert!(!place.path("pulse-out").exists());
    place.upsample("pattern.png", &["--confidence", "0.5"]).failed_with(&["--confidence", "--faces"]);
    place.upsample("pattern.png", &["--faces", "--crop", "0,0,8,8"]).failed_with(&["--faces", "--crop"]);
}
