//! What sampling a denoiser promises, on one whose pictures are known: independent normal pixels.

use std::ops::ControlFlow;
use std::sync::Arc;

use pulse::candidate::{Candidate, Outcome};
use pulse::denoiser::{Backbone, BackboneSpec, Denoiser, Preconditioning, Predicts};
use pulse::event::{SearchEvent, Silent};
use pulse::generator::{Diffusion, LatentInput};
use pulse::image::{Image, Kernel, Size};
use pulse::inputs::Inputs;
use pulse::measurement::{Measurement, MeasurementKind};
use pulse::render::Renderer;
use pulse::search::{Problem, Repulsion, Sampler, Search, SearchConfig, search, search_steered};
use pulse::solved::{Solved, inputs_of};
use pulse::steering::{Kept, Mask, Near, Steering, Toward};
use pulse::{ErrorKind, Result};
use pulse_engine::{Cpu, NetworkBuilder, Operator, Value};

const SIZE: usize = 8;
/// The variance of a pixel in [-1, 1].
const VARIANCE: f64 = 0.04;

/// The same where forces are to act: on what is decided early, at noise of its own size.
const WIDE: f64 = 0.2;

/// `E[x₀ | x] = x v / (v + σ²)` for pixels of mean 0 and variance `v`.
struct Normal {
    spec: BackboneSpec,
    sigmas: Arc<[f64]>,
    variance: f64,
}

impl Backbone for Normal {
    fn spec(&self) -> &BackboneSpec {
        &self.spec
    }

    fn time_features(&self, t: f64, features: &mut [f32]) {
        let (below, share) = (t as usize, t.fract());
        let above = (below + 1).min(self.sigmas.len() - 1);
        let sigma = self.sigmas[below].powf(1.0 - share) * self.sigmas[above].powf(share);
        // The argument comes divided by `sqrt(1 + σ²)`.
        features.fill((self.variance / (self.variance + sigma * sigma) * (1.0 + sigma * sigma).sqrt()) as f32);
    }

    fn append(&self, builder: &mut NetworkBuilder, x: Value, time: Value, _: Option<Value>) -> Result<Value> {
        Ok(builder.add(Operator::Modulate, &[x, time])?)
    }
}

pub(crate) fn generator() -> Diffusion {
    generator_of(VARIANCE)
}

fn generator_of(variance: f64) -> Diffusion {
    let sigmas: Arc<[f64]> = (0..400).map(|step| 0.01 * (f64::from(step) * 0.0225).exp()).collect();
    let spec = BackboneSpec {
        family: "normal pixels",
        channels: 1,
        height: SIZE,
        width: SIZE,
        outputs: 1,
        time_features: 1,
        classes: 0,
        parameters: 1,
    };
    let preconditioning = Preconditioning::Discrete { sigmas: Arc::clone(&sigmas), predicts: Predicts::Picture };
    Diffusion::new(Denoiser::new(Arc::new(Normal { spec, sigmas, variance }), preconditioning).unwrap())
}

pub(crate) fn target() -> Image {
    Image::new(1, 2, 2, vec![0.3, 0.5, 0.6, 0.45]).unwrap()
}

pub(crate) fn measurement(kind: &str, target: &Image) -> Box<dyn Measurement> {
    kind.parse::<MeasurementKind>().unwrap().resolve(1, Size::new(SIZE, SIZE), target.size()).unwrap()
}

pub(crate) fn config() -> SearchConfig {
    let mut config = SearchConfig { candidates: 5, batch: 8, ..SearchConfig::default() };
    config.null_space.steps = 25;
    config
}

fn found(config: &SearchConfig, steering: &Steering) -> Vec<Candidate> {
    found_of(VARIANCE, config, steering)
}

fn found_of(variance: f64, config: &SearchConfig, steering: &Steering) -> Vec<Candidate> {
    let (generator, target) = (generator_of(variance), target());
    let measurement = measurement("area", &target);
    let problem = Problem::new(&generator, &*measurement, &target);
    search_steered(&problem, steering, config, &Cpu::default(), &mut Silent).unwrap()
}

pub(crate) fn begun(config: SearchConfig) -> Search<'static> {
    let target = Arc::new(target());
    let problem = Problem::owned(Arc::new(generator()), measurement("area", &target).into(), target);
    Search::new(problem, &Steering::default(), config, &Cpu::default()).unwrap()
}

fn solved(config: SearchConfig) -> Solved {
    let candidates = found(&config, &Steering::default());
    let generator = Arc::new(generator());
    let specs = pulse::generator::input_specs(&*generator, LatentInput::NOISY).unwrap();
    let numbers = candidates.iter().map(|candidate| candidate.index + 1).collect();
    let inputs = inputs_of(&candidates, &specs).unwrap();
    Solved::new(generator, measurement("area", &target()).into(), Arc::new(target()), config, inputs, numbers).unwrap()
}

