//! The table of `docs/range.md`: how often the frame of a generator is found in small pictures that are framed otherwise.
//!
//! ```text
//! cargo run --release --example place -- [frames=N] [verdicts=N] [each=1] [PICTURE …]
//! ```
//!
//! The faces in `examples/photos` (`crops.csv` says how the generator would frame them) are shrunk as somebody else might have
//! framed them: as given, moved by 15 to 30% of the frame, with a face 0.6 to 1.6 times as large, both at once, and as a mosaic
//! of 14x18. A placement is right when it is off by at most a tenth of the frame's side and its size by at most 15%. With
//! `verdicts=N`, the first N of each kind are searched for before and after, 2 candidates each. Further arguments are pictures:
//! mosaics are found in them and placed; the candidates go beside them, as `PICTURE.placed.png` in the folder for temporary files.

mod crops;

use std::f64::consts::TAU;
use std::path::Path;
use std::time::Instant;

use pulse::Result;
use pulse::event::Silent;
use pulse::face::{Square, aligned};
use pulse::generator::{EMBEDDED, Generator, UNCALIBRATED};
use pulse::image::{Image, Reader, Rectangle, write_png};
use pulse::judge::{Bent, Fitted, OwnFits, OwnPictures};
use pulse::measurement::{Kernel, Measurement, MeasurementKind, Size};
use pulse::mosaic::Mosaic;
use pulse::place::{Found, PlacedMeasurement, Placement, Placer};
use pulse::random::Stream;
use pulse::search::{Problem, SearchConfig, search};
use pulse::sheet::{Entry, Sheet};
use pulse_engine::Cpu;
use rand_chacha::rand_core::Rng;

const KINDS: [&str; 5] = ["as given", "moved", "resized", "both", "mosaic 14x18"];

/// What was found of one picture.
struct Outcome {
    /// The distance of the centres, in sides of the right frame.
    off: f64,
    /// The side, in sides of the right frame.
    ratio: f64,
    worth: bool,
    seconds: f64,
}

fn main() -> Result<()> {
    let (mut frames, mut verdicts, mut each, mut pictures) = (3, 0, false, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.split_once('=') {
            Some(("frames", number)) => frames = number.parse().expect("a number"),
            Some(("verdicts", number)) => verdicts = number.parse().expect("a number"),
            Some(("each", number)) => each = number != "0",
            _ => pictures.push(argument),
        }
    }
    let generator = EMBEDDED[0].open()?;
    let engine = Cpu::default();
    let started = Instant::now();
    let mut placer = Placer::new(&*generator, &engine, &|| false)?.expect("the embedded generator has random pictures");
    println!("learnt in {:.1} seconds", started.elapsed().as_secs_f64());
    if !pictures.is_empty() {
        return pictures.iter().try_for_each(|picture| mosaic(&*generator, &mut placer, Path::new(picture)));
    }
    println!(
        "kind           n  right  taken  off: median  90%  ratio: 10%  median  90%  seconds  verdict before → after"
    );
    for (number, kind) in KINDS.into_iter().enumerate() {
        let mut outcomes = Vec::new();
        let mut changes = Vec::new();
        for (index, (name, photograph, face)) in crops::faces()?.iter().enumerate() {
            let mut random = Stream { seed: 1, candidate: index as u32, draw: number as u16, input: 0 }.generator();
            for _ in 0..if number == 0 { 1 } else { frames } {
                let (small, truth) =
                    framed(number, photograph, *face, &mut || f64::from(random.next_u32()) / 2f64.powi(32))?;
                let started = Instant::now();
                let found = placer.place(&small);
                let seconds = started.elapsed().as_secs_f64();
                let outcome = compared(&found, truth, seconds);
                if each {
                    let Outcome { off, ratio, .. } = outcome;
                    println!("  {kind:<12} {off:.2} x{ratio:.2} {:5.0} {:5.0}  {name}", found.evidence, found.as_given);
                }
                if changes.len() < verdicts {
                    changes.push(change(&*generator, &small, &found)?);
                }
                outcomes.push(outcome);
            }
        }
        print(kind, &outcomes, &changes);
    }
    Ok(())
}

fn print(kind: &str, outcomes: &[Outcome], changes: &[String]) {
    let share = |is: &dyn Fn(&Outcome) -> bool| {
        100.0 * outcomes.iter().filter(|outcome| is(outcome)).count() as f64 / outcomes.len() as f64
    };
    let quantile = |figure: &dyn Fn(&Outcome) -> f64, share: f64| {
        let mut figures: Vec<f64> = outcomes.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[(share * (figures.len() - 1) as f64).round() as usize]
    };
    let right = share(&|outcome| outcome.off <= 0.1 && outcome.ratio.ln().abs() <= 0.15);
    let seconds = outcomes.iter().map(|outcome| outcome.seconds).sum::<f64>() / outcomes.len() as f64;
    let [off, far] = [0.5, 0.9].map(|share| quantile(&|outcome| outcome.off, share));
    let [low, middle, high] = [0.1, 0.5, 0.9].map(|share| quantile(&|outcome| outcome.ratio, share));
    print!("{kind:<12} {:>3}  {right:>4.0}%  {:>4.0}%", outcomes.len(), share(&|outcome| outcome.worth));
    print!("  {off:>11.2} {far:>4.2}  {low:>10.2}  {middle:>6.2} {high:>4.2}  {seconds:>7.2}");
    println!("  {}", changes.join(", "));
}

