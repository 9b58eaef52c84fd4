//! `pulse explore`: what else the candidates of a run could have been.

mod opened;

use std::path::PathBuf;

use clap::Args;

use crate::Verdict;
use crate::engine::EngineArguments;
use crate::failure::Failure;
use crate::generator;
use crate::interrupt::Interrupt;

use opened::Opened;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder of a run, in which `pulse upsample` left run.json
    run: PathBuf,

    #[arg(short, long, value_name = "NAME|FILE|DIR", help = format!(
        "What made the run, where that was no embedded generator. {}", generator::HELP))]
    generator: Option<String>,

    #[command(flatten)]
    engine: EngineArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Verdict, Failure> {
    let engine = arguments.engine.start()?;
    let interrupt = Interrupt::listen()?;
    let opened = Opened::open(&arguments.run, arguments.generator.as_deref())?;
    let reopened = opened.reopen()?;
    let _ = (engine, interrupt, reopened);
    Err(Failure::of(arguments.run.display(), "nothing to explore was named"))
}
