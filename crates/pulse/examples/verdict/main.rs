//! The table of `docs/range.md`: which pictures are called known, stretched and unknown.
//!
//! ```text
//! cargo run --release --example verdict -- [size=16|8] [class=NAME] [own=N] [scenes=FOLDER] [candidates=N] [steps=N] [seed=N] [fits=searched] [place=auto cache=FOLDER] [each=1]
//! ```
//!
//! Pictures of known kinds are shrunk, rounded to 8 bits and searched for with the defaults, two candidates each:
//!
//! - `own`: of the generator itself; `face`: the faces in `examples/photos`, as `crops.csv` frames them; `near`: the same, moved by
//!   up to 5% of the frame, 7% larger or smaller, turned by up to 5°;
//! - `square`: the photographs' centre squares; `shifted`: faces moved by 15 to 30% of the frame; `scaled`: 0.6 and 1.6 times as
//!   large; `turned`: by 30°, 60° and 90°; `part`: a quarter of a face, or half of it in half of the frame;
//! - `text`, `noise` (white to smooth), and, of the large pictures in `scenes=`, `scene`: random squares.
//!
//! A row has, for one kind, the shares of runs (and of single candidates) that have each verdict, and the medians of the figures. With
//! `fits=searched` the fits of own pictures are searched for on the spot; with `place=auto` the generator's frame is looked for first, as
//! `pulse upsample` does, and what is learnt for a frame is kept in a folder. `each=1` prints every run as well.

mod cases;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use pulse::cache::Cache;
use pulse::event::Silent;
use pulse::generator::{EMBEDDED, UNCALIBRATED};
use pulse::judge::{Bent, Fitted, OwnFits, OwnPictures, Verdict};
use pulse::kept::KeptPrograms;
use pulse::measurement::{MeasurementKind, Size};
use pulse::search::{Problem, SearchConfig, search};
use pulse::session::Judge;
use pulse::{Blocks, Opened, Placing, Preparation, Prepared, Result};
use pulse_engine::Cpu;

struct Options {
    sizes: Vec<usize>,
    class: Option<String>,
    own: usize,
    scenes: Option<PathBuf>,
    seed: u64,
    searched: bool,
    place: Placing,
    cache: Option<Cache>,
    each: bool,
}

/// What was found of one kind of pictures.
#[derive(Default)]
struct Row {
    runs: Vec<Bent>,
    candidates: Vec<Bent>,
    seconds: f64,
}

fn main() -> Result<()> {
    let mut config = SearchConfig { candidates: 2, ..SearchConfig::default() };
    let mut options = Options {
        sizes: vec![16, 8],
        class: None,
        own: 60,
        scenes: None,
        seed: 1,
        searched: false,
        place: Placing::Off,
        cache: None,
        each: false,
    };
    for argument in std::env::args().skip(1) {
        let (name, value) = argument.split_once('=').expect("arguments are name=value");
        let number = || value.parse::<usize>().expect("a number");
        match name {
            "size" => options.sizes = vec![number()],
            "class" => options.class = Some(value.to_owned()),
            "own" => options.own = number(),
            "scenes" => options.scenes = Some(value.into()),
            "candidates" => config.candidates = number(),
            "steps" => config.steps = number(),
            "seed" => options.seed = number() as u64,
            "fits" => options.searched = value == "searched",
            "place" => options.place = value.parse()?,
            "cache" => options.cache = Some(Cache::new(value)),
            "each" => options.each = number() > 0,
            other => panic!("no such setting: {other}"),
        }
    }
    let generator = EMBEDDED[0].open()?;
    let mut cases = cases::own(&*generator, options.own, 1000 + options.seed)?;
    cases.extend(cases::photographs(options.seed)?);
    if let Some(folder) = &options.scenes {
        cases.extend(cases::scenes(folder, 7, options.seed)?);
    }
    cases.extend(cases::texts(30, options.seed)?);
    cases.extend(cases::noises(30, options.seed)?);
    cases.retain(|case| options.class.as_ref().is_none_or(|class| class == case.class));
    for &size in &options.sizes {
        table(&*generator, &cases, size, &config, &options)?;
    }
    Ok(())
}

