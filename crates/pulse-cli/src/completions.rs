//! `pulse completions`.

use clap::Args;
use clap_complete::Shell;

use crate::failure::{Failure, print};
use crate::status::Status;

#[derive(Args)]
pub(crate) struct Arguments {
    /// For which shell
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, mut command: clap::Command) -> Result<Status, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "pulse", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Status::Good)
}
