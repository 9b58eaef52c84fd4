//! What `pulse explore` steers.

use pulse::image::{Image, write_png};
use pulse::inputs::read_inputs;
use serde_json::Value;

use crate::program::{Place, Ran};
use crate::stylegan::{Case, generator};

/// A run of two candidates, and a mask of it that is white in its left half.
fn place() -> Place {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    place.upsample("small.png", &["--candidates", "2"]).ended_with(0);
    let white = |pixel: usize| f32::from(u8::from(pixel % 32 < 16));
    write_png(&place.path("left.png"), &Image::new(1, 32, 32, (0..1024).map(white).collect()).unwrap(), None).unwrap();
    place
}

fn steer(place: &Place, options: &[&str]) -> Ran {
    place.run(&[&["explore", "pulse-out/small", "--progress", "none"], options].concat())
}

/// The largest differences in the left and in the right half.
fn differences(a: &Image, b: &Image) -> [f32; 2] {
    let mut largest = [0.0_f32; 2];
    for (pixel, (a, b)) in a.values().iter().zip(b.values()).enumerate() {
        let side = &mut largest[usize::from(pixel % 64 >= 32)];
        *side = side.max((a - b).abs());
    }
    largest
}

#[test]
fn what_is_kept_is_kept_to_the_last_bit() {
    let place = place();
    let kept = place.read_picture("pulse-out/small/candidate-02.png");
    for (option, side) in [("--keep", 0), ("--vary", 1)] {
        let out = option.trim_start_matches('-');
        steer(&place, &["--candidate", "2", option, "left.png", "-n", "3", "--out", out]).ended_with(0);
        let record = place.record(out);
        assert_eq!(record["summary"]["candidates"], 3);
        assert!(record["summary"]["worst_db"].as_f64().unwrap() >= 45.0);
        assert_eq!((&record["steering"]["candidate"], &record["steering"][out]), (&2.into(), &"left.png".into()));
        for number in 1..=3 {
            let found = place.read_picture(&format!("{out}/candidate-{number:02}.png"));
            let differences = differences(&kept, &found);
            assert_eq!(differences[side], 0.0);
            assert!(differences[1 - side] > 8.0 / 255.0, "{differences:?}");
        }
    }
    // It is the folder of a run, and can be explored itself.
    let again = ["explore", "keep", "--like", "1", "--amount", "0", "-n", "1", "--out", "same", "--progress", "none"];
    place.run(&again).ended_with(0);
    let [one, same] = ["keep", "same"].map(|run| place.read_picture(&format!("{run}/candidate-01.png")));
    let [left, right] = differences(&one, &same);
    // Rounding to 8 bits may turn either way: no more than one level, which is 1/255 but for f32's own rounding.
    assert!(left.max(right) * 255.0 < 1.001, "{left} {right}");
}

#[test]
fn a_neighbourhood_and_an_example_make_runs() {
    let place = place();
    let ran = steer(&place, &["--like", "1", "--amount", "0.2", "--spread"]).ended_with(0);
    assert!(ran.out.contains("2 of 2") && ran.out.contains("pulse-out/small/explore/like-1/sheet.png"), "{}", ran.out);
    let record = place.record("pulse-out/small/explore/like-1");
    assert_eq!((&record["settings"]["seed"], &record["steering"]["amount"]), (&1.into(), &0.2.into()));
    assert!(record["settings"]["spread"]["weight"].as_f64().unwrap() > 0.0);
    place.picture("example.png", 3, 128, 128);
    steer(&place, &["--toward", "example.png:left.png", "-n", "1"]).ended_with(0);
    assert_eq!(
        place.record("pulse-out/small/explore/toward-example-left")["steering"]["toward"],
        "example.png:left.png"
    );
    place.picture("wide.png", 3, 20, 10);
    steer(&place, &["--toward", "wide.png", "-n", "1"]).ended_with(0);
    let ran = steer(&place, &["--toward", "example.png:left.png", "-n", "1"]).ended_with(0);
    assert!(ran.out.contains("--force explores again") && ran.out.contains("toward-example-left"), "{}", ran.out);
}

