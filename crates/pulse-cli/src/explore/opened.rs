//! A run, and the generator that made it.

use std::path::Path;

use pulse::faces::FACES;
use pulse::run::{RECORD, Run};
use pulse::steer::{Reopened, generator_of};
use pulse_engine::Cpu;

use crate::failure::Failure;
use crate::generator::{self, Told};

/// Reads the run in `folder`.
pub(super) fn run_in(folder: &Path) -> Result<Run, Failure> {
    let face = folder.join("face-01");
    if !folder.join(RECORD).exists() && folder.join(FACES).exists() && face.exists() {
        let reason = format!("it holds a run for each face of a photograph; name one, such as {}", face.display());
        return Err(Failure::of(folder.display(), reason));
    }
    Ok(Run::open(folder)?)
}

/// Takes a run up with its generator: the one that is named, or else the one that its record names, where that is embedded or in the
/// folder of models.
pub(super) fn reopened(run: Run, named: Option<&str>, told: &Told, engine: &Cpu) -> Result<Reopened, Failure> {
    let folder = run.folder().display().to_string();
    let opened = match named {
        Some(name) => told.open(name)?,
        None => match (generator_of(&run), pulse_models::kept(&run.record().generator.name)?) {
            (Ok(name), _) => generator::open(name)?,
            (Err(_), Some(path)) => told.open(&path)?,
            (Err(error), None) => return Err(Failure::of(&folder, format!("{error} with --generator"))),
        },
    };
    run.check_generator(&opened.record).map_err(|error| Failure::with("--generator", &error))?;
    Reopened::new(run, opened, engine).map_err(|error| Failure::with(folder, &error))
}