#[test]
fn every_candidate_is_consistent_and_unlike_the_others() {
    let found = found(&config(), &Steering::default());
    assert_eq!(found.len(), 5);
    for (index, candidate) in found.iter().enumerate() {
        assert_eq!((candidate.index, candidate.outcome, candidate.steps), (index, Outcome::Reached, 25));
        assert!(candidate.db > 120.0, "{}", candidate.db);
        for other in &found[..index] {
            assert!(candidate.image.mean_squared_difference(&other.image).sqrt() > 0.05);
        }
    }
}

#[test]
fn what_is_not_measured_is_as_wide_as_the_prior() {
    let config = SearchConfig { candidates: 64, ..config() };
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
    for candidate in found(&config, &Steering::default()) {
        let small = candidate.image.resized(Kernel::Area, Size::new(2, 2)).unwrap();
        let values = candidate.image.values().iter().enumerate();
        for (place, &value) in values {
            // Within its block of 4 x 4 pixels.
            let block = (place / SIZE / 4) * 2 + place % SIZE / 4;
            let deviation = 2.0 * f64::from(value - small.values()[block]);
            (sum, squares, count) = (sum + deviation, squares + deviation * deviation, count + 1.0);
        }
    }
    // One of sixteen directions of a block is measured.
    let expected = VARIANCE * 15.0 / 16.0;
    let ratio = (squares / count / expected).sqrt();
    // Steps of this width lose a part of it; 4096 numbers say their deviation to 1%.
    assert!((0.9..1.05).contains(&ratio), "{ratio}");
    assert!((sum / count).abs() < 0.01);
}

#[test]
fn a_candidate_does_not_depend_on_the_batch() {
    let all = found(&config(), &Steering::default());
    for batch in [1, 2, 3] {
        let apart = found(&SearchConfig { batch, ..config() }, &Steering::default());
        for (a, b) in all.iter().zip(&apart) {
            assert_eq!(a.image, b.image, "candidate {} in batches of {batch}", a.index);
            assert_eq!(a.inputs, b.inputs);
        }
    }
}

#[test]
fn inputs_make_the_picture_again() {
    let candidates = found(&config(), &Steering::default());
    let generator = generator();
    let specs = pulse::generator::input_specs(&generator, LatentInput::NOISY).unwrap();
    let inputs: Inputs = inputs_of(&candidates, &specs).unwrap();
    assert_eq!(inputs.latent(&generator), LatentInput::NOISY);
    let mut renderer = Renderer::new(&generator, LatentInput::NOISY, &Cpu::default()).unwrap();
    for (row, candidate) in candidates.iter().enumerate() {
        let again = Image::from_network(1, SIZE, SIZE, renderer.render(&inputs, row).unwrap()).unwrap();
        assert!(again.mean_squared_difference(&candidate.image) < 1e-10);
    }
}

#[test]
fn a_search_that_is_stopped_says_so_and_can_be_asked_before() {
    let (generator, target) = (generator(), target());
    let measurement = measurement("area", &target);
    let problem = Problem::new(&generator, &*measurement, &target);
    let mut search = Search::new(problem, &Steering::default(), config(), &Cpu::default()).unwrap();
    assert!(search.so_far().unwrap().is_empty());
    for _ in 0..10 {
        assert!(search.step(&mut Silent).unwrap().is_continue());
    }
    let so_far = search.so_far().unwrap();
    assert_eq!(so_far.len(), 5);
    assert!(so_far.iter().all(|candidate| candidate.outcome == Outcome::Stopped && candidate.db > 100.0));
    search.stop(&mut Silent).unwrap();
    assert!(search.is_done());
    let stopped = search.into_found(&mut Silent);
    assert_eq!(stopped.len(), 5);
    assert!(stopped.iter().all(|candidate| candidate.outcome == Outcome::Stopped && candidate.steps == 10));
}

#[test]
fn every_level_is_an_event_of_every_candidate() {
    let (generator, target) = (generator(), target());
    let measurement = measurement("area", &target);
    let problem = Problem::new(&generator, &*measurement, &target);
    let (mut steps, mut of) = (0, 0);
    let mut observer = |event: SearchEvent<'_>| {
        match event {
            SearchEvent::Started { steps, .. } => of = steps,
            SearchEvent::Step(step) => {
                assert_eq!(step.picture().unwrap().size(), Size::new(SIZE, SIZE));
                steps += 1;
            }
            _ => {}
        }
        ControlFlow::Continue(())
    };
    search(&problem, &config(), &Cpu::default(), &mut observer).unwrap();
    assert_eq!((steps, of), (5 * 25, 25));
}

#[test]
fn blurs_and_noise_are_met_to_their_own_level() {
    let generator = generator();
    let truth = Image::new(1, SIZE, SIZE, (0..64).map(|p| 0.4 + 0.003 * p as f32).collect()).unwrap();
    for (kind, sigma) in [("gaussian:1.5", 0.0), ("area", 0.02), ("gaussian:1", 0.01)] {
        let given = if kind == "area" { target() } else { truth.quantised() };
        let measurement = measurement(kind, &given);
        let problem = Problem::new(&generator, &*measurement, &given);
        let config = if sigma > 0.0 { config().with_noise(sigma) } else { config() };
        for candidate in search(&problem, &config, &Cpu::default(), &mut Silent).unwrap() {
            assert_eq!(candidate.outcome, Outcome::Reached, "{kind} with {sigma}: {} dB", candidate.db);
        }
    }
}

