//! `pulse bench`: how long a whole step of the search takes, and how much memory.

mod case;
mod measure;
mod operations;
mod unet;
mod weights;

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::engine::EngineArguments;
use crate::failure::{Failure, print};
use crate::status::Status;

use case::{Case, Choice};
use measure::{Measured, WARM_UP, measure};

pub(crate) const EXAMPLES: &str = "\
A step is all of it: forward pass, measurement, losses, gradient with respect to the latent and five noise maps, update \
of the inputs. The StyleGANs have the published widths and random weights; the DCGAN is the embedded one. -b1 and -b8 \
are batches of one and of eight candidates, the others are of one; the number is the resolution.

Of the U-Nets a pass is timed by itself, forward alone, or with the gradient with respect to the picture: \
unet-small in a batch of eight at 64 pixels, unet-64 as EDM has it for FFHQ, unet-256 as google/ddpm-celebahq-256.

GFLOP are those of a direct convolution, 2 a product forward and 2 for the gradient: a rate above what the processor \
can do shows what a better algorithm saves. Peak memory is that of the whole process; each case has its own.

Examples:
  pulse bench                                      the quick cases, in some seconds
  pulse bench stylegan1-1024 stylegan2-1024 --runs 5
  pulse bench all --threads 1
  pulse bench stylegan1-1024 --plan                which kernels run, and what each costs
  PULSE_SIMD=avx2 pulse bench stylegan1-256 --json";

#[derive(Args)]
pub(crate) struct Arguments {
    #[arg(value_enum, value_name = "CASE", help = help())]
    cases: Vec<Choice>,

    /// How many steps to time, after two that are not
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    runs: u16,

    #[command(flatten)]
    engine: EngineArguments,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    /// Instead, show how the networks are run: each node with its kernel, the bytes of its result, and how long it takes
    #[arg(long, conflicts_with_all = ["json", "runs"])]
    plan: bool,
}

fn help() -> String {
    format!("What to time [default: {}]", Case::QUICK.map(Case::name).join(" "))
}

impl Arguments {
    fn cases(&self) -> Vec<Case> {
        if self.cases.is_empty() {
            return Case::QUICK.to_vec();
        }
        let cases = self.cases.iter().flat_map(|choice| match choice {
            Choice::One(case) => vec![*case],
            Choice::All => Case::ALL.to_vec(),
        });
        cases.collect()
    }
}

/// What `--json` prints.
#[derive(Serialize, Deserialize)]
struct Report {
    version: String,
    threads: usize,
    cases: Vec<Measured>,
}

impl Report {
    fn of(cases: Vec<Measured>) -> Self {
        Self { version: env!("CARGO_PKG_VERSION").into(), threads: rayon::current_num_threads(), cases }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let engine = arguments.engine.start()?;
    let cases = arguments.cases();
    if arguments.plan {
        for case in cases {
            print(&format!("{case}: {}\n", measure::plan(case, &engine)?))?;
        }
        return Ok(Status::Good);
    }
    if !arguments.json {
        print(&heading(arguments.runs))?;
    }
    let mut measured = Vec::new();
    for &case in &cases {
        let found =
            if cases.len() == 1 { measure(case, arguments.runs.into(), &engine)? } else { apart(case, arguments)? };
        if !arguments.json {
            print(&line(&found))?;
        }
        measured.push(found);
    }
    if arguments.json {
        let text = serde_json::to_string_pretty(&Report::of(measured));
        let text = text.map_err(|error| Failure::of("--json", format!("cannot be written: {error}")))?;
        print(&(text + "\n"))?;
    }
    Ok(Status::Good)
}

/// Measures a case in a process of its own, so that its peak of memory is its own too.
fn apart(case: Case, arguments: &Arguments) -> Result<Measured, Failure> {
    let failed = |reason: String| Failure::of(case, format!("it could not be timed in a process of its own: {reason}"));
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    command.args(["bench", case.name(), "--json", "--runs", &arguments.runs.to_string()]);
    command.args(arguments.engine.repeated());
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    let report: Report = serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))?;
    report.cases.into_iter().next().ok_or_else(|| failed("it timed nothing".into()))
}

fn heading(runs: u16) -> String {
    format!(
        "{runs} steps each after {WARM_UP}, {} threads\n{:<20}{:>10}{:>10}{:>10}{:>10}{:>14}\n",
        rayon::current_num_threads(),
        "case",
        "median s",
        "least s",
        "GFLOP",
        "GFLOP/s",
        "peak memory"
    )
}

fn line(found: &Measured) -> String {
    let Measured { case, median_seconds, least_seconds, gflop, gflop_per_second, peak_bytes, .. } = found;
    let peak = peak_bytes.map_or("unknown".into(), |bytes| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20)));
    let mut text = format!("{case:<20}{median_seconds:>10.4}{least_seconds:>10.4}");
    let _ = writeln!(text, "{gflop:>10.2}{gflop_per_second:>10.1}{peak:>14}");
    text
}
