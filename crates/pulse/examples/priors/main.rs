//! The tables of `docs/priors.md`: how near the candidates of a generator are to the truth, and whether they say so themselves.
//!
//! ```text
//! cargo run --release --example priors -- GENERATOR… [pictures=16] [given=16,8,blur,half] [candidates=8] [out=FOLDER] [steps=N] …
//! cargo run --release --example priors -- faces GENERATOR… [given=16,8] [out=FOLDER] …
//! ```
//!
//! A generator is a folder with held-out pictures in `test.npz`. Each is shrunk to 16x16 and 8x8 pixels, blurred by a Gaussian of 3.4
//! pixels and rounded to 8 bits, and half covered; then it is searched for. With `faces` first, the truth is the faces in
//! `examples/photos`, shrunk as `--faces --pixelate` does.

mod held_out;
mod score;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use pulse::engine::Cpu;
use pulse::event::Silent;
use pulse::face::{Detector, DetectorConfig};
use pulse::image::{Extent, Image, Kernel, Provenance, Reader, Size, write_png};
use pulse::judge::{Bent, Verdict};
use pulse::kept::KeptPrograms;
use pulse::measurement::MeasurementKind;
use pulse::portrait::cut_faces;
use pulse::sampler::Spacing;
use pulse::search::{Problem, SearchConfig, search_steered};
use pulse::session::{Found, Judge, Session};
use pulse::sheet::{Entry, Sheet};
use pulse::steering::{Near, Steering};
use pulse::{Opened, Prepared, Result};

use score::{Score, distance};

/// A truth and what is given of it.
struct Case {
    name: String,
    prepared: Prepared,
    truth: Image,
}

fn main() -> Result<()> {
    let mut config = SearchConfig::default();
    let (mut pictures, mut given, mut out, mut judged) = (16, "16,8,blur,half".to_owned(), None, true);
    let (mut refine, mut each) = (None, false);
    let mut names = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.split_once('=') {
            None => names.push(argument),
            Some(("pictures", value)) => pictures = value.parse().expect("a number"),
            Some(("given", value)) => value.clone_into(&mut given),
            Some(("out", value)) => out = Some(value.to_owned()),
            Some(("refine", value)) => refine = value.parse().ok(),
            Some(("each", value)) => each = value == "on",
            Some(("verdict", value)) => judged = value == "on",
            Some((name, value)) => set(&mut config, name, value)?,
        }
    }
    let faces = names.first().is_some_and(|name| name == "faces");
    names.drain(..usize::from(faces && names.len() > 1));
    let engine = Arc::new(KeptPrograms::new(Cpu::default()));
    println!(
        "generator, given            worst dB  known  held  distance  error of mean  of one  interpolated  energy  seconds"
    );
    for name in names {
        let opened = Opened::named(&name)?;
        for given in given.split(',') {
            let cases = if faces { photographs(&opened, given)? } else { held_out(&opened, &name, given, pictures)? };
            row(&opened, &name, given, cases, &config, &engine, judged, refine, each, out.as_deref())?;
        }
    }
    Ok(())
}

/// Tries another setting than the default.
fn set(config: &mut SearchConfig, name: &str, value: &str) -> Result<()> {
    let number = || value.parse::<f64>().expect("a number");
    match name {
        "candidates" => config.candidates = number() as usize,
        "seed" => config.seed = number() as u64,
        "steps" => (config.steps, config.null_space.steps) = (number() as usize, number() as usize),
        "carry" => config.null_space.carry = value.parse()?,
        "variance" => config.null_space.variance = number(),
        "power" => config.null_space.spacing = Spacing::Flow { power: number() },
        "second-order" => config.null_space.second_order = number(),
        "sampler" => config.sampler = Some(value.parse()?),
        "unroll" => config.space.unroll = number() as usize,
        "spread" => config.spread = (value == "on").then(Default::default),
        other => panic!("no such setting: {other}"),
    }
    Ok(())
}

/// The measurement that is called so, and the size of what is given.
fn measurement(given: &str, sharp: Size) -> (MeasurementKind, Size) {
    match given {
        "blur" => ("gaussian:3.4".parse().expect("a measurement"), sharp),
        "half" => (format!("mask:{HALF}").parse().expect("a measurement"), sharp),
        side => {
            let side = side.parse().expect("a number of pixels, blur or half");
            (MeasurementKind::default(), Size::new(side, side))
        }
    }
}

/// Where the mask is written whose right half is covered.
const HALF: &str = "target/half.png";

fn held_out(opened: &Opened, folder: &str, given: &str, count: usize) -> Result<Vec<Case>> {
    let spec = opened.generator.spec();
    let sharp = Size::new(spec.width, spec.height);
    let (kind, size) = measurement(given, sharp);
    if given == "half" {
        let white = |p: usize| f32::from(u8::from(p % sharp.width < sharp.width / 2));
        let mask = Image::new(1, sharp.height, sharp.width, (0..sharp.width * sharp.height).map(white).collect())?;
        write_png(Path::new(HALF), &mask, None)?;
    }
    let kind = pulse::measurement::read_files(&kind)?;
    let case = |(index, truth): (usize, Image)| {
        let prepared = Prepared::shrunk(truth.clone(), size, &kind, spec, &Cpu::default())?;
        Ok(Case { name: format!("picture {}", index + 1), prepared, truth })
    };
    held_out::pictures(Path::new(folder), count)?.into_iter().enumerate().map(case).collect()
}

