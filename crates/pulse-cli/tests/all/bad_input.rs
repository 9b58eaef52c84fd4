//! Everything that can be wrong: one line that names the thing, the reason and the way out, status 2, nothing
//! half-written, and the other pictures done all the same.

use pulse::image::{Image, write_png};
use pulse::inputs::Inputs;
use pulse_engine::Shape;

use crate::program::Place;

/// Runs a search that must fail before anything is written.
#[track_caller]
fn refuses(place: &Place, input: &str, more: &[&str], words: &[&str]) {
    place.upsample(input, more).failed_with(words);
    assert!(!place.path("pulse-out").exists(), "something was written");
}

#[test]
fn pictures() {
    let place = Place::new();
    refuses(&place, "missing.png", &[], &["missing.png", "no such file", "check its name"]);

    place.write("empty.png", b"");
    refuses(&place, "empty.png", &[], &["empty.png", "empty file", "again"]);

    place.picture("whole.png", 3, 16, 16);
    let bytes = std::fs::read(place.path("whole.png")).unwrap();
    place.write("truncated.png", &bytes[..bytes.len() * 2 / 3]);
    refuses(&place, "truncated.png", &[], &["truncated.png"]);

    place.write("text.png", b"this is a letter to my mother\n");
    refuses(&place, "text.png", &[], &["text.png", "not a picture", "convert it"]);

    let mut header = Vec::new();
    let mut writer = png::Encoder::new(&mut header, 20_000, 20_000).write_header().unwrap();
    writer.write_chunk(png::chunk::IDAT, b"anything").unwrap();
    drop(writer);
    place.write("bomb.png", &header);
    refuses(&place, "bomb.png", &[], &["bomb.png", "20000x20000", "crop or shrink it"]);

    place.picture("large.png", 3, 80, 60);
    refuses(&place, "large.png", &[], &["large.png", "80x60", "64x64", "--pixelate", "--crop"]);
    refuses(&place, "large.png", &["--crop", "0,0,90,10"], &["large.png", "90x10"]);
    refuses(&place, "large.png", &["--pixelate", "65"], &["large.png", "65x65"]);

    std::fs::create_dir(place.path("nothing")).unwrap();
    refuses(&place, "nothing", &[], &["nothing", "no picture"]);
}

#[test]
fn generators_and_inputs() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    place.write("corrupt.safetensors", &[255; 100]);
    std::fs::create_dir(place.path("folder")).unwrap();

    let generator = |name| ["--generator", name];
    refuses(&place, "small.png", &generator("nobody"), &["nobody", "no such generator", "faces"]);
    refuses(&place, "small.png", &generator("corrupt.safetensors"), &["corrupt.safetensors", "pulse info"]);
    refuses(&place, "small.png", &generator("folder"), &["folder", "no checkpoint", "name one"]);
    refuses(&place, "small.png", &generator("small.png"), &["small.png", "pulse info"]);

    let init = |name| ["--init", name];
    refuses(&place, "small.png", &init("missing.safetensors"), &["missing.safetensors", "give a safetensors file"]);
    refuses(&place, "small.png", &init("corrupt.safetensors"), &["corrupt.safetensors", "give a safetensors file"]);

    let write_z = |name: &str, numbers: Vec<f32>, width: usize| {
        let mut inputs = Inputs::default();
        inputs.insert("z", numbers.len() / width, Shape::Vector(width), numbers);
        place.write(name, &inputs.to_bytes().unwrap());
    };
    let mut numbers = vec![0.5; 200];
    numbers[7] = f32::NAN;
    write_z("nan.safetensors", numbers, 100);
    refuses(&place, "small.png", &init("nan.safetensors"), &["nan.safetensors", "`z`", "NaN", "finite"]);
    write_z("short.safetensors", vec![0.5; 99], 99);
    refuses(&place, "small.png", &init("short.safetensors"), &["short.safetensors", "`z`", "[1, 99]", "[100]"]);
}

