//! NIQE against an independent implementation.

use std::path::Path;

use pulse::image::{Image, Reader, Rectangle};
use pulse::judge::niqe;
use pulse::measurement::MeasurementKind;
use pulse_engine::Cpu;
use serde::Deserialize;

/// One number of `scripts/niqe_reference.py`.
#[derive(Deserialize)]
struct Reference {
    picture: String,
    width: usize,
    height: usize,
    niqe: f64,
    textured: f64,
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn corner(picture: &Image, width: usize, height: usize) -> Image {
    picture.crop(Rectangle { left: 0, top: 0, width, height }).unwrap()
}

/// The picture in grey as the script makes it, darker by an eighth and with a texture.
fn with_texture(picture: &Image) -> Image {
    let grey =
        |&[r, g, b]: &[u8; 3]| (0.2989 * f64::from(r) + 0.5870 * f64::from(g) + 0.1140 * f64::from(b)).round() as usize;
    let textured = |(at, pixel): (usize, &[u8; 3])| {
        let (x, y) = (at % picture.width(), at / picture.width());
        (grey(pixel) * 7 / 8 + (7 * x + 13 * y) % 5) as u8
    };
    let bytes: Vec<u8> = picture.to_bytes().as_chunks::<3>().0.iter().enumerate().map(textured).collect();
    Image::from_bytes(1, picture.height(), picture.width(), &bytes).unwrap()
}

#[test]
fn it_is_what_others_compute() {
    let references: Vec<Reference> = serde_json::from_slice(&std::fs::read(fixture("niqe.json")).unwrap()).unwrap();
    assert_eq!(references.len(), 9);
    for Reference { picture, width, height, niqe: expected, textured } in references {
        let whole = Reader::default().read(&fixture(&picture)).unwrap();
        let found = niqe(&corner(&whole, width, height)).unwrap();
        // In flat parts, rounding errors decide whether a pixel counts as below or above its surroundings.
        assert!((found / expected - 1.0).abs() < 1e-2, "{picture} {width}x{height}: {found}, expected {expected}");
        let found = niqe(&with_texture(&corner(&whole, width, height))).unwrap();
        // The weights of the reference's resize are in single precision, and so a shape may be the next of a table in steps of 1/1000.
        assert!((found / textured - 1.0).abs() < 1e-3, "{picture} {width}x{height}: {found}, expected {textured}");
    }
}

#[test]
fn less_is_sharper() {
    let picture = Reader::default().read(&fixture("ffhq_align_p005_amateur_selfie_256.png")).unwrap();
    let blurred = |blur: &str| {
        let kind: MeasurementKind = blur.parse().unwrap();
        niqe(&kind.shrink(&picture, picture.size(), &Cpu::default()).unwrap().quantised()).unwrap()
    };
    let sharp = niqe(&picture).unwrap();
    let (soft, softer) = (blurred("gaussian:1.5"), blurred("gaussian:3"));
    assert!(sharp < soft && soft < softer, "{sharp} {soft} {softer}");
}

#[test]
fn small_pictures_have_a_number_too() {
    let picture = Reader::default().read(&fixture("ffhq_align_astronaut_256.png")).unwrap();
    for (width, height) in [(64, 64), (65, 90), (95, 300), (96, 96), (32, 32)] {
        let part = corner(&picture, width, height.min(256));
        let score = niqe(&part).unwrap();
        assert!(score.is_finite() && score > 0.0, "{width}x{height}: {score}");
        assert!(niqe(&part.to_grey()).unwrap().is_finite());
    }
    assert_eq!(niqe(&corner(&picture, 31, 200)), None);
    assert_eq!(niqe(&Image::new(1, 64, 64, vec![0.2; 4096]).unwrap()), None);
}
