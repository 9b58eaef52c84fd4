//! The table of `docs/range.md`: how far apart candidates are, each searched by itself (`plain`) and as a set that spreads.
//!
//! ```text
//! cargo run --release --example spread -- [size=16|8] [group=generated|photographs|squares] [faces=N] [candidates=N] [photos=FOLDER] [each=1] [out=FOLDER]
//! ```
//!
//! The small pictures are those of faces drawn from the embedded generator (fixed seeds, so that the truth is known), of
//! the photographs in `photos=` (by default `examples/photos`; the faces in them, as `crops.csv` says), and of the same
//! photographs' centre squares, shrunk and rounded to 8 bits. Each is searched for 16 candidates. A row is the mean over the pictures;
//! distances are root mean squares in steps of 1/255. `S` is the diversity of the first ten candidates, in patches of
//! 8x8 pixels, where the truth is known. `each=1` prints a row for each picture as well. With `out=` the sheets are written.

use std::path::{Path, PathBuf};
use std::time::Instant;

use pulse::Result;
use pulse::candidate::Candidate;
use pulse::detail::{Detail, Distances};
use pulse::event::Silent;
use pulse::generator::draw;
use pulse::generator::{EMBEDDED, Generator, LatentInput};
use pulse::image::{Extent, Image, Provenance, Reader, Rectangle, pictures_in, write_png};
use pulse::inputs::Inputs;
use pulse::judge::Diversity;
use pulse::measurement::{MeasurementKind, Size};
use pulse::random::Stream;
use pulse::render::Renderer;
use pulse::search::{Problem, Repulsion, SearchConfig, search};
use pulse::sheet::{Entry, Sheet};
use pulse_engine::Cpu;

/// The seed of the faces that are drawn: another one than the searches have.
const FACES: u64 = 2021;
/// The side of the patches in which a truth may be put together.
const PATCH: usize = 8;
const PHOTOGRAPHS: &str = "examples/photos";

/// A sharp picture and what it is called.
type Truth = (String, Image);

/// What is to be measured.
struct Options {
    size: Option<usize>,
    group: Option<String>,
    faces: usize,
    candidates: usize,
    photos: PathBuf,
    out: Option<PathBuf>,
    each: bool,
}

/// What a row says, for one picture or as a mean of several.
#[derive(Clone, Copy, Default)]
struct Figures {
    mean: f64,
    least: f64,
    /// The mean among the first four.
    first_four: f64,
    /// The root mean square of a candidate's own detail.
    detail: f64,
    searched: f64,
    worst: f64,
    diversity: Option<f64>,
    seconds: f64,
}

fn main() -> Result<()> {
    let mut options = Options {
        size: None,
        group: None,
        faces: 32,
        candidates: 16,
        photos: PHOTOGRAPHS.into(),
        out: None,
        each: false,
    };
    for argument in std::env::args().skip(1) {
        let (name, value) = argument.split_once('=').expect("arguments are name=value");
        match name {
            "size" => options.size = value.parse().ok(),
            "group" => options.group = Some(value.to_owned()),
            "faces" => options.faces = value.parse().expect("a number"),
            "candidates" => options.candidates = value.parse().expect("a number"),
            "photos" => options.photos = value.into(),
            "out" => options.out = Some(value.into()),
            "each" => options.each = value == "1",
            other => panic!("no such argument: {other}"),
        }
    }
    let generator = EMBEDDED[0].open()?;
    println!(
        "| small pictures | search | distance, mean | least | first four | detail | searched dB | worst dB | S | time |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for size in [16, 8].into_iter().filter(|&size| options.size.is_none_or(|only| only == size)) {
        for (group, truths) in groups(&*generator, &options)? {
            rows(&*generator, &format!("{group}, {size}x{size}"), &truths, size, &options)?;
        }
    }
    Ok(())
}

fn groups(generator: &dyn Generator, options: &Options) -> Result<Vec<(&'static str, Vec<Truth>)>> {
    let wanted = |group: &str| options.group.as_deref().is_none_or(|only| only == group);
    let mut groups = Vec::new();
    if wanted("generated") {
        groups.push(("generated", faces(generator, options.faces)?));
    }
    if wanted("photographs") {
        groups.push(("photographs", photographs(&options.photos, &crops(&options.photos))?));
    }
    if wanted("squares") {
        groups.push(("squares", photographs(&options.photos, "")?));
    }
    Ok(groups)
}

/// The rows of one group at one size.
fn rows(generator: &dyn Generator, title: &str, truths: &[Truth], size: usize, options: &Options) -> Result<()> {
    let mut means = Vec::new();
    for (search, spread) in [("plain", None), ("spread", Some(Repulsion::default()))] {
        let config = SearchConfig { candidates: options.candidates, spread, ..SearchConfig::default() };
        let mut all = Vec::new();
        for (name, truth) in truths {
            let out = options.out.as_ref().map(|out| out.join(format!("{name}-{size}-{search}.png")));
            all.push(figures(generator, name, truth, size, &config, out.as_deref())?);
            if options.each {
                println!("{}", row(&format!("{name}, {size}x{size}"), search, &all[all.len() - 1]));
            }
        }
        let mean = Figures::mean(&all);
        println!("{}", row(title, search, &mean));
        means.push(mean);
    }
    let ratio = |of: fn(&Figures) -> f64| of(&means[1]) / of(&means[0]);
    println!(
        "| {title} | ratio | {:.2} | {:.2} | {:.2} | {:.2} | | | | {:.2} |",
        ratio(|f| f.mean),
        ratio(|f| f.least),
        ratio(|f| f.first_four),
        ratio(|f| f.detail),
        ratio(|f| f.seconds)
    );
    Ok(())
}