fn table(
    generator: &dyn pulse::generator::Generator,
    cases: &[cases::Case],
    size: usize,
    config: &SearchConfig,
    options: &Options,
) -> Result<()> {
    let engine = KeptPrograms::new(Cpu::default());
    let kind = MeasurementKind::default();
    let small = Size::new(size, size);
    let measurement = kind.resolve(3, Size::new(generator.spec().width, generator.spec().height), small)?;
    let mut own = None;
    let (opened, mut judge) = (Opened::named(EMBEDDED[0].name)?.with_cache(options.cache.clone()), Judge::default());
    let mut classes: Vec<&str> = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    for case in cases {
        let target = kind.shrink(&case.picture, small, &engine)?.quantised();
        let problem = Problem::new(generator, &*measurement, &target);
        if own.is_none() {
            let started = Instant::now();
            let fits = if options.searched { None } else { OwnFits::kept(&EMBEDDED[0], &problem, config) };
            own = OwnPictures::of(&problem, config, fits, &engine, &|| false)?;
            let fits = own.as_ref().map(|own| own.fits);
            println!("own pictures at {size}x{size} in {:.1} seconds: {fits:.1?}", started.elapsed().as_secs_f64());
            println!(
                "kind      size    n  known  stretched  unknown  (candidates)         total      s      f      e  seconds"
            );
        }
        let own = own.as_ref().expect("the embedded generator has random pictures");
        let preparation = Preparation { blocks: Blocks::Off, ..Preparation::default() };
        let given = Prepared::new(target.clone(), &preparation, generator.spec(), &engine)?;
        let placed = judge.place(Arc::new(given), options.place, &opened, config, &engine)?;
        let problem = Problem::new(generator, &*placed.measurement, &placed.target);
        let own = match placed.placement {
            Some(_) => {
                let fits = OwnFits::kept(&EMBEDDED[0], &problem, config);
                OwnPictures::of(&problem, config, fits, &engine, &|| false)?
                    .expect("the embedded generator has random pictures")
            }
            None => own.clone(),
        };
        let started = Instant::now();
        let found = search(&problem, config, &engine, &mut Silent)?;
        let seconds = started.elapsed().as_secs_f64();
        let fitted: Vec<_> = found.iter().map(Fitted::from).collect();
        let bent = own.bent(&problem, config, &fitted, UNCALIBRATED.strangeness, &engine)?;
        let Some(run) = OwnPictures::of_run(&bent) else { continue };
        if options.each {
            let Bent { strangeness: s, misfit: f, shortfall: e } = run;
            println!(
                "  {:<9} {s:6.2} {f:6.2} {e:6.2} {:6.2}  {:<9} {} {}",
                case.class,
                run.total(),
                run.verdict(),
                case.name,
                if placed.placement.is_some() { "placed" } else { "" },
            );
        }
        let row = classes.iter().position(|&class| class == case.class).unwrap_or_else(|| {
            classes.push(case.class);
            rows.push(Row::default());
            rows.len() - 1
        });
        rows[row].runs.push(run);
        rows[row].candidates.extend(bent);
        rows[row].seconds += seconds;
    }
    for (class, row) in classes.iter().zip(&rows) {
        print(class, size, row);
    }
    Ok(())
}

fn print(class: &str, size: usize, row: &Row) {
    let share = |bent: &[Bent], verdict| {
        let count = bent.iter().filter(|bent| bent.verdict() == verdict).count();
        100.0 * count as f64 / bent.len() as f64
    };
    let median = |figure: fn(&Bent) -> f64| {
        let mut figures: Vec<f64> = row.runs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    let [known, stretched, unknown] = Verdict::ALL.map(|verdict| share(&row.runs, verdict));
    let single = Verdict::ALL.map(|verdict| share(&row.candidates, verdict));
    let figures = [median(Bent::total), median(|b| b.strangeness), median(|b| b.misfit), median(|b| b.shortfall)];
    print!("{class:<9} {size:>4} {:>4}  {known:>4.0}%  {stretched:>8.0}%  {unknown:>6.0}%", row.runs.len());
    print!("  ({:>3.0}%, {:>3.0}%, {:>3.0}%)  ", single[0], single[1], single[2]);
    for figure in &figures {
        print!(" {figure:>6.2}");
    }
    println!("  {:>7.2}", row.seconds / row.runs.len() as f64);
}
