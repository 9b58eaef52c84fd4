//! Registrations of pictures whose shift, scale and colours are known, because a formula draws them.

use proptest::prelude::*;
use pulse_engine::Cpu;

use super::*;

const CLAIM: Size = Size::new(96, 80);
const SMALL: Size = Size::new(12, 10);

/// A scene at the point `(x, y)`, both from 0 to 1 across the picture: waves as fine as three pixels of the small picture.
fn scene(channel: usize, x: f64, y: f64) -> f64 {
    let waves = [(3.1, 1.3, 0.4), (1.7, -4.2, 1.1), (-6.3, 5.2, 2.0), (11.0, 8.0, 0.7), (2.0, 13.0, 2.6)];
    let of = |(number, (a, b, phase)): (usize, &(f64, f64, f64))| {
        (a * x * 2.0 + b * y * 2.0 + phase + channel as f64).sin() / (number + 2) as f64
    };
    0.5 + 0.22 * waves.iter().enumerate().map(of).sum::<f64>()
}

/// The scene with what is at `(x, y)` in place drawn where this alignment puts it.
fn drawn(size: Size, alignment: Alignment) -> Image {
    let shift = [alignment.shift[0] / SMALL.width as f64, alignment.shift[1] / SMALL.height as f64];
    let back = |place: f64, shift: f64| (place - 0.5 - shift) / alignment.scale + 0.5;
    let value = |at: usize| {
        let (channel, pixel) = (at / (size.width * size.height), at % (size.width * size.height));
        let x = (pixel % size.width) as f64 + 0.5;
        let y = (pixel / size.width) as f64 + 0.5;
        scene(channel, back(x / size.width as f64, shift[0]), back(y / size.height as f64, shift[1])) as f32
    };
    Image::new(3, size.height, size.width, (0..3 * size.width * size.height).map(value).collect()).unwrap()
}

fn small() -> Image {
    drawn(CLAIM, Alignment::default()).resized(Kernel::Bicubic, SMALL).unwrap().quantised()
}

fn compared(claim: &Image, small: &Image) -> Comparison {
    compare(claim, small, &ClaimSettings::default(), &Cpu::default()).unwrap()
}

#[test]
fn what_the_small_picture_was_made_from_is_consistent_and_nothing_is_removed() {
    for kernel in TRIED {
        let claim = drawn(CLAIM, Alignment::default()).quantised();
        let small = claim.resized(kernel, SMALL).unwrap().quantised();
        let found = compared(&claim, &small);
        assert_eq!(found.measurement, kernel.into());
        assert_eq!(found.registration, Registration::default());
        assert_eq!(found.registered, claim);
        assert!(found.db > 57.0 && found.db == found.before_db && found.is_consistent(), "{}", found.db);
        assert_eq!(found.tolerance.db, ROUNDING_DB);
        assert_eq!(found.contradiction.compared, 120);
    }
}

#[test]
fn colours_are_found_and_said() {
    let picture = drawn(CLAIM, Alignment::default());
    for (factor, said) in [(0.96, "4.0 % darker"), (1.05, "5.0 % brighter")] {
        let values = picture.values().iter().map(|value| value * factor).collect();
        let claim = Image::new(3, CLAIM.height, CLAIM.width, values).unwrap().quantised();
        let found = compared(&claim, &small());
        assert_eq!(found.registration.alignment, Alignment::default());
        assert_eq!(found.registration.to_string(), said);
        assert!(found.before_db < 40.0 && found.is_consistent(), "{} {}", found.before_db, found.db);
    }
}

#[test]
fn a_tint_is_said_for_each_channel() {
    let picture = drawn(CLAIM, Alignment::default());
    let pixels = CLAIM.width * CLAIM.height;
    let values = picture.values().iter().enumerate().map(|(at, value)| if at < pixels { 0.95 * value } else { *value });
    let claim = Image::new(3, CLAIM.height, CLAIM.width, values.collect()).unwrap();
    let words = compared(&claim, &small()).registration.to_string();
    assert!(words.starts_with("red 5."), "{words}");
}

#[test]
fn an_enlargement_of_the_small_picture_is_told_from_what_has_more() {
    for kernel in TRIED {
        let found = compared(&small().resized(kernel, CLAIM).unwrap().quantised(), &small());
        assert!(found.enlarged.is_some(), "{kernel:?}: {:?}", found.registration);
    }
    assert_eq!(compared(&drawn(CLAIM, Alignment::default()), &small()).enlarged, None);
}