/// A small picture of a kind, and where the generator's frame lies in it.
fn framed(
    kind: usize,
    photograph: &Image,
    face: Square,
    random: &mut dyn FnMut() -> f64,
) -> Result<(Image, Placement)> {
    let (moved, resized) = (matches!(kind, 1 | 3), matches!(kind, 2 | 3));
    let length = if moved { 0.15 + 0.15 * random() } else { 0.0 };
    let angle = TAU * random();
    // How large the face is in the picture, where 1 is as the generator has it.
    let scale = if resized { (0.6_f64.ln() + (1.6_f64 / 0.6).ln() * random()).exp() } else { 1.0 };
    let shift = [length * angle.cos(), length * angle.sin()];
    let side = face.side();
    let centre = [face.centre[0] + shift[0] * side, face.centre[1] + shift[1] * side];
    if kind == 4 {
        // 18 rows from above the hair to the chin or below it, somewhere.
        let (rows, up) = (1.0 + 0.5 * random(), 0.2 * random());
        let picture =
            aligned(photograph, &Square::upright([face.centre[0], face.centre[1] - up * side], rows * side), 126)?;
        let part = picture.crop(Rectangle { left: 14, top: 0, width: 98, height: 126 })?;
        let pixels = 18.0 / rows;
        let truth = Placement { left: 7.0 - pixels / 2.0, top: 9.0 + up * pixels - pixels / 2.0, side: pixels };
        return Ok((part.resized(Kernel::Area, Size::new(14, 18))?.quantised(), truth));
    }
    let small = MeasurementKind::default()
        .shrink(&aligned(photograph, &Square::upright(centre, side / scale), 128)?, Size::new(16, 16), &Cpu::default())?
        .quantised();
    let truth = Placement {
        left: 8.0 - 16.0 * scale * (shift[0] + 0.5),
        top: 8.0 - 16.0 * scale * (shift[1] + 0.5),
        side: 16.0 * scale,
    };
    Ok((small, truth))
}

fn compared(found: &Found, truth: Placement, seconds: f64) -> Outcome {
    let centre = |placement: Placement| [placement.left, placement.top].map(|start| start + placement.side / 2.0);
    let ([x, y], [true_x, true_y]) = (centre(found.placement), centre(truth));
    let off = (x - true_x).hypot(y - true_y) / truth.side;
    Outcome { off, ratio: found.placement.side / truth.side, worth: found.is_worth(), seconds }
}

/// The verdict of a search without a placement and with it.
fn change(generator: &dyn Generator, small: &Image, found: &Found) -> Result<String> {
    let given = judged(generator, small, Placement::given(small.size()), None)?;
    let placed = judged(generator, small, found.placement, None)?;
    Ok(format!("{} {:.1} → {} {:.1}", given.verdict(), given.total(), placed.verdict(), placed.total()))
}

fn judged(generator: &dyn Generator, small: &Image, placement: Placement, sheet: Option<&Path>) -> Result<Bent> {
    let spec = generator.spec();
    let picture = Size::new(spec.width, spec.height);
    let measurement = PlacedMeasurement::new(Kernel::Bicubic, spec.channels, picture, small.size(), placement)?;
    let target = small.crop(measurement.part())?;
    let problem = Problem::new(generator, &measurement, &target);
    let config = SearchConfig { candidates: if sheet.is_some() { 8 } else { 2 }, ..SearchConfig::default() };
    let engine = Cpu::default();
    let fits = OwnFits::kept(&EMBEDDED[0], &problem, &config);
    let own = OwnPictures::of(&problem, &config, fits, &engine, &|| false)?
        .expect("the embedded generator has random pictures");
    let found = search(&problem, &config, &engine, &mut Silent)?;
    let fitted: Vec<_> = found.iter().map(Fitted::from).collect();
    let bent = own.bent(&problem, &config, &fitted, UNCALIBRATED.strangeness, &engine)?;
    if let Some(path) = sheet {
        let entries = found.iter().zip(&bent).map(|(candidate, bent)| Entry {
            number: candidate.index + 1,
            image: &candidate.image,
            measured: &candidate.measured,
            db: candidate.searched_db,
            outcome: candidate.outcome,
            verdict: Some(bent.verdict()),
        });
        let title = measurement.describe();
        let sheet =
            Sheet { title: &title, note: "", target: small, original: None, colours: None, entries: entries.collect() };
        write_png(path, &sheet.draw()?, None)?;
    }
    Ok(OwnPictures::of_run(&bent).expect("there are candidates"))
}

/// Places the mosaic in a picture, and searches in that frame.
fn mosaic(generator: &dyn Generator, placer: &mut Placer, path: &Path) -> Result<()> {
    let picture = Reader::default().read(path)?;
    let small = Mosaic::detect(&picture).map_or(Ok(picture.clone()), |mosaic| mosaic.reduce(&picture))?;
    let found = placer.place(&small);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let out = |what: &str| std::env::temp_dir().join(format!("{stem}.{what}.png"));
    let given = judged(generator, &small, Placement::given(small.size()), Some(&out("given")))?;
    let placed = judged(generator, &small, found.placement, Some(&out("placed")))?;
    let Found { placement: Placement { left, top, side }, evidence, as_given } = found;
    print!("{stem} of {}: a frame of {side:.1} pixels at {left:.1}, {top:.1}; evidence {evidence:.0}, ", small.size());
    println!(
        "as given {as_given:.0}; {} {:.1} → {} {:.1}",
        given.verdict(),
        given.total(),
        placed.verdict(),
        placed.total()
    );
    Ok(())
}
