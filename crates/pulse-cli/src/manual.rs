//! `pulse man`.

use clap::Args;

use crate::failure::{Failure, print};
use crate::help::with_examples_kept;
use crate::status::Status;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The page of this command, instead of the program's
    command: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, mut command: clap::Command) -> Result<Status, Failure> {
    command.build();
    let page = match &arguments.command {
        None => command,
        Some(name) => {
            let found = command.find_subcommand(name).cloned();
            let found = found.ok_or_else(|| Failure::of(name, "no such command; `pulse --help` lists them"))?;
            let title = format!("pulse-{}", found.get_name());
            found.name(title)
        }
    };
    let mut roff = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut roff)
        .map_err(|error| Failure::of("the manual page", format!("cannot be written: {error}; report it")))?;
    print(&with_examples_kept(&String::from_utf8_lossy(&roff)))?;
    Ok(Status::Good)
}
