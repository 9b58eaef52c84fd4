//! A generator of one's own: a small network with a mapping, styles, noise and a searchable stage, of a family that no reader
//! here knows.
//!
//! ```text
//! cargo run --release --example own_generator -- [folder=own-generator]
//! ```
//!
//! Its numbers are random, as training is not the point. `Entrance` brings `z`, `w`, `ws` and PULSE's `latent`, `Assembly` the
//! names of the inputs. Everything else then works as for the families that are read here: search, exact projection, scores, the
//! verdict, the folder of a run.

use std::path::Path;
use std::sync::Arc;

use pulse::checksum::sha256;
use pulse::engine::{Convolution, Cpu, Dense, Fir, FirTaps, NetworkBuilder, Operator, Shape, Weights};
use pulse::event::Silent;
use pulse::generator::{Assembly, Entrance, Family, Generated, Generator, GeneratorSpec, LatentInput, Noise, Space};
use pulse::image::Image;
use pulse::judge::Order;
use pulse::random::Stream;
use pulse::record::{InputRecord, Record};
use pulse::run::RunFolder;
use pulse::search::SearchConfig;
use pulse::session::{Found, Judge, Labels, Session};
use pulse::{Opened, Preparation, Prepared, Result};

/// The length of `z` and of `w`.
const WIDTH: usize = 16;
const CHANNELS: usize = 8;
const SIDE: usize = 16;

/// `w → dense → 8x8 → noise → leaky ReLU (+ feature.0) → doubled → convolution → tanh`; the styles of the second row scale its
/// channels.
pub struct Own {
    spec: GeneratorSpec,
    entrance: Entrance,
    stage: Dense,
    to_rgb: Convolution,
}

impl Own {
    /// With random weights.
    pub fn new() -> Result<Self> {
        let half = SIDE / 2;
        let mapping = vec![dense(0, WIDTH, WIDTH), dense(1, WIDTH, WIDTH)];
        let average = Weights::from(vec![0.0; WIDTH]);
        let entrance = Entrance::new(mapping, 2f32.sqrt(), Some(average), 2)?;
        let (in_channels, out_channels) = (CHANNELS, 3);
        let weight = numbers(3, out_channels * in_channels * 9, 0.15);
        let (kernel, stride, padding) = ([3, 3], 1, 1);
        let to_rgb = Convolution { weight, bias: None, out_channels, in_channels, kernel, stride, padding };
        let stage = dense(2, WIDTH, CHANNELS * half * half);
        let parameters = 2 * WIDTH * WIDTH + stage.weight.len() + to_rgb.weight.len();
        let mut spec = GeneratorSpec::square(Family::new("Own"), 3, SIDE, parameters, entrance.latents());
        (spec.z_dim, spec.w_dim, spec.num_ws) = (WIDTH, WIDTH, 2);
        Ok(Self { spec, entrance, stage, to_rgb })
    }
}

impl Generator for Own {
    fn spec(&self) -> &GeneratorSpec {
        &self.spec
    }

    fn entrance(&self) -> Option<&Entrance> {
        Some(&self.entrance)
    }

    fn append(&self, builder: &mut NetworkBuilder, latent: LatentInput, space: &Space) -> Result<Generated> {
        let mut assembly = Assembly::new(builder, space, 1);
        let entered = self.entrance.enter(&mut assembly, latent)?;
        let [first, style] = [0, 1].map(|row| assembly.add(Operator::Row(row), &[entered.ws]));
        let x = assembly.add(Operator::Dense(self.stage.clone()), &[first?])?;
        let x = assembly.add(Operator::Reshape(Shape::map(CHANNELS, SIDE / 2, SIDE / 2)), &[x])?;
        let x = assembly.add_noise(x, &Noise { strength: vec![0.1].into(), constant: None })?;
        let x = assembly.add(Operator::LeakyRelu { slope: 0.2, gain: 1.0, clamp: None }, &[x])?;
        // What the search may move, by a tenth at most.
        let x = assembly.add_feature(x, 0.1)?;
        let channels = Operator::Slice { start: 0, length: CHANNELS };
        let style = assembly.add(channels, &[style?])?;
        let style = assembly.add(Operator::affine(vec![0.5], vec![1.0]), &[style])?;
        let x = assembly.add(Operator::Modulate, &[x, style])?;
        let x = assembly.add(doubled(), &[x])?;
        let x = assembly.add(Operator::Convolution(self.to_rgb.clone()), &[x])?;
        let image = assembly.add(Operator::Tanh, &[x])?;
        Ok(assembly.finish(image, Some(entered)))
    }
}

/// Each pixel four times.
fn doubled() -> Operator {
    let two = Weights::from(vec![1.0, 1.0]);
    let taps = FirTaps::Separable { vertical: two.clone(), horizontal: two };
    Operator::Fir(Fir { taps, up: 2, down: 1, padding_y: [1, 0], padding_x: [1, 0] })
}

fn dense(layer: u16, in_features: usize, out_features: usize) -> Dense {
    let weight = numbers(layer, out_features * in_features, (in_features as f32).powf(-0.5));
    Dense { weight, bias: None, out_features, in_features }
}

fn numbers(layer: u16, count: usize, deviation: f32) -> Weights {
    let mut numbers = vec![0.0; count];
    Stream { seed: 1, candidate: 0, draw: 0, input: layer }.fill_normal(&mut numbers);
    numbers.into_iter().map(|number| deviation * number).collect()
}

/// Searches for `picture` with it, scores what is found, and leaves a folder.
pub fn search_in(folder: &Path, picture: Image, config: SearchConfig) -> Result<(Found, Record)> {
    let engine = Arc::new(Cpu::default());
    // The checksum tells it from others when its runs are taken up again.
    let opened = Opened::own(Arc::new(Own::new()?), "own", &sha256(b"random weights of seed 1"));
    let input =
        InputRecord { path: "picture".into(), sha256: String::new(), width: picture.width(), height: picture.height() };
    let prepared = Prepared::new(picture, &Preparation::default(), opened.generator.spec(), &*engine)?;
    let run = RunFolder::create(folder, false)?;
    let mut session = Session::start(opened, Arc::new(prepared), config, engine)?;
    session.run(&mut Silent)?;
    let found = session.finish(&mut Silent)?;
    let (order, page) = (Order::default(), true);
    let labels = Labels { order, page, ..Labels::of(input) };
    let record = found.save(&run, labels, &mut Judge::default())?;
    Ok((found, record))
}

fn main() -> Result<()> {
    let argument = std::env::args().nth(1);
    let folder = argument.as_deref().and_then(|argument| argument.strip_prefix("folder=")).unwrap_or("own-generator");
    let picture = Image::new(3, 2, 2, (0..12).map(|number| 0.4 + 0.02 * number as f32).collect())?;
    let (found, record) = search_in(Path::new(folder), picture, SearchConfig::default())?;
    for candidate in &found.candidates {
        println!("candidate {}: {:.1} dB", candidate.index + 1, candidate.db);
    }
    println!("{} of {} reached, in {folder}", record.summary.reached, record.summary.candidates);
    Ok(())
}
