//! What a search leaves behind.

use pulse::image::{Image, write_png};
use pulse::run::Run;
use serde_json::Value;

use crate::program::{Place, Ran};

#[test]
fn a_run_is_complete() {
    let place = Place::new();
    place.picture("photo.png", 3, 90, 70);
    let ran = place.upsample("photo.png", &["--pixelate", "8", "--candidates", "2", "--seed", "5"]).ended_with(0);
    assert!(ran.out.contains("2 of 2") && ran.out.contains("pulse-out/photo/sheet.png"), "{}", ran.out);
    let files = [
        "candidate-01.png",
        "candidate-02.png",
        "candidates.csv",
        "certainty.png",
        "inputs.safetensors",
        "original.png",
        "report.html",
        "run.json",
        "sheet.png",
        "shrunk-01.png",
        "shrunk-02.png",
        "target.png",
    ];
    assert_eq!(place.list("pulse-out/photo"), files);

    let record = place.record("pulse-out/photo");
    assert_eq!(record["settings"]["seed"], 5);
    assert_eq!(record["settings"]["candidates"], 2);
    assert_eq!(record["input"]["width"], 90);
    assert_eq!(record["input"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(record["generator"]["name"], "faces");
    assert_eq!(record["target"]["width"], 8);
    assert_eq!(record["summary"]["reached"], 2);
    assert_eq!(record["candidates"][1]["image"], "candidate-02.png");
    assert_eq!(record["candidates"][1]["outcome"], "reached");

    // The middle square was taken, and what the candidates shrink to is the target, to 8 bits.
    let original = place.read_picture("pulse-out/photo/original.png");
    assert_eq!([original.width(), original.height()], [70, 70]);
    let run = Run::open(&place.path("pulse-out/photo")).unwrap();
    let target = run.target().unwrap();
    for number in 1..=2 {
        let shrunk = place.read_picture(&format!("pulse-out/photo/shrunk-{number:02}.png"));
        assert!(mean_difference(&target, &shrunk) < 1.0 / 255.0);
    }
    assert_eq!(run.candidate(&run.record().candidates[0]).unwrap().width(), 64);
    assert_eq!(run.inputs().unwrap().arrays()["z"].shape(), [2, 100]);
}

#[test]
fn candidates_have_scores_and_a_page() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let options = ["--candidates", "4", "--steps", "20", "--sort", "distinctness"];
    place.upsample("small.png", &options).ended_with(0);
    let record = place.record("pulse-out/small");
    let inputs = Run::open(&place.path("pulse-out/small")).unwrap().inputs().unwrap();
    let latents = inputs.arrays()["z"].data().chunks_exact(100);
    for (candidate, z) in record["candidates"].as_array().unwrap().iter().zip(latents) {
        assert!(candidate["distinctness"].as_f64().unwrap() > 0.0, "{candidate}");
        assert!(candidate["sharpness"].as_f64().unwrap() > 0.0, "{candidate}");
        let plausibility = &candidate["plausibility"];
        let norm = z.iter().map(|&z| f64::from(z).powi(2)).sum::<f64>().sqrt();
        assert!((plausibility["radius"].as_f64().unwrap() - norm / 10.0).abs() < 1e-6, "{plausibility}: {norm}");
        assert!(plausibility["offsets"].as_f64().unwrap() > 0.0 && plausibility["angles"].is_null(), "{plausibility}");
    }
    let (spread, certainty) = (&record["summary"]["spread"], &record["summary"]["certainty"]);
    assert!(spread["random"].as_f64().unwrap() > spread["least"].as_f64().unwrap() / 2.0, "{spread}");
    assert!((0.0..=1.0).contains(&certainty["agreed"].as_f64().unwrap()), "{certainty}");
    assert_eq!(certainty["bands"].as_array().unwrap().len(), 3);

    let page = std::fs::read_to_string(place.path("pulse-out/small/report.html")).unwrap();
    assert_eq!(page.matches("class=\"card\"").count(), 4);
    // The curves of all four, twice.
    assert_eq!(page.matches("class=\"curve\"").count(), 8);
    assert!(page.contains("two random faces of this generator"));

    place.upsample("small.png", &["--no-report", "--force"]).ended_with(0);
    assert!(
        !place.path("pulse-out/small/report.html").exists() && !place.path("pulse-out/small/certainty.png").exists()
    );
    assert!(place.record("pulse-out/small")["files"]["report"].is_null());
    place.upsample("small.png", &["--sort", "beauty", "--force"]).failed_with(&["beauty", "sharpness"]);
}

#[test]
fn its_pictures_say_that_they_are_synthetic() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    place.upsample("small.png", &["--seed", "7"]).ended_with(0);
    for (name, kind) in [
        ("candidate-01.png", "/trainedAlgorithmicMedia"),
        ("shrunk-01.png", "/trainedAlgorithmicMedia"),
        ("sheet.png", "/compositeWithTrainedAlgorithmicMedia"),
    ] {
        let file = std::fs::read(place.path("pulse-out/small").join(name)).unwrap();
        let text = String::from_utf8_lossy(&file);
        for word in ["Software\0PULSE", "Source\0faces (sha256", "seed\x007", kind] {
            assert!(text.contains(word), "{name} lacks {word:?}");
        }
    }
    let target = std::fs::read(place.path("pulse-out/small/target.png")).unwrap();
    assert!(!String::from_utf8_lossy(&target).contains("AlgorithmicMedia"), "the target is no model's work");
}

