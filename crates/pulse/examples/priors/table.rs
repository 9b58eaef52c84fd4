//! A row of the table for each generator and what is given.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use pulse::engine::Cpu;
use pulse::event::Silent;
use pulse::image::{Extent, Image, Kernel, Provenance, write_png};
use pulse::judge::{Assessment, Bent, Verdict};
use pulse::kept::KeptPrograms;
use pulse::measurement::MeasurementKind;
use pulse::quantity::{Quantity, Reading};
use pulse::search::{Problem, SearchConfig, search_steered};
use pulse::session::{Found, Judge, Session};
use pulse::sheet::{Entry, Sheet};
use pulse::steering::{Near, Steering};
use pulse::{Opened, Prepared, Result};

use crate::cases::{Case, noisy};
use crate::classical;
use crate::score::{Calibration, Score, distance};

/// How the table is made.
pub(crate) struct Table {
    pub(crate) config: SearchConfig,
    pub(crate) engine: Arc<KeptPrograms<Cpu>>,
    /// Whether there are verdicts.
    pub(crate) judged: bool,
    /// The level to which candidates get noise, to be sampled on.
    pub(crate) refine: Option<f64>,
    /// Whether figures of every picture are printed.
    pub(crate) each: bool,
    pub(crate) quantities: Vec<Quantity>,
    /// Where sheets go.
    pub(crate) out: Option<PathBuf>,
}

/// The sums of a row.
struct Row {
    scores: Vec<Score>,
    pixels: Calibration,
    quantities: Vec<QuantityRow>,
    /// Squares of errors of what is enlarged without a generator.
    interpolated: Vec<f64>,
    /// The same of the classical answer.
    classical: Vec<f64>,
    worst: f64,
    known: usize,
    all: usize,
    seconds: f64,
}

/// What became of a quantity.
struct QuantityRow {
    quantity: Quantity,
    calibration: Calibration,
    /// Squares of the errors of the candidates' mean, and of the mean of the generator's random pictures.
    errors: Vec<[f64; 2]>,
    narrowed: Vec<f64>,
}

impl Table {
    pub(crate) fn head() {
        println!(
            "{:<27} worst dB  known   held  distance  error of mean  of one  interpolated  classical  energy  seconds",
            "generator, given"
        );
    }

    pub(crate) fn row(&self, opened: &Opened, given: &str, cases: Vec<Case>) -> Result<()> {
        let mut judge = Judge::default();
        let mut row = Row::new(&self.quantities);
        for case in cases {
            self.case(opened, given, case, &mut judge, &mut row)?;
        }
        row.print(&format!("{}, {given}", opened.record.name));
        Ok(())
    }

    fn case(&self, opened: &Opened, given: &str, case: Case, judge: &mut Judge, row: &mut Row) -> Result<()> {
        let Case { name: of, prepared, truth } = case;
        let started = Instant::now();
        let prepared = Arc::new(prepared);
        let (kind, noise) = noisy(given);
        let kind = kind.parse::<MeasurementKind>().ok();
        let config = match (noise, &kind) {
            (0.0, Some(kind)) => self.config.clone().with_noise_of(kind),
            (0.0, None) => self.config.clone(),
            (noise, kind) => self.config.clone().with_noise_beside(noise / 255.0, kind.as_ref()),
        };
        let mut session = Session::start(opened.clone(), Arc::clone(&prepared), config.clone(), self.engine.clone())?;
        session.run(&mut Silent)?;
        let mut found = session.finish(&mut Silent)?;
        if let Some(amount) = self.refine {
            refined(&mut found, &prepared, &config, amount, &self.engine)?;
        }
        row.seconds += started.elapsed().as_secs_f64();

        let images: Vec<&Image> = found.candidates.iter().map(|candidate| &candidate.image).collect();
        row.scores.push(Score::of(&truth, &images));
        row.pixels.add(Score::ratios(&truth, &images));
        if let Ok(plain) = prepared.target.resized(Kernel::Bicubic, truth.size()) {
            row.interpolated.push(distance(&truth, &plain).powi(2));
        }
        let classical = classical::error(&*prepared.measurement, &prepared.target, &truth, &*self.engine)?;
        row.classical.push(classical.powi(2));
        let db = found.candidates.iter().map(|candidate| candidate.db);
        row.worst = db.fold(row.worst, f64::min);

        let range = if self.judged { Some(found.measure(judge)?) } else { None };
        for quantity in &mut row.quantities {
            quantity.add(&images, &truth, judge.random());
        }
        if self.each {
            print_each(&of, row, range.as_ref());
        }
        let verdict =
            |place: usize| range.as_ref().and_then(|range| range.scores[place].bent.map(|bent| bent.verdict()));
        let verdicts: Vec<Option<Verdict>> = (0..images.len()).map(verdict).collect();
        row.known += verdicts.iter().filter(|verdict| **verdict == Some(Verdict::Known)).count();
        row.all += images.len();
        if let Some(out) = &self.out {
            let sheet = sheet(&of, &found, &verdicts, &prepared, &truth)?;
            let name = &opened.record.name;
            let provenance = Provenance { extent: Extent::Composite, ..Provenance::new(name, config.seed) };
            write_png(&out.join(format!("{name}-{given}-{of}.png")), &sheet, Some(&provenance))?;
        }
        Ok(())
    }
}

