//! `pulse check`: somebody's "enhanced" picture held against the small one that it is said to come from.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use pulse::Opened;
use pulse::candidate::PERFECT_DB;
use pulse::check::{CheckFolder, Checked, PAGE, STEERED, Shown, others, settings_of};
use pulse::claim::{ClaimSettings, Comparison, LOCAL_DB, Others, ROUNDING_DB, TRIED, compare};
use pulse::image::{FORMATS, Kernel};
use pulse::measurement::{GRAMMAR, MeasurementKind, read_files};
use pulse::search::SearchConfig;
use pulse_engine::{Cpu, Engine};

use crate::engine::EngineArguments;
use crate::explore::{Progress, Watched};
use crate::failure::{Failure, note, print};
use crate::generator;
use crate::interrupt::Interrupt;
use crate::status::Status;
use crate::upsample::ProgressMode;

pub(crate) const EXAMPLES: &str = "\
Somebody shows an \"enhanced\" picture, CLAIM, and the small one that it came from, SMALL. Three questions are answered:
  1. Could SMALL have been made from CLAIM? CLAIM is shrunk and compared; a small shift, another scale and other colours are
     estimated and removed first, and said.
  2. Would anything else be as consistent? A generator is searched for others.
  3. Would this generator make such a picture? The search is drawn towards CLAIM.

In the folder of --out are then:
  check.html           all of it in plain words, on one page that opens offline
  check.png            all of it at a glance
  contradiction.png    where CLAIM contradicts SMALL
  candidate-01.png     others that shrink to SMALL, and nearest.png, the one that is nearest to CLAIM
  check.json           every figure; docs/run-json.md has the fields

Examples:
  pulse check enhanced.png small.png
  pulse check enhanced.jpg small.jpg --out case-17
  pulse check enhanced.png pixelated.png --measurement area
  pulse check enhanced.png small.png --generator faces-flow
  pulse check enhanced.jpg small.jpg --target-db 35     # files that were compressed more than once

Exit status: 0 when CLAIM is consistent with SMALL, 1 when it is not, 2 after an error.

Consistent never means true: infinitely many pictures shrink to the same small one. It cannot tell you who was in it.";

#[derive(Args)]
pub(crate) struct Arguments {
    #[arg(help = format!("The \"enhanced\" picture ({FORMATS})"))]
    claim: PathBuf,

    /// The small picture that it is said to come from
    small: PathBuf,

    /// Where the folder goes
    #[arg(short, long, value_name = "DIR", default_value = "pulse-check")]
    out: PathBuf,

    /// Replace the check that is in the folder already
    #[arg(short, long)]
    force: bool,

    #[arg(short, long, value_name = "STAGES", help = format!(
        "What made SMALL: {GRAMMAR}. Lengths are pixels of CLAIM [default: of {} the one that agrees best]",
        TRIED.map(Kernel::name).join(", ")))]
    measurement: Option<MeasurementKind>,

    #[arg(long, value_name = "DB", allow_negative_numbers = true, help = format!(
        "From which agreement on CLAIM is consistent; each 3x3 pixels may have {LOCAL_DB:.0} dB less [default: {ROUNDING_DB:.0}, for \
        rounding to 8 bits and differences between programs, and less where a file is a JPEG, by what that does]"))]
    target_db: Option<f64>,

    #[arg(short, long, value_name = "NAME|FILE|DIR", value_parser = generator::Name, hide_possible_values = true,
        default_value = Opened::default_name(), help = format!("What imagines others. {}", generator::HELP))]
    generator: String,

    #[command(flatten)]
    told: generator::Told,

    #[arg(short = 'n', long, value_name = "N", default_value_t = SearchConfig::default().candidates, help = format!(
        "How many others to find, at least 2; {STEERED} more are drawn towards CLAIM"))]
    candidates: usize,

    /// The seed: the same one gives the same pictures
    #[arg(short, long, value_name = "N", default_value_t = SearchConfig::default().seed)]
    seed: u64,

    #[arg(long, value_name = "N", help = format!(
        "The most steps for one candidate [default: {}; levels of noise for a denoiser: {}]",
        SearchConfig::default().steps, SearchConfig::default().null_space.steps))]
    steps: Option<usize>,

    /// How to show progress, on standard error
    #[arg(long, value_enum, default_value = "auto")]
    progress: ProgressMode,

    #[command(flatten)]
    engine: EngineArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let started = Instant::now();
    let config = arguments.config()?;
    let engine = arguments.engine.start()?;
    let interrupt = Interrupt::listen("stopping; nothing is written")?;
    let [claim, small] = [&arguments.claim, &arguments.small].map(|path| Shown::read(path));
    let (claim, small) = (claim?, small?);
    let settings = arguments.settings(&claim, &small)?;
    let comparison = compare(&claim.picture, &small.picture, &settings, &engine)
        .map_err(|error| Failure::with(arguments.claim.display(), &error))?;
    let opened = arguments.told.open(&arguments.generator)?;
    let folder = CheckFolder::create(&arguments.out, arguments.force)?;
    let imagined = arguments.imagined(&comparison, &opened, &config, engine, &interrupt);
    if interrupt.pressed() {
        return Err(Failure::of(
            arguments.claim.display(),
            "stopped before it was checked: nothing was written; start it again",
        ));
    }
    let record = folder.write(&Checked {
        claim: claim.input,
        small: small.input,
        comparison: &comparison,
        generator: &opened.record,
        subject: opened.subject,
        seed: config.seed,
        others: imagined.as_ref().map_err(String::as_str),
        seconds: started.elapsed().as_secs_f64(),
    })?;
    print(&summary(&comparison, imagined.as_ref().ok()))?;
    print(&format!("  {}\n", arguments.out.join(PAGE).display()))?;
    Ok(if record.consistent { Status::Good } else { Status::Bad })
}

