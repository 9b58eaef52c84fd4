//! The table of `docs/range.md`.
use std::path::Path;
use std::time::Instant;

use pulse::Result;
use pulse::candidate::Candidate;
use pulse::event::Silent;
use pulse::explore::{Detail, Distances, Diversity};
use pulse::generator::{EMBEDDED, Generator, LatentInput, Space, append_whole};
use pulse::image::{Image, Reader, Rectangle, write_png};
use pulse::inputs::Inputs;
use pulse::measurement::{MeasurementKind, Size};
use pulse::render::Renderer;
use pulse::search::{Problem, SearchConfig, Spread, search};
use pulse::sheet::{Entry, Sheet};
use pulse::start::{Stream, draw};
use pulse_engine::Cpu;

struct Figures {
    searched: f64,
    worst: f64,
    mean: f64,
    least: f64,
    detail: f64,
    s: Option<f64>,
    seconds: f64,
    first4: f64,
    sharp: f64,
}

fn main() -> Result<()> {
    let mut config = SearchConfig { candidates: 16, ..SearchConfig::default() };
    let mut spread = Spread { weight: 3.0, late: 1.0, until: 0.8, power: 1.0, over: 1.0 };
    let (mut faces, mut photos, mut out, mut sizes) = (8usize, true, None, vec![16, 8]);
    let mut plain = true;
    for argument in std::env::args().skip(1) {
        let (name, value) = argument.split_once('=').unwrap();
        let number = || value.parse::<f64>().unwrap();
        match name {
            "weight" => spread.weight = number(),
            "late" => spread.late = number(),
            "until" => spread.until = number(),
            "power" => spread.power = number(),
            "over" => spread.over = number(),
            "faces" => faces = number() as usize,
            "photos" => photos = value == "1",
            "plain" => plain = value == "1",
            "size" => sizes = vec![number() as usize],
            "steps" => config.steps = number() as usize,
            "starts" => config.starts = number() as usize,
            "batch" => config.batch = number() as usize,
            "out" => out = Some(value.to_owned()),
            _ => panic!("{name}"),
        }
    }
    let generator = EMBEDDED[0].open()?;
    let g = &*generator;
    for size in sizes {
        let mut groups: Vec<(&str, Vec<(String, Image)>)> = vec![("generated", truths(g, faces)?)];
        if photos {
            let mut p = photographs()?;
            p.truncate(4);
            groups.push(("photographs", p));
        }
        for (group, truths) in groups {
            if truths.is_empty() {
                continue;
            }
            for (label, setting) in [("plain", None), ("spread", Some(spread))] {
                if label == "plain" && !plain {
                    continue;
                }
                let mut all = Vec::new();
                for (name, truth) in &truths {
                    let f = figures(
                        g,
                        name,
                        truth,
                        size,
                        &SearchConfig { spread: setting, ..config.clone() },
                        out.as_deref().map(|o| format!("{o}/{label}-{size}-{name}.png")),
                    )?;
                    all.push(f);
                }
                let mean = |f: &dyn Fn(&Figures) -> f64| all.iter().map(f).sum::<f64>() / all.len() as f64;
                let least = |f: &dyn Fn(&Figures) -> f64| all.iter().map(f).fold(f64::INFINITY, f64::min);
                println!(
                    "{size:>2} {group:<11} {label:<6} searched {:.1} (least {:.1}) worst {:.1} mean {:.2} least {:.2} detail {:.2} first4 {:.2} S {:.3} sharp {:.4} sec {:.2}",
                    mean(&|f| f.searched),
                    least(&|f| f.searched),
                    least(&|f| f.worst),
                    255.0 * mean(&|f| f.mean),
                    255.0 * mean(&|f| f.least),
                    255.0 * mean(&|f| f.detail),
                    255.0 * mean(&|f| f.first4),
                    mean(&|f| f.s.unwrap_or(0.0)),
                    mean(&|f| f.sharp),
                    mean(&|f| f.seconds)
                );
            }
        }
    }
    Ok(())
}

