//! `pulse page`: the explorer as a folder that needs no server.

use std::path::PathBuf;

use clap::Args;
use pulse_server::Site;

use crate::failure::{Failure, print};
use crate::status::Status;

pub(crate) const EXAMPLES: &str = "\
The folder has the page of `pulse open` with the library in it, as a module of WebAssembly: whoever opens it
searches in the browser, on one thread, and nothing that they give it leaves their machine. Any server of
files can hand it out, under any address. The module is built by scripts/build_page.sh, which also calls
this command; without --module it is looked for beside the program, as pulse_page.wasm.

Examples:
  scripts/build_page.sh pulse public            builds the module, and writes the folder
  pulse page public --module pulse_page.wasm    writes the folder again
  python3 -m http.server --directory public     to look at it

Exit status: 0 when it was written, 2 after an error.";

/// The module where nothing is said.
const MODULE: &str = "pulse_page.wasm";

#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder; what is in it of an earlier page is replaced
    #[arg(value_name = "OUT")]
    out: PathBuf,

    #[arg(long, value_name = "FILE", help = format!("The library as a module [default: {MODULE} beside the program]"))]
    module: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let module = match &arguments.module {
        Some(module) => module.clone(),
        None => beside_the_program()?,
    };
    let bytes = std::fs::read(&module).map_err(|error| Failure::of(module.display(), error))?;
    let site = Site::new(&bytes).map_err(|error| Failure::with(module.display(), &error))?;
    site.write(&arguments.out).map_err(|error| Failure::with(arguments.out.display(), &error))?;
    print(&format!("{}: a page that any server of files can hand out\n", arguments.out.display()))?;
    Ok(Status::Good)
}

fn beside_the_program() -> Result<PathBuf, Failure> {
    let place = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join(MODULE)));
    place.filter(|place| place.is_file()).ok_or_else(|| {
        Failure::of(
            MODULE,
            "it is not beside the program; build it with scripts/build_page.sh, or name it with --module",
        )
    })
}