fn print_each(of: &str, row: &Row, range: Option<&Assessment>) {
    let Score { held, mean_error, energy, .. } = row.scores.last().copied().unwrap_or_default();
    print!("  {of}: held {held:.3}, error of mean {mean_error:.2}, energy {energy:.2}");
    if let Some(Bent { strangeness, misfit, shortfall }) = range.and_then(|range| range.bent) {
        print!("; strangeness {strangeness:.2}, misfit {misfit:.2}, shortfall {shortfall:.2}");
    }
    println!();
}

fn sheet(of: &str, found: &Found, verdicts: &[Option<Verdict>], prepared: &Prepared, truth: &Image) -> Result<Image> {
    let entries = found.candidates.iter().zip(verdicts).map(|(candidate, verdict)| Entry {
        number: candidate.index + 1,
        image: &candidate.image,
        measured: &candidate.measured,
        db: candidate.db,
        outcome: candidate.outcome,
        verdict: *verdict,
    });
    let (target, note) = (&*prepared.target, "dB of what it measures");
    Sheet { title: of, note, target, original: Some(truth), colours: None, entries: entries.collect() }.draw()
}

impl Row {
    fn new(quantities: &[Quantity]) -> Self {
        let quantity = |&quantity: &Quantity| QuantityRow {
            quantity,
            calibration: Calibration::default(),
            errors: Vec::new(),
            narrowed: Vec::new(),
        };
        Self {
            scores: Vec::new(),
            pixels: Calibration::default(),
            quantities: quantities.iter().map(quantity).collect(),
            interpolated: Vec::new(),
            classical: Vec::new(),
            worst: f64::INFINITY,
            known: 0,
            all: 0,
            seconds: 0.0,
        }
    }

    fn print(&self, title: &str) {
        let Score { held, mean_error, error, distance, energy } = Score::mean(&self.scores);
        let root = |squares: &[f64]| (squares.iter().sum::<f64>() / squares.len().max(1) as f64).sqrt();
        println!(
            "{title:<27} {:>8.1}  {:>4.0}%  {held:.3}  {distance:>8.2}  {mean_error:>13.2}  {error:>6.2}  {:>12.2}  {:>9.2}  {energy:>6.2}  {:>7.2}",
            self.worst,
            100.0 * self.known as f64 / self.all as f64,
            root(&self.interpolated),
            root(&self.classical),
            self.seconds / self.scores.len() as f64,
        );
        println!("  pixels: {}", self.pixels);
        for QuantityRow { quantity, calibration, errors, narrowed } in &self.quantities {
            let of = |place: usize| root(&errors.iter().map(|errors| errors[place]).collect::<Vec<_>>());
            let mut narrowed = narrowed.clone();
            narrowed.sort_by(f64::total_cmp);
            let middle = narrowed.get(narrowed.len() / 2).copied().unwrap_or(f64::NAN);
            println!(
                "  {quantity}: {calibration}; error of the candidates' mean {:.3}, of the generator's own {:.3}; {middle:.1} times narrower",
                of(0),
                of(1)
            );
        }
    }
}

impl QuantityRow {
    fn add(&mut self, candidates: &[&Image], truth: &Image, random: &[Image]) {
        let reading = Reading::of(self.quantity, candidates, random);
        let (Some(found), Some(truth)) = (reading.found(), self.quantity.of(truth)) else { return };
        let [low, high] = found.interval(1.0);
        self.calibration.add(vec![(truth - found.mean).abs() / (0.5 * (high - low)).max(f64::MIN_POSITIVE)]);
        if let Some(assumed) = reading.assumed() {
            self.errors.push([found.mean, assumed.mean].map(|mean| (mean - truth).powi(2)));
        }
        self.narrowed.extend(reading.narrowed());
    }
}

/// Each candidate with noise of a level, sampled on by `faces-flow`.
fn refined(
    found: &mut Found,
    prepared: &Prepared,
    config: &SearchConfig,
    amount: f64,
    engine: &KeptPrograms<Cpu>,
) -> Result<()> {
    let flow = Opened::named("faces-flow")?;
    let problem = Problem::new(&*flow.generator, &*prepared.measurement, &prepared.target);
    for candidate in &mut found.candidates {
        let near = Near { picture: candidate.image.clone(), amount };
        let steering = Steering { near: Some(near), ..Steering::default() };
        let config = SearchConfig { candidates: 1, seed: candidate.index as u64, ..config.clone() };
        *candidate = search_steered(&problem, &steering, &config, engine, &mut Silent)?.remove(0);
    }
    Ok(())
}
