//! Counted light: candidates are as sure of a pixel as its count makes them.

use pulse::candidate::Outcome;
use pulse::engine::Cpu;
use pulse::event::Silent;
use pulse::generator::EMBEDDED;
use pulse::image::{Image, Size};
use pulse::measurement::MeasurementKind;
use pulse::random::Stream;
use pulse::search::{Problem, SearchConfig, search};

use crate::sampling;

const PHOTONS: &str = "identity,photons:50";

fn kind() -> MeasurementKind {
    PHOTONS.parse().unwrap()
}

/// The prior has pixels of the mean ½ and the variance 0.01, so that the posterior is known: `1 / (1 / 0.01 + 1 / v)`. Counts are likely
/// ones: of others the end would bring the candidates nearer.
#[test]
fn dark_pixels_are_known_better_than_bright_ones() {
    let generator = sampling::generator();
    for counted in [0.42f32, 0.6] {
        let target = Image::new(1, 8, 8, vec![counted; 64]).unwrap();
        let measurement = sampling::measurement(PHOTONS, &target);
        let config = SearchConfig { candidates: 32, ..sampling::config() }.with_noise_of(&kind());
        let problem = Problem::new(&generator, &*measurement, &target);
        let found = search(&problem, &config, &Cpu::default(), &mut Silent).unwrap();
        assert!(found.iter().all(|candidate| candidate.outcome == Outcome::Reached));
        let values: Vec<f64> = found.iter().flat_map(|c| c.image.values()).map(|&value| f64::from(value)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
        let noise = kind().photons().unwrap().variance(f64::from(counted));
        let precision = 1.0 / 0.01 + 1.0 / noise;
        let expected = (0.5 / 0.01 + f64::from(counted) / noise) / precision;
        // 2048 numbers say their mean to 0.0015 and their deviation to 2%; 25 steps are too narrow by some percent.
        assert!((mean - expected).abs() < 0.008, "{counted}: {mean}, not {expected}");
        assert!((0.85..1.08).contains(&(deviation * precision.sqrt())), "{counted}: {deviation}");
    }
}

/// A descent weighs too: of a face that was counted it ends at the noise of the counts.
#[test]
fn a_descent_ends_at_the_noise_of_the_counts() {
    let generator = EMBEDDED[0].open().unwrap();
    let spec = generator.spec();
    let kind: MeasurementKind = "bicubic,photons:300".parse().unwrap();
    let grey = Image::new(3, 16, 16, (0..768).map(|i| 0.2 + 0.4 * (i % 16) as f32 / 16.0).collect()).unwrap();
    let stream = Stream { seed: 3, candidate: 0, draw: 0, input: 0 };
    let target = kind.photons().unwrap().count(&grey, stream).unwrap().quantised();
    let measurement = kind.resolve(3, Size::new(spec.width, spec.height), target.size()).unwrap();
    let config = SearchConfig { candidates: 1, steps: 60, ..SearchConfig::default() }.with_noise_of(&kind);
    let found =
        search(&Problem::new(&*generator, &*measurement, &target), &config, &Cpu::default(), &mut Silent).unwrap();
    let candidate = &found[0];
    assert_eq!(candidate.outcome, Outcome::Reached, "{}", candidate.db);
    // In units of each number's own noise.
    let variances = measurement.variances(target.values()).unwrap();
    let squares = candidate.measured.values().iter().zip(target.values()).zip(&variances);
    let mean = squares.map(|((a, b), v)| f64::from(a - b).powi(2) / v).sum::<f64>() / variances.len() as f64;
    assert!((0.5..1.01).contains(&mean), "{mean}");
}