fn truths(g: &dyn Generator, count: usize) -> Result<Vec<(String, Image)>> {
    let mut r = Renderer::new(g, LatentInput::Z, &Cpu::default())?;
    let spec = r.specs()[0].clone();
    let s = g.spec().clone();
    (0..count)
        .map(|i| {
            let mut z = vec![0.0; spec.shape.len()];
            draw(&spec.start, Stream { seed: 2021, candidate: i as u32, draw: 0, input: 0 }, &mut z);
            let mut inputs = Inputs::default();
            inputs.insert("z", 1, spec.shape, z);
            let v = r.render(&inputs, 0)?;
            Ok((format!("face{i}"), Image::from_network(s.channels, s.height, s.width, v)?))
        })
        .collect()
}

fn photographs() -> Result<Vec<(String, Image)>> {
    let folder = Path::new("examples/photos");
    let table = std::fs::read_to_string(folder.join("crops.csv")).unwrap();
    table
        .lines()
        .skip(1)
        .map(|row| {
            let f: Vec<&str> = row.split(',').collect();
            let n = |i: usize| f[i].parse().unwrap();
            let face = Rectangle { left: n(1), top: n(2), width: n(3), height: n(4) };
            Ok((f[0].to_owned(), Reader::default().read(&folder.join(f[0]))?.crop(face)?))
        })
        .collect()
}
fn squares() -> Result<Vec<(String, Image)>> {
    let folder = Path::new("examples/photos");
    let table = std::fs::read_to_string(folder.join("crops.csv")).unwrap();
    table
        .lines()
        .skip(1)
        .map(|row| {
            let f: Vec<&str> = row.split(',').collect();
            let image = Reader::default().read(&folder.join(f[0]))?;
            Ok((format!("square-{}", f[0]), image.crop(image.centre_square())?))
        })
        .collect()
}

fn figures(
    g: &dyn Generator,
    name: &str,
    truth: &Image,
    size: usize,
    config: &SearchConfig,
    out: Option<String>,
) -> Result<Figures> {
    let kind = MeasurementKind::default();
    let target = kind.shrink(truth, Size::new(size, size))?.quantised();
    let spec = g.spec();
    let sharp = Size::new(spec.width, spec.height);
    let measurement = kind.resolve(spec.channels, sharp, target.size())?;
    let problem = Problem::new(g, &*measurement, &target);
    let started = Instant::now();
    let found = search(&problem, config, &Cpu::default(), &mut Silent)?;
    let seconds = started.elapsed().as_secs_f64();
    let images: Vec<_> = found.iter().map(|c| &c.image).collect();
    let d = Distances::between(&images.iter().map(|i| i.values()).collect::<Vec<_>>());
    let detail = Detail::new(sharp, target.size())?;
    let details: Vec<_> = images.iter().map(|i| detail.of(i)).collect();
    let dd = Distances::between(&details);
    let f4 = Distances::between(&images.iter().take(4).map(|i| i.values()).collect::<Vec<_>>());
    let energy =
        details.iter().map(|d| d.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / d.len() as f64).sum::<f64>()
            / details.len() as f64;
    if let Some(out) = out {
        let least = |db: fn(&Candidate) -> f64| found.iter().map(db).fold(f64::INFINITY, f64::min);
        let note = format!("searched least {:.1} distance {:.1}", least(|c| c.searched_db), 255.0 * d.mean());
        let entries = found
            .iter()
            .map(|c| Entry { image: &c.image, measured: &c.measured, db: c.searched_db, reached: c.db >= 45.0 })
            .collect();
        write_png(
            Path::new(&out),
            &Sheet { title: name, note: &note, target: &target, original: Some(truth), entries }.draw()?,
            None,
        )?;
    }
    let least = |db: fn(&Candidate) -> f64| found.iter().map(db).fold(f64::INFINITY, f64::min);
    let s = (truth.size() == sharp).then(|| Diversity::of(truth, &images[..images.len().min(10)], 8).unwrap().score());
    Ok(Figures {
        searched: least(|c| c.searched_db),
        worst: least(|c| c.db),
        mean: d.mean(),
        least: d.nearest_pair().map_or(0.0, |p| p.2),
        detail: dd.mean(),
        s,
        seconds,
        first4: f4.mean(),
        sharp: energy.sqrt(),
    })
}
