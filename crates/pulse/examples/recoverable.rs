//! Is the person recoverable? The tables of `docs/range.md`.
//!
//! ```text
//! cargo run --release --example recoverable -- [faces=32] [candidates=16] [seed=0]
//! ```
//!
//! A face is shrunk to 16x16, 8x8 and 4x4 pixels and searched for. Its candidates are compared with a gallery of 64 faces, in
//! which it is one. The distance of the gallery's face `f` from the candidates is the least, or the mean, over candidates `c` of
//! `|D c − D f|`, where `D` takes away what shrinking leaves (`detail::Detail`; root mean square, 1/255). Were the small
//! picture's own pixels compared too, the right face would win by them alone.
//!
//! Once with faces of the generator itself, once with the photographs of `examples/photos`, which it has never seen.

use std::path::Path;

use pulse::Result;
use pulse::detail::{Detail, Distances};
use pulse::event::Silent;
use pulse::face::{Detector, DetectorConfig, aligned};
use pulse::generator::draw;
use pulse::generator::{EMBEDDED, Generator, LatentInput};
use pulse::image::{Image, Reader};
use pulse::inputs::Inputs;
use pulse::measurement::{MeasurementKind, Size};
use pulse::random::Stream;
use pulse::render::Renderer;
use pulse::search::{Problem, SearchConfig, search};
use pulse_engine::Cpu;

const PHOTOGRAPHS: &str = "examples/photos";

/// How many faces are to be told apart.
const GALLERY: usize = 64;

/// Pixels along a side of the small pictures.
const SIDES: [usize; 3] = [16, 8, 4];

/// The seed of the gallery, another than the search's.
const GALLERY_SEED: u64 = 7_000;

fn main() -> Result<()> {
    let (mut faces, mut config) = (32, SearchConfig { candidates: 16, ..SearchConfig::default() });
    for argument in std::env::args().skip(1) {
        let (name, value) = argument.split_once('=').expect("arguments are name=value");
        let number: usize = value.parse().expect("a whole number");
        match name {
            "faces" => faces = number.min(GALLERY),
            "candidates" => config.candidates = number,
            "seed" => config.seed = number as u64,
            other => panic!("there is no `{other}`: give faces, candidates or seed"),
        }
    }
    let engine = Cpu::default();
    let generator = EMBEDDED[0].open()?;
    let gallery = generated(&*generator, &engine)?;

    println!(
        "{faces} faces of the generator itself, each one of {GALLERY} of them, {} candidates\n",
        config.candidates
    );
    header();
    for side in SIDES {
        let mut table = Table::default();
        for truth in 0..faces {
            let found = candidates(&*generator, &gallery[truth], side, &config, &engine)?;
            table.add(&found, &gallery, truth, side)?;
        }
        table.print(side);
    }

    let (names, photographs) = photographed(&*generator, &engine)?;
    let strangers = &gallery[..GALLERY - photographs.len()];
    let mixed: Vec<Image> = photographs.iter().chain(strangers).cloned().collect();
    println!(
        "\n{} faces in photographs, each one of {GALLERY}: of them and {} of the generator\n",
        photographs.len(),
        strangers.len()
    );
    header();
    let mut among = Vec::new();
    for side in SIDES {
        let (mut table, mut alone) = (Table::default(), Table::default());
        let mut second = Vec::new();
        for truth in 0..photographs.len() {
            let found = candidates(&*generator, &photographs[truth], side, &config, &engine)?;
            table.add(&found, &mixed, truth, side)?;
            let distances = alone.add(&found, &photographs, truth, side)?;
            second.extend(rank_of_other(&names, truth, &distances));
        }
        table.print(side);
        among.push((side, alone, second));
    }
    println!("\nThe same among the {} photographs alone\n", photographs.len());
    header();
    for (side, table, _) in &among {
        table.print(*side);
    }
    println!("\nWhere another photograph of the same person stands among the {} others\n", photographs.len() - 1);
    println!("| small picture | mean rank, 1 is the nearest | by chance | pictures |\n|---|---|---|---|");
    for (side, _, ranks) in &among {
        let mean = ranks.iter().sum::<usize>() as f64 / ranks.len() as f64;
        let chance = photographs.len() as f64 / 2.0;
        println!("| {side}x{side} | {mean:.1} | {chance:.1} | {} |", ranks.len());
    }
    Ok(())
}

/// The gallery: faces of the generator from random inputs, as 8-bit pictures.
fn generated(generator: &dyn Generator, engine: &Cpu) -> Result<Vec<Image>> {
    let latent = generator.spec().latents[0];
    let mut renderer = Renderer::new(generator, latent, engine)?;
    (0..GALLERY).map(|index| face(&mut renderer, latent, index)).collect()
}

