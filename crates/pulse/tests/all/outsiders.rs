//! What is brought from outside, by the examples that show how, is searched with as what is here.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pulse::candidate::{Candidate, Outcome};
use pulse::engine::{Cpu, Engine, Network, NetworkBuilder, Reference, Shape};
use pulse::event::{SearchEvent, Silent};
use pulse::generator::{
    Assembly, Entrance, Family, Generated, Generator, GeneratorSpec, LatentInput, Space, append_whole,
};
use pulse::image::Image;
use pulse::judge::Verdict;
use pulse::measurement::{IMAGE, MEASURED, Measurement};
use pulse::run::Run;
use pulse::search::{Repulsion, SearchConfig, search};
use pulse::{ErrorKind, Opened, Result};
use tempfile::TempDir;

#[allow(dead_code, unreachable_pub, reason = "it is a program of its own")]
#[path = "../../examples/own_engine.rs"]
mod own_engine;
#[allow(dead_code, unreachable_pub, reason = "it is a program of its own")]
#[path = "../../examples/own_generator.rs"]
mod own_generator;
#[allow(dead_code, unreachable_pub, reason = "it is a program of its own")]
#[path = "../../examples/own_measurement.rs"]
mod own_measurement;
#[allow(dead_code, unreachable_pub, reason = "it is a program of its own")]
#[path = "../../examples/stepped_search.rs"]
mod stepped_search;

use own_engine::Counting;
use own_generator::Own;
use own_measurement::LineCamera;

fn few() -> SearchConfig {
    SearchConfig { candidates: 2, steps: 8, starts: 2, ..SearchConfig::default() }
}

fn assert_same(a: &[Candidate], b: &[Candidate]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert_eq!((a.index, a.start, a.steps), (b.index, b.start, b.steps));
        assert_eq!(a.image, b.image, "candidate {}", a.index);
        assert_eq!(a.inputs, b.inputs, "candidate {}", a.index);
    }
}

#[test]
fn a_measurement_of_ones_own_is_searched_saved_and_taken_up_again() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("run");
    let seen = own_measurement::seen().unwrap();
    let found = own_measurement::search_in(&folder, seen.clone(), few()).unwrap();
    // The projection makes it exact.
    assert!(found.candidates.iter().all(|candidate| candidate.outcome == Outcome::Reached));

    let run = Run::open(&folder).unwrap();
    assert!(run.is_whole());
    assert_eq!(run.record().measurement, "line-camera:16");
    assert_eq!(run.target().unwrap(), seen);
    let generator = Opened::named("faces").unwrap().generator;
    let camera = |columns| Arc::new(LineCamera::new(generator.spec(), columns));
    let solved = run.reopen_measured(Arc::clone(&generator), camera(16)).unwrap();
    let again = solved.picture(1, &Cpu::default()).unwrap();
    let difference = again.mean_squared_difference(&found.candidates[1].image);
    assert!(difference < 1e-10, "{difference}");

    for error in [
        run.reopen(Arc::clone(&generator)).map(drop).unwrap_err(),
        run.reopen_measured(Arc::clone(&generator), camera(8)).map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Setting);
        assert!(error.to_string().contains("`line-camera:16`"), "{error}");
    }
    let error = run.reopen(generator).map(drop).unwrap_err();
    assert!(error.to_string().contains("its maker's own: it has to be given"), "{error}");
}

#[test]
fn a_measurement_of_ones_own_has_its_adjoint_by_itself() {
    let generator = Opened::named("faces").unwrap().generator;
    let network = LineCamera::new(generator.spec(), 16).network().unwrap();
    let (image, measured) = (network.input(IMAGE).unwrap(), network.output(MEASURED).unwrap());
    let mut program = Reference.compile(&network, 1).unwrap();
    let wave = |number: usize| (number as f32 * 0.37).sin();
    let x: Vec<f32> = (0..3 * 64 * 64).map(wave).collect();
    let v: Vec<f32> = (0..3 * 16).map(wave).collect();
    program.input_mut(image).copy_from_slice(&x);
    program.cotangent_mut(measured).copy_from_slice(&v);
    program.forward(1, &[measured]);
    program.backward(1, &[image]);
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let (there, back) = (dot(program.output(measured), &v), dot(program.gradient(image), &x));
    assert!((there - back).abs() < 1e-5 * there.abs().max(1.0), "{there} and {back}");
}

#[test]
fn a_generator_of_ones_own_is_searched_scored_and_saved() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("run");
    let picture = Image::new(3, 2, 2, (0..12).map(|number| 0.4 + 0.02 * number as f32).collect()).unwrap();
    let (found, record) = own_generator::search_in(&folder, picture, few()).unwrap();
    let names: Vec<_> = found.specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["latent", "noise.0", "feature.0", "feature.1"]);
    assert_eq!(record.generator.family, "Own");
    // The feature moved.
    assert!(found.candidates[0].inputs["feature.0"].iter().any(|&number| number != 0.0));
    for candidate in &record.candidates {
        assert!(candidate.plausibility.as_ref().unwrap().departure.is_finite(), "{candidate:?}");
        assert!(Verdict::named(candidate.verdict.as_deref()).is_some(), "{candidate:?}");
    }
    // Random pictures of it.
    assert!(record.summary.spread.unwrap().random.is_some());

    let run = Run::open(&folder).unwrap();
    let generator: Arc<dyn Generator> = Arc::new(Own::new().unwrap());
    generator.prepare(LatentInput::LATENT, &Cpu::default()).unwrap();
    let solved = run.reopen(generator).unwrap();
    let difference = solved.picture(0, &Cpu::default()).unwrap().mean_squared_difference(&found.candidates[0].image);
    assert!(difference < 1e-10, "{difference}");
}