impl Arguments {
    fn config(&self) -> Result<SearchConfig, Failure> {
        if self.candidates < 2 {
            return Err(Failure::of("--candidates", format!("{} show no range; ask for at least 2", self.candidates)));
        }
        let mut config = SearchConfig { candidates: self.candidates, seed: self.seed, ..SearchConfig::default() };
        config.steps = self.steps.unwrap_or(config.steps);
        config.null_space.steps = self.steps.unwrap_or(config.null_space.steps);
        config.validate()?;
        Ok(config)
    }

    /// How the two are compared.
    fn settings(&self, claim: &Shown, small: &Shown) -> Result<ClaimSettings, Failure> {
        if self.target_db.is_some_and(|db| !(0.0..=PERFECT_DB).contains(&db)) {
            return Err(Failure::of("--target-db", format!("give a number from 0 to {PERFECT_DB}")));
        }
        let measurement = self.measurement.as_ref().map(read_files).transpose()?;
        Ok(ClaimSettings { measurement, target_db: self.target_db, ..settings_of(claim, small) })
    }

    /// What the generator makes of the small picture, or a sentence that says why it was not asked.
    fn imagined(
        &self,
        comparison: &Comparison,
        opened: &Opened,
        config: &SearchConfig,
        engine: Cpu,
        interrupt: &Interrupt,
    ) -> Result<Others, String> {
        let engine: Arc<dyn Engine> = Arc::new(engine);
        let progress = Progress::new(self.progress, "check", interrupt);
        let mut watched = Watched { progress, shares: Vec::new(), steps: 1 };
        others(comparison, opened, config, &mut interrupt.judge(), &engine, &mut watched).map_err(|error| {
            note(&format!("{}: no others were searched for: {error}", self.small.display()));
            format!("No others could be searched for: {error}.")
        })
    }
}

/// The lines at the end.
fn summary(comparison: &Comparison, others: Option<&Others>) -> String {
    let Comparison { measurement, before_db, db, tolerance, registration, contradiction, .. } = comparison;
    let verdict = if comparison.is_consistent() { "consistent" } else { "not consistent" };
    let whole = format!("{verdict}: {db:.1} dB by {measurement}; it takes {:.1} dB", tolerance.db);
    let removed = registration.words();
    let removed = (!removed.is_empty())
        .then(|| format!("  removed first: {}; without that {before_db:.1} dB", removed.join(", ")));
    let worst = contradiction.worst.filter(|_| comparison.contradicts_somewhere()).map(|worst| {
        let (column, row, local) = (worst.column + 1, worst.row + 1, tolerance.local_db());
        format!("  round column {column}, row {row}: {:.1} dB; it takes {local:.1} dB", worst.db)
    });
    let others = others.map(|Others { candidates, range, .. }| {
        let as_good = candidates.iter().filter(|candidate| candidate.db >= *db).count();
        let [distance, between] = [range.distance, range.between].map(|distance| 255.0 * distance);
        format!(
            "  {as_good} of {} others agree as well or better; the nearest of all is {distance:.1} of 255 levels from the claim, \
             and others are {between:.1} from each other",
            candidates.len()
        )
    });
    let lines: Vec<_> = [Some(whole), removed, worst, others].into_iter().flatten().collect();
    lines.join("\n") + "\n"
}
