//! The null-space sampler, held to priors whose posterior is known.

#[path = "../../examples/truth/draws.rs"]
mod draws;
#[path = "../../examples/truth/linear.rs"]
mod linear;
#[path = "../../examples/truth/mixture.rs"]
mod mixture;
#[path = "../../examples/truth/pictures.rs"]
mod pictures;
#[path = "../../examples/truth/problem.rs"]
mod problem;
#[path = "../../examples/truth/through_noise.rs"]
mod through_noise;

use pulse::random::Stream;
use pulse::sampler::{Carry, Denoise, Nearest, Noise, NullSpace, NullSpaceConfig, Spacing};

use linear::dot;
use mixture::{Kind, Mixture};
use pictures::Pictures;
use through_noise::ThroughNoise;

fn published(config: &NullSpaceConfig) -> NullSpaceConfig {
    NullSpaceConfig { carry: Carry::Never, ..config.clone() }
}

#[test]
fn the_judges_know_exact_draws() {
    for noise in [0.0, 0.3] {
        let exact = Mixture::new(Kind::Flat, 32, 8, 0.3, noise, 4).floor(200);
        assert!(exact.mean < 0.1 && exact.weights < 0.06, "{exact:?}");
        assert!((exact.spread - 1.0).abs() < 0.05 && (exact.within - 1.0).abs() < 0.05, "{exact:?}");
    }
    let exact = Pictures::new(200, 24, 3, 0.1, 4).floor(200);
    assert!(exact.weights < 0.2 && exact.mean < 0.1 && exact.away == 0.0, "{exact:?}");
}

#[test]
fn the_modes_of_a_mixture_have_their_weights() {
    let config = NullSpaceConfig { steps: 30, ..NullSpaceConfig::default() };
    for noise in [0.0, 0.1] {
        let mut mixture = Mixture::new(Kind::Flat, 32, 8, 0.3, noise, 4);
        let (ours, theirs) = (mixture.judge(&config, 100).unwrap(), mixture.judge(&published(&config), 100).unwrap());
        let near = |figures: problem::Figures| {
            figures.mean < 0.3 && (figures.spread - 1.0).abs() < 0.1 && figures.weights < 0.22
        };
        assert!(near(ours), "{ours:?}");
        assert!(!near(theirs) && theirs.weights > 0.35, "{theirs:?}");
    }
}

#[test]
fn where_a_prior_is_wide_the_residual_does_not_swing() {
    let mut mixture = Mixture::new(Kind::Steep, 64, 8, 0.8, 0.0, 2);
    let ours = mixture.judge(&NullSpaceConfig { steps: 60, ..NullSpaceConfig::default() }, 60).unwrap();
    assert!(ours.mean < 0.2 && (ours.spread - 1.0).abs() < 0.15 && ours.weights < 0.1, "{ours:?}");
}

#[test]
fn the_pictures_of_a_finite_set_have_their_weights() {
    let config = NullSpaceConfig { steps: 30, ..NullSpaceConfig::default() };
    let mut pictures = Pictures::new(200, 24, 3, 0.1, 4);
    let (ours, theirs) = (pictures.judge(&config, 100).unwrap(), pictures.judge(&published(&config), 100).unwrap());
    assert!(ours.weights < theirs.weights - 0.1 && ours.away < 0.05, "{ours:?} {theirs:?}");
}

/// What `docs/priors.md` says of the searches of a denoiser's noise rests on their gradient, and on where they end.
#[test]
fn searches_of_the_noise_go_downhill_and_end_consistent() {
    let mixture = Mixture::new(Kind::Flat, 12, 4, 0.3, 0.0, 1);
    let search = ThroughNoise::new(&mixture, 0).unwrap();
    let z: Vec<f64> = (0..12).map(|at| (f64::from(at) * 1.7).sin()).collect();
    let (_, gradient) = search.misfit(&z);
    for (at, gradient) in gradient.iter().enumerate() {
        let beside = |step: f64| {
            let moved: Vec<f64> = z.iter().enumerate().map(|(k, z)| if k == at { z + step } else { *z }).collect();
            search.misfit(&moved).0
        };
        let slope = (beside(1e-5) - beside(-1e-5)) / 2e-5;
        // The gradient itself is made of differences, of steps of 1e-4.
        assert!((slope - gradient).abs() < 1e-3 * (1.0 + slope.abs()), "{at}: {slope}, {gradient}");
    }
    for x in search.by_descent(3).iter().chain(&search.by_langevin(3, 2)) {
        for (row, target) in mixture.rows().iter().zip(mixture.target(0)) {
            assert!((dot(row, x) - target).abs() < 1e-9);
        }
    }
}

