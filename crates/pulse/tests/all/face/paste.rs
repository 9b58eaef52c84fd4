//! Pasting faces.

use pulse::face::{Photograph, Square, aligned};
use pulse::image::{Image, Provenance, Reader};

use super::{mean_difference, photograph};

const SIZE: usize = 64;

/// Pastes `face` where `square` of the astronaut's photograph is seen, and gives the photograph before and after.
fn pasted(square: &Square, face: impl Fn(&Image) -> Image) -> (Photograph, Photograph) {
    let picture = photograph("astronaut");
    let seen = aligned(&picture, square, SIZE).unwrap();
    let before = Photograph::from(&picture);
    let mut after = before.clone();
    after.paste(square, &face(&seen), &seen).unwrap();
    (before, after)
}

fn square() -> Square {
    Square::upright([224.0, 115.0], 130.0).turned(0.2)
}

fn flat(value: f32) -> Image {
    Image::new(3, SIZE, SIZE, vec![value; 3 * SIZE * SIZE]).unwrap()
}

#[test]
fn what_is_outside_of_the_mask_keeps_its_bytes() {
    let (before, after) = pasted(&square(), |_| flat(1.0));
    let [before, after] = [before, after].map(|photograph| photograph.to_bytes());
    let pixels = before.chunks_exact(3).zip(after.chunks_exact(3)).enumerate();
    let mut changed = 0;
    for (index, (before, after)) in pixels {
        let place = square().from_picture([(index % 512) as f64, (index / 512) as f64]);
        let radius = place.map(|u| (2.0 * u - 1.0).abs()).iter().map(|u| u.powi(3)).sum::<f64>().cbrt();
        if radius >= 0.98 {
            assert_eq!(before, after, "at {place:?}");
        } else {
            changed += usize::from(before != after);
        }
    }
    assert!(changed > 8_000, "{changed} pixels changed");
}

#[test]
fn the_middle_is_the_face_and_the_seam_has_the_colours_of_the_photograph() {
    let (before, after) = pasted(&square(), |_| flat(0.25));
    let [before, after] = [before, after].map(|photograph| photograph.to_bytes());
    let at = |bytes: &[u8], place: [f64; 2]| {
        let [x, y] = square().to_picture(place).map(|x| x.round() as usize);
        bytes[(y * 512 + x) * 3..][..3].to_vec()
    };
    // Far from the seam there is no correction.
    for byte in at(&after, [0.5, 0.5]) {
        assert!(byte.abs_diff(64) <= 2, "{byte}");
    }
    // Near the edge little of it is seen, in the photograph's colours: on the whole no step is left.
    let rim = (0..64).map(|i| f64::from(i) / 64.0 * std::f64::consts::TAU);
    let places = rim.map(|angle| [0.5 + 0.45 * angle.cos(), 0.5 + 0.45 * angle.sin()]);
    let differences = places.flat_map(|place| {
        let pairs: Vec<_> = at(&before, place).into_iter().zip(at(&after, place)).collect();
        pairs.into_iter().map(|(before, after)| f64::from(before.abs_diff(after)))
    });
    let differences: Vec<_> = differences.collect();
    let mean = differences.iter().sum::<f64>() / differences.len() as f64;
    assert!(mean < 16.0, "a mean step of {mean}");
}

#[test]
fn what_was_cut_out_fits_back_in() {
    let (before, after) = pasted(&square(), Image::clone);
    let image = |photograph: &Photograph| Image::from_bytes(3, 512, 512, &photograph.to_bytes()).unwrap();
    let seen = |photograph| aligned(&image(photograph), &square(), SIZE).unwrap();
    // Two resamplings at half the size, of a face with fine hair.
    assert!(mean_difference(&seen(&before), &seen(&after)) < 3.0 / 255.0);
}

#[test]
fn faces_at_the_edge_and_of_any_size_are_pasted() {
    for square in [
        Square::upright([5.0, 500.0], 100.0).turned(2.0),
        Square::upright([256.0, 256.0], 2.5),
        Square::upright([256.0, 256.0], 4000.0),
    ] {
        let (before, after) = pasted(&square, |_| flat(0.9));
        assert_eq!(before.size(), after.size());
        assert_ne!(before.to_bytes(), after.to_bytes());
    }
}

#[test]
fn grey_photographs_stay_grey_and_say_that_they_were_changed() {
    let picture = photograph("astronaut").to_grey();
    let seen = aligned(&picture, &square(), SIZE).unwrap();
    let mut after = Photograph::from(&picture);
    after.paste(&square(), &flat(0.5), &seen.to_rgb()).unwrap();
    assert_eq!(after.channels(), 1);
    let file = after.to_png(&Provenance::new("test", 1)).unwrap();
    assert!(String::from_utf8_lossy(&file).contains("trainedAlgorithmicMedia"));
    let read = Reader::default().decode("test", &file).unwrap();
    assert_eq!(read.to_bytes(), after.to_bytes());
}
