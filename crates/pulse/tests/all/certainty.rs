//! What candidates agree on.

use proptest::prelude::*;
use pulse::ErrorKind;
use pulse::image::Image;
use pulse::judge::Certainty;
use pulse::measurement::Size;
use pulse::sheet::{CertaintyMap, Colormap};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, Normal};

const SHARP: usize = 32;
const SMALL: Size = Size::new(8, 8);

/// Pictures that have noise of `common` in common, and noise of `own` each, about grey.
fn pictures(count: usize, common: f32, own: f32, seed: u64) -> Vec<Image> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut noise = |deviation: f32| -> Vec<f32> {
        let normal = Normal::new(0.0, deviation).unwrap();
        (0..3 * SHARP * SHARP).map(|_| normal.sample(&mut random)).collect()
    };
    let shared = noise(common);
    let picture = |own: Vec<f32>| {
        let values = shared.iter().zip(own).map(|(shared, own)| 0.5 + shared + own).collect();
        Image::clamped(3, SHARP, SHARP, values).unwrap()
    };
    (0..count).map(|_| picture(noise(own))).collect()
}

fn of(pictures: &[Image]) -> Certainty {
    Certainty::of(&pictures.iter().collect::<Vec<_>>(), SMALL).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// The share is `common² / (common² + own²)`, for any number of pictures: the estimate has no bias.
    #[test]
    fn the_share_is_that_of_what_is_common(count in 2usize..12, common in 0.0f32..0.1, own in 0.01f32..0.1, seed: u64) {
        let agreed = of(&pictures(count, common, own, seed)).agreed().unwrap();
        let (common, own) = (f64::from(common).powi(2), f64::from(own).powi(2));
        // Of 3072 numbers, a few of which are clipped, a share of them all is known to some percent.
        prop_assert!((agreed - common / (common + own)).abs() < 0.06, "{} of {}", agreed, common / (common + own));
    }

    #[test]
    fn equal_pictures_agree_on_everything(count in 2usize..6, seed: u64) {
        let one = pictures(1, 0.1, 0.0, seed).remove(0);
        let certainty = of(&vec![one.clone(); count]);
        prop_assert!((certainty.agreed().unwrap() - 1.0).abs() < 1e-6);
        prop_assert!(certainty.deviation().iter().all(|&s| s < 1e-6));
        prop_assert!(certainty.mean().mean_squared_difference(&one) < 1e-12);
    }

    /// Bands are octaves between the small and the sharp size, and their energies do not depend on the pictures' order.
    #[test]
    fn bands_cover_the_detail(seed: u64) {
        let mut all = pictures(4, 0.05, 0.05, seed);
        let bands = of(&all).bands().to_vec();
        let sizes: Vec<_> = bands.iter().map(|band| (band.above.width, band.upto.width)).collect();
        prop_assert_eq!(sizes, [(8, 16), (16, 32)]);
        all.reverse();
        for (band, again) in bands.iter().zip(of(&all).bands()) {
            prop_assert!((band.energy - again.energy).abs() < 1e-9 && (band.agreed - again.agreed).abs() < 1e-6);
        }
    }

    /// An interval for one more value of the same normal distribution, made wider by the inflation, holds 90% or more, and
    /// not nearly all.
    #[test]
    fn intervals_hold_what_they_say(count in 4usize..24, seed: u64) {
        let mut all = pictures(count + 1, 0.05, 0.04, seed);
        let unseen = all.pop().unwrap();
        let certainty = of(&all);
        let held = unseen.values().iter().zip(certainty.mean().values()).zip(certainty.half_widths());
        let share = held.filter(|((x, mean), width)| (*x - **mean).abs() <= *width).count() as f64 / 3072.0;
        prop_assert!((0.89..0.985).contains(&share), "{}", share);
    }
}

#[test]
fn one_picture_is_not_enough() {
    let error = Certainty::of(&[&pictures(1, 0.1, 0.1, 0)[0]], SMALL).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Picture);
    let other = Image::new(1, 4, 4, vec![0.0; 16]).unwrap();
    assert!(Certainty::of(&[&pictures(1, 0.1, 0.1, 0)[0], &other], SMALL).is_err());
}

#[test]
fn without_shrinking_there_are_no_bands() {
    let all = pictures(3, 0.05, 0.05, 1);
    let certainty = Certainty::of(&all.iter().collect::<Vec<_>>(), Size::new(SHARP, SHARP)).unwrap();
    assert!(certainty.bands().is_empty() && certainty.agreed().is_none());
    assert!(certainty.deviation().iter().all(|&s| s > 0.0));
}

#[test]
fn the_map_is_brighter_where_pictures_differ() {
    let light = |[r, g, b]: [u8; 3]| 0.2126 * f32::from(r) + 0.7152 * f32::from(g) + 0.0722 * f32::from(b);
    let lights: Vec<_> = (0..=100).map(|at| light(Colormap::Cividis.at(at as f32 / 100.0))).collect();
    assert!(
        lights.windows(2).all(|pair| pair[0] <= pair[1] + 1.0),
        "lighter all the way, so that it can be read in grey"
    );

    // The left half is the same in all.
    let half = |level: f32| {
        let values = (0..SHARP * SHARP).map(|at| if at % SHARP < SHARP / 2 { 0.5 } else { level }).collect();
        Image::new(1, SHARP, SHARP, values).unwrap()
    };
    let all = [half(0.3), half(0.7)];
    let certainty = of(&all);
    let overlay = CertaintyMap::new(&certainty).overlay().unwrap();
    let at = |x: usize| [0, 1, 2].map(|channel| (overlay.plane(channel)[x] * 255.0) as u8);
    assert!(light(at(SHARP - 2)) > light(at(1)) + 80.0);
    let drawn = CertaintyMap::new(&certainty).draw("A title", "A caption that says what is seen.").unwrap();
    assert!(drawn.width() > 300 && drawn.height() > 300);
}
