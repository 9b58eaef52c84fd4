//! Searches with a denoiser: what `pulse upsample`, `explore` and `info` make of one, on a small flow model of random weights.

use std::fs;

use pulse::image::{Image, write_png};

use crate::program::Place;
use crate::upsample::mean_difference;

/// Where the fixtures of denoisers are.
fn flow() -> String {
    format!("{}/../pulse/tests/fixtures/priors/diffusers_flow", env!("CARGO_MANIFEST_DIR"))
}

/// A place with a run of three candidates of six steps.
fn place() -> Place {
    let place = Place::new();
    place.picture("small.png", 1, 8, 8);
    place.upsample("small.png", &["--generator", &flow(), "--candidates", "3", "--steps", "6"]).ended_with(0);
    place
}

fn pictures(place: &Place, folder: &str) -> Vec<Image> {
    (1..=3).map(|number| place.read_picture(&format!("{folder}/candidate-0{number}.png"))).collect()
}

#[test]
fn a_denoiser_is_sampled_and_its_run_says_so() {
    let place = place();
    let record = place.record("pulse-out/small");
    assert_eq!(record["settings"]["sampler"], "null-space");
    assert_eq!(record["settings"]["null_space"]["steps"], 6);
    assert_eq!(record["summary"]["reached"], 3);
    for candidate in record["candidates"].as_array().unwrap() {
        assert!(candidate["db"].as_f64().unwrap() > 100.0);
        assert_eq!(candidate["steps"], 6);
    }
    assert!(record["verdict"].is_string(), "{}", record["verdict"]);
    let found = pictures(&place, "pulse-out/small");
    assert!(found[0].mean_squared_difference(&found[1]).sqrt() > 0.02);

    // Finished is finished.
    let again = ["--generator", &flow(), "--candidates", "3", "--steps", "6"];
    let ran = place.upsample("small.png", &again).ended_with(0);
    assert!(ran.out.contains("an earlier run finished it"), "{}", ran.out);

    let inputs = "pulse-out/small/inputs.safetensors";
    place.run(&["render", &flow(), "--inputs", inputs, "--out", "again.png"]).ended_with(0);
    for (number, found) in found.iter().enumerate() {
        let again = place.read_picture(&format!("again-0{}.png", number + 1));
        assert!(mean_difference(&again, found) <= 1.0 / 255.0);
    }
}

#[test]
fn its_run_can_be_explored() {
    let place = place();
    let of = flow();
    let explore = |more: &[&str]| {
        let mut arguments = vec!["explore", "pulse-out/small", "--progress", "none", "--generator", &of];
        arguments.extend(more);
        place.run(&arguments).ended_with(0);
    };
    explore(&["--path", "1,3", "--frames", "4", "--out", "path"]);
    let path: serde_json::Value = serde_json::from_slice(&fs::read(place.path("path/explore.json")).unwrap()).unwrap();
    assert_eq!(path["path"]["frames"].as_array().unwrap().len(), 4);
    explore(&["--candidate", "1", "--directions", "2", "--frames", "3", "--out", "directions"]);
    explore(&["--like", "2", "--amount", "0.3", "--out", "like"]);
    let found = pictures(&place, "pulse-out/small");
    for near in pictures(&place, "like") {
        assert!(near.mean_squared_difference(&found[1]) < near.mean_squared_difference(&found[0]));
    }
    let half = (0..32 * 32).map(|pixel| if pixel % 32 < 16 { 1.0 } else { 0.0 }).collect();
    write_png(&place.path("mask.png"), &Image::new(1, 32, 32, half).unwrap(), None).unwrap();
    explore(&["--candidate", "1", "--keep", "mask.png", "--out", "kept"]);
    for kept in pictures(&place, "kept") {
        // The mask's left half is white.
        let left = |image: &Image| {
            let values = image.values().iter().enumerate();
            values.filter(|(place, _)| place % 32 < 14).map(|(_, value)| *value).collect::<Vec<_>>()
        };
        let differences = left(&kept).into_iter().zip(left(&found[0])).map(|(a, b)| (a - b).abs());
        assert!(differences.fold(0.0, f32::max) <= 1.5 / 255.0);
    }
}

#[test]
fn it_can_be_descended_through_a_few_steps() {
    let place = Place::new();
    place.picture("small.png", 1, 8, 8);
    let more = ["--generator", &flow(), "--sampler", "descent", "--unroll", "1", "--candidates", "1", "--steps", "8"];
    place.upsample("small.png", &more).ended_with(0);
    let record = place.record("pulse-out/small");
    assert_eq!(record["settings"]["sampler"], "descent");
    assert_eq!(record["settings"]["space"]["unroll"], 1);
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    let place = Place::new();
    place.picture("small.png", 1, 8, 8);
    let flow = flow();
    let cases: [(&str, &[&str], &[&str]); 7] = [
        (&flow, &["--optimizer", "adam"], &["--optimizer", "--sampler descent"]),
        (&flow, &["--unroll", "2"], &["--unroll", "--sampler descent"]),
        (&flow, &["--preset", "paper"], &["--preset paper", "--sampler descent"]),
        (&flow, &["--class", "0"], &["--class", "without classes"]),
        ("faces", &["--sampler", "null-space"], &["--sampler", "DCGAN", "descent"]),
        ("faces", &["--unroll", "2"], &["--unroll", "DCGAN"]),
        (&flow, &["--sampler", "guess"], &["descent", "null-space"]),
    ];
    for (generator, more, words) in cases {
        let mut arguments = vec!["--generator", generator];
        arguments.extend(more);
        place.upsample("small.png", &arguments).failed_with(words);
    }
}

