//! How much further the best direction leads than a random one, and what paths and curves are worth: the rows of
//! `docs/range.md`, "The null space".
//!
//! ```text
//! cargo run --release --example nullspace -- FACES
//! ```
//!
//! For each of the FACES (6), drawn from the embedded generator, its picture of 8x8 and of 16x16, two candidates of it, the
//! first direction from each and 16 random ones of the same length along the sphere.

use std::ops::ControlFlow;

use pulse::candidate::epsilon_of_db;
use pulse::event::Silent;
use pulse::generator::draw;
use pulse::generator::{EMBEDDED, Generator, LatentInput, Start, append_whole};
use pulse::image::Image;
use pulse::image::mean_squared_error;
use pulse::inputs::Inputs;
use pulse::measurement::{MeasurementKind, Size};
use pulse::random::Stream;
use pulse::render::Renderer;
use pulse::search::{Problem, SearchConfig, search};
use pulse::walk::{Coordinates, Corrector, CurveFrame, DirectionSettings, Explorer, Point, Region, Seen};
use pulse_engine::{Cpu, NetworkBuilder, Shape};

const RANDOM: usize = 8;
/// The consistencies down to which a walk goes on.
const TOLERATED: [f64; 4] = [60.0, 55.0, 50.0, 45.0];
/// How far the steps that are corrected lead, in standard deviations.
const LENGTH: f32 = 3.0;

/// What was measured at one candidate: the change of the picture along the first direction, and along random ones.
#[derive(Default)]
struct Ratios {
    names: Vec<String>,
    /// By name, one a candidate.
    ratios: Vec<Vec<f64>>,
}

fn main() -> pulse::Result<()> {
    let faces: u64 = std::env::args().nth(1).and_then(|faces| faces.parse().ok()).unwrap_or(6);
    println!("| picture | measured | mean ratio | least | greatest |\n|---|---|---|---|---|");
    for side in [8, 16] {
        let mut ratios = Ratios::default();
        let (mut worst, mut rough, mut worst_curve) = (f64::INFINITY, Vec::new(), f64::INFINITY);
        for face in 0..faces {
            let at = At::new(face, side)?;
            at.measure(&mut ratios, &mut worst_curve)?;
            let path = at.path()?;
            worst = worst.min(path.worst_db());
            rough.push(path.roughness());
        }
        for (name, ratios) in ratios.names.iter().zip(&ratios.ratios) {
            let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
            let [least, greatest] =
                [ratios.iter().copied().fold(f64::INFINITY, f64::min), ratios.iter().copied().fold(0.0, f64::max)];
            println!("| {side}x{side} | {name} | {mean:.1} | {least:.1} | {greatest:.1} |");
        }
        let mean = rough.iter().sum::<f64>() / rough.len() as f64;
        let greatest = rough.iter().copied().fold(0.0, f64::max);
        println!(
            "\n{side}x{side}: worst frame of {faces} paths {worst:.1} dB, of all curves {worst_curve:.1} dB; largest jump of a \
             path {mean:.2} times its mean on average, {greatest:.2} at most\n"
        );
    }
    Ok(())
}

/// A face, its small picture, and two candidates for it.
struct At {
    generator: Box<dyn Generator>,
    target: Image,
    side: usize,
    config: SearchConfig,
    candidates: Vec<Point>,
}

impl At {
    fn new(face: u64, side: usize) -> pulse::Result<Self> {
        let generator = EMBEDDED[0].open()?;
        let mut z = vec![0.0; 100];
        draw(&Start::Normal, Stream { seed: 100 + face, candidate: 0, draw: 0, input: 0 }, &mut z);
        let mut inputs = Inputs::default();
        inputs.insert("z", 1, Shape::Vector(100), z);
        let engine = Cpu::default();
        let mut renderer = Renderer::new(&*generator, LatentInput::Z, &engine)?;
        let truth = Image::from_network(3, 64, 64, renderer.render(&inputs, 0)?)?;
        let kind = MeasurementKind::default();
        let target = kind.shrink(&truth, Size::new(side, side), &Cpu::default())?.quantised();
        let config = SearchConfig { candidates: 2, seed: face, ..SearchConfig::default() };
        let mut at = Self { generator, target, side, config, candidates: Vec::new() };
        let measurement = at.measurement()?;
        let found = search(&Problem::new(&*at.generator, &*measurement, &at.target), &at.config, &engine, &mut Silent)?;
        let specs = at.specs()?;
        at.candidates =
            found.iter().map(|found| specs.iter().map(|spec| found.inputs[&spec.name].clone()).collect()).collect();
        Ok(at)
    }

    fn measurement(&self) -> pulse::Result<Box<dyn pulse::measurement::Measurement>> {
        MeasurementKind::default().resolve(3, Size::new(64, 64), Size::new(self.side, self.side))
    }

    fn specs(&self) -> pulse::Result<Vec<pulse::generator::InputSpec>> {
        Ok(append_whole(&*self.generator, &mut NetworkBuilder::new(), LatentInput::Z, &self.config.space)?.inputs)
    }

    fn path(&self) -> pulse::Result<pulse::walk::Passage> {
        let (measurement, specs) = (self.measurement()?, self.specs()?);
        let problem = Problem::new(&*self.generator, &*measurement, &self.target);
        let mut explorer = Explorer::new(&problem, &specs, &self.config, &Cpu::default())?;
        let path = explorer.path(&self.candidates[0], &self.candidates[1], 24, &mut |_| ControlFlow::Continue(()))?;
        Ok(path.expect("nobody stops it"))
    }