fn face(renderer: &mut Renderer, latent: LatentInput, index: usize) -> Result<Image> {
    let spec = renderer.specs().iter().find(|spec| spec.name == latent.name()).expect("the latent").clone();
    let mut numbers = vec![0.0; spec.shape.len()];
    let stream = Stream { seed: GALLERY_SEED, candidate: index as u32, draw: 0, input: 0 };
    draw(&spec.start, stream, &mut numbers);
    let mut inputs = Inputs::default();
    inputs.insert(&spec.name, 1, spec.shape, numbers);
    Ok(Image::from_network(3, 64, 64, renderer.render(&inputs, 0)?)?.quantised())
}

/// The faces in the photographs, framed as the generator's are.
fn photographed(generator: &dyn Generator, engine: &Cpu) -> Result<(Vec<String>, Vec<Image>)> {
    let spec = generator.spec();
    let mut detector = Detector::new(engine, DetectorConfig::default())?;
    let mut found = (Vec::new(), Vec::new());
    for path in pulse::image::pictures_in(Path::new(PHOTOGRAPHS))? {
        let picture = Reader::default().read(&path)?;
        let faces = detector.detect(&picture);
        let face = faces.first().expect("a face in every photograph");
        found.0.push(path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        found.1.push(aligned(&picture, &spec.frame.square(&face.landmarks), spec.width)?.quantised());
    }
    Ok(found)
}

/// What is found for a face shrunk to `side`.
fn candidates(
    generator: &dyn Generator,
    truth: &Image,
    side: usize,
    config: &SearchConfig,
    engine: &Cpu,
) -> Result<Vec<Image>> {
    let kind = MeasurementKind::default();
    let target = kind.shrink(truth, Size::new(side, side), &Cpu::default())?.quantised();
    let measurement = kind.resolve(3, truth.size(), target.size())?;
    let problem = Problem::new(generator, &*measurement, &target);
    let found = search(&problem, config, engine, &mut Silent)?;
    Ok(found.into_iter().map(|candidate| candidate.image).collect())
}

/// One line, and what it is the sum of.
#[derive(Default)]
struct Table {
    searched: usize,
    /// How often the right one is the nearest, by the least and by the mean distance.
    nearest: [usize; 2],
    /// Its ranks, by the mean distance.
    ranks: usize,
    /// Distances: candidates to the right one, to others of the gallery, to each other.
    distances: [f64; 3],
    gallery: usize,
}

impl Table {
    /// Gives the mean distance of every face of the gallery.
    fn add(&mut self, found: &[Image], gallery: &[Image], truth: usize, side: usize) -> Result<Vec<f64>> {
        let detail = Detail::new(gallery[truth].size(), Size::new(side, side))?;
        let of = |images: &[Image]| images.iter().map(|image| detail.of(image)).collect::<Vec<_>>();
        let (found, faces) = (of(found), of(gallery));
        let to = |face: &Vec<f32>| {
            let between = found.iter().map(|candidate| Distances::between(&[candidate, face]).mean());
            let all: Vec<f64> = between.collect();
            [all.iter().copied().fold(f64::INFINITY, f64::min), all.iter().sum::<f64>() / all.len() as f64]
        };
        let distances: Vec<[f64; 2]> = faces.iter().map(to).collect();
        let before = |kind: usize| distances.iter().filter(|other| other[kind] < distances[truth][kind]).count();
        self.searched += 1;
        self.gallery = gallery.len();
        for kind in 0..2 {
            self.nearest[kind] += usize::from(before(kind) == 0);
        }
        self.ranks += before(1) + 1;
        let others: f64 = distances.iter().map(|distance| distance[1]).sum::<f64>() - distances[truth][1];
        self.distances[0] += distances[truth][1];
        self.distances[1] += others / (gallery.len() - 1) as f64;
        self.distances[2] += Distances::between(&found).mean();
        Ok(distances.into_iter().map(|distance| distance[1]).collect())
    }

    fn print(&self, side: usize) {
        let searched = self.searched as f64;
        let percent = |count: usize| 100.0 * count as f64 / searched;
        let [truth, others, each_other] = self.distances.map(|sum| 255.0 * sum / searched);
        println!(
            "| {side}x{side} | {:.0}% | {:.0}% | {:.1}% | {:.1} | {truth:.1} | {others:.1} | {each_other:.1} |",
            percent(self.nearest[0]),
            percent(self.nearest[1]),
            100.0 / self.gallery as f64,
            self.ranks as f64 / searched,
        );
    }
}

fn header() {
    println!(
        "| small picture | the right one is the nearest, by the nearest candidate | by the mean candidate | by chance | mean rank | \
         distance to the right one | to others | between candidates |\n|---|---|---|---|---|---|---|---|"
    );
}

/// Where the other photograph of the same person stands among all others, if there is one. Files are named
/// `p001_studio_portrait` and `p001_amateur_selfie`.
fn rank_of_other(names: &[String], truth: usize, distances: &[f64]) -> Option<usize> {
    let person = |index: usize| names[index].split('_').next();
    let other = (0..names.len()).find(|&other| other != truth && person(other) == person(truth))?;
    let nearer = (0..names.len()).filter(|&index| index != truth && distances[index] < distances[other]).count();
    Some(nearer + 1)
}