#[test]
fn a_generator_of_ones_own_is_entered_at_every_latent() {
    let own = Own::new().unwrap();
    own.prepare(LatentInput::LATENT, &Cpu::default()).unwrap();
    assert_eq!(own.spec().latents, [LatentInput::LATENT, LatentInput::Z, LatentInput::W, LatentInput::WS]);
    for &latent in &own.spec().latents {
        let mut builder = NetworkBuilder::new();
        let generated = append_whole(&own, &mut builder, latent, &Space::default()).unwrap();
        assert_eq!(generated.inputs[0].name, latent.name());
        assert_eq!(builder.shape(generated.ws.unwrap()), Shape::Rows { rows: 2, width: 16 });
    }
    let error = append_whole(&own, &mut NetworkBuilder::new(), LatentInput::new("code"), &Space::default());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Inputs);
}

#[test]
fn a_mapping_that_does_not_fit_is_named() {
    use pulse::engine::Dense;
    let dense = |in_features, out_features| Dense {
        weight: vec![0.0; in_features * out_features].into(),
        bias: None,
        out_features,
        in_features,
    };
    let average = || Some(vec![0.0; 3].into());
    for (layers, average, rows) in [
        (vec![], None, 1),
        (vec![dense(2, 3), dense(2, 3)], None, 1),
        (vec![dense(2, 4)], average(), 1),
        (vec![dense(2, 3)], average(), 0),
    ] {
        let error = Entrance::new(layers, 1.0, average, rows).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Generator);
        assert!(error.to_string().contains("mapping network"), "{error}");
    }
    assert!(Entrance::new(vec![dense(2, 3)], 1.0, average(), 2).is_ok());
}

/// Says that its pictures are of another size than they are.
struct Boasting(GeneratorSpec);

impl Generator for Boasting {
    fn spec(&self) -> &GeneratorSpec {
        &self.0
    }

    fn append(&self, builder: &mut NetworkBuilder, _: LatentInput, space: &Space) -> Result<Generated> {
        use pulse::generator::Start;
        let mut assembly = Assembly::new(builder, space, 0);
        let shape = Shape::map(3, 4, 4);
        let z = assembly.input("z", shape, Start::Normal, pulse::latent::Geometry::sphere(shape))?;
        Ok(assembly.finish(z, None))
    }
}

#[test]
fn a_generator_that_says_another_size_than_it_makes_is_an_error() {
    let boasting = Boasting(GeneratorSpec::square(Family::new("Boasting"), 3, 8, 0, vec![LatentInput::Z]));
    let error = append_whole(&boasting, &mut NetworkBuilder::new(), LatentInput::Z, &Space::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Generator);
    assert!(error.to_string().contains("Boasting"), "{error}");
}

#[test]
fn an_engine_of_ones_own_finds_the_same_pictures() {
    let engine = Counting::new(Cpu::default());
    let counted = own_engine::search_with(&engine, &few()).unwrap();
    assert_same(&counted, &own_engine::search_with(&Cpu::default(), &few()).unwrap());
    let [compiled, forward, backward, rows] =
        [&engine.counts.compiled, &engine.counts.forward, &engine.counts.backward, &engine.counts.rows]
            .map(|count| count.load(Ordering::Relaxed));
    // The generator with its measurement, and what the projection runs.
    assert!(compiled >= 1);
    assert!(forward > backward && backward >= 7, "{forward} and {backward}");
    assert!(rows > forward + backward, "{rows}");
}

/// An engine that can run nothing.
struct Broken;

impl Engine for Broken {
    fn compile(&self, _: &Network, _: usize) -> pulse::engine::Result<Box<dyn pulse::engine::Program>> {
        Err(pulse::engine::Error::new(pulse::engine::ErrorKind::Unsupported, "the device is gone"))
    }
}

#[test]
fn an_engine_that_fails_is_an_error_of_the_search() {
    let error = own_engine::search_with(&Broken, &few()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.to_string().contains("the device is gone"), "{error}");
}

#[test]
fn a_search_that_is_driven_finds_what_search_finds() {
    let driven = stepped_search::driven(stepped_search::problem().unwrap(), few(), 1, &mut Silent).unwrap();
    let config = SearchConfig { candidates: 3, ..few() };
    let problem = stepped_search::problem().unwrap();
    assert_same(&driven, &search(&problem, &config, &Cpu::default(), &mut Silent).unwrap());
}

#[test]
fn a_set_that_is_driven_is_found_first_and_finished_then() {
    let config = SearchConfig { candidates: 3, batch: 2, spread: Some(Repulsion::default()), ..few() };
    let problem = || stepped_search::problem().unwrap();
    let mut told = Vec::new();
    let mut observer = |event: SearchEvent<'_>| {
        match event {
            SearchEvent::Found(candidate) => told.push(("found", candidate.start)),
            SearchEvent::Finished(candidate) => told.push(("finished", candidate.index)),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let driven = stepped_search::driven(problem(), config.clone(), 0, &mut observer).unwrap();
    assert_same(&driven, &search(&problem(), &config, &Cpu::default(), &mut Silent).unwrap());
    told[..3].sort_unstable();
    assert_eq!(told[..3], [("found", 0), ("found", 1), ("found", 2)]);
    assert_eq!(told[3..], [("finished", 0), ("finished", 1), ("finished", 2)]);
}
