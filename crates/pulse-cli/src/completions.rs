//! `pulse completions`.

use clap::Args;
use clap_complete::Shell;

use crate::failure::{Failure, print};
use crate::generator;
use crate::status::Status;

#[derive(Args)]
pub(crate) struct Arguments {
    /// For which shell
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, mut command: clap::Command) -> Result<Status, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "pulse", &mut script);
    print(&with_files(arguments.shell, &String::from_utf8_lossy(&script)))?;
    Ok(Status::Good)
}

/// The script with files beside the embedded generators' names: an argument that offers names offers nothing else otherwise.
fn with_files(shell: Shell, script: &str) -> String {
    let names = generator::names().replace(", ", " ");
    match shell {
        Shell::Bash => script.replace(&format!("compgen -W \"{names}\""), &format!("compgen -f -W \"{names}\"")),
        Shell::Zsh => script.replace(
            &format!(":({names})"),
            &format!(r#":{{_alternative "names\:embedded generator\:({names})" "files\:file\:_files"}}"#),
        ),
        Shell::Fish => {
            let spaced = format!("{}\\t''", generator::names().replace(", ", "\\t''\n"));
            script.replace(&format!("-r -f -a \"{spaced}\""), &format!("-r -F -a \"{spaced}\""))
        }
        _ => script.to_owned(),
    }
}
