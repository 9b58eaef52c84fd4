//! A run, and the generator that made it.

use std::path::Path;

use pulse::generator::Embedded;
use pulse::run::{RECORD, Reopened, Run};

use crate::failure::Failure;
use crate::generator::{self, Named};
use crate::upsample::FACES;

/// A run that was read from its folder, with its generator, which is the one that made it.
pub(super) struct Opened {
    pub(super) run: Run,
    pub(super) named: Named,
}

impl Opened {
    /// Reads the run in `folder`. Its generator is the one that is named, or else the embedded one that its record names.
    pub(super) fn open(folder: &Path, generator: Option<&str>) -> Result<Self, Failure> {
        let face = folder.join("face-01");
        if !folder.join(RECORD).exists() && folder.join(FACES).exists() && face.exists() {
            let reason = format!("it holds a run for each face of a photograph; name one, such as {}", face.display());
            return Err(Failure::of(folder.display(), reason));
        }
        let run = Run::open(folder)?;
        let recorded = &run.record().generator.name;
        let named = match generator {
            Some(name) => generator::open(name)?,
            None if Embedded::find(recorded).is_some() => generator::open(recorded)?,
            None => {
                let reason = format!(
                    "it was made with the checkpoint `{recorded}`, and where that lies is not recorded; name it with \
                     --generator"
                );
                return Err(Failure::of(folder.display(), reason));
            }
        };
        run.check_generator(&named.record).map_err(|error| Failure::of("--generator", error))?;
        Ok(Self { run, named })
    }

    /// The search behind the run, as it was.
    pub(super) fn reopen(&self) -> Result<Reopened<'_>, Failure> {
        let generator = &*self.named.generator;
        self.named.prepare(self.run.inputs()?.latent(generator))?;
        self.run.reopen(generator).map_err(|error| Failure::of(self.run.folder().display(), error))
    }
}