#[test]
fn settings() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    place.write("small.txt", b"dear mother");
    write_png(&place.path("zero.png"), &Image::new(1, 8, 8, vec![0.0; 64]).unwrap(), None).unwrap();
    place.picture("large.png", 1, 65, 65);
    for (option, value, words) in [
        ("--candidates", "0", ["0 candidates", "1 to"]),
        ("--candidates", "-1", ["-1", "--candidates"]),
        ("--steps", "0", ["0 steps", "1 to"]),
        ("--eps", "0", ["epsilon", "above 0"]),
        ("--target-db", "NaN", ["--target-db", "from 0 to"]),
        ("--learning-rate", "-1", ["learning rate", "above 0"]),
        ("--loss", "3*L3", ["3*L3", "WEIGHT*TERM"]),
        ("--optimizer", "best", ["best", "adam"]),
        ("--schedule", "never", ["never", "fixed"]),
        ("--measurement", "guess", ["guess", "bicubic"]),
        ("--measurement", "bicubic:3", ["bicubic:3", "leave the factor out"]),
        ("--measurement", "gaussian:-1", ["gaussian:-1", "above 0"]),
        ("--measurement", "gaussian:100", ["a Gaussian of sigma 100", "larger than the picture"]),
        ("--measurement", "motion:70@0", ["motion", "larger than the picture"]),
        ("--measurement", "bicubic,area", ["bicubic,area", "all but one"]),
        ("--measurement", "channels:RX", ["channels:RX", "R, G and B"]),
        ("--measurement", "psf:missing.fits", ["missing.fits", "no such file"]),
        ("--measurement", "psf:small.txt", ["small.txt", "not a picture"]),
        ("--measurement", "psf:zero.png", ["zero.png", "zero everywhere"]),
        ("--measurement", "psf:large.png", ["large.png", "larger than the picture of 64x64"]),
        ("--measurement", "mask:large.png", ["large.png", "as large as"]),
        ("--measurement", "mask:zero.png", ["zero.png", "hides every pixel"]),
        ("--measurement", "mask:missing.png", ["missing.png", "no such file"]),
        ("--sigma", "-1", ["--sigma", "above 0"]),
        ("--sigma", "0", ["--sigma", "above 0"]),
        ("--sigma", "NaN", ["--sigma", "above 0"]),
        ("--sigma", "256", ["--sigma", "up to 255"]),
        ("--mosaic", "maybe", ["maybe", "SIZE+X+Y"]),
        ("--mosaic", "2", ["2", "at least 3"]),
        ("--mosaic", "-8", ["-8", "--mosaic"]),
        ("--mosaic", "100", ["100", "no whole block"]),
        ("--crop", "1,2,3", ["1,2,3", "X,Y,W,H"]),
        ("--pixelate", "0", ["--pixelate", "WxH"]),
        ("--background", "sky", ["sky", "#RRGGBB"]),
        ("--threads", "0", ["--threads", "0"]),
        ("--trace", "no/such/folder.jsonl", ["no/such/folder.jsonl", "another place"]),
    ] {
        refuses(&place, "small.png", &[option, value], &words);
    }
    refuses(&place, "small.png", &["--sigma", "8", "--target-db", "40"], &["--sigma", "--target-db"]);
    place.run(&["upsample"]).failed_with(&["INPUT", "--help"]);
    place.run(&["downsample"]).failed_with(&["downsample", "--help"]);
    // Whoever gives none sees what there is.
    let ran = place.run(&[]);
    assert_eq!(ran.status, 2);
    assert!(["no command", "pulse upsample", "--help"].iter().all(|word| ran.err.contains(word)), "{}", ran.err);
}

#[test]
fn folders() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    place.write("file", b"");
    place.upsample("small.png", &["--out", "file"]).failed_with(&["file", "another place"]);
    assert_eq!(std::fs::read(place.path("file")).unwrap(), b"");

    std::fs::create_dir_all(place.path("taken/small")).unwrap();
    place.write("taken/small/letter.txt", b"dear mother");
    place.upsample("small.png", &["--out", "taken"]).failed_with(&["taken/small", "not empty", "--force"]);
    assert_eq!(place.list("taken/small"), ["letter.txt"]);
}

#[test]
fn the_others_are_done_all_the_same() {
    let place = Place::new();
    place.write("bad.png", b"\x89PNG\r\n\x1a\n");
    place.picture("good.png", 3, 8, 8);
    let ran = place.run(&[
        "up",
        "missing.png",
        "bad.png",
        "good.png",
        "--progress",
        "none",
        "--steps",
        "2",
        "--candidates",
        "1",
    ]);
    assert_eq!(ran.status, 2);
    assert_eq!(ran.err.lines().count(), 2, "{}", ran.err);
    assert!(ran.err.contains("missing.png") && ran.err.contains("bad.png"), "{}", ran.err);
    assert_eq!(place.list("pulse-out"), ["good", "summary.csv"]);
    assert_eq!(place.record("pulse-out/good")["schema"], 1);
}

#[test]
fn a_trace_replaces_only_a_trace() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let before = std::fs::read(place.path("small.png")).unwrap();
    refuses(&place, "small.png", &["--trace", "small.png"], &["small.png", "no trace", "another place"]);
    assert_eq!(std::fs::read(place.path("small.png")).unwrap(), before);
    for _ in 0..2 {
        place.upsample("small.png", &["--trace", "steps.jsonl", "--force"]).ended_with(0);
    }
}

#[test]
fn force_leaves_a_folder_that_holds_no_run_alone() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    std::fs::create_dir_all(place.path("mine/small")).unwrap();
    place.write("mine/small/original.png", b"my own");
    place.upsample("small.png", &["--out", "mine", "--force"]).failed_with(&[
        "mine/small",
        "holds no run",
        "choose another",
    ]);
    assert_eq!(std::fs::read(place.path("mine/small/original.png")).unwrap(), b"my own");
}

#[test]
fn a_search_that_leaves_the_numbers_still_leaves_its_best() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let ran = place.upsample("small.png", &["--preset", "paper", "--learning-rate", "1e300", "--eps", "1e-9"]);
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert_eq!(place.record("pulse-out/small")["candidates"][0]["outcome"], "missed");
    assert!(place.path("pulse-out/small/candidate-01.png").exists());
}

#[test]
fn targets_that_cannot_be() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    refuses(&place, "small.png", &["--target-db", "1000"], &["--target-db", "150"]);
    refuses(&place, "small.png", &["--loss", "GEOCROSS"], &["GEOCROSS", "L2"]);
}