#[test]
fn two_requests_never_share_a_folder_and_the_same_one_finds_its_own() {
    let place = place();
    place.picture("example.png", 3, 64, 64);
    std::fs::create_dir(place.path("other")).unwrap();
    let white = |pixel: usize| f32::from(u8::from(pixel % 32 >= 16));
    let right = Image::new(1, 32, 32, (0..1024).map(white).collect()).unwrap();
    write_png(&place.path("other/left.png"), &right, None).unwrap();
    let requests: [(&[&str], &str); 9] = [
        (&["--like", "1"], "like-1"),
        (&["--like", "1", "--amount", "0.5"], "like-1-v2"),
        (&["--like", "1", "--seed", "9"], "like-1-v3"),
        (&["--like", "1", "--spread"], "like-1-v4"),
        (&["--toward", "example.png"], "toward-example"),
        (&["--toward", "example.png", "--candidate", "1"], "toward-example-from-1"),
        (&["--candidate", "2", "--keep", "left.png"], "keep-2-left"),
        (&["--candidate", "2", "--keep", "other/left.png"], "keep-2-left-v2"),
        (&["--candidate", "2", "--keep", "left.png", "--like", "1"], "keep-2-left-like-1"),
    ];
    let ask = |request: &[&str], more: &[&str]| {
        let ran = steer(&place, &[request, &["-n", "2"], more].concat());
        assert_eq!(ran.status, 0, "{}", ran.err);
        ran
    };
    let stamp = |folder: &str| {
        let record = place.path(&format!("pulse-out/small/explore/{folder}/run.json"));
        std::fs::metadata(record).unwrap().modified().unwrap()
    };
    for (request, folder) in requests {
        let ran = ask(request, &[]);
        assert!(ran.out.contains(&format!("explore/{folder}/sheet.png")), "{request:?}: {}", ran.out);
    }
    for (request, folder) in requests {
        let before = stamp(folder);
        let ran = ask(request, &[]);
        assert!(ran.out.contains("--force explores again") && ran.out.trim_end().ends_with(folder), "{}", ran.out);
        assert_eq!(stamp(folder), before);
    }
    // In its place again, and nowhere else.
    let (request, folder) = requests[1];
    let [mine, beside] = [folder, "like-1"].map(stamp);
    ask(request, &["--force"]);
    assert_eq!((stamp(folder) == mine, stamp("like-1") == beside), (false, true));
    assert_eq!(place.list("pulse-out/small/explore").len(), requests.len());

    // A mask that changed is another one.
    write_png(&place.path("left.png"), &right, None).unwrap();
    let ran = ask(requests[6].0, &[]);
    assert!(ran.out.trim_end().ends_with("keep-2-left-v2"), "of the same pixels as the other: {}", ran.out);
}

