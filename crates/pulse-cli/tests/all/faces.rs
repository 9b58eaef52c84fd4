//! `pulse align`, and `pulse upsample --faces`.

use std::path::{Path, PathBuf};

use pulse::image::{Image, Kernel, Reader, encode_png};
use pulse::measurement::Size;
use serde_json::Value;

use crate::program::Place;

fn astronaut() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/photos/astronaut.jpg")
}

/// The astronaut's photograph, in the place.
fn photograph(place: &Place) {
    std::fs::copy(astronaut(), place.path("astronaut.jpg")).unwrap();
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
    assert_eq!(place.list("faces"), ["astronaut.jpg-01.png", "faces.json"]);
    assert_eq!(place.read_picture("faces/astronaut.jpg-01.png").width(), 128);
    let record = json(place.path("faces/faces.json"));
    let face = &record["pictures"][0]["faces"][0];
    assert_eq!(face["image"], "astronaut.jpg-01.png");
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
    assert_eq!(place.read_picture("faces/astronaut.jpg-01.png").width(), 64);
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
    assert_eq!(place.list("out"), ["b.jpg-01.png", "faces.json"]);

    // Nothing is left of a run that found nothing.
    assert_eq!(place.run(&["align", "folder/a-pattern.png", "--out", "nothing"]).status, 1);
    assert!(!place.path("nothing").exists());

    // A file that is no picture is an error, and the others go on all the same.
    place.write("folder/c.png", b"a letter");
    let ran = place.run(&["align", "folder", "--size", "16", "--out", "more"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("c.png") && ran.err.contains("not a picture"), "{}", ran.err);
    assert_eq!(place.list("more"), ["b.jpg-01.png", "faces.json"]);
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
    let more = ["--faces", "--pixelate", "16", "--scale", "1", "--candidates", "2"];
    place.upsample("astronaut.jpg", &more);
    let files = ["face-01", "faces.json", "photograph-01.png", "photograph-02.png"];
    assert_eq!(place.list("pulse-out/astronaut.jpg"), files);
    let run = place.record("pulse-out/astronaut.jpg/face-01");
    assert_eq!(run["target"]["width"], 16);
    assert_eq!(place.read_picture("pulse-out/astronaut.jpg/face-01/original.png").width(), 64);
    let record = json(place.path("pulse-out/astronaut.jpg/faces.json"));
    assert_eq!(record["faces"][0]["run"], "face-01");
    assert_eq!(record["photographs"][1], "photograph-02.png");

    let before = Reader::default().read(&place.path("astronaut.jpg")).unwrap().to_bytes();
    let [first, second] = ["01", "02"]
        .map(|number| place.read_picture(&format!("pulse-out/astronaut.jpg/photograph-{number}.png")).to_bytes());
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
    let other = ["--faces", "--pixelate", "16", "--scale", "1", "--candidates", "1"];
    place.upsample("astronaut.jpg", &other).failed_with(&["astronaut", "not empty", "candidates 2, not 1", "--force"]);
    // As if there had been a second face then, with a stranger's file beside its run.
    let folder = place.path("pulse-out/astronaut.jpg");
    let copy = |from: &str, to: &str| {
        std::fs::create_dir(folder.join(to)).unwrap();
        for name in place.list(&format!("pulse-out/astronaut.jpg/{from}")) {
            std::fs::copy(folder.join(from).join(&name), folder.join(to).join(&name)).unwrap();
        }
    };
    copy("face-01", "face-02");
    copy("face-01", "face-03");
    place.write("pulse-out/astronaut.jpg/face-03/letter.txt", b"dear mother");
    let mut sealed = record.clone();
    for run in ["face-02", "face-03"] {
        let mut face = record["faces"][0].clone();
        face["run"] = run.into();
        sealed["faces"].as_array_mut().unwrap().push(face);
    }
    place.write("pulse-out/astronaut.jpg/faces.json", sealed.to_string().as_bytes());
    copy("face-01", "face-04");
    place.upsample("astronaut.jpg", &[&other[..], &["--force"]].concat());
    // What faces.json did not name stays, and so does what is no run's.
    let expected = ["face-01", "face-03", "face-04", "faces.json", "photograph-01.png"];
    assert_eq!(place.list("pulse-out/astronaut.jpg"), expected);
    assert_eq!(place.list("pulse-out/astronaut.jpg/face-03"), ["letter.txt"]);
}

/// The astronaut's photograph at a third of its size: the face fills some 42 pixels.
fn small_photograph(place: &Place) {
    let picture = Reader::default().read(&astronaut()).unwrap();
    let small = picture.resized(Kernel::Area, Size::new(160, 160)).unwrap();
    place.write("small.png", &encode_png(&small, None).unwrap());
}

#[test]
fn a_small_photograph_is_enlarged_until_there_is_room_for_its_face() {
    let place = Place::new();
    small_photograph(&place);
    let ran = place.upsample("small.png", &["--faces", "--candidates", "1", "--steps", "8"]);
    assert!(ran.out.contains("times as large as it was") && ran.out.contains("photograph-01.png"), "{}", ran.out);
    let folder = "pulse-out/small";
    let record = json(place.path(&format!("{folder}/faces.json")));
    let scale = record["scale"].as_f64().unwrap();
    assert!((1.3..1.8).contains(&scale), "{scale}");
    let after = place.read_picture(&format!("{folder}/photograph-01.png"));
    assert_eq!(after.width(), (160.0 * scale).round() as usize);
    // All that the photograph has of it was searched for.
    let run = place.record(&format!("{folder}/face-01"));
    let side = run["target"]["width"].as_u64().unwrap();
    assert!((38..=44).contains(&side), "{side}");
    assert!(run["candidates"][0]["original"].is_null());

    place.upsample("small.png", &["--faces", "--candidates", "1", "--steps", "8"]);
    let other = ["--faces", "--candidates", "1", "--steps", "8", "--scale", "1"];
    place.upsample("small.png", &other).failed_with(&["scale", "--force"]);
    place.upsample("small.png", &[&other[..], &["--force"]].concat());
    assert_eq!(place.read_picture(&format!("{folder}/photograph-01.png")).width(), 160);
    place.upsample("small.png", &["--as", "small", "--scale", "2"]).failed_with(&["--faces"]);
    place.upsample("small.png", &["--faces", "--scale", "0"]).failed_with(&["0.05 to 16"]);
}

#[test]
fn a_face_that_is_larger_than_the_generators_is_left_alone_and_said_so() {
    let place = Place::new();
    photograph(&place);
    let ran = place.upsample("astronaut.jpg", &["--faces"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("makes 64") && ran.err.contains("--pixelate 16"), "{}", ran.err);
    assert!(!place.path("pulse-out").exists());
}

#[test]
fn a_picture_decides_what_it_is_taken_for() {
    let place = Place::new();
    small_photograph(&place);
    place.picture("tiny.png", 3, 9, 9);
    place.picture("pattern.png", 3, 90, 70);
    let quick = ["--candidates", "1", "--steps", "4", "--out", "out"];
    let ran = place.run(&[&["upsample", "small.png", "tiny.png", "pattern.png"], &quick[..]].concat());
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("small.png: a photograph with people in it"), "{}", ran.err);
    // The ways out of the one that is none of these.
    let refused = ran.err.lines().find(|line| line.contains("pattern.png")).unwrap();
    assert!(["--pixelate", "--crop", "--faces"].iter().all(|way| refused.contains(way)), "{refused}");
    assert_eq!(place.list("out"), ["small", "summary.csv", "tiny"]);
    assert!(place.path("out/small/faces.json").exists() && place.path("out/tiny/run.json").exists());
    let table = std::fs::read_to_string(place.path("out/summary.csv")).unwrap();
    let names: Vec<_> = table.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["small.png", "tiny.png", "pattern.png"], "in the order in which they were named");

    // What it was taken for is not asked again.
    let ran = place.run(&[&["upsample", "small.png"], &quick[..]].concat());
    assert!(ran.out.contains("an earlier run finished it"), "{} {}", ran.out, ran.err);
    place.upsample("small.png", &["--as", "small"]).failed_with(&["small.png", "160x160"]);
    place.upsample("pattern.png", &["--as", "mosaic"]).failed_with(&["pattern.png"]);
    place.upsample("tiny.png", &["--as", "mosaic"]).failed_with(&["tiny.png", "no blocks", "--mosaic"]);
    place.upsample("tiny.png", &["--as", "photo"]).failed_with(&["--as", "small, mosaic, faces"]);
    place.upsample("tiny.png", &["--as", "faces", "--crop", "0,0,8,8"]).failed_with(&["--crop", "--as faces"]);
    place.upsample("tiny.png", &["--scale", "2"]).failed_with(&["--scale", "there is none"]);
    // A generator of something else looks for no faces.
    place.upsample("small.png", &["--generator", "land"]).failed_with(&["small.png", "160x160"]);
}