#[test]
fn another_scene_is_not_made_consistent() {
    let turned = |picture: &Image| {
        let values = picture.values().iter().rev().copied().collect();
        Image::new(3, picture.height(), picture.width(), values).unwrap()
    };
    let found = compared(&turned(&drawn(CLAIM, Alignment::default())), &small());
    assert!(!found.is_consistent() && found.db < 25.0, "{}", found.db);
}

#[test]
fn a_change_in_one_place_is_found_there_though_the_whole_is_within_the_tolerance() {
    let large = Size::new(40, 40);
    let claim = drawn(Size::new(160, 160), Alignment::default());
    let small = claim.resized(Kernel::Bicubic, large).unwrap();
    let mut values = claim.values().to_vec();
    for (row, column) in (60..72).flat_map(|row| (100..112).map(move |column| (row, column))) {
        values[row * 160 + column] = (values[row * 160 + column] + 0.12).min(1.0);
    }
    let changed = Image::new(3, 160, 160, values).unwrap();
    let found = compared(&changed, &small);
    let worst = found.contradiction.worst.unwrap();
    assert!(found.db > found.tolerance.db, "{}", found.db);
    assert!(worst.db < found.tolerance.local_db() && !found.is_consistent(), "{worst:?}");
    assert!(worst.column.abs_diff(26) <= 1 && worst.row.abs_diff(16) <= 1, "{worst:?}");
    let settings = ClaimSettings { target_db: Some(30.0), ..ClaimSettings::default() };
    assert!(compare(&changed, &small, &settings, &Cpu::default()).unwrap().is_consistent());
}

#[test]
fn a_change_in_one_place_is_not_taken_for_another_shift_or_colour() {
    let claim = drawn(Size::new(160, 160), Alignment::default());
    let small = claim.resized(Kernel::Area, Size::new(20, 20)).unwrap().quantised();
    let mut values = claim.into_values();
    for (row, column) in (32..64).flat_map(|row| (40..96).map(move |column| (row, column))) {
        values[row * 160 + column] = 0.0;
        values[160 * 160 + row * 160 + column] = 0.1;
    }
    let found = compared(&Image::new(3, 160, 160, values).unwrap(), &small);
    assert_eq!(found.registration, Registration::default());
    let changed = |pixel: usize| (5..12).contains(&(pixel % 20)) && (4..8).contains(&(pixel / 20));
    let errors = found.contradiction.of_pixels.iter().enumerate();
    assert!(errors.clone().all(|(pixel, &error)| changed(pixel) == (error > 0.01)), "{:?}", found.contradiction);
    assert!(!found.is_consistent());
}

#[test]
fn what_was_given_is_used_and_a_claim_has_more_pixels() {
    let claim = drawn(CLAIM, Alignment::default());
    let kind: MeasurementKind = "gaussian:4,area".parse().unwrap();
    let blurred = kind.shrink(&claim, SMALL, &Cpu::default()).unwrap();
    let settings = ClaimSettings { measurement: Some(kind.clone()), ..ClaimSettings::default() };
    let found = compare(&claim, &blurred, &settings, &Cpu::default()).unwrap();
    assert!(found.is_consistent() && !found.found && found.measurement == kind, "{}", found.db);
    assert!(!compared(&claim, &blurred).is_consistent());
    let error = compare(&blurred, &claim, &ClaimSettings::default(), &Cpu::default()).unwrap_err();
    assert!(error.kind() == ErrorKind::Picture && error.to_string().contains("12x10"), "{error}");
}

#[test]
fn grey_is_compared_with_grey_and_proportions_in_the_middle() {
    let claim = drawn(CLAIM, Alignment::default());
    assert!(compared(&claim, &small().to_grey()).is_consistent());
    assert!(compared(&claim.to_grey(), &small()).is_consistent());
    let middle = claim.crop(claim.centre_square()).unwrap().resized(Kernel::Bicubic, Size::new(10, 10)).unwrap();
    let found = compared(&claim, &middle);
    assert!(found.is_consistent() && found.claim.size() == Size::new(80, 80), "{}", found.db);
}