#[test]
fn seeds_repeat_themselves_and_differ() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let run = |seed: &str, out: &str| {
        place.upsample("small.png", &["--seed", seed, "--out", out]).ended_with(0);
        place.read_picture(&format!("{out}/small/candidate-01.png"))
    };
    let (zero, again, one) = (run("0", "zero"), run("0", "again"), run("1", "one"));
    assert_eq!(zero, again);
    // Two faces differ by tens of levels, not by rounding.
    assert!(mean_difference(&zero, &one) > 3.0 / 255.0);
}

#[test]
fn a_candidate_is_the_same_in_any_company() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let run = |candidates: &str, threads: &str, out: &str| {
        let options = ["--candidates", candidates, "--threads", threads, "--out", out];
        place.upsample("small.png", &options).ended_with(0);
        place.read_picture(&format!("{out}/small/candidate-01.png"))
    };
    let (alone, together) = (run("1", "1", "alone"), run("3", "2", "together"));
    assert_eq!(alone, together);
}

#[test]
fn missing_epsilon_is_an_answer() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let ran = place.upsample("small.png", &["--preset", "paper", "--eps", "1e-12"]).ended_with(1);
    assert!(ran.out.contains("0 of 1"), "{}", ran.out);
    let record = place.record("pulse-out/small");
    assert_eq!(record["candidates"][0]["outcome"], "missed");
    assert_eq!(record["summary"]["stopped"], false);
    assert!(place.path("pulse-out/small/candidate-01.png").exists());
}

#[test]
fn a_run_is_replaced_only_by_force() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    place.upsample("small.png", &["--candidates", "2", "--save-intermediate"]).ended_with(0);
    place.write("pulse-out/small/letter.txt", b"dear mother");
    assert_eq!(place.upsample("small.png", &[]).status, 2);
    assert_eq!(place.record("pulse-out/small")["summary"]["candidates"], 2);

    place.upsample("small.png", &["--force"]).ended_with(0);
    let names = place.list("pulse-out/small");
    assert!(names.contains(&"letter.txt".to_owned()) && names.contains(&"candidate-01.png".to_owned()));
    assert!(!names.contains(&"candidate-02.png".to_owned()) && !names.contains(&"intermediate".to_owned()));
}

#[test]
fn every_step_can_be_followed() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let options = ["--candidates", "2", "--trace", "trace.jsonl", "--save-intermediate=2", "--preset", "paper"];
    // The paper's search corrects nothing at its end, and three steps are too few.
    place.upsample("small.png", &options).ended_with(1);
    let trace = std::fs::read_to_string(place.path("trace.jsonl")).unwrap();
    let lines: Vec<Value> = trace.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2 * 3);
    for line in &lines {
        assert!(matches!(line["candidate"].as_u64(), Some(1 | 2)), "{line}");
        assert!(line["step"].as_u64().unwrap() < 3);
        assert_eq!(line["input"], "small.png");
        let losses = &line["losses"];
        let total = 100.0 * losses["L2"].as_f64().unwrap().max(2e-3) + 0.05 * losses["GEOCROSS"].as_f64().unwrap();
        assert!((total - losses["total"].as_f64().unwrap()).abs() < 1e-9 * total);
        assert!(line["learning_rate"].as_f64().unwrap() > 0.0);
        let db = -10.0 * losses["L2"].as_f64().unwrap().log10();
        assert!((db - line["db"].as_f64().unwrap()).abs() < 1e-9);
    }
    let names = ["candidate-01-step-0000.png", "candidate-01-step-0002.png"];
    assert_eq!(place.list("pulse-out/small/intermediate")[..2], names);
}

