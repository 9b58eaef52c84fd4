//! Finding faces, in the photographs and in what is made of them.

use std::path::Path;

use pulse::ErrorKind;
use pulse::face::{Detector, DetectorConfig, Square, aligned};
use pulse::image::Image;
use pulse::measurement::{Kernel, Size};
use pulse_engine::Cpu;

use super::{distance, photograph, the_face};

fn detector() -> Detector {
    Detector::new(&Cpu::default(), DetectorConfig::default()).unwrap()
}

/// Where the eyes of each photograph are, as they were read off by eye.
fn eyes() -> Vec<(String, [[f64; 2]; 2])> {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/photos/landmarks.csv");
    let row = |line: &str| {
        let (name, numbers) = line.split_once(',').unwrap();
        let numbers: Vec<f64> = numbers.split(',').map(|number| number.parse().unwrap()).collect();
        (name.to_owned(), [[numbers[0], numbers[1]], [numbers[2], numbers[3]]])
    };
    std::fs::read_to_string(table).unwrap().lines().skip(1).map(row).collect()
}

#[test]
fn the_face_of_every_photograph_is_found_and_its_eyes_are_where_they_are() {
    let mut detector = detector();
    let mut errors = Vec::new();
    for (name, [left, right]) in eyes() {
        let faces = detector.detect(&photograph(&name));
        let landmarks = the_face(&faces).landmarks;
        for (found, eye) in [(landmarks.eye_left, left), (landmarks.eye_right, right)] {
            errors.push((distance(found, eye) / distance(left, right), name.clone()));
        }
    }
    assert_eq!(errors.len(), 18);
    errors.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    // What alignment can bear: a generator's own faces differ by as much.
    assert!(errors[9].0 <= 0.08 && errors[17].0 <= 0.14, "{errors:?}");
}

#[test]
fn a_face_turned_by_any_angle_is_found() {
    let mut detector = detector();
    let (_, [left, right]) = eyes().remove(0);
    let picture = photograph("astronaut");
    for degrees in (15..360).step_by(30) {
        let turned = Square::upright([219.5, 121.5], 243.0).turned(f64::from(degrees).to_radians());
        let faces = detector.detect(&aligned(&picture, &turned, 300).unwrap());
        let landmarks = the_face(&faces).landmarks;
        let back = |point: [f64; 2]| turned.to_picture(point.map(|x| (x + 0.5) / 300.0));
        for (found, eye) in [(landmarks.eye_left, left), (landmarks.eye_right, right)] {
            let error = distance(back(found), eye) / distance(left, right);
            assert!(error <= 0.14, "turned by {degrees} degrees, an eye is off by {:.0} %", 100.0 * error);
        }
    }
}

/// A grey picture of `size` with photographs in it, each as large as said, at its place.
fn collage(size: Size, photographs: &[(&str, usize, [usize; 2])]) -> Image {
    let mut planes = vec![0.5; 3 * size.width * size.height];
    for &(name, side, [left, top]) in photographs {
        let picture = photograph(name);
        let small =
            picture.crop(picture.centre_square()).unwrap().resized(Kernel::Area, Size::new(side, side)).unwrap();
        for channel in 0..3 {
            for (y, row) in small.plane(channel).chunks_exact(side).enumerate() {
                planes[(channel * size.height + top + y) * size.width + left..][..side].copy_from_slice(row);
            }
        }
    }
    Image::new(3, size.height, size.width, planes).unwrap()
}

#[test]
fn several_small_faces_of_a_large_picture_are_found() {
    // Faces of some 120, 60, 50 and 45 pixels, as small as a twenty-fifth of the picture's width.
    let picture = collage(
        Size::new(1200, 700),
        &[
            ("p001_studio_portrait", 280, [40, 30]),
            ("p002_studio_portrait", 140, [700, 100]),
            ("p005_studio_portrait", 130, [1050, 560]),
            ("astronaut", 210, [400, 450]),
        ],
    );
    let faces = detector().detect(&picture);
    let mut lefts: Vec<_> = faces.iter().map(|face| face.outline.centre[0].round() as usize).collect();
    lefts.sort_unstable();
    assert_eq!(lefts.len(), 4, "{lefts:?}");
    for (left, place) in lefts.into_iter().zip([40..320, 400..610, 700..840, 1050..1180]) {
        assert!(place.contains(&left), "no photograph has its face at column {left}");
    }
    assert!(faces.windows(2).all(|pair| pair[0].score >= pair[1].score), "the surest first");
}

#[test]
fn nothing_is_found_where_there_is_nothing() {
    let mut detector = detector();
    let noise =
        (0..3 * 90 * 200).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32).collect();
    for picture in [
        Image::new(1, 1, 1, vec![0.5]).unwrap(),
        Image::new(1, 300, 2, vec![0.1; 600]).unwrap(),
        Image::new(3, 90, 200, noise).unwrap(),
        // A space shuttle and a flag, from the astronaut's photograph.
        aligned(&photograph("astronaut"), &Square::upright([440.0, 100.0], 130.0), 260).unwrap(),
    ] {
        assert_eq!(detector.detect(&picture), []);
    }
}

#[test]
fn grey_pictures_have_faces_too() {
    let faces = detector().detect(&photograph("p004_studio_portrait").to_grey());
    assert!(the_face(&faces).score > 0.75);
}

#[test]
fn settings_outside_of_their_range_are_refused() {
    for config in [
        DetectorConfig { confidence: 1.5, ..DetectorConfig::default() },
        DetectorConfig { confidence: f64::NAN, ..DetectorConfig::default() },
        DetectorConfig { smallest: 0.0, ..DetectorConfig::default() },
        DetectorConfig { smallest: 2.0, ..DetectorConfig::default() },
    ] {
        let error = Detector::new(&Cpu::default(), config).err().expect("a refusal");
        assert_eq!(error.kind(), ErrorKind::Setting);
    }
}