fn row(title: &str, search: &str, figures: &Figures) -> String {
    let diversity = figures.diversity.map_or_else(String::new, |diversity| format!("{diversity:.3}"));
    let [mean, least, first_four, detail] =
        [figures.mean, figures.least, figures.first_four, figures.detail].map(|distance| 255.0 * distance);
    format!(
        "| {title} | {search} | {mean:.1} | {least:.1} | {first_four:.1} | {detail:.1} | {:.1} | {:.1} | {diversity} | {:.1} s |",
        figures.searched, figures.worst, figures.seconds
    )
}

impl Figures {
    /// The mean of each figure, but the least of all consistencies.
    fn mean(all: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        let diversities: Option<Vec<f64>> = all.iter().map(|figures| figures.diversity).collect();
        Self {
            mean: mean(|f| f.mean),
            least: mean(|f| f.least),
            first_four: mean(|f| f.first_four),
            detail: mean(|f| f.detail),
            searched: mean(|f| f.searched),
            worst: all.iter().map(|f| f.worst).fold(f64::INFINITY, f64::min),
            diversity: diversities.map(|all| all.iter().sum::<f64>() / all.len() as f64),
            seconds: mean(|f| f.seconds),
        }
    }
}

/// Faces of the generator's prior.
fn faces(generator: &dyn Generator, count: usize) -> Result<Vec<Truth>> {
    let mut renderer = Renderer::new(generator, LatentInput::Z, &Cpu::default())?;
    let (latent, spec) = (renderer.specs()[0].clone(), generator.spec());
    (0..count)
        .map(|face| {
            let mut z = vec![0.0; latent.shape.len()];
            draw(&latent.start, Stream { seed: FACES, candidate: face as u32, draw: 0, input: 0 }, &mut z);
            let mut inputs = Inputs::default();
            inputs.insert(&latent.name, 1, latent.shape, z);
            let picture = Image::from_network(spec.channels, spec.height, spec.width, renderer.render(&inputs, 0)?)?;
            Ok((format!("face-{face:02}"), picture))
        })
        .collect()
}

/// Where the faces are, line by line; nothing where nobody says so.
fn crops(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("crops.csv")).unwrap_or_default()
}

/// The pictures in a folder: the part that `crops` names, or else the square in the centre.
fn photographs(folder: &Path, crops: &str) -> Result<Vec<Truth>> {
    let part = |name: &str| {
        let fields: Vec<&str> = crops.lines().find(|line| line.split(',').next() == Some(name))?.split(',').collect();
        let number = |i: usize| fields.get(i)?.parse().ok();
        Some(Rectangle { left: number(1)?, top: number(2)?, width: number(3)?, height: number(4)? })
    };
    let pictures = pictures_in(folder)?;
    pictures
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let picture = Reader::default().read(path)?;
            let part = part(&name).unwrap_or_else(|| picture.centre_square());
            Ok((name, picture.crop(part)?))
        })
        .collect()
}

fn figures(
    generator: &dyn Generator,
    name: &str,
    truth: &Image,
    size: usize,
    config: &SearchConfig,
    out: Option<&Path>,
) -> Result<Figures> {
    let kind = MeasurementKind::default();
    let target = kind.shrink(truth, Size::new(size, size), &Cpu::default())?.quantised();
    let spec = generator.spec();
    let sharp = Size::new(spec.width, spec.height);
    let measurement = kind.resolve(spec.channels, sharp, target.size())?;
    let problem = Problem::new(generator, &*measurement, &target);
    let started = Instant::now();
    let mut found = search(&problem, config, &Cpu::default(), &mut Silent)?;
    let seconds = started.elapsed().as_secs_f64();
    if let Some(out) = out {
        let provenance = Provenance { extent: Extent::Composite, ..Provenance::new(EMBEDDED[0].name, config.seed) };
        write_png(out, &sheet(name, &target, truth, &found).draw()?, Some(&provenance))?;
    }
    // As files have them.
    for candidate in &mut found {
        candidate.image = candidate.image.quantised();
    }
    let images: Vec<_> = found.iter().map(|candidate| &candidate.image).collect();
    let values: Vec<_> = images.iter().map(|image| image.values()).collect();
    let distances = Distances::between(&values);
    let detail = Detail::new(sharp, target.size())?;
    let energies = images.iter().map(|image| {
        let numbers = detail.of(image);
        (numbers.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / numbers.len() as f64).sqrt()
    });
    let least = |db: fn(&Candidate) -> f64| found.iter().map(db).fold(f64::INFINITY, f64::min);
    let ten = &images[..images.len().min(Diversity::SAMPLES)];
    let known = truth.size() == sharp;
    Ok(Figures {
        mean: distances.mean(),
        least: distances.nearest_pair().map_or(0.0, |(.., distance)| distance),
        first_four: Distances::between(&values[..values.len().min(4)]).mean(),
        detail: energies.sum::<f64>() / images.len() as f64,
        searched: least(|candidate| candidate.searched_db),
        worst: least(|candidate| candidate.db),
        diversity: if known { Some(Diversity::of(truth, ten, PATCH)?.score()) } else { None },
        seconds,
    })
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
