//! What the search promises, on a small DCGAN with random weights.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use pulse::ErrorKind;
use pulse::candidate::{Candidate, Outcome, epsilon_of_db, mean_pairwise_distance};
use pulse::event::{Observer, SearchEvent, Silent};
use pulse::generator::{Dcgan, Generator, LatentInput};
use pulse::image::Image;
use pulse::inputs::Inputs;
use pulse::measurement::{Measurement, MeasurementKind, Size};
use pulse::render::Renderer;
use pulse::search::{Problem, Restarts, SearchConfig, search};
use pulse_checkpoint::Tensor;
use pulse_engine::{Cpu, Shape};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

/// z of 6 numbers to pictures of 16x16.
pub(crate) fn generator() -> Dcgan {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let widths = [6, 16, 16, 3];
    let tensors = widths.windows(2).enumerate().map(|(index, pair)| {
        // Of a size that keeps the activations near 1 and the pictures off the ends of tanh.
        let scale = (1.0 / pair[0] as f32).sqrt();
        let count = pair[0] * pair[1] * 16;
        let data: Vec<f32> = (0..count)
            .map(|_| {
                let normal: f32 = StandardNormal.sample(&mut random);
                scale * normal
            })
            .collect();
        (format!("{index}.weight"), Tensor::new([pair[0], pair[1], 4, 4], data).unwrap())
    });
    Dcgan::from_tensors(&tensors.collect::<BTreeMap<_, _>>()).unwrap()
}

/// A picture of 4x4 that no candidate has: a ramp in each channel, not quite grey.
pub(crate) fn target() -> Image {
    let values = (0..48).map(|i| 0.25 + 0.5 * (i * 7 % 16) as f32 / 16.0 + 0.02 * (i / 16) as f32).collect();
    Image::new(3, 4, 4, values).unwrap()
}

pub(crate) fn measurement() -> Box<dyn Measurement> {
    MeasurementKind::default().resolve(3, Size::new(16, 16), Size::new(4, 4)).unwrap()
}

fn config() -> SearchConfig {
    SearchConfig { candidates: 3, steps: 12, starts: 2, ..SearchConfig::default() }
}

pub(crate) fn find(
    config: &SearchConfig,
    start: Option<&Inputs>,
    observer: &mut dyn Observer,
) -> pulse::Result<Vec<Candidate>> {
    let (generator, measurement, target) = (generator(), measurement(), target());
    let problem = Problem { start: start.map(Into::into), ..Problem::new(&generator, &*measurement, &target) };
    search(&problem, config, &Cpu::default(), observer)
}

pub(crate) fn found(config: &SearchConfig) -> Vec<Candidate> {
    find(config, None, &mut Silent).unwrap()
}

fn largest_difference(a: &Candidate, b: &Candidate) -> f32 {
    let pairs = a.image.values().iter().zip(b.image.values());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn the_default_reaches_its_target_with_different_pictures() {
    let found = found(&SearchConfig { candidates: 4, ..SearchConfig::default() });
    assert_eq!(found.iter().map(|candidate| candidate.index).collect::<Vec<_>>(), [0, 1, 2, 3]);
    for candidate in &found {
        assert_eq!(candidate.outcome, Outcome::Reached);
        assert!(candidate.db >= 45.0, "{}", candidate.db);
        // What it shrinks to was computed from the picture that is delivered.
        let measured = target().mean_squared_difference(&candidate.measured);
        assert!(measured <= epsilon_of_db(45.0), "{measured}");
    }
    let images: Vec<_> = found.iter().map(|candidate| &candidate.image).collect();
    assert!(mean_pairwise_distance(&images) > 0.01);
}

#[test]
fn a_candidate_is_the_same_whatever_the_batch_and_the_threads() {
    // With early ends at different steps, and with restarts, slots are freed, filled and swapped.
    let uneven = SearchConfig { candidates: 5, steps: 40, epsilon: epsilon_of_db(16.0), ..config() };
    let restarting = SearchConfig { candidates: 5, restarts: Restarts { limit: 2, below_db: 14.0 }, ..config() };
    for config in [config(), uneven, restarting] {
        let together = found(&SearchConfig { batch: 5, ..config.clone() });
        for (batch, threads) in [(1, 1), (2, 2), (3, 1)] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let alone = pool.install(|| found(&SearchConfig { batch, ..config.clone() }));
            for (a, b) in together.iter().zip(&alone) {
                assert_eq!(a.steps, b.steps, "candidate {} in a batch of {batch}", a.index);
                assert_eq!(a.image.values(), b.image.values(), "candidate {} in a batch of {batch}", a.index);
                assert_eq!(a.inputs, b.inputs, "candidate {} in a batch of {batch}", a.index);
            }
        }
    }
}

#[test]
fn more_candidates_leave_the_first_ones_as_they_were() {
    let three = found(&config());
    let five = found(&SearchConfig { candidates: 5, batch: 2, ..config() });
    for (a, b) in three.iter().zip(&five) {
        assert_eq!(a.image.values(), b.image.values());
    }
}

