//! The tables of `docs/range.md` on certainty: do 90% intervals from 32 candidates hold 90% of the true values? On faces that
//! the embedded generator made of random numbers, so that the truth is known, shrunk and rounded to 8 bits.
//!
//! ```text
//! cargo run --release --example certainty -- [faces=16] [seed=2000] [size=N] [candidates=32]
//! ```
//!
//! The first table has a row a face, the second one a size. `interval` is what `Certainty::half_widths` gives; `normal` is
//! mean ± 1.645 s, `student` the interval for one more value without inflation, `quantiles` from the 5th to the 95th percentile
//! of the candidates. `needed` is by how much s would have to be multiplied to hold 90%. All are shares of the true values; errors
//! and deviations are root mean squares in levels of 255; `agreed` is `Certainty::agreed`.

use pulse::Result;
use pulse::event::Silent;
use pulse::generator::draw;
use pulse::generator::{EMBEDDED, Generator};
use pulse::image::Image;
use pulse::inputs::Inputs;
use pulse::judge::{Certainty, INFLATION};
use pulse::measurement::{MeasurementKind, Size};
use pulse::random::Stream;
use pulse::render::Renderer;
use pulse::search::{Problem, SearchConfig, search};
use pulse_engine::Cpu;

const SIZES: [usize; 3] = [16, 8, 4];

/// How many columns of numbers a table has.
const COLUMNS: usize = 8;

fn main() -> Result<()> {
    let (mut faces, mut seed, mut size) = (16, 2000, None);
    let mut config = SearchConfig { candidates: 32, ..SearchConfig::default() };
    for argument in std::env::args().skip(1) {
        let (name, value) = argument.split_once('=').expect("arguments are name=value");
        let number: u32 = value.parse().expect("values are whole numbers");
        match name {
            "faces" => faces = number,
            "seed" => seed = u64::from(number),
            "size" => size = Some(number as usize),
            "candidates" => config.candidates = number as usize,
            _ => panic!("there is no argument {name}"),
        }
    }
    let generator = EMBEDDED[0].open()?;
    let names = "interval | normal | student | quantiles | needed | error | s | agreed";
    println!("| size | face | {names} |\n|---:|---:|{}", "---:|".repeat(COLUMNS));
    let mut means = Vec::new();
    for side in SIZES.into_iter().filter(|&side| size.is_none_or(|size| size == side)) {
        let mut rows = Vec::new();
        for face in 0..faces {
            let row = measure(&*generator, side, Stream { seed, candidate: face, draw: 0, input: 0 }, &config)?;
            print(side, &face.to_string(), row);
            rows.push(row);
        }
        let column = |column: usize| rows.iter().map(|row| row[column]).sum::<f64>() / rows.len() as f64;
        means.push((side, std::array::from_fn(column)));
    }
    println!("\n| size | faces | {names} |\n|---:|---:|{}", "---:|".repeat(COLUMNS));
    for (side, row) in means {
        print(side, &faces.to_string(), row);
    }
    Ok(())
}

fn print(side: usize, face: &str, [interval, normal, student, quantiles, needed, error, s, agreed]: [f64; COLUMNS]) {
    println!(
        "| {side} | {face} | {interval:.3} | {normal:.3} | {student:.3} | {quantiles:.3} | {needed:.2} | {error:.1} | {s:.1} | {agreed:.2} |"
    );
}

/// Searches for one face, and compares what is certain with the truth.
fn measure(generator: &dyn Generator, side: usize, face: Stream, config: &SearchConfig) -> Result<[f64; COLUMNS]> {
    let engine = Cpu::default();
    let spec = generator.spec();
    let sharp = Size::new(spec.width, spec.height);
    let truth = face_of(generator, face, &engine)?;
    let kind = MeasurementKind::default();
    let target = kind.shrink(&truth, Size::new(side, side), &Cpu::default())?.quantised();
    let measurement = kind.resolve(spec.channels, sharp, target.size())?;
    let found = search(&Problem::new(generator, &*measurement, &target), config, &engine, &mut Silent)?;
    let pictures: Vec<&Image> = found.iter().map(|candidate| &candidate.image).collect();
    let certainty = Certainty::of(&pictures, target.size())?;

    let count = truth.values().len() as f64;
    let errors: Vec<f64> =
        truth.values().iter().zip(certainty.mean().values()).map(|(x, mean)| f64::from((x - mean).abs())).collect();
    let held =
        |widths: &[f64]| errors.iter().zip(widths).filter(|(error, width)| error <= width).count() as f64 / count;
    let widths: Vec<f64> = certainty.half_widths().iter().map(|&width| f64::from(width)).collect();
    let deviations: Vec<f64> = certainty.deviation().iter().map(|&s| f64::from(s)).collect();
    let scaled = |values: &[f64], by: f64| values.iter().map(|value| value * by).collect::<Vec<_>>();
    let mut needed: Vec<f64> = errors.iter().zip(&deviations).map(|(error, s)| error / s.max(1e-9)).collect();
    needed.sort_by(f64::total_cmp);
    let rms = |values: &[f64]| 255.0 * (values.iter().map(|value| value * value).sum::<f64>() / count).sqrt();
    Ok([
        held(&widths),
        held(&scaled(&deviations, 1.645)),
        held(&scaled(&widths, 1.0 / INFLATION)),
        between_quantiles(&truth, &pictures),
        needed[(0.9 * count) as usize],
        rms(&errors),
        rms(&deviations),
        certainty.agreed().unwrap_or_default(),
    ])
}

/// The face that the generator makes of random numbers.
fn face_of(generator: &dyn Generator, face: Stream, engine: &Cpu) -> Result<Image> {
    let spec = generator.spec();
    let mut renderer = Renderer::new(generator, spec.latents[0], engine)?;
    let latent = renderer.specs()[0].clone();
    let mut numbers = vec![0.0; latent.shape.len()];
    draw(&latent.start, face, &mut numbers);
    let mut inputs = Inputs::default();
    inputs.insert(latent.name, 1, latent.shape, numbers);
    Image::from_network(spec.channels, spec.height, spec.width, renderer.render(&inputs, 0)?)
}

/// The share of true values between the 5th and the 95th percentile of the candidates', interpolated.
fn between_quantiles(truth: &Image, pictures: &[&Image]) -> f64 {
    let held = truth.values().iter().enumerate().filter(|&(at, true_value)| {
        let mut values: Vec<f32> = pictures.iter().map(|picture| picture.values()[at]).collect();
        values.sort_by(f32::total_cmp);
        let quantile = |share: f64| {
            let place = share * (values.len() - 1) as f64;
            let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
            below + (above - below) * place.fract() as f32
        };
        (quantile(0.05)..=quantile(0.95)).contains(true_value)
    });
    held.count() as f64 / truth.values().len() as f64
}
