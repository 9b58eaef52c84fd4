//! Pasting faces.

use pulse::face::{Photograph, Restoration, Square, aligned};
use pulse::image::{Image, Kernel, Provenance, Raster, Reader, Rectangle};
use pulse::measurement::Size;
use pulse::mosaic::{Grid, Mosaic};

use super::{mean_difference, photograph};

const SIZE: usize = 64;

/// Puts `face` in the place of what `square` of the astronaut's photograph shows, and gives the photograph before and after.
fn pasted(square: &Square, face: impl Fn(&Image) -> Image) -> (Photograph, Photograph) {
    let picture = photograph("astronaut");
    let seen = aligned(&picture, square, SIZE).unwrap();
    let before = Photograph::from(&picture);
    let mut after = before.clone();
    after.put(square, &face(&seen), &seen, &Restoration::Replaced).unwrap();
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
fn the_middle_is_the_face_and_the_seam_has_no_step() {
    let (before, after) = pasted(&square(), |_| flat(0.25));
    let [before, after] = [before, after].map(|photograph| photograph.to_bytes());
    let at = |bytes: &[u8], place: [f64; 2]| {
        let [x, y] = square().to_picture(place).map(|x| x.round() as usize);
        bytes[(y * 512 + x) * 3..][..3].to_vec()
    };
    for byte in at(&after, [0.5, 0.5]) {
        assert!(byte.abs_diff(64) <= 2, "{byte}");
    }
    // Near the edge little of it is seen: on the whole no step is left.
    let rim = (0..64).map(|i| f64::from(i) / 64.0 * std::f64::consts::TAU);
    let places = rim.map(|angle| [0.5 + 0.47 * angle.cos(), 0.5 + 0.47 * angle.sin()]);
    let differences = places.flat_map(|place| {
        let pairs: Vec<_> = at(&before, place).into_iter().zip(at(&after, place)).collect();
        pairs.into_iter().map(|(before, after)| f64::from(before.abs_diff(after)))
    });
    let differences: Vec<_> = differences.collect();
    let mean = differences.iter().sum::<f64>() / differences.len() as f64;
    assert!(mean < 16.0, "a mean step of {mean}");
}

/// What a face of 40 pixels adds that is consistent with what the photograph shows of it.
fn with_details(scale: f64) -> (Image, Photograph, Square) {
    let whole = photograph("astronaut");
    let picture = whole.resized(Kernel::Area, Size::new(160, 160)).unwrap();
    let square = Square::upright([70.0, 36.0], 40.0);
    let known = aligned(&picture, &square, 40).unwrap().quantised();
    let seen = aligned(&picture, &square, SIZE).unwrap();
    // The face as the photograph of three times the size shows it.
    let sharp = Square { centre: square.centre.map(|x| (x + 0.5) * 3.2 - 0.5), right: square.right.map(|x| x * 3.2) };
    let face = aligned(&whole, &sharp, SIZE).unwrap();
    let mut after = Photograph::scaled(&Raster::from(&picture), scale).unwrap();
    after.put(&square, &face, &seen, &Restoration::Details { known }).unwrap();
    (picture, after, square)
}

/// The mean difference of neighbouring pixels within the middle of the square.
fn sharpness(bytes: &[u8], width: usize, square: &Square, scale: f64) -> f64 {
    let low = square.bounds()[0].map(|x| ((x + 12.0) * scale) as usize);
    let side = (16.0 * scale) as usize;
    let differences = (0..side * side).map(|i| {
        let [x, y] = [low[0] + i % side, low[1] + i / side];
        let at = |x: usize, y: usize| f64::from(bytes[(y * width + x) * 3]);
        (at(x + 1, y) - at(x, y)).abs() + (at(x, y + 1) - at(x, y)).abs()
    });
    differences.sum::<f64>() / (side * side) as f64
}

#[test]
fn details_leave_a_photograph_that_is_not_enlarged_as_sharp_as_it_was() {
    let (picture, after, square) = with_details(1.0);
    let (before, after) = (picture.to_bytes(), after.to_bytes());
    let [before, after] = [before, after].map(|bytes| sharpness(&bytes, 160, &square, 1.0));
    assert!(after > 0.98 * before, "{after} of {before}");
}

#[test]
fn details_make_an_enlarged_photograph_sharper_than_lanczos() {
    let (picture, after, square) = with_details(1.6);
    let size = after.size();
    let lanczos = picture.resized(Kernel::Lanczos3, size).unwrap().to_bytes();
    let [lanczos, after] = [lanczos, after.to_bytes()].map(|bytes| sharpness(&bytes, size.width, &square, 1.6));
    assert!(after > 1.05 * lanczos, "{after}, and Lanczos has {lanczos}");
}

#[test]
fn a_face_fills_blocks_and_nothing_beside_them() {
    let picture = photograph("astronaut");
    let region = Rectangle { left: 180, top: 60, width: 90, height: 110 };
    let mosaic = Mosaic { grid: Grid::new(10.0, 0.0, 0.0).unwrap(), region };
    let small = mosaic.reduce(&picture).unwrap();
    let mut smooth = Raster::from(&picture);
    smooth.put(region, &mosaic.smooth_rows(&small, 0..region.height).unwrap());
    let smooth = smooth.image().unwrap();
    let square = Square::upright([224.0, 115.0], 130.0);
    let (seen, before) = (aligned(&smooth, &square, SIZE).unwrap(), Photograph::from(&smooth));
    let mut after = before.clone();
    after.put(&square, &flat(0.5), &seen, &Restoration::Blocks { mosaic, detected: true, small }).unwrap();
    let (original, after) = (picture.to_bytes(), after.to_bytes());
    let mut changed = 0;
    for (index, (before, after)) in original.chunks_exact(3).zip(after.chunks_exact(3)).enumerate() {
        let (x, y) = (index % 512, index / 512);
        if (180..270).contains(&x) && (60..170).contains(&y) {
            changed += usize::from(before != after);
        } else {
            assert_eq!(before, after, "at {x}, {y}");
        }
    }
    assert!(changed > 9_500, "{changed} of 9900");
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
    after.put(&square(), &flat(0.5), &seen.to_rgb(), &Restoration::Replaced).unwrap();
    let mut file = Vec::new();
    after.write_png(&Provenance::new("test", 1), &mut file).unwrap();
    assert!(String::from_utf8_lossy(&file).contains("trainedAlgorithmicMedia"));
    let read = Reader::default().decode("test", &file).unwrap();
    assert_eq!((read.channels(), read.to_bytes()), (1, after.to_bytes()));
}