/// The faces in the photographs of the repository.
fn photographs(opened: &Opened, given: &str) -> Result<Vec<Case>> {
    let spec = opened.generator.spec();
    let engine = Cpu::default();
    let (kind, size) = measurement(given, Size::new(spec.width, spec.height));
    let mut detector = Detector::new(&engine, DetectorConfig::default())?;
    let mut files: Vec<_> = std::fs::read_dir("examples/photos").expect("run it in the repository's root").collect();
    files.sort_by_key(|file| file.as_ref().map(std::fs::DirEntry::file_name).ok());
    let mut cases = Vec::new();
    for file in files.into_iter().flatten().map(|file| file.path()) {
        if file.extension().is_none_or(|extension| extension != "jpg") {
            continue;
        }
        let photograph = Reader::default().read(&file)?;
        for cut in cut_faces(&photograph, &mut detector, spec)? {
            let truth = if spec.channels == 1 { cut.seen.to_grey() } else { cut.seen.to_rgb() };
            let prepared = Prepared::shrunk(truth.clone(), size, &kind, spec, &engine)?;
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            cases.push(Case { name, prepared, truth });
        }
    }
    Ok(cases)
}

/// Each candidate with noise of a level, sampled on by `faces-flow`.
fn refined(
    found: &mut Found,
    prepared: &Prepared,
    config: &SearchConfig,
    amount: f64,
    engine: &Arc<KeptPrograms<Cpu>>,
) -> Result<()> {
    let flow = Opened::named("faces-flow")?;
    let problem = Problem::new(&*flow.generator, &*prepared.measurement, &prepared.target);
    for candidate in &mut found.candidates {
        let near = Near { picture: candidate.image.clone(), amount };
        let steering = Steering { near: Some(near), ..Steering::default() };
        let config = SearchConfig { candidates: 1, seed: candidate.index as u64, ..config.clone() };
        *candidate = search_steered(&problem, &steering, &config, &**engine, &mut Silent)?.remove(0);
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "they are the table's own")]
fn row(
    opened: &Opened,
    name: &str,
    given: &str,
    cases: Vec<Case>,
    config: &SearchConfig,
    engine: &Arc<KeptPrograms<Cpu>>,
    judged: bool,
    refine: Option<f64>,
    each: bool,
    out: Option<&str>,
) -> Result<()> {
    let mut judge = Judge::default();
    let (mut scores, mut interpolated) = (Vec::new(), Vec::new());
    let (mut worst, mut known, mut all, mut seconds) = (f64::INFINITY, 0usize, 0usize, 0.0);
    let name = Path::new(name).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let many = cases.len();
    for Case { name: of, prepared, truth } in cases {
        let started = Instant::now();
        let prepared = Arc::new(prepared);
        let mut session = Session::start(opened.clone(), Arc::clone(&prepared), config.clone(), engine.clone())?;
        session.run(&mut Silent)?;
        let mut found = session.finish(&mut Silent)?;
        if let Some(amount) = refine {
            refined(&mut found, &prepared, config, amount, engine)?;
        }
        seconds += started.elapsed().as_secs_f64();
        let images: Vec<&Image> = found.candidates.iter().map(|candidate| &candidate.image).collect();
        scores.push(Score::of(&truth, &images));
        if let Ok(plain) = prepared.target.resized(Kernel::Bicubic, truth.size()) {
            interpolated.push(distance(&plain, &truth).powi(2));
        }
        worst = found.candidates.iter().map(|candidate| candidate.db).fold(worst, f64::min);
        let range = if judged { Some(found.measure(&mut judge)?) } else { None };
        if let Some(bent) = range.as_ref().and_then(|range| range.bent).filter(|_| each) {
            let Bent { strangeness, misfit, shortfall } = bent;
            println!("  {of}: strangeness {strangeness:.2}, misfit {misfit:.2}, shortfall {shortfall:.2}");
        }
        let verdicts: Vec<Option<Verdict>> = match &range {
            Some(range) => range.scores.iter().map(|scores| scores.bent.map(|bent| bent.verdict())).collect(),
            None => vec![None; images.len()],
        };
        known += verdicts.iter().filter(|verdict| **verdict == Some(Verdict::Known)).count();
        all += images.len();
        if let Some(out) = out {
            let entries = found.candidates.iter().zip(&verdicts).map(|(candidate, verdict)| Entry {
                number: candidate.index + 1,
                image: &candidate.image,
                measured: &candidate.measured,
                db: candidate.db,
                outcome: candidate.outcome,
                verdict: *verdict,
            });
            let sheet = Sheet {
                title: &of,
                note: "dB of what it measures",
                target: &prepared.target,
                original: Some(&truth),
                entries: entries.collect(),
            };
            let provenance = Provenance { extent: Extent::Composite, ..Provenance::new(&name, config.seed) };
            let path = Path::new(out).join(format!("{name}-{given}-{of}.png"));
            write_png(&path, &sheet.draw()?, Some(&provenance))?;
        }
    }
    let Score { held, mean_error, error, distance, energy } = Score::mean(&scores);
    let plain = (interpolated.iter().sum::<f64>() / interpolated.len() as f64).sqrt();
    println!(
        "{:<27} {worst:>8.1}  {:>4.0}%  {held:.3}  {distance:>8.2}  {mean_error:>13.2}  {error:>6.2}  {plain:>12.2}  {energy:>6.2}  {:>7.2}",
        format!("{name}, {given}"),
        100.0 * known as f64 / all as f64,
        seconds / many as f64,
    );
    Ok(())
}
