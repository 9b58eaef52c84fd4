//! `pulse models`.

mod get;
mod list;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use pulse_models::Folder;

use crate::failure::Failure;
use crate::status::Status;

pub(crate) const EXAMPLES: &str = "\
Examples:
  pulse models                                  what is embedded, in the folder of models, and published
  pulse models get ddpm-celebahq-256            fetch a published one
  pulse upsample small.png --generator ddpm-celebahq-256
  pulse models get stylegan2-ffhq-256 --accept-licence
  pulse models get ddpm-church-256 --from https://mirror.example.org

The folder of models is pulse/models in the user's data folder, or the one that PULSE_MODELS names. A checkpoint that is put
there, or a folder with one, is found by its name too.

Nothing is fetched that was not asked for by `pulse models get`. A download that broke off or was stopped goes on with the same
command. A checksum that is published is held to; where none is, that of the first download is recorded beside the model, in
NAME.sha256, and another one is an error later. A proxy is taken from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.

Exit status of get: 0 when the model is there, 1 when it was stopped, 2 after an error.";

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    place: Place,

    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Fetch a published generator into the folder of models
    Get(get::Arguments),
}

#[derive(Args)]
struct Place {
    /// The folder of models [default: that of PULSE_MODELS, or else pulse/models in the user's data folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl Place {
    fn folder(&self) -> Result<Folder, Failure> {
        self.folder.clone().map(Folder::new).or_else(Folder::of_user).ok_or_else(|| {
            Failure::of(
                "the folder of models",
                "this user has no folder for data; name one with --folder or PULSE_MODELS",
            )
        })
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    match &arguments.command {
        Some(Command::Get(get)) => get::run(get),
        None => list::run(&arguments.place.folder()?, arguments.json),
    }
}

/// A length as a person says it.
fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{} MB", (bytes + 500_000) / 1_000_000),
    }
}
