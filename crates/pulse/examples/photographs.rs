//! The table of `docs/tuning.md`: every photograph of `examples/photos`, shrunk to 16x16 and to 8x8, searched
//! with the defaults.
//!
//! ```text
//! cargo run --release --example photographs -- [steps=N] [from=X] [rate=X] [feature-rate=X] [candidates=N] …
//! ```
//!
//! For each: the least consistency in dB over the candidates before and after the exact projection, the mean
//! and the least distance between two candidates (root mean square, 1/255), and the seconds that it took.

use std::path::Path;
use std::time::Instant;

use pulse::Result;
use pulse::candidate::{Candidate, mean_pairwise_distance};
use pulse::event::Silent;
use pulse::generator::{EMBEDDED, Generator};
use pulse::image::{Image, Reader};
use pulse::measurement::{MeasurementKind, Size};
use pulse::search::{Problem, SearchConfig, search};
use pulse_engine::Cpu;

fn main() -> Result<()> {
    let mut config = SearchConfig::default();
    let mut sizes = vec![16, 8];
    for argument in std::env::args().skip(1) {
        let (name, value) = argument.split_once('=').expect("arguments are name=value");
        let number = || value.parse::<f64>().expect("a number");
        let features = config.features.get_or_insert_with(|| SearchConfig::default().features.unwrap());
        match name {
            "steps" => config.steps = number() as usize,
            "rate" => config.learning_rate = number(),
            "from" => features.from = number(),
            "feature-rate" => features.learning_rate = number(),
            "candidates" => config.candidates = number() as usize,
            "seed" => config.seed = number() as u64,
            "schedule" => config.schedule = value.parse()?,
            "optimizer" => config.optimizer = value.parse()?,
            "stop-db" => config.epsilon = pulse::candidate::epsilon_of_db(number()),
            "size" => sizes = vec![number() as usize],
            other => panic!("no such setting: {other}"),
        }
    }
    let generator = EMBEDDED[0].open()?;
    println!("photograph                    size  searched   final  distance (least)  seconds");
    for size in sizes {
        let mut photographs: Vec<_> = std::fs::read_dir(Path::new("examples/photos"))
            .expect("run it in the repository's root")
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "jpg"))
            .collect();
        photographs.sort();
        for path in photographs {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let target = shrink(&path, size)?;
            row(&*generator, &name, &target, &config)?;
        }
    }
    Ok(())
}

fn shrink(path: &Path, size: usize) -> Result<Image> {
    let photograph = Reader::default().read(path)?;
    let square = photograph.crop(photograph.centre_square())?;
    Ok(MeasurementKind::default().shrink(&square, Size::new(size, size))?.quantised())
}

fn row(generator: &dyn Generator, name: &str, target: &Image, config: &SearchConfig) -> Result<()> {
    let spec = generator.spec();
    let started = Instant::now();
    let sizes = [Size::new(spec.width, spec.height), Size::new(target.width(), target.height())];
    let measurement = MeasurementKind::default().resolve(spec.channels, sizes[0], sizes[1])?;
    let problem = Problem { generator, measurement: &*measurement, target, start: None };
    let found = search(&problem, config, &Cpu::default(), &mut Silent)?;
    let seconds = started.elapsed().as_secs_f64();
    let least = |db: fn(&Candidate) -> f64| found.iter().map(db).fold(f64::INFINITY, f64::min);
    let images: Vec<_> = found.iter().map(|candidate| &candidate.image).collect();
    let nearest = (0..images.len())
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| images[i].mean_squared_difference(images[j]).sqrt())
        .fold(f64::INFINITY, f64::min);
    println!(
        "{name:<28} {:>5}  {:>8.1} {:>7.1}  {:>8.1} {:>7.1}  {:>8.1}",
        target.width(),
        least(|candidate| candidate.searched_db),
        least(|candidate| candidate.db),
        255.0 * mean_pairwise_distance(&images),
        255.0 * nearest,
        seconds
    );
    Ok(())
}