#[test]
fn it_is_described() {
    let place = Place::new();
    let ran = place.run(&["info", &flow()]).ended_with(0);
    for word in ["UNet2DModel", "32x32 grey", "noise levels", "latents", "x, z"] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    assert!(fs::exists(place.path("pulse-out")).is_ok_and(|there| !there));
}

#[test]
fn fields_are_searched_by_name_and_make_no_faces() {
    let place = Place::new();
    place.picture("small.png", 1, 8, 8);
    let quick = ["--generator", "black-holes", "--steps", "2", "--candidates", "2", "--target-db", "20"];
    place.upsample("small.png", &quick);
    let page = fs::read_to_string(place.path("pulse-out/small/report.html")).unwrap();
    assert!(page.contains("simulated black holes") && !page.contains("faces of people"), "{page}");
    place.upsample("small.png", &["--generator", "galaxies", "--faces"]).failed_with(&["galaxies", "no faces"]);
}

#[test]
fn what_is_read_off_candidates_is_set_against_the_generators_own_pictures() {
    let place = Place::new();
    place.picture("ring.png", 1, 16, 16);
    let quick =
        ["--generator", "black-holes", "--steps", "2", "--candidates", "3", "--target-db", "10", "--pixelate", "8"];
    let look = ["--quantity", "flux,area-fraction@128", "--quantity", "half-light-radius", "--pixel-scale", "2.5µas"];
    let ran = place.upsample("ring.png", &[&quick[..], &look, &["--colormap", "inferno"]].concat());
    assert!(
        ran.out.contains("half-light-radius: ") && ran.out.contains("µas; of this generator's random"),
        "{}",
        ran.out
    );

    let record: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(place.path("pulse-out/ring/run.json")).unwrap()).unwrap();
    let quantities = record["quantities"].as_array().unwrap();
    let names: Vec<_> = quantities.iter().map(|quantity| quantity["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["flux", "area-fraction@128", "half-light-radius"]);
    assert!(quantities.iter().all(|quantity| quantity["candidates"].as_array().unwrap().len() == 3));
    assert!(quantities.iter().all(|quantity| quantity["original"].is_number()), "{record}");

    let table = fs::read_to_string(place.path("pulse-out/ring/quantities.csv")).unwrap();
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines[0], "picture,flux [white pixels],area-fraction@128,half-light-radius [µas]");
    assert!(lines[1].starts_with("candidate 1,") && lines[4].starts_with("random 1,"), "{table}");
    assert!(lines.last().unwrap().starts_with("original,") && lines.iter().all(|line| line.split(',').count() == 4));

    // A run that is there is not searched again, and says what it has not.
    let all = [&quick[..], &look].concat();
    let again = |arguments: &[&str]| place.upsample("ring.png", arguments).err;
    assert!(!again(&all).contains("--quantity"));
    assert!(again(&[&all[..], &["--quantity", "ellipticity"]].concat()).contains("--quantity"));

    // Sheet and page are in colours, and the pictures' own files are not.
    let colours =
        |name: &str| pulse::image::Reader::default().read(&place.path(&format!("pulse-out/ring/{name}"))).unwrap();
    assert_eq!(colours("candidate-01.png").channels(), 1);
    assert_ne!(colours("sheet.png").to_grey().to_rgb(), colours("sheet.png"));
    let page = fs::read_to_string(place.path("pulse-out/ring/report.html")).unwrap();
    assert!(page.contains("What is read off them") && page.contains("class=\"bar\""));
}

#[test]
fn looking_that_would_do_nothing_is_refused() {
    let place = Place::new();
    place.picture("small.png", 1, 8, 8);
    let cases: [(&[&str], &[&str]); 7] = [
        (&["--colormap", "inferno"], &["--colormap", "in colour"]),
        (&["--colormap", "rainbow"], &["rainbow", "viridis"]),
        (&["--quantity", "beauty"], &["beauty", "ring-diameter"]),
        (&["--generator", "brain", "--quantity", "count:blue"], &["count:blue", "grey"]),
        (&["--quantity", "flux", "--pixel-scale", "2m"], &["--pixel-scale", "no", "length"]),
        (&["--pixel-scale", "2arcsec"], &["--pixel-scale", "no", "length"]),
        (&["--quantity", "half-light-radius", "--pixel-scale", "2"], &["2", "unit"]),
    ];
    for (arguments, words) in cases {
        place.upsample("small.png", arguments).failed_with(words);
    }
}

#[test]
fn the_pixels_of_a_point_spread_function_are_compared_with_the_pictures() {
    let place = Place::new();
    place.picture("blurred.png", 1, 64, 64);
    let mut bytes: Vec<u8> = [
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    2",
        "NAXIS1  =                    3",
        "NAXIS2  =                    1",
        "PIXSCALE=                 0.05",
        "END",
    ]
    .iter()
    .flat_map(|card| format!("{card:<80}").into_bytes())
    .collect();
    bytes.resize(2880, b' ');
    bytes.extend([1, 2, 1]);
    bytes.resize(2 * 2880, 0);
    fs::write(place.path("seeing.fits"), bytes).unwrap();
    let quick = ["--generator", "galaxies", "--steps", "1", "--candidates", "1", "--measurement", "psf:seeing.fits"];
    for (scale, words) in [
        (&[][..], Some("--pixel-scale compares")),
        (&["--pixel-scale", "100mas"], Some("2.00 times as far")),
        (&["--pixel-scale", "50mas"], None),
    ] {
        let ran = place.upsample("blurred.png", &[&quick[..], scale, &["--force"]].concat());
        match words {
            Some(words) => assert!(ran.err.contains(words), "{}", ran.err),
            None => assert!(!ran.err.contains("arcsec"), "{}", ran.err),
        }
    }
}