#[test]
fn an_example_steers_a_run_that_searched_another_latent() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    place.picture("example.png", 3, 32, 32);
    let generator = generator("stylegan2ada_skip");
    Case::open("stylegan2ada_skip").write(&place, "z.safetensors", &[("z", "z")]);
    place.upsample("small.png", &["--init", "z.safetensors", "--generator", &generator, "--steps", "3"]);
    let ran = steer(&place, &["--toward", "example.png", "-n", "2", "--generator", &generator, "--out", "drawn"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let inputs = read_inputs(&place.path("drawn/inputs.safetensors")).unwrap();
    let z = &inputs.arrays()["z"];
    assert_eq!(z.shape()[0], 2);
    let (one, two) = z.data().split_at(z.data().len() / 2);
    assert_ne!(one, two, "each starts somewhere else");
}

#[test]
fn what_cannot_be_steered_by_fails_in_a_sentence() {
    let place = place();
    place.picture("wide.png", 3, 20, 10);
    let even = |name: &str, value: f32| {
        write_png(&place.path(name), &Image::new(1, 4, 4, vec![value; 16]).unwrap(), None).unwrap();
    };
    even("black.png", 0.0);
    even("white.png", 1.0);
    for (options, words) in [
        (&["--keep", "left.png"][..], &["--candidate"][..]),
        (&["--candidate", "3", "--keep", "left.png"], &["--candidate", "3", "1 to 2"]),
        (&["--candidate", "1", "--keep", "none.png"], &["none.png"]),
        (&["--candidate", "1", "--keep", "wide.png"], &["wide.png", "20x10", "64x64"]),
        (&["--candidate", "1", "--vary", "black.png"], &["black.png", "white"]),
        (&["--candidate", "1", "--keep", "white.png"], &["white.png", "black"]),
        (&["--candidate", "1", "--keep", "left.png", "--vary", "left.png"], &["--keep", "--vary"]),
        (&["--candidate", "1", "--keep", "left.png", "--directions", "2"], &["--directions"]),
        (&["--toward", "none.png"], &["none.png"]),
        (&["--toward", "left.png:wide.png"], &["wide.png", "20x10"]),
        (&["--like", "9"], &["--like", "9", "1 to 2"]),
        (&["--like", "1", "--amount", "1.5"], &["--amount: give a number from 0 to 1"]),
        (&["--amount", "0.5"], &["--like"]),
        (&["--candidate", "1", "--spread"], &["--spread", "--keep"]),
        (&["--like", "1", "-n", "0"], &["0 candidates"]),
        (&["--like", "1", "--candidate", "2"], &["--candidate", "--keep", "--like"]),
        (&["--like", "1", "--out", "pulse-out/../pulse-out/small", "--force"], &["--out", "the run that is explored"]),
    ] {
        steer(&place, options).failed_with(words);
    }
    assert_eq!(place.record("pulse-out/small")["steering"], Value::Null);
    assert!(!place.path("pulse-out/small/explore").exists(), "what failed leaves nothing behind");
}

#[test]
fn nothing_is_kept_of_what_missed_the_small_picture() {
    let place = place();
    place.upsample("small.png", &["--preset", "paper", "--eps", "1e-12", "--out", "missed"]).ended_with(1);
    let options = ["--candidate", "1", "--keep", "left.png", "--out", "kept", "--progress", "none"];
    place.run(&[&["explore", "missed/small"][..], &options].concat()).failed_with(&[
        "--candidate",
        "candidate 1",
        "dB",
    ]);
    assert!(!place.path("kept").exists());
    // What is steered without it misses again, and the exit status says so.
    let options = ["--like", "1", "--out", "like", "--progress", "none"];
    place.run(&[&["explore", "missed/small"][..], &options].concat()).ended_with(1);
}

#[test]
fn a_neighbourhood_of_a_run_that_spread_is_not_spread() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    place.upsample("small.png", &["--candidates", "2", "--steps", "20", "--spread"]).ended_with(0);
    let spread = |folder: &str| place.record(folder)["settings"]["spread"].clone();
    let ran = steer(&place, &["--like", "1", "--amount", "0.3", "--out", "plain"]).ended_with(0);
    assert!(
        ran.out.contains("as in the run: 2 candidates, 20 steps") && ran.out.contains("not --spread"),
        "{}",
        ran.out
    );
    assert!(spread("plain").is_null());
    steer(&place, &["--like", "1", "--spread", "--out", "wanted"]).ended_with(0);
    assert_eq!(spread("wanted"), spread("pulse-out/small"));
    // Of all else it is the run's, and can be left out.
    place.picture("example.png", 3, 64, 64);
    let ran = steer(&place, &["--toward", "example.png", "--out", "drawn"]).ended_with(0);
    assert!(ran.out.contains("--spread too, which --no-spread leaves out"), "{}", ran.out);
    assert_eq!(spread("drawn"), spread("pulse-out/small"));
    steer(&place, &["--toward", "example.png", "--no-spread", "--out", "alone"]).ended_with(0);
    assert!(spread("alone").is_null());
}