#[test]
fn blocks_over_a_face_are_filled_and_nothing_else_changes() {
    let place = Place::new();
    let picture = Reader::default().read(&astronaut()).unwrap();
    let mut bytes = picture.to_bytes();
    // Blocks of 9 pixels over eyes, nose and mouth.
    let (left, top, across, down) = (171, 63, 12, 13);
    for (block, channel) in (0..across * down).flat_map(|block| (0..3).map(move |channel| (block, channel))) {
        let (x, y) = (left + block % across * 9, top + block / across * 9);
        let pixels: Vec<_> = (0..81).map(|i| ((y + i / 9) * 512 + x + i % 9) * 3 + channel).collect();
        let sum: usize = pixels.iter().map(|&pixel| usize::from(bytes[pixel])).sum();
        for pixel in pixels {
            bytes[pixel] = (sum / 81) as u8;
        }
    }
    place.write("blocks.png", &encode_png(&Image::from_bytes(3, 512, 512, &bytes).unwrap(), None).unwrap());
    place.upsample("blocks.png", &["--faces", "--candidates", "1", "--steps", "8"]);
    let run = place.record("pulse-out/blocks/face-01");
    assert_eq!(run["mosaic"]["size"].as_f64().unwrap().round(), 9.0);
    let after = place.read_picture("pulse-out/blocks/photograph-01.png").to_bytes();
    let region = run["mosaic"]["region"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize);
    let region: Vec<_> = region.collect();
    let within = |pixel: usize| {
        let (x, y) = (pixel % 512, pixel / 512);
        (region[0]..region[0] + region[2]).contains(&x) && (region[1]..region[1] + region[3]).contains(&y)
    };
    let changed: Vec<_> = (0..bytes.len()).filter(|&i| bytes[i] != after[i]).map(|i| i / 3).collect();
    assert!(changed.len() > 20_000 && changed.iter().all(|&pixel| within(pixel)), "{} changed", changed.len());
}

#[test]
fn upsample_without_a_face_says_so() {
    let place = Place::new();
    place.picture("pattern.png", 3, 90, 70);
    let ran = place.upsample("pattern.png", &["--faces"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("pattern.png: no face was found; try"), "{}", ran.err);
    assert!(!place.path("pulse-out").exists());
    place.upsample("pattern.png", &["--as", "small", "--confidence", "0.5"]).failed_with(&["--confidence", "--faces"]);
    place.upsample("pattern.png", &["--faces", "--crop", "0,0,8,8"]).failed_with(&["--faces", "--crop"]);
}