#[test]
fn progress_is_for_people_or_programs() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let run = |progress: &str| -> Ran {
        place.run(&["up", "small.png", "-f", "-n", "1", "--steps", "3", "--progress", progress])
    };
    let json = run("json");
    let events: Vec<Value> = json.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let named = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((named("started"), named("finished")), (1, 1));
    let last = events.iter().rfind(|event| event["event"] == "progress").unwrap();
    assert_eq!((&last["done"], &last["candidates"], &last["fraction"]), (&1.into(), &1.into(), &1.0.into()));

    // Standard error is no terminal here.
    assert!(run("auto").err.contains("small.png: 1 of 1 candidates, best"));
    assert_eq!(run("none").err, "");
}

#[test]
fn any_small_picture_will_do() {
    let place = Place::new();
    place.picture("one.png", 3, 1, 1);
    place.picture("grey.png", 1, 16, 12);
    place.picture("full.png", 3, 64, 64);
    for name in ["one", "grey", "full"] {
        let ran = place.upsample(&format!("{name}.png"), &[]);
        let note = match name {
            "full" => "every candidate is it",
            "grey" => "--measurement gray,bicubic lets them have colours",
            _ => "",
        };
        assert_eq!((ran.status, ran.err.is_empty()), (0, note.is_empty()), "{name}: {}", ran.err);
        assert!(ran.err.contains(note), "{name}: {}", ran.err);
        assert_eq!(place.read_picture(&format!("pulse-out/{name}/candidate-01.png")).channels(), 3);
    }
    assert_eq!(place.record("pulse-out/one")["summary"]["reached"], 1);
    assert_eq!(place.record("pulse-out/grey")["target"]["height"], 12);
}

#[test]
fn folders_and_equal_names() {
    let place = Place::new();
    std::fs::create_dir(place.path("a")).unwrap();
    place.picture("a/face.png", 3, 8, 8);
    place.picture("a/other.png", 3, 4, 4);
    place.write("a/notes.txt", b"");
    place.picture("face.png", 3, 6, 6);
    let ran = place.upsample("a", &["face.png"]).ended_with(0);
    assert_eq!(place.list("pulse-out"), ["face", "face-2", "other", "summary.csv"]);
    assert_eq!(place.record("pulse-out/face-2")["target"]["width"], 6);
    assert!(ran.out.contains("a/other.png: "), "{}", ran.out);
}

#[test]
fn arrays_are_taken_without_rounding() {
    let place = Place::new();
    let values: Vec<f32> = (0..48).map(|i| 0.3 + (i * 29 % 48) as f32 / 100.0).collect();
    let mut npy = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    npy.extend(format!("{:<117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 4, 3), }").bytes());
    npy.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    place.write("array.npy", &npy);
    place.upsample("array.npy", &[]).ended_with(0);
    let target = Run::open(&place.path("pulse-out/array.npy")).unwrap().target().unwrap();
    assert_eq!(target.plane(1)[5], values[16]);
    assert!(place.path("pulse-out/array.npy/target.png").exists());
}

pub(crate) fn mean_difference(a: &Image, b: &Image) -> f64 {
    let sum: f64 = a.values().iter().zip(b.values()).map(|(&a, &b)| f64::from((a - b).abs())).sum();
    sum / a.values().len() as f64
}

/// A picture of 16x16 blocks that was enlarged to 200 pixels and cropped, so that its blocks start off the edge.
fn in_blocks(place: &Place, name: &str) {
    place.picture("blocks.png", 3, 16, 16);
    let small = place.read_picture("blocks.png");
    // Steps of a face, not of a smooth picture. Less than half of the last row of blocks is left.
    let mixed = |i: usize| small.values()[i / 256 * 256 + (i * 37) % 256];
    let block = |pixel: usize| ((pixel as f64 + 5.5) / 12.5) as usize;
    let (width, height) = (190, 188);
    let values = (0..3 * width * height).map(|i| {
        let (channel, pixel) = (i / (width * height), i % (width * height));
        mixed(channel * 256 + block(pixel / width) * 16 + block(pixel % width))
    });
    write_png(&place.path(name), &Image::new(3, height, width, values.collect()).unwrap(), None).unwrap();
}