/// White in the left half.
fn left() -> Mask {
    let value = |pixel: usize| if pixel % SIZE < SIZE / 2 { 1.0 } else { 0.0 };
    Mask::of(&Image::new(1, SIZE, SIZE, (0..SIZE * SIZE).map(value).collect()).unwrap(), Size::new(SIZE, SIZE)).unwrap()
}

#[test]
fn what_is_kept_stays_and_the_rest_varies() {
    let base = found(&config(), &Steering::default()).remove(0);
    let steering = Steering { keep: Some(Kept::new(base.image.clone(), &left())), ..Steering::default() };
    for candidate in found(&SearchConfig { seed: 1, ..config() }, &steering) {
        assert!(candidate.db > 100.0, "{}", candidate.db);
        let (mut kept, mut free) = (0.0_f32, 0.0_f32);
        for (pixel, (old, new)) in base.image.values().iter().zip(candidate.image.values()).enumerate() {
            let side = if pixel % SIZE < SIZE / 2 { &mut kept } else { &mut free };
            *side = side.max((old - new).abs());
        }
        assert!(kept < 1e-6 && free > 0.1, "{kept} {free}");
    }
}

#[test]
fn an_example_draws_and_a_beginning_holds() {
    let base = found_of(WIDE, &config(), &Steering::default()).remove(0).image;
    let distance = |found: &[Candidate]| {
        let distances = found.iter().map(|candidate| candidate.image.mean_squared_difference(&base).sqrt());
        distances.sum::<f64>() / found.len() as f64
    };
    let other = SearchConfig { seed: 1, ..config() };
    let far = distance(&found_of(WIDE, &other, &Steering::default()));
    let toward = Toward { example: base.clone(), mask: Mask::everywhere(Size::new(SIZE, SIZE)) };
    let drawn = found_of(WIDE, &other, &Steering { toward: Some(toward), ..Steering::default() });
    assert!(distance(&drawn) < 0.9 * far, "{} of {far}", distance(&drawn));
    let begun = |amount| {
        let near = Near { picture: base.clone(), amount };
        found_of(WIDE, &other, &Steering { near: Some(near), ..Steering::default() })
    };
    let [near, farther] = [0.05, 0.4].map(|amount| distance(&begun(amount)));
    assert!(near < 0.6 * far && near < farther, "{near} {farther} {far}");
    for candidate in drawn.iter().chain(&begun(0.2)) {
        assert!(candidate.db > 100.0);
    }
}

#[test]
fn a_set_that_spreads_is_farther_apart() {
    let mean = |config: &SearchConfig| {
        let found = found_of(WIDE, config, &Steering::default());
        let images: Vec<&Image> = found.iter().map(|candidate| &candidate.image).collect();
        pulse::candidate::mean_pairwise_distance(&images)
    };
    let spread = SearchConfig { spread: Some(Repulsion::default()), ..config() };
    let (apart, usual) = (mean(&spread), mean(&config()));
    assert!(apart > 1.1 * usual, "{apart} beside {usual}");
    // It is a set, not its batches.
    assert!((mean(&SearchConfig { batch: 2, ..spread }) - apart).abs() < 1e-6);
}

#[test]
fn a_passage_begins_and_ends_at_its_candidates() {
    let solved = solved(config());
    let engine = Cpu::default();
    let passage = solved.passage([1, 3], 7, &engine, &mut |_| ControlFlow::Continue(())).unwrap().unwrap();
    assert_eq!(passage.frames.len(), 7);
    assert!(passage.worst_db() > 100.0);
    for (row, frame) in [(1, 0), (3, 6)] {
        let picture = solved.picture(row, &engine).unwrap();
        assert!(passage.frames[frame].image.mean_squared_difference(&picture) < 1e-9);
    }
    assert!(passage.roughness() < 1.5, "{}", passage.roughness());
    let stopped = solved.passage([1, 3], 7, &engine, &mut |_| ControlFlow::Break(())).unwrap();
    assert!(stopped.is_none());
}

#[test]
fn descent_goes_through_a_few_steps() {
    let mut config = SearchConfig { sampler: Some(Sampler::Descent), candidates: 2, steps: 30, ..config() };
    config.space.unroll = 3;
    for candidate in found(&config, &Steering::default()) {
        assert_eq!(candidate.outcome, Outcome::Reached);
        assert!(candidate.inputs.contains_key("z"));
    }
}

#[test]
fn what_is_no_denoiser_cannot_be_sampled() {
    let target = crate::search::target();
    let (generator, measurement) = (crate::search::generator(), crate::search::measurement());
    let problem = Problem::new(&generator, &*measurement, &target);
    let config = SearchConfig { sampler: Some(Sampler::NullSpace), ..SearchConfig::default() };
    let error = search(&problem, &config, &Cpu::default(), &mut Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Setting);
}