    fn measure(&self, ratios: &mut Ratios, worst_curve: &mut f64) -> pulse::Result<()> {
        let (measurement, specs) = (self.measurement()?, self.specs()?);
        let problem = Problem::new(&*self.generator, &*measurement, &self.target);
        let mut corrector = Corrector::new(&problem, &self.config, &Cpu::default(), 16)?;
        let latent = Coordinates::latent(&specs);
        for (index, point) in self.candidates.iter().enumerate() {
            let region = Region { tolerance: self.config.epsilon.sqrt(), reach: latent.radius(point) };
            let found =
                corrector.derivatives.null_directions(&latent, point, region, 6, 0, &mut |_| ControlFlow::Continue(()));
            let first = found.expect("nobody stops it").swap_remove(0).vector;
            let mut vectors = vec![first];
            vectors.extend((0..RANDOM).map(|number| random(&latent, point, number as u32)));

            let pairs: Vec<(&Point, &[f32])> = vectors.iter().map(|v| (point, v.as_slice())).collect();
            let changes = corrector.derivatives.forward(&latent, &pairs);
            let per_measurement: Vec<f64> = changes.iter().map(|seen| rms(&seen.image) / rms(&seen.measured)).collect();
            ratios.note(
                0,
                "change of the picture for the same change of the measurement, to first order",
                &per_measurement,
            );

            let walks: Vec<[f64; 4]> = vectors.iter().map(|v| self.walk(&mut corrector, &latent, point, v)).collect();
            for (which, db) in TOLERATED.iter().enumerate() {
                let reached: Vec<f64> = walks.iter().map(|walk| walk[which]).collect();
                ratios.note(
                    1 + which,
                    &format!("change of the picture when its measurement has left {db} dB, uncorrected"),
                    &reached,
                );
            }
            let radii = corrector.derivatives.radii(point);
            let joint = Coordinates::latent_and_features(&specs, &radii);
            let stepped: Vec<Point> = vectors.iter().map(|v| latent.travel(point, &times(v, LENGTH))).collect();
            let own = corrector.look(point)?.image;
            for (which, name, coordinates) in [
                (5, "change after 3 sd, corrected through the latent, then projected", Some(&latent)),
                (6, "change after 3 sd, corrected through latent and features, then projected", Some(&joint)),
                (7, "change after 3 sd, projected only", None),
            ] {
                let mut points = stepped.clone();
                if let Some(coordinates) = coordinates {
                    let _ = corrector.approach(coordinates, &mut points, &mut |_| ControlFlow::Continue(()));
                }
                let frames = corrector.finish(&points)?;
                let changes: Vec<f64> =
                    frames.iter().map(|frame| frame.image.mean_squared_difference(&own).sqrt()).collect();
                ratios.note(which, name, &changes);
            }
            if index == 0 {
                let mut explorer = Explorer::new(&problem, &specs, &self.config, &Cpu::default())?;
                let curves =
                    explorer.directions(point, &DirectionSettings::default(), &mut |_| ControlFlow::Continue(()))?;
                for CurveFrame { frame, .. } in
                    curves.expect("nobody stops it").into_iter().flat_map(|curve| curve.frames)
                {
                    *worst_curve = worst_curve.min(frame.db);
                }
            }
        }
        Ok(())
    }

    /// How much the picture has changed, both ways on average, when what it measures leaves each tolerated consistency:
    /// along a great circle, with nothing corrected.
    fn walk(&self, corrector: &mut Corrector<'_>, latent: &Coordinates, point: &Point, v: &[f32]) -> [f64; 4] {
        let start = corrector.derivatives.see(std::slice::from_ref(point)).remove(0);
        let mut changed = [0.0; 4];
        for sign in [-1.0, 1.0] {
            // Steps that grow: near ends need short ones, and far ends are far.
            let points: Vec<Point> =
                (0..48).map(|step| latent.travel(point, &times(v, sign * 0.02 * 1.13f32.powi(step)))).collect();
            let seen: Vec<Seen> = corrector.derivatives.see(&points);
            for (changed, db) in changed.iter_mut().zip(TOLERATED) {
                let within =
                    |seen: &&Seen| mean_squared_error(&seen.measured, self.target.values()) <= epsilon_of_db(db);
                let last = seen.iter().take_while(within).last();
                *changed += 0.25 * last.map_or(0.0, |seen| mean_squared_error(&seen.image, &start.image).sqrt());
            }
        }
        changed
    }
}

impl Ratios {
    /// The first number is the first direction's, the others are random ones'.
    fn note(&mut self, which: usize, name: &str, changes: &[f64]) {
        if self.names.len() <= which {
            self.names.push(name.to_owned());
            self.ratios.push(Vec::new());
        }
        let mean = changes[1..].iter().sum::<f64>() / (changes.len() - 1) as f64;
        self.ratios[which].push(changes[0] / mean);
    }
}

/// A random direction along the sphere, one standard deviation long.
fn random(latent: &Coordinates, point: &Point, number: u32) -> Vec<f32> {
    let mut v = vec![0.0; latent.numbers()];
    draw(&Start::Normal, Stream { seed: 1, candidate: number, draw: 0, input: 0 }, &mut v);
    latent.project(point, &mut v);
    let length = v.iter().map(|v| v * v).sum::<f32>().sqrt();
    times(&v, 1.0 / length)
}

fn times(v: &[f32], factor: f32) -> Vec<f32> {
    v.iter().map(|v| factor * v).collect()
}

fn rms(numbers: &[f32]) -> f64 {
    mean_squared_error(numbers, &vec![0.0; numbers.len()]).sqrt()
}
