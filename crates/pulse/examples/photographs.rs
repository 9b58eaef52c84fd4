//! The table of `docs/tuning.md`: every photograph of `examples/photos`, shrunk to 16x16 and to 8x8, searched
//! with the defaults, once the largest square in its centre and once the face.
//!
//! ```text
//! cargo run --release --example photographs -- [frame=face|square] [size=N] [out=FOLDER] [steps=N] …
//! ```
//!
//! For each: the least consistency in dB over the candidates before and after the exact projection, the mean
//! and the least distance between two candidates (root mean square, 1/255), and the seconds that it took. With
//! `out=` the sheets are written there.

use std::path::Path;
use std::time::Instant;

use pulse::Result;
use pulse::candidate::{Candidate, epsilon_of_db, mean_pairwise_distance};
use pulse::event::Silent;
use pulse::generator::{EMBEDDED, Generator};
use pulse::image::{Extent, Image, Provenance, Reader, Rectangle, write_png};
use pulse::measurement::{MeasurementKind, Size};
use pulse::search::{Problem, SearchConfig, search};
use pulse::sheet::{Entry, Sheet};
use pulse_engine::Cpu;

const PHOTOGRAPHS: &str = "examples/photos";

/// One line of the table.
struct Case {
    photograph: String,
    frame: &'static str,
    part: Rectangle,
    size: usize,
}

fn main() -> Result<()> {
    let mut config = SearchConfig::default();
    let (mut size, mut frame, mut out) = (None, None, None);
    for argument in std::env::args().skip(1) {
        let (name, value) = argument.split_once('=').expect("arguments are name=value");
        match name {
            "size" => size = value.parse().ok(),
            "frame" => frame = Some(value.to_owned()),
            "out" => out = Some(value.to_owned()),
            _ => set(&mut config, name, value)?,
        }
    }
    let generator = EMBEDDED[0].open()?;
    println!("photograph              frame   size  searched   final  distance (least)  seconds");
    let mut totals = [0.0; 5];
    let mut count = 0.0;
    for case in cases()? {
        if size.is_some_and(|size: usize| size != case.size) || frame.as_ref().is_some_and(|frame| frame != case.frame)
        {
            continue;
        }
        let figures = line(&*generator, &case, &config, out.as_deref())?;
        print(&case.photograph, case.frame, case.size, figures);
        count += 1.0;
        totals.iter_mut().zip(figures).for_each(|(total, figure)| *total += figure);
    }
    print("mean", "", 0, totals.map(|total| total / count));
    Ok(())
}

fn print(photograph: &str, frame: &str, size: usize, [searched, reached, distance, least, seconds]: [f64; 5]) {
    println!(
        "{photograph:<23} {frame:<6} {size:>5}  {searched:>8.1} {reached:>7.1}  {distance:>8.1} {least:>7.1}  {seconds:>7.2}"
    );
}

/// Tries another setting than the default.
fn set(config: &mut SearchConfig, name: &str, value: &str) -> Result<()> {
    let number = || value.parse::<f64>().expect("a number");
    let features = config.features.get_or_insert(SearchConfig::default().features.expect("features are searched"));
    match name {
        "candidates" => config.candidates = number() as usize,
        "seed" => config.seed = number() as u64,
        "steps" => config.steps = number() as usize,
        "starts" => config.starts = number() as usize,
        "learning-rate" => config.learning_rate = number(),
        "schedule" => config.schedule = value.parse()?,
        "optimizer" => config.optimizer = value.parse()?,
        "features-from" => features.from = number(),
        "feature-rate" => features.learning_rate = number(),
        "stop-db" => config.epsilon = epsilon_of_db(number()),
        other => panic!("no such setting: {other}"),
    }
    Ok(())
}

fn cases() -> Result<Vec<Case>> {
    let table = std::fs::read_to_string(format!("{PHOTOGRAPHS}/crops.csv")).expect("run it in the repository's root");
    let mut cases = Vec::new();
    for row in table.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let number = |i: usize| fields[i].parse().expect("a number of pixels");
        let face = Rectangle { left: number(1), top: number(2), width: number(3), height: number(4) };
        let photograph = fields[0].to_owned();
        let square = Reader::default().read(&Path::new(PHOTOGRAPHS).join(&photograph))?.centre_square();
        for (frame, part) in [("square", square), ("face", face)] {
            for size in [16, 8] {
                cases.push(Case { photograph: photograph.clone(), frame, part, size });
            }
        }
    }
    Ok(cases)
}

fn line(generator: &dyn Generator, case: &Case, config: &SearchConfig, out: Option<&str>) -> Result<[f64; 5]> {
    let original = Reader::default().read(&Path::new(PHOTOGRAPHS).join(&case.photograph))?.crop(case.part)?;
    let kind = MeasurementKind::default();
    let target = kind.shrink(&original, Size::new(case.size, case.size), &Cpu::default())?.quantised();
    let started = Instant::now();
    let spec = generator.spec();
    let measurement = kind.resolve(spec.channels, Size::new(spec.width, spec.height), target.size())?;
    let problem = Problem::new(generator, &*measurement, &target);
    let found = search(&problem, config, &Cpu::default(), &mut Silent)?;
    let seconds = started.elapsed().as_secs_f64();
    if let Some(out) = out {
        let stem = case.photograph.trim_end_matches(".jpg");
        let path = Path::new(out).join(format!("{stem}-{}-{}.png", case.frame, case.size));
        let provenance = Provenance { extent: Extent::Composite, ..Provenance::new(EMBEDDED[0].name, config.seed) };
        write_png(&path, &sheet(&case.photograph, &target, &original, &found).draw()?, Some(&provenance))?;
    }
    let least = |db: fn(&Candidate) -> f64| found.iter().map(db).fold(f64::INFINITY, f64::min);
    let images: Vec<_> = found.iter().map(|candidate| &candidate.image).collect();
    let nearest = (0..images.len())
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| images[i].mean_squared_difference(images[j]).sqrt())
        .fold(f64::INFINITY, f64::min);
    let distances = [mean_pairwise_distance(&images), nearest].map(|distance| 255.0 * distance);
    Ok([least(|c| c.searched_db), least(|c| c.db), distances[0], distances[1], seconds])
}

fn sheet<'a>(title: &'a str, target: &'a Image, original: &'a Image, found: &'a [Candidate]) -> Sheet<'a> {
    let entries = found.iter().map(|candidate| Entry {
        number: candidate.index + 1,
        image: &candidate.image,
        measured: &candidate.measured,
        db: candidate.searched_db,
        outcome: candidate.outcome,
        verdict: None,
    });
    let note = "dB before the exact projection";
    Sheet { title, note, target, original: Some(original), colours: None, entries: entries.collect() }
}
