//! Faces: frames, aligned pictures, detection, pasting.

use std::path::{Path, PathBuf};

use pulse::face::{Face, Frame, Landmarks, Square, aligned};
use pulse::image::{Image, Reader};
use pulse::measurement::{Kernel, Size};
use serde_json::Value;

mod detection;
mod paste;

fn photograph(name: &str) -> Image {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/photos");
    Reader::default().read(&folder.join(name).with_extension("jpg")).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn point(value: &Value) -> [f64; 2] {
    [0, 1].map(|axis| value[axis].as_f64().unwrap())
}

fn distance([ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> f64 {
    (ax - bx).hypot(ay - by)
}

/// A face of which only what FFHQ's frame looks at is known.
fn landmarks(case: &Value) -> Landmarks {
    let [eye_left, eye_right, mouth] = ["eye_left", "eye_right", "mouth"].map(|name| point(&case[name]));
    Landmarks::from_points([eye_left, eye_right, mouth, mouth, eye_left, eye_right])
}

/// The reference's cases: name and numbers.
fn ffhq_cases() -> Vec<(String, Value)> {
    let bytes = std::fs::read(fixture("ffhq_align.json")).unwrap();
    let cases: serde_json::Map<String, Value> = serde_json::from_slice(&bytes).unwrap();
    cases.into_iter().collect()
}

#[test]
fn quads_are_those_of_the_reference() {
    for (name, case) in ffhq_cases() {
        let corners = Frame::Ffhq.square(&landmarks(&case)).corners();
        for (corner, expected) in corners.into_iter().zip(case["quad"].as_array().unwrap()) {
            // Both in double precision, of coordinates below a thousand.
            assert!(distance(corner, point(expected)) < 1e-9, "{name}: {corner:?} is not {expected}");
        }
    }
}

#[test]
fn aligned_pictures_are_those_of_the_reference() {
    for (name, case) in ffhq_cases() {
        let expected = Reader::default().read(&fixture(case["crop"].as_str().unwrap())).unwrap();
        let picture = photograph(&name);
        let square = Frame::Ffhq.square(&landmarks(&case));
        let crop = aligned(&picture, &square, 1024).unwrap().resized(Kernel::Area, Size::new(256, 256)).unwrap();
        // The reference shrinks with another filter (Lanczos) and blurs with an exact Gaussian.
        let error = mean_difference(&crop, &expected);
        println!("{name}: {:.3} of 255", 255.0 * error);
        assert!(error < 2.0 / 255.0, "{name}: a mean error of {:.3} / 255", 255.0 * error);
        // Without a detour as well.
        let error = mean_difference(&aligned(&picture, &square, 256).unwrap(), &expected);
        println!("{name}: {:.3} of 255", 255.0 * error);
        assert!(error < 2.0 / 255.0, "{name}: a mean error of {:.3} / 255 at 256 pixels", 255.0 * error);
    }
}

fn mean_difference(a: &Image, b: &Image) -> f64 {
    assert_eq!((a.channels(), a.size()), (b.channels(), b.size()));
    let differences = a.values().iter().zip(b.values()).map(|(a, b)| f64::from((a - b).abs()));
    differences.sum::<f64>() / a.values().len() as f64
}

#[test]
fn a_frame_of_landmarks_fits_them_with_a_similarity() {
    let frame = pulse::generator::EMBEDDED[0].open().unwrap().spec().frame;
    let Frame::Landmarks(places) = frame else { panic!("the embedded generator has landmarks") };
    let square = Square { centre: [120.0, 80.0], right: [30.0, 11.0] };
    let [eye_left, eye_right, nose, mouth] =
        [places.eye_left, places.eye_right, places.nose, places.mouth].map(|place| square.to_picture(place));
    let exact = Landmarks { eye_left, eye_right, nose, mouth, ear_left: [0.0; 2], ear_right: [0.0; 2] };
    let found = frame.square(&exact);
    assert!(distance(found.centre, square.centre) < 1e-9 && distance(found.right, square.right) < 1e-9);

    // With landmarks that fit no square, no square nearby fits them better.
    let face = Landmarks { nose: [nose[0] + 9.0, nose[1] - 4.0], ..exact };
    let misfit = |square: &Square| -> f64 {
        let pairs = [
            (places.eye_left, face.eye_left),
            (places.eye_right, face.eye_right),
            (places.nose, face.nose),
            (places.mouth, face.mouth),
        ];
        pairs.into_iter().map(|(place, point)| distance(square.to_picture(place), point).powi(2)).sum()
    };
    let best = frame.square(&face);
    for axis in 0..4 {
        for step in [-0.1, 0.1] {
            let mut moved = best;
            if axis < 2 {
                moved.centre[axis] += step;
            } else {
                moved.right[axis - 2] += step;
            }
            assert!(misfit(&moved) > misfit(&best));
        }
    }
}

#[test]
fn squares_that_show_nothing_are_refused() {
    let picture = Image::new(1, 8, 8, vec![0.5; 64]).unwrap();
    let nowhere = [
        Square::upright([100.0, 4.0], 8.0),
        Square::upright([4.0, 4.0], 0.0),
        Square::upright([f64::NAN, 4.0], 8.0),
        Square::upright([4.0, 4.0], f64::INFINITY),
    ];
    for square in nowhere {
        assert!(aligned(&picture, &square, 8).is_err(), "{square:?}");
    }
    assert!(aligned(&picture, &Square::upright([4.0, 4.0], 8.0), 0).is_err());
    assert!(aligned(&picture, &Square::upright([4.0, 4.0], 8.0), 5000).is_err());
    // A square far larger than the picture is a picture all the same.
    let vast = aligned(&picture, &Square::upright([4.0, 4.0], 1e6), 16).unwrap();
    assert!(vast.values().iter().all(|value| (value - 0.5).abs() < 1e-3));
}

/// The face of a photograph that has one.
fn the_face(faces: &[Face]) -> &Face {
    assert_eq!(faces.len(), 1, "{faces:?}");
    &faces[0]
}
