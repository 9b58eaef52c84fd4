//! The whole search of `SearchConfig::paper()`, step by step, against an independent implementation of it.
//!
//! The numbers are ours: `scripts/paper_trace.py`, written from the papers in another language, in double precision
//! and with automatic differentiation. Of the program that the authors of PULSE published, no whole start is
//! known to search from; its picture and gradients at the start are in `pulse_port`.

use std::ops::ControlFlow;

use pulse::event::{Observer, SearchEvent};
use pulse::generator::{LatentInput, Space, ZeroedNoise};
use pulse::image::Image;
use pulse::inputs::Inputs;
use pulse::loss::Term;
use pulse::measurement::{MeasurementKind, Size};
use pulse::render::Renderer;
use pulse::search::{Problem, SearchConfig, search};
use pulse_engine::{Cpu, Engine, Reference};

use super::{Case, GRADIENT, IMAGE, check, open};

const NAMES: [&str; 2] = ["pulse_r32", "pulse_r256"];

/// The latent and the noise maps that the search starts at. The map that is not there is the zeroed one.
fn start(trace: &Case) -> Inputs {
    let mut inputs = Inputs::default();
    trace.give(&mut inputs, "latent", "latent");
    for map in (0..trace.number("layers")).filter(|&map| map != trace.number("zeroed_noise")) {
        let name = format!("noise.{map}");
        trace.give(&mut inputs, &name, &name);
    }
    inputs
}

fn config(trace: &Case) -> SearchConfig {
    let zeroed_noise = ZeroedNoise::Maps(vec![trace.number("zeroed_noise")]);
    let space = Space { searched_noise: trace.number("trainable_noise"), zeroed_noise, ..Space::search() };
    SearchConfig { steps: trace.number("steps"), space, ..SearchConfig::paper() }
}

/// Keeps L2, GEOCROSS and their sum of every step.
#[derive(Default)]
struct Losses(Vec<[f64; 3]>);

impl Observer for Losses {
    fn event(&mut self, event: SearchEvent<'_>) -> ControlFlow<()> {
        if let SearchEvent::Step(step) = event {
            let term = |wanted| step.losses.iter().find(|(term, _)| *term == wanted).unwrap().1;
            self.0.push([term(Term::L2), term(Term::Geocross), step.total]);
        }
        ControlFlow::Continue(())
    }
}

#[test]
fn the_start_has_the_same_picture_and_gradients() {
    for name in NAMES {
        let (generator, trace) = (open(name), Case::open(&format!("{name}_trace")));
        let (every, size) = (trace.number("every"), trace.number("resolution"));
        let space = config(&trace).space;
        // One number of the file stands for a square of pixels.
        let pixels = (0..3 * size * size).map(|i| (i / (size * size), i / size % size, i % size));
        let coarse = |(c, y, x): (usize, usize, usize)| (c * (size / every) + y / every) * (size / every) + x / every;
        let cotangent: Vec<f32> = pixels.clone().map(|pixel| trace.all("image_cotangent")[coarse(pixel)]).collect();
        let searched: Vec<String> = (0..trace.number("trainable_noise")).map(|map| format!("noise.{map}")).collect();
        let names: Vec<&str> = std::iter::once("latent").chain(searched.iter().map(String::as_str)).collect();
        for (engine, run) in [("reference", &Reference as &dyn Engine), ("cpu", &Cpu::default())] {
            let mut renderer = Renderer::in_space(&*generator, LatentInput::LATENT, &space, run).unwrap();
            let image = renderer.render(&start(&trace), 0).unwrap();
            let kept = pixels.clone().zip(image).filter(|((_, y, x), _)| y % every == 0 && x % every == 0);
            let kept: Vec<f32> = kept.map(|(_, &value)| value).collect();
            check(&format!("{name} {engine} picture"), &kept, trace.all("image"), IMAGE);
            let gradients = renderer.vector_jacobian(&cotangent, &names).unwrap();
            for (input, gradient) in names.iter().zip(&gradients) {
                check(&format!("{name} {engine} {input}"), gradient, trace.all(&format!("{input}_grad")), GRADIENT);
            }
        }
    }
}

/// Searches with `engine` and compares every step.
fn follows(name: &str, engine: &dyn Engine) {
    let (generator, trace, case) =
        (open(name), Case::open(&format!("{name}_trace")), Case::open(&format!("{name}_case")));
    let side = trace.number("resolution") / trace.number("factor");
    let target = Image::new(3, side, side, case.all("reference_lr").to_vec()).unwrap();
    let size = Size::new(generator.spec().width, generator.spec().height);
    let measurement = MeasurementKind::default().resolve(3, size, target.size()).unwrap();
    let start = start(&trace);
    let problem = Problem::new(&*generator, &*measurement, &target).starting_from(&start);
    let mut losses = Losses::default();
    let found = search(&problem, &config(&trace), engine, &mut losses).unwrap();
    assert_eq!(found.len(), 1);
    let wanted: Vec<&[f32]> = trace.all("trace").chunks_exact(3).collect();
    assert_eq!(losses.0.len(), wanted.len());
    let mut farthest = [0.0_f64; 2];
    for (step, (found, wanted)) in losses.0.iter().zip(&wanted).enumerate() {
        for (found, &wanted) in found.iter().zip(*wanted) {
            let error = (found / f64::from(wanted) - 1.0).abs();
            // Each step magnifies the rounding of the ones before: Adam's first steps are by the gradient's sign.
            let bound = if step < 10 { 0.01 } else { 0.05 };
            assert!(error < bound, "{name}, step {step}: {found} is not {wanted}");
            let part = &mut farthest[usize::from(step >= 10)];
            *part = part.max(error);
        }
    }
    println!("{name}: off by {:.1e} in ten steps, by {:.1e} in all others", farthest[0], farthest[1]);
}

#[test]
fn every_step_of_the_search_follows() {
    follows("pulse_r32", &Cpu::default());
    follows("pulse_r32", &Reference);
    follows("pulse_r256", &Cpu::default());
    follows("pulse_r256", &Reference);
}