#[test]
fn seed_zero_is_a_seed() {
    let (zero, again) = (found(&config()), found(&config()));
    let one = found(&SearchConfig { seed: 1, ..config() });
    assert_eq!(zero[0].image.values(), again[0].image.values());
    assert!(largest_difference(&zero[0], &one[0]) > 0.01);
    assert!(largest_difference(&zero[0], &zero[1]) > 0.01);
}

#[test]
fn the_inputs_alone_make_the_picture_again() {
    let generator = generator();
    for config in [config(), SearchConfig { candidates: 3, steps: 12, ..SearchConfig::paper() }] {
        let found = found(&config);
        let mut renderer = Renderer::new(&generator, LatentInput::Z, &Cpu::default()).unwrap();
        let mut inputs = Inputs::default();
        for spec in renderer.specs() {
            let rows = found.iter().flat_map(|candidate| candidate.inputs[&spec.name].iter().copied());
            inputs.insert(&spec.name, found.len(), spec.shape, rows.collect());
        }
        for (row, candidate) in found.iter().enumerate() {
            let image = renderer.render(&inputs, row).unwrap();
            for (&own, &kept) in image.iter().zip(candidate.image.values()) {
                // The best step was kept whole: picture and inputs are of the same step.
                assert!((f32::midpoint(own, 1.0).clamp(0.0, 1.0) - kept).abs() < 1e-4);
            }
        }
    }
}

#[test]
fn missing_epsilon_is_an_outcome_with_a_picture() {
    let config = SearchConfig { epsilon: 1e-12, steps: 3, ..SearchConfig::paper() };
    let mut steps = Vec::new();
    let mut observer = |event: SearchEvent<'_>| {
        if let SearchEvent::Step(step) = event {
            steps.push((step.total, step.db));
        }
        ControlFlow::Continue(())
    };
    let found = find(&config, None, &mut observer).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].outcome, found[0].steps), (Outcome::Missed, 3));
    // The best step is what is kept, and nothing is done to it at the end.
    let best = steps.into_iter().min_by(|(a, _), (b, _)| a.total_cmp(b)).unwrap();
    assert_eq!((found[0].total, found[0].db), best);
    assert!(found[0].db < 120.0, "1e-12 is 120 dB");
}

#[test]
fn the_best_step_is_the_least_total() {
    let mut totals = Vec::new();
    let mut observer = |event: SearchEvent<'_>| {
        if let SearchEvent::Step(step) = event {
            assert_eq!(step.step, totals.len());
            totals.push(step.total);
        }
        ControlFlow::Continue(())
    };
    let config = SearchConfig { learning_rate: 3.0, steps: 20, ..SearchConfig::paper() };
    let found = find(&config, None, &mut observer).unwrap();
    let least = totals.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(totals.len(), 20);
    assert!(least < totals[19], "a rate this high should overshoot at the end");
    assert_eq!(found[0].total, least);
}

#[test]
fn stopping_keeps_what_was_found() {
    let mut steps = 0;
    let mut observer = |event: SearchEvent<'_>| {
        steps += usize::from(matches!(event, SearchEvent::Step(_)));
        if steps > 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let config = SearchConfig { candidates: 5, batch: 2, project: false, ..config() };
    let found = find(&config, None, &mut observer).unwrap();
    assert_eq!(found.len(), 2, "the two that had been started");
    // The step under way is taken whole.
    assert!(found.iter().all(|candidate| candidate.outcome == Outcome::Stopped && candidate.steps == 3));
}

#[test]
fn a_hopeless_candidate_starts_again() {
    let restarts = Restarts { limit: 2, below_db: 100.0 };
    let config = SearchConfig { candidates: 1, steps: 10, project: false, restarts, ..config() };
    let mut restarted = 0;
    let mut observer = |event: SearchEvent<'_>| {
        restarted += usize::from(matches!(event, SearchEvent::Restarted { .. }));
        ControlFlow::Continue(())
    };
    let found = find(&config, None, &mut observer).unwrap();
    assert!((1..=2).contains(&restarted), "a second time only when the first one gained something");
    assert_eq!(found[0].restarts, restarted);
    assert_eq!(found[0].steps, 5 * restarted + 10, "judged after half of the steps");
}

#[test]
fn a_start_has_as_many_candidates_as_rows() {
    let mut start = Inputs::default();
    let z: Vec<f32> = (0..12).map(|i| ((i * 5 % 7) as f32 - 3.0) / 2.0).collect();
    start.insert("z", 2, Shape::Vector(6), z.clone());
    let mut first = BTreeMap::new();
    let mut observer = |event: SearchEvent<'_>| {
        if let SearchEvent::Step(step) = event {
            first.entry(step.candidate).or_insert_with(|| step.image.to_vec());
        }
        ControlFlow::Continue(())
    };
    let found = find(&config(), Some(&start), &mut observer).unwrap();
    assert_eq!(found.len(), 2);
    let mut renderer = Renderer::new(&generator(), LatentInput::Z, &Cpu::default()).unwrap();
    for (row, image) in &first {
        assert_eq!(renderer.render(&start, *row).unwrap(), image);
    }

    let mut start = Inputs::default();
    start.insert("z", 2, Shape::Vector(6), z.iter().map(|_| f32::NAN).collect());
    let error = find(&config(), Some(&start), &mut Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Inputs);
    assert!(error.to_string().contains("`z`"), "{error}");
}