#[test]
fn searches_of_the_noise_are_too_narrow() {
    let mut mixture = Mixture::new(Kind::Steep, 32, 4, 0.8, 0.3, 1);
    let sampled = mixture.judge(&NullSpaceConfig { steps: 30, ..NullSpaceConfig::default() }, 60).unwrap();
    let descent = mixture.judged(|at| Ok(ThroughNoise::new(&mixture, at)?.by_descent(60))).unwrap();
    let langevin = mixture.judged(|at| Ok(ThroughNoise::new(&mixture, at)?.by_langevin(60, 5))).unwrap();
    assert!(
        sampled.spread > 0.85 && descent.spread < 0.85 && langevin.spread < 0.9,
        "{sampled:?} {descent:?} {langevin:?}"
    );
}

#[test]
fn a_candidate_does_not_depend_on_the_others() {
    for noise in [0.0, 0.1] {
        let mixture = Mixture::new(Kind::Flat, 32, 4, 0.35, noise, 1);
        let config = NullSpaceConfig { steps: 8, noise, ..NullSpaceConfig::default() };
        let together = mixture.samples(&config, 0, 8, 8).unwrap();
        assert_eq!(together, mixture.samples(&config, 0, 8, 1).unwrap());
        assert_eq!(together, mixture.samples(&config, 0, 8, 3).unwrap());
        assert_ne!(together[..32], together[32..64]);
    }
}

/// A prior that is one picture of zeros, of which the first number is measured as 1.
pub(crate) struct Zeros;

impl Denoise for Zeros {
    fn denoise(&mut self, _: &[f32], _: f64, denoised: &mut [f32]) -> pulse::Result<()> {
        denoised.fill(0.0);
        Ok(())
    }
}

impl Nearest for Zeros {
    fn nearest(&mut self, pictures: &mut [f32], dampings: &[f64]) -> pulse::Result<()> {
        for (picture, &damping) in pictures.chunks_exact_mut(4).zip(dampings) {
            picture[0] += (1.0 - picture[0]) / (1.0 + damping as f32);
        }
        Ok(())
    }
}

#[test]
fn it_ends_consistent_and_without_noise() {
    for carry in [Carry::Never, Carry::Times(2.0), Carry::Measured] {
        let config = NullSpaceConfig { steps: 5, carry, ..NullSpaceConfig::default() };
        let mut sampler = NullSpace::new(config.clone(), config.levels(80.0, 0.01).unwrap(), 4, 2).unwrap();
        sampler.start(&[0, 1].map(|candidate| Noise::Of(Stream { seed: 0, candidate, draw: 0, input: 0 })));
        assert_eq!((sampler.level().round(), sampler.steps_done()), (80.0, 0));
        while !sampler.is_done() {
            sampler.step(&mut Zeros, &mut Zeros).unwrap();
        }
        assert_eq!(sampler.state(), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!((sampler.denoised(), sampler.level()), (sampler.state(), 0.0));
        sampler.step(&mut Zeros, &mut Zeros).unwrap();
        assert_eq!(sampler.steps_done(), 5);
    }
}

#[test]
fn settings_that_cannot_be_met_are_refused() {
    let default = NullSpaceConfig::default();
    assert!(default.validate().is_ok());
    let refused = |config: NullSpaceConfig| config.validate().is_err();
    assert!(refused(NullSpaceConfig { steps: 0, ..default.clone() }));
    assert!(refused(NullSpaceConfig { carry: Carry::Times(0.0), ..default.clone() }));
    assert!(refused(NullSpaceConfig { carry: Carry::Times(f64::NAN), ..default.clone() }));
    assert!(refused(NullSpaceConfig { second_order: 1.5, ..default.clone() }));
    assert!(refused(NullSpaceConfig { variance: 0.0, ..default.clone() }));
    assert!(refused(NullSpaceConfig { noise: f64::INFINITY, ..default.clone() }));
    assert!(NullSpaceConfig { spacing: Spacing::Flow { power: -1.0 }, ..default }.levels(80.0, 0.0).is_err());
}
