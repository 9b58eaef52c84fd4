//! `pulse verify`: the fast engine against the reference, and how it does its work.

use std::fmt::Write as _;

use clap::Args;
use pulse::Opened;
use pulse::generator::draw;
use pulse::generator::{Generator, LatentInput};
use pulse::inputs::Inputs;
use pulse::random::Stream;
use pulse::render::Renderer;
use pulse_engine::{Cpu, Engine, Reference, Shape};

use crate::engine::EngineArguments;
use crate::failure::{Failure, print};
use crate::status::Status;
use crate::{generator, plan};

/// The largest relative error of a picture that single precision explains.
const IMAGE_TOLERANCE: f64 = 1e-4;

/// The same of a gradient, which runs through the network twice.
const GRADIENT_TOLERANCE: f64 = 1e-3;

#[derive(Args)]
pub(crate) struct Arguments {
    #[arg(default_value = Opened::default_name(), value_parser = generator::Name, hide_possible_values = true, help = generator::HELP)]
    generator: String,

    /// How many random inputs to compare at
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    points: u32,

    /// Instead, show how the fast engine runs the search on this generator: each node with its kernel, the bytes of its
    /// result, and how long it takes
    #[arg(long, conflicts_with = "points")]
    plan: bool,

    /// Candidates of the plan
    #[arg(long, value_name = "N", default_value_t = 1, requires = "plan", value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,

    #[command(flatten)]
    engine: EngineArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let engine = arguments.engine.start()?;
    let opened = generator::open(&arguments.generator)?;
    let generator = &*opened.generator;
    let latent = generator.spec().latents[0];
    opened.prepare(latent, &engine)?;
    if arguments.plan {
        print(&plan::text(generator, latent, &engine, arguments.batch.into())?)?;
        return Ok(Status::Good);
    }
    let rows = compare(generator, latent, arguments.points, &engine)?;
    let mut text =
        format!("{}: the fast engine against the reference, {} points\n", arguments.generator, arguments.points);
    let _ = writeln!(text, "  {:<24}{:>15}{:>12}", "", "relative error", "tolerance");
    let mut good = true;
    for row in &rows {
        // Written so that an error that is not a number fails.
        let within = row.error <= row.tolerance;
        good &= within;
        let verdict = if within { "" } else { "  TOO FAR" };
        let _ = writeln!(text, "  {:<24}{:>15.2e}{:>12.0e}{verdict}", row.name, row.error, row.tolerance);
    }
    print(&text)?;
    Ok(if good { Status::Good } else { Status::Bad })
}

/// One line of the table.
struct Comparison {
    name: String,
    /// The largest over all points.
    error: f64,
    tolerance: f64,
}

fn compare(
    generator: &dyn Generator,
    latent: LatentInput,
    points: u32,
    fast: &Cpu,
) -> Result<Vec<Comparison>, Failure> {
    let engines: [&dyn Engine; 2] = [fast, &Reference];
    let [mut fast, mut reference] = {
        let [fast, reference] = engines.map(|engine| Renderer::new(generator, latent, engine));
        [fast?, reference?]
    };
    let specs = reference.specs().to_vec();
    let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
    let comparison = |name: String, tolerance| Comparison { name, error: 0.0, tolerance };
    let mut rows = vec![comparison("image".into(), IMAGE_TOLERANCE)];
    rows.extend(names.iter().map(|name| comparison(format!("gradient of {name}"), GRADIENT_TOLERANCE)));
    for point in 0..points {
        let stream = |input: usize| Stream { seed: u64::from(point), candidate: 0, draw: 0, input: input as u16 };
        let mut inputs = Inputs::default();
        for (index, spec) in specs.iter().enumerate() {
            let mut numbers = vec![0.0; spec.shape.len()];
            draw(&spec.start, stream(index), &mut numbers);
            inputs.insert(&spec.name, 1, spec.shape, numbers);
        }
        let spec = generator.spec();
        let mut cotangent = vec![0.0; Shape::map(spec.channels, spec.height, spec.width).len()];
        draw(&pulse::generator::Start::Normal, stream(specs.len()), &mut cotangent);

        rows[0].note(fast.render(&inputs, 0)?, reference.render(&inputs, 0)?);
        let gradients = [fast.vector_jacobian(&cotangent, &names)?, reference.vector_jacobian(&cotangent, &names)?];
        for (row, (fast, reference)) in rows[1..].iter_mut().zip(gradients[0].iter().zip(&gradients[1])) {
            row.note(fast, reference);
        }
    }
    Ok(rows)
}

impl Comparison {
    /// Takes `|fast − reference| / |reference|` into account.
    fn note(&mut self, fast: &[f32], reference: &[f32]) {
        let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|number| number * number).sum::<f64>().sqrt();
        let difference = norm(&mut fast.iter().zip(reference).map(|(&a, &b)| f64::from(a) - f64::from(b)));
        let size = norm(&mut reference.iter().map(|&number| f64::from(number)));
        let error = if difference == 0.0 { 0.0 } else { difference / size };
        if error.is_nan() || error > self.error {
            self.error = error;
        }
    }
}
