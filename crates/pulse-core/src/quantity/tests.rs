//! Quantities of pictures that are drawn by formulas, where they are known.

use proptest::prelude::*;

use super::*;

const SIDE: usize = 64;

/// A grey picture of a function of the place relative to a centre.
fn drawn(centre: [f64; 2], value: impl Fn(f64, f64) -> f64) -> Image {
    let at = |at: usize| value((at % SIDE) as f64 - centre[0], (at / SIDE) as f64 - centre[1]) as f32;
    Image::clamped(1, SIDE, SIDE, (0..SIDE * SIDE).map(at).collect()).unwrap()
}

fn read(quantity: &str, image: &Image) -> Option<f64> {
    quantity.parse::<Quantity>().unwrap().of(image)
}

#[test]
fn what_it_writes_it_reads() {
    for measure in Measure::ALL {
        for channel in Channel::ALL {
            for level in [None, Some(96)].into_iter().filter(|level| level.is_none() || measure.has_level()) {
                let quantity = Quantity { measure, channel, level };
                assert_eq!(quantity.to_string().parse::<Quantity>().unwrap(), quantity);
            }
        }
    }
    for (text, word) in [
        ("beauty", "ring-diameter"),
        ("count:pink", "blue"),
        ("count@300", "255"),
        ("flux@3", "no level"),
        ("", "flux"),
    ] {
        let error = text.parse::<Quantity>().unwrap_err();
        assert!(error.kind() == ErrorKind::Setting && error.to_string().contains(word), "{error}");
    }
    let scale = PixelScale { side: 2.5, unit: "µas".into() };
    assert_eq!("2.5µas".parse::<PixelScale>().unwrap(), scale);
    assert_eq!(scale.to_string().parse::<PixelScale>().unwrap(), scale);
    for text in ["", "2.5", "px", "-1m", "0m", "1e3m."] {
        assert!(text.parse::<PixelScale>().is_err() || text == "1e3m.", "{text}");
    }
}

#[test]
fn flat_pictures_have_no_shape() {
    let flat = Image::new(1, 8, 8, vec![0.5; 64]).unwrap();
    assert_eq!(read("flux", &flat), Some(0.0));
    assert_eq!(read("half-light-radius", &flat), None);
    assert_eq!(read("ellipticity", &flat), None);
    assert_eq!(read("count@255", &flat), Some(0.0));
    // A single pixel is no ring, and no fault either.
    let one = Image::new(1, 1, 1, vec![1.0]).unwrap();
    assert_eq!(Quantity::new(Measure::RingDiameter).of(&one), None);
    assert_eq!(Quantity::new(Measure::Count).of(&one), Some(0.0));
}

#[test]
fn one_channel_is_read() {
    let mut values = vec![0.0; 3 * 16];
    values[32..36].fill(1.0);
    let blue = Image::new(3, 4, 4, values).unwrap();
    assert_eq!(read("area-fraction:blue@128", &blue), Some(0.25));
    assert_eq!(read("area-fraction:red@128", &blue), Some(0.0));
    assert_eq!(read("count:blue", &blue), Some(1.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// A ring of which one side is six times as bright as the other, wherever it lies.
    #[test]
    fn the_diameter_is_the_rings(radius in 6.0..20.0f64, dx in -5.0..5.0f64, dy in -5.0..5.0f64, turn in 0.0..6.3f64) {
        let ring = drawn([31.5 + dx, 31.5 + dy], |x, y| {
            let side = 1.0 + 0.7 * (y.atan2(x) - turn).cos();
            0.5 * side * (-0.5 * ((x.hypot(y) - radius) / 1.5).powi(2)).exp()
        });
        let found = read("ring-diameter", &ring).unwrap();
        prop_assert!((found - 2.0 * radius).abs() < 0.25, "{found} for {}", 2.0 * radius);
    }

    /// Of a Gaussian with axes `a` and `b`: the flux is `2 π a b`; where they are equal, half of it is within `a sqrt(2 ln 2)`; the
    /// ellipticity is `1 − b/a`. The background changes nothing.
    #[test]
    fn a_gaussian_is_as_its_formulas(a in 2.0..4.5f64, ratio in 0.5..1.0f64, turn in 0.0..3.2f64, background in 0.0..0.3f64) {
        let gaussian = |b: f64| {
            drawn([30.0, 33.0], move |x, y| {
                let (u, v) = (x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin());
                background + 0.6 * (-0.5 * ((u / a).powi(2) + (v / b).powi(2))).exp()
            })
        };
        let b = ratio * a;
        let expected = 0.6 * std::f64::consts::TAU * a * b;
        prop_assert!((read("flux", &gaussian(b)).unwrap() / expected - 1.0).abs() < 0.01);
        let half = a * (2.0 * 2f64.ln()).sqrt();
        prop_assert!((read("half-light-radius", &gaussian(a)).unwrap() - half).abs() < 0.2);
        // Light beyond three half-light radii is left out, which rounds it a little.
        let ellipticity = read("ellipticity", &gaussian(b)).unwrap();
        prop_assert!((ellipticity - (1.0 - ratio)).abs() < 0.05, "{ellipticity} for {}", 1.0 - ratio);
    }

    /// Discs that do not touch are counted, and their area is `Σ π r²`.
    #[test]
    fn discs_are_counted(discs in 1usize..9, radius in 2.0..5.0f64) {
        let places: Vec<[f64; 2]> = (0..discs).map(|n| [10.0 + 20.0 * (n % 3) as f64, 10.0 + 20.0 * (n / 3) as f64]).collect();
        let picture = drawn([0.0, 0.0], |x, y| {
            let inside = places.iter().any(|place| (x - place[0]).hypot(y - place[1]) <= radius);
            if inside { 0.8 } else { 0.1 }
        });
        prop_assert_eq!(read("count", &picture), Some(discs as f64));
        let area = discs as f64 * std::f64::consts::PI * radius * radius / (SIDE * SIDE) as f64;
        // A small disc has more or fewer centres of pixels in it: 21 where the radius is √5, for an area of 15.7.
        prop_assert!((read("area-fraction", &picture).unwrap() / area - 1.0).abs() < 0.35);
    }
}

#[test]
fn what_the_small_picture_says_is_set_against_what_was_assumed() {
    let disc = |radius: f64| drawn([32.0, 32.0], move |x, y| if x.hypot(y) <= radius { 1.0 } else { 0.0 });
    let [a, b] = [10.0, 10.5].map(disc);
    let own: Vec<Image> = (4..20).map(|radius| disc(f64::from(radius))).collect();
    let reading = Reading::of(Quantity::new(Measure::AreaFraction), &[&a, &b], &own);
    let (found, assumed) = (reading.found().unwrap(), reading.assumed().unwrap());
    assert!(found.deviation < assumed.deviation && reading.narrowed().unwrap() > 3.0, "{reading:?}");
    let [low, high] = found.interval(1.0);
    assert!(low < found.mean && found.mean < high && found.interval(2.0)[1] > high);
    let twice = reading.scaled(2.0).found().unwrap();
    assert!((twice.mean - 2.0 * found.mean).abs() < 1e-12 && (twice.deviation - 2.0 * found.deviation).abs() < 1e-12);
    assert_eq!(Distribution::of(&[1.0]), None);
}
