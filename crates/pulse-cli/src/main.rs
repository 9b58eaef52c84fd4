//! The `pulse` program: every sharp picture that a small picture could have been.
//!
//! A front of the library and nothing more: defaults, random numbers and pictures come from the library. Only `bench` makes
//! something by itself, the networks that it times.

#![forbid(unsafe_code)]

mod align;
mod bench;
mod cache;
mod check;
mod completions;
mod convert;
mod engine;
mod explore;
mod failure;
mod generator;
mod help;
mod info;
mod interrupt;
mod made;
mod manual;
mod models;
mod open;
mod page;
mod plan;
mod render;
mod sources;
mod status;
mod terminal;
mod upsample;
mod verify;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};

use failure::Failure;
use help::paragraphs;
use status::Status;

/// What stands in `--help`, and on the manual page.
const ABOUT: &str = "All the sharp pictures that a small picture could have been";

const LONG_ABOUT: &str = "\
All the sharp pictures that a small picture could have been.

A search through a generative model for many different sharp pictures that all shrink to the given small one. \
These are faces of people who do not exist. They were imagined: infinitely many faces shrink to the same few \
pixels, and the one that was photographed is not told from the others. It cannot tell you who was in the picture.";

const EXAMPLES: &str = "\
Examples:
  pulse upsample small.png                      eight faces for a picture of at most 64x64
  pulse upsample photo.jpg --pixelate 16        shrink a photograph first, and show it beside the results
  pulse upsample folder --candidates 32 --seed 7 --out results
  pulse upsample photo.jpg --crop 120,40,256,256 --pixelate 8 --preset paper
  pulse upsample photo.jpg                      a small photograph: each face in it gets sharper
  pulse explore pulse-out/small --candidate 3 --directions 6
  pulse open small.png                          the same on a page in the browser
  pulse check enhanced.png small.png            could somebody's enhancement be what the small one shows?
  pulse align photo.jpg --frame ffhq --out faces
  pulse render faces --inputs pulse-out/small/inputs.safetensors --out again.png
  pulse info network.pkl
  pulse upsample small.png --generator network.pkl
  pulse models get ddpm-celebahq-256            a published generator, which --generator finds by that name then
  pulse convert network.pkl network.safetensors";

const ENVIRONMENT: &str = "\
Environment:
  PULSE_CACHE         the folder for numbers that take seconds to make: the Gaussian fits of StyleGANs' mappings, and
                      what a generator's own pictures are like, for the verdict; empty to keep none
                      [default: pulse in the user's cache folder]
  PULSE_MODELS        the folder of models [default: pulse/models in the user's data folder]
  PULSE_MODELS_FROM   where `pulse models get` fetches from, as --from says it";

const CLOSING: &str = "\
Exit status: 0 when every picture has a candidate within epsilon, 1 when one has none or was stopped, 2 after an error.

Faces that it finds are of people who do not exist, and fields beside faces are simulated. It cannot tell you who was in the picture.";

#[derive(Parser)]
#[command(name = "pulse", version, about = ABOUT, long_about = LONG_ABOUT, after_help = paragraphs(&format!("{EXAMPLES}\n\n{ENVIRONMENT}\n\n{CLOSING}")))]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Search for sharp pictures that shrink to a small one
    #[command(visible_alias = "up", after_help = paragraphs(upsample::EXAMPLES))]
    Upsample(Box<upsample::Arguments>),
    /// Explore what else the candidates of a run could have been
    #[command(after_help = paragraphs(explore::EXAMPLES))]
    Explore(Box<explore::Arguments>),
    /// Open the explorer in a browser: search, look, walk and steer on one page
    #[command(visible_alias = "serve", after_help = open::EXAMPLES)]
    Open(open::Arguments),
    /// Write the explorer as a folder that needs no server
    #[command(after_help = page::EXAMPLES)]
    Page(page::Arguments),
    /// Hold somebody's "enhanced" picture against the small one that it is said to come from
    #[command(after_help = paragraphs(check::EXAMPLES))]
    Check(Box<check::Arguments>),
    /// Find the faces in photographs and cut them out as generators want them
    #[command(after_help = paragraphs(align::EXAMPLES))]
    Align(align::Arguments),
    /// Make the pictures of given inputs, and gradients with respect to them
    #[command(after_help = paragraphs(render::EXAMPLES))]
    Render(render::Arguments),
    /// Compare the fast engine with the reference on a generator
    Verify(verify::Arguments),
    /// Time whole search steps on networks of published sizes
    #[command(after_help = paragraphs(bench::EXAMPLES))]
    Bench(bench::Arguments),
    /// Describe a generator: family, size, inputs, where it comes from
    #[command(after_help = paragraphs(info::FAMILIES))]
    Info(info::Arguments),
    /// List the generators that are here and that are published, and fetch one
    #[command(after_help = paragraphs(models::EXAMPLES))]
    Models(models::Arguments),
    /// Write the network of a checkpoint as a safetensors file, without running any code in it
    #[command(after_help = paragraphs(convert::EXAMPLES))]
    Convert(convert::Arguments),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
    /// Print a manual page (roff, for `man -l -`)
    Man(manual::Arguments),
}

impl Command {
    fn run(self) -> Result<Status, Failure> {
        match self {
            Self::Upsample(arguments) => upsample::run(&arguments),
            Self::Explore(arguments) => explore::run(&arguments),
            Self::Open(arguments) => open::run(&arguments),
            Self::Page(arguments) => page::run(&arguments),
            Self::Check(arguments) => check::run(&arguments),
            Self::Align(arguments) => align::run(&arguments),
            Self::Render(arguments) => render::run(&arguments),
            Self::Verify(arguments) => verify::run(&arguments),
            Self::Bench(arguments) => bench::run(&arguments),
            Self::Info(arguments) => info::run(&arguments),
            Self::Models(arguments) => models::run(&arguments),
            Self::Convert(arguments) => convert::run(&arguments),
            Self::Completions(arguments) => completions::run(&arguments, Cli::command()),
            Self::Man(arguments) => manual::run(&arguments, Cli::command()),
        }
    }
}

/// The commands, a line each.
fn commands() -> String {
    let command = Cli::command();
    let line = |command: &clap::Command| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        format!("  pulse {:<12} {about}", command.get_name())
    };
    let lines: Vec<_> = command.get_subcommands().map(line).collect();
    format!("{}\n`pulse COMMAND --help` says more about one, `pulse --help` shows examples", lines.join("\n"))
}

/// The command that was named, where it is one.
fn given() -> Option<String> {
    let first = std::env::args().nth(1)?;
    Cli::command().find_subcommand(first).map(|command| command.get_name().to_owned())
}

fn main() -> ExitCode {
    let verdict = match Cli::try_parse() {
        Ok(cli) => cli.command.run(),
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            terminal::note_lines(&format!("no command was given; these are the commands:\n{}", commands()));
            Ok(Status::Failed)
        }
        Err(error) if error.use_stderr() => Err(Failure::of_arguments(&error, given().as_deref())),
        // Help and version: an error in printing them is not reported.
        Err(help) => {
            let _ = help.print();
            Ok(Status::Good)
        }
    };
    verdict
        .unwrap_or_else(|failure| {
            failure.report();
            Status::Failed
        })
        .into()
}
