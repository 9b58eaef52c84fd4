//! Contact sheets.

use pulse::ErrorKind;
use pulse::candidate::Outcome;
use pulse::image::Image;
use pulse::measurement::{Kernel, Size};
use pulse::sheet::canvas::{Canvas, TextStyle, Weight, fitted, pixelated};
use pulse::sheet::{Entry, MAX_SHOWN, Sheet};

/// A picture whose colour no part of a sheet's own drawing has.
fn flat(channels: usize, width: usize, height: usize, colour: [u8; 3]) -> Image {
    Image::from_bytes(channels, height, width, &colour[..channels].repeat(width * height)).unwrap()
}

fn count(sheet: &Image, colour: [u8; 3]) -> usize {
    sheet.to_bytes().as_chunks::<3>().0.iter().filter(|pixel| **pixel == colour).count()
}

const TARGET: [u8; 3] = [10, 20, 200];
const SHARP: [u8; 3] = [200, 10, 150];
const MEASURED: [u8; 3] = [20, 160, 200];

fn drawn(target: &Image, original: Option<&Image>, image: &Image, measured: &Image, candidates: usize) -> Image {
    let entry = Entry { number: 1, image, measured, db: 42.0, outcome: Outcome::Reached, verdict: None };
    let sheet = Sheet { title: "Title", note: "", target, original, colours: None, entries: vec![entry; candidates] };
    sheet.draw().unwrap()
}

#[test]
fn every_picture_is_on_the_sheet() {
    let (target, sharp, measured) = (flat(3, 16, 16, TARGET), flat(3, 64, 64, SHARP), flat(3, 16, 16, MEASURED));
    for candidates in [1, 2, 5, 64] {
        let sheet = drawn(&target, None, &sharp, &measured, candidates);
        // 192 x 192 for the sharp, 6 x 6 for each pixel of what it shrinks to.
        assert_eq!(count(&sheet, SHARP), candidates * 192 * 192);
        assert_eq!(count(&sheet, MEASURED), candidates * 96 * 96);
        // 13 x 13 for each given pixel, less the line around them.
        assert_eq!(count(&sheet, TARGET), 206 * 206);
    }
    let original = flat(3, 40, 40, [1, 200, 3]);
    let sheet = drawn(&target, Some(&original), &sharp, &measured, 3);
    assert_eq!(count(&sheet, [1, 200, 3]), 206 * 206);
}

#[test]
fn any_size_and_shape_is_drawn() {
    for (width, height) in [(4, 4), (1, 1), (1024, 1024), (300, 7), (7, 300), (1000, 1), (1, 1000)] {
        for channels in [1, 3] {
            let small = flat(channels, width, height, [90; 3]);
            let sharp = flat(channels, width * 2, height * 2, [60; 3]);
            let sheet = drawn(&small, Some(&sharp), &sharp, &small, 7);
            assert!(count(&sheet, [60; 3]) >= 7 * 192, "{width} x {height}");
            assert!(sheet.width() < 1200 && sheet.height() < 1600, "{width} x {height}");
        }
    }
}

#[test]
fn of_many_candidates_the_first_are_shown() {
    let small = flat(3, 4, 4, TARGET);
    let sharp = flat(3, 8, 8, SHARP);
    let sheet = drawn(&small, None, &sharp, &small, MAX_SHOWN + 30);
    assert_eq!(count(&sheet, SHARP), MAX_SHOWN * 192 * 192);
}

#[test]
fn a_sheet_needs_a_candidate() {
    let small = flat(3, 4, 4, TARGET);
    let sheet = Sheet { title: "", note: "", target: &small, original: None, colours: None, entries: vec![] };
    assert_eq!(sheet.draw().unwrap_err().kind(), ErrorKind::Picture);
}

#[test]
fn small_pictures_keep_hard_edges() {
    let checks = Image::from_bytes(1, 2, 2, &[0, 255, 255, 0]).unwrap();
    let large = pixelated(&checks, Size::new(9, 11)).unwrap();
    assert_eq!(large.size(), Size::new(8, 8));
    assert!(large.values().iter().all(|value| *value == 0.0 || *value == 1.0));
    assert_eq!(large, checks.resized(Kernel::Area, Size::new(8, 8)).unwrap());
    assert_eq!(pixelated(&flat(1, 300, 100, [9; 3]), Size::new(30, 30)).unwrap().size(), Size::new(30, 10));
}

#[test]
fn proportions_are_kept() {
    assert_eq!(fitted(Size::new(64, 64), Size::new(192, 192)), Size::new(192, 192));
    assert_eq!(fitted(Size::new(400, 100), Size::new(200, 200)), Size::new(200, 50));
    assert_eq!(fitted(Size::new(100, 400), Size::new(200, 100)), Size::new(25, 100));
    assert_eq!(fitted(Size::new(10_000, 1), Size::new(100, 100)), Size::new(100, 1));
}

#[test]
fn text_is_drawn_within_its_width() {
    let style = TextStyle { weight: Weight::Regular, size: 14.0, colour: [0; 3] };
    let text = "≥ 42.0 dB × 64 – “naïve” …";
    let width = style.width(text);
    let mut canvas = Canvas::new(width + 40, 40, [255; 3]);
    canvas.text(20, 10, text, style);
    let image = canvas.into_image().unwrap();
    let ink = |column: usize| (0..40).any(|row| image.plane(0)[row * image.width() + column] < 0.5);
    assert!((0..19).chain(width + 21..width + 40).all(|column| !ink(column)));
    assert!((20..width + 20).filter(|&column| ink(column)).count() > width / 2);

    let drawn_as = |text: &str| {
        let mut canvas = Canvas::new(40, 40, [255; 3]);
        canvas.text(5, 5, text, style);
        canvas.into_image().unwrap()
    };
    assert_eq!(drawn_as("画"), drawn_as("?"));
    assert_ne!(drawn_as("✓"), drawn_as("?"));
    // Nothing outside of the canvas is touched.
    Canvas::new(3, 3, [0; 3]).text(2, 0, "overflowing", style);
}

#[test]
fn long_text_is_wrapped_and_shortened() {
    let style = TextStyle { weight: Weight::Bold, size: 14.0, colour: [0; 3] };
    let lines = style.wrapped("one two three four five extraordinarilylongwordwithoutanyspace end", 80);
    assert!(lines.len() > 3);
    assert!(lines.iter().all(|line| style.width(line) <= 80), "{lines:?}");
    assert_eq!(lines.first().unwrap(), "one two");
    assert_eq!(style.shortened("short", 80), "short");
    assert!(style.shortened("a rather long title", 80).ends_with('…'));
    assert!(style.wrapped("", 80).is_empty());
}