#[test]
fn blocks_are_found_and_said() {
    let place = Place::new();
    in_blocks(&place, "large.png");
    let ran = place.upsample("large.png", &[]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.err.contains("16x15 blocks of 12.5") && ran.err.contains("--mosaic off"), "{}", ran.err);
    let record = place.record("pulse-out/large");
    let mosaic = &record["mosaic"];
    let near = |key: &str, expected: f64| (mosaic[key].as_f64().unwrap() - expected).abs();
    assert!(near("size", 12.5) < 0.1 && near("left", 7.5) < 0.5 && near("top", 7.5) < 0.5, "{mosaic}");
    assert_eq!((&mosaic["detected"], &mosaic["region"][2]), (&true.into(), &190.into()));
    assert_eq!((&record["target"]["width"], &record["measurement"]), (&16.into(), &"area".into()));

    let given = ["--mosaic", "12.5+7.5+7.5", "--measurement", "bicubic", "--out", "given"];
    place.upsample("large.png", &given).ended_with(0);
    let record = place.record("given/large");
    assert_eq!((&record["mosaic"]["detected"], &record["measurement"]), (&false.into(), &"bicubic".into()));
    place
        .upsample("large.png", &["--mosaic", "off", "--out", "off"])
        .failed_with(&["190x188 pixels are more", "--pixelate"]);

    place.picture("small.png", 3, 16, 16);
    place.upsample("small.png", &[]).ended_with(0);
    assert_eq!(place.record("pulse-out/small")["mosaic"], Value::Null);
}

#[test]
fn noise_is_not_fitted() {
    let place = Place::new();
    place.picture("small.png", 3, 16, 16);
    place.upsample("small.png", &["--sigma", "20", "--steps", "40"]).ended_with(0);
    let record = place.record("pulse-out/small");
    let epsilon = (20.0f64 / 255.0).powi(2);
    assert!((record["settings"]["sigma"].as_f64().unwrap() - 20.0 / 255.0).abs() < 1e-9);
    assert!((record["settings"]["epsilon"].as_f64().unwrap() - epsilon).abs() < 1e-9);
    // 22.1 dB: no nearer than the step at which the noise was reached, or the ball that it was projected to.
    let db = record["candidates"][0]["db"].as_f64().unwrap();
    assert!((22.1..30.0).contains(&db), "{db}");
}

#[test]
fn sixteen_bits_reach_the_search() {
    let place = Place::new();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 4, 4);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Sixteen);
    let samples: Vec<u16> = (0..16).map(|i| 20_001 + 1_003 * i).collect();
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
    encoder.write_header().unwrap().write_image_data(&data).unwrap();
    place.write("deep.png", &bytes);
    place.upsample("deep.png", &["--measurement", "gray,area"]).ended_with(0);
    let target = Run::open(&place.path("pulse-out/deep")).unwrap().target().unwrap();
    let expected: Vec<f32> = samples.iter().map(|&sample| f32::from(sample) / 65_535.0).collect();
    assert_eq!((target.channels(), target.values()), (1, &expected[..]));
}

/// Searches for a photograph that each of these measurements, as text, made small, of so many pixels and channels.
fn assert_leave_runs(measurements: &[(&str, &str, usize)]) {
    let place = Place::new();
    place.picture("photo.png", 3, 90, 70);
    let mask = Image::new(1, 64, 64, (0..4096).map(|i| f32::from(u8::from(i % 5 > 0))).collect()).unwrap();
    write_png(&place.path("mask.png"), &mask, None).unwrap();
    let psf = Image::new(1, 3, 3, vec![0.0, 0.5, 0.0, 0.5, 1.0, 0.5, 0.0, 0.5, 0.0]).unwrap();
    write_png(&place.path("psf.png"), &psf, None).unwrap();
    for &(text, size, channels) in measurements {
        place.upsample("photo.png", &["--pixelate", size, "--measurement", text, "--force"]).ended_with(0);
        let record = place.record("pulse-out/photo");
        assert_eq!((&record["measurement"], &record["target"]["channels"]), (&text.into(), &channels.into()));
        let shrunk = place.read_picture("pulse-out/photo/shrunk-01.png");
        assert_eq!(shrunk.size(), place.read_picture("pulse-out/photo/target.png").size(), "{text}");
        assert!(record["summary"]["best_db"].as_f64().unwrap() >= 44.99, "{text}: {}", record["summary"]);
    }
}

#[test]
fn every_resize_and_blur_leaves_a_run() {
    assert_leave_runs(&[
        ("lanczos3", "16", 3),
        ("nearest", "16x12", 3),
        ("gaussian:1.5", "64", 3),
        ("motion:5@30,bicubic", "16", 3),
        ("disk:2", "32x24", 3),
        ("psf:psf.png", "64", 3),
    ]);
}

#[test]
fn greys_channels_and_masks_leave_a_run() {
    assert_leave_runs(&[
        ("gray,bicubic:4", "16", 1),
        ("channels:GB", "16", 3),
        ("channels:R", "16", 1),
        ("mask:mask.png", "64", 3),
    ]);
}