#[test]
fn a_start_that_was_given_is_not_thrown_away() {
    let mut start = Inputs::default();
    start.insert("z", 1, Shape::Vector(6), vec![0.5, -0.5, 1.0, -1.0, 0.2, 0.1]);
    let config = SearchConfig { restarts: Restarts { limit: 2, below_db: 100.0 }, ..config() };
    let found = find(&config, Some(&start), &mut Silent).unwrap();
    assert_eq!((found[0].restarts, found[0].steps), (0, 12));
}

#[test]
fn a_search_that_leaves_the_numbers_keeps_its_best_and_does_not_call_it_perfect() {
    let config = SearchConfig { learning_rate: 1e300, epsilon: 1e-9, ..SearchConfig::paper() };
    let mut steps = Vec::new();
    let mut observer = |event: SearchEvent<'_>| {
        if let SearchEvent::Step(step) = event {
            steps.push(step.db);
        }
        ControlFlow::Continue(())
    };
    let found = find(&config, None, &mut observer).unwrap();
    assert_eq!(steps[1], f64::NEG_INFINITY, "the second step is not a number");
    assert_eq!(found[0].outcome, Outcome::Missed);
    assert_eq!((found[0].steps, found[0].db), (steps.len(), steps[0]), "the first step is the only one with numbers");
    assert!(steps.len() < 100, "it ends with its numbers");
}

#[test]
fn settings_that_cannot_be_are_named() {
    for (config, word) in [
        (SearchConfig { candidates: 0, ..config() }, "candidates"),
        (SearchConfig { steps: 0, ..config() }, "steps"),
        (SearchConfig { starts: 0, ..config() }, "starts"),
        (SearchConfig { epsilon: f64::NAN, ..config() }, "epsilon"),
        (SearchConfig { learning_rate: -1.0, ..config() }, "learning rate"),
    ] {
        let error = find(&config, None, &mut Silent).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Setting);
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn grey_generators_are_searched_too() {
    let tensors = BTreeMap::from([
        ("0.weight".to_owned(), Tensor::new([4, 5, 4, 4], vec![0.1; 320]).unwrap()),
        ("1.weight".to_owned(), Tensor::new([5, 1, 4, 4], vec![0.1; 80]).unwrap()),
    ]);
    let generator = Dcgan::from_tensors(&tensors).unwrap();
    let target = Image::new(1, 2, 2, vec![0.4, 0.5, 0.6, 0.5]).unwrap();
    let measurement = MeasurementKind::default().resolve(1, Size::new(8, 8), Size::new(2, 2)).unwrap();
    let problem = Problem::new(&generator as &dyn Generator, &*measurement, &target);
    let found = search(&problem, &config(), &Cpu::default(), &mut Silent).unwrap();
    assert!(found.iter().all(|candidate| candidate.db >= 45.0 && candidate.image.channels() == 1));
}

/// 200 candidates of the embedded generator were 108 MB of inputs.
#[test]
fn features_take_16_bits_and_make_the_same_picture() {
    let candidates = found(&SearchConfig { candidates: 2, steps: 40, ..SearchConfig::default() });
    let specs = pulse::generator::input_specs(&generator(), LatentInput::Z).unwrap();
    let inputs = pulse::solved::inputs_of(&candidates, &specs).unwrap();
    let numbers: usize = inputs.arrays().values().map(|array| array.data().len()).sum();
    let within = |name: &str| name == "feature.0" || name == "feature.1";
    let short: usize =
        inputs.arrays().iter().filter(|(name, _)| within(name)).map(|(_, array)| array.data().len()).sum();
    assert!(short > numbers / 2, "{short} of {numbers}");
    let bytes = inputs.to_bytes().unwrap().len();
    assert!((4 * numbers - 2 * short..4 * numbers - 2 * short + 1000).contains(&bytes), "{bytes}");
    let read = pulse_checkpoint::Checkpoint::from_bytes(&inputs.to_bytes().unwrap()).unwrap();
    let generator = generator();
    let mut renderer = Renderer::new(&generator, LatentInput::Z, &Cpu::default()).unwrap();
    for (row, candidate) in candidates.iter().enumerate() {
        let made = renderer.render(&Inputs::from_arrays(read.tensors.clone()), row).unwrap();
        let made = Image::from_network(3, 16, 16, made).unwrap();
        assert!(made.mean_squared_difference(&candidate.image) < 1e-12);
    }
}