/// The tables of a JPEG of the quality 75 (T.81, annex K), as libjpeg scales them.
fn coding() -> Coding {
    let luma = [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
        51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
        120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ];
    let chroma = std::array::from_fn(|at| match (at / 8, at % 8) {
        (0, 0) => 17,
        (row, column) if row + column < 4 => 24,
        _ => 99,
    });
    let half = |steps: [u16; 64]| steps.map(|step| step.div_ceil(2));
    Coding { luma: half(luma), chroma: half(chroma), subsampling: [2, 2] }
}

#[test]
fn compression_widens_the_tolerance_by_what_it_does_to_the_picture() {
    let claim = drawn(CLAIM, Alignment::default());
    let fine = Coding { luma: [1; 64], chroma: [1; 64], subsampling: [1, 1] };
    assert!(consistency_db(fine.error(&small()).unwrap()) > 52.0);
    let error = coding().error(&small()).unwrap();
    assert!((20.0..40.0).contains(&consistency_db(error)), "{}", consistency_db(error));
    assert!(coding().error(&small().to_grey()).unwrap() < error);
    // Shrinking averages it away.
    let left = [1, 2, 4, 8].map(|factor| {
        let size = Size::new(CLAIM.width / factor, CLAIM.height / factor);
        coding().error_after_shrinking(&claim, size).unwrap()
    });
    assert!(left.windows(2).all(|pair| pair[0] > pair[1]) && consistency_db(left[3]) > 45.0, "{left:?}");
    let settings = ClaimSettings { small_coding: Some(coding()), ..ClaimSettings::default() };
    let found = compare(&claim, &small(), &settings, &Cpu::default()).unwrap();
    let wanted = consistency_db(10f64.powf(-ROUNDING_DB / 10.0) + 2.0 * found.tolerance.small_jpeg.unwrap());
    assert!((found.tolerance.db - wanted).abs() < 1e-9 && found.tolerance.db < 40.0, "{:?}", found.tolerance);
}

#[test]
fn a_claim_is_told_from_candidates() {
    let picture = |seed: usize| drawn(CLAIM, Alignment { shift: [seed as f64 / 3.0, 0.0], scale: 1.0 });
    let candidates: Vec<_> = (0..4).map(picture).collect();
    let shown: Vec<&Image> = candidates.iter().collect();
    let certainty = crate::judge::Certainty::of(&shown, SMALL).unwrap();
    let inside = Range::of(&candidates[2], &shown, &[], &certainty);
    assert_eq!((inside.nearest, inside.distance, inside.outside), (2, 0.0, 0.0));
    let white = Image::new(3, CLAIM.height, CLAIM.width, vec![1.0; 3 * CLAIM.width * CLAIM.height]).unwrap();
    let outside = Range::of(&white, &shown, &[&picture(5)], &certainty);
    assert!(outside.ratio() > 2.0 && outside.outside > 0.8, "{outside:?}");
    assert!(outside.outside_of_pixels.iter().all(|&excess| (0.0..=1.0).contains(&excess)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn known_shifts_scales_and_gains_are_recovered(
        right in -0.8..0.8_f64, down in -0.8..0.8_f64, scale in 0.97..1.03_f64, gain in 0.9..1.1_f64,
    ) {
        let known = Alignment { shift: [right, down], scale };
        let picture = drawn(CLAIM, known);
        let values = picture.values().iter().map(|&value| ((f64::from(value) - 0.02) / gain) as f32).collect();
        let claim = Image::clamped(3, CLAIM.height, CLAIM.width, values).unwrap().quantised();
        let found = compared(&claim, &small());
        let Registration { alignment, tones } = &found.registration;
        prop_assert!((alignment.shift[0] - right).abs() < 0.05, "{alignment:?} for {known:?}");
        prop_assert!((alignment.shift[1] - down).abs() < 0.05, "{alignment:?} for {known:?}");
        prop_assert!((alignment.scale - scale).abs() < 0.01, "{alignment:?} for {known:?}");
        for tone in tones {
            prop_assert!((tone.gain - gain).abs() < 0.02 && (tone.offset - 0.02).abs() < 0.02, "{tone:?} for {gain}");
        }
        prop_assert!(found.db > found.before_db - 0.1 && found.is_consistent(), "{} {}", found.before_db, found.db);
    }
}
