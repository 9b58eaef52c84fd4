//! What follows a search: progress, the trace, pictures under way, and Ctrl-C.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use pulse::event::{Observer, SearchEvent, Step};
use pulse::folder::make_own_folder;
use pulse::image::{Provenance, write_png};
use pulse::record::GeneratorRecord;
use pulse::run::{INTERMEDIATE, RunFolder, intermediate_file};
use pulse::search::SearchConfig;

use super::progress::Progress;
use super::trace::InputTrace;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// Everything that follows the search for one picture.
pub(super) struct Watch<'a> {
    pub(super) progress: Progress,
    pub(super) trace: Option<InputTrace<'a>>,
    pub(super) intermediate: Option<Intermediate>,
    pub(super) interrupt: &'a Interrupt,
    /// Where candidates are written as they are found.
    pub(super) folder: RunFolder,
    pub(super) generator: &'a GeneratorRecord,
    pub(super) config: &'a SearchConfig,
    /// The first thing that could not be written. It stops the search.
    pub(super) failure: Option<Failure>,
}

impl Watch<'_> {
    /// Ends the display, and gives the folder back, or says what could not be written.
    pub(super) fn finish(mut self) -> Result<RunFolder, Failure> {
        self.progress.finish();
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        self.trace.as_mut().map_or(Ok(()), InputTrace::flush)?;
        Ok(self.folder)
    }

    fn step(&mut self, step: &Step<'_>) -> Result<(), Failure> {
        if let Some(trace) = &mut self.trace {
            trace.step(step)?;
        }
        if let Some(intermediate) = &self.intermediate {
            intermediate.step(step)?;
        }
        Ok(())
    }
}

impl Observer for Watch<'_> {
    fn event(&mut self, event: SearchEvent<'_>) -> ControlFlow<()> {
        self.progress.event(&event);
        if self.failure.is_none() {
            self.failure = match &event {
                SearchEvent::Step(step) => self.step(step).err(),
                SearchEvent::Finished(candidate) => {
                    let SearchConfig { candidates, seed, .. } = *self.config;
                    self.folder.candidate(candidate, candidates, self.generator, seed).err().map(Failure::from)
                }
                _ => None,
            };
        }
        // A search that is stopped before its first step has nothing to show.
        let begun = !matches!(event, SearchEvent::Started { .. });
        if begun && (self.interrupt.pressed() || self.failure.is_some()) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// `--save-intermediate`.
pub(super) struct Intermediate {
    every: NonZeroUsize,
    run: PathBuf,
    candidates: usize,
    provenance: Provenance,
}

impl Intermediate {
    /// Makes the folder for the pictures within that of the `run`.
    pub(super) fn new(
        every: Option<NonZeroUsize>,
        run: &Path,
        generator: &GeneratorRecord,
        config: &SearchConfig,
    ) -> Result<Option<Self>, Failure> {
        let Some(every) = every else { return Ok(None) };
        let folder = run.join(INTERMEDIATE);
        make_own_folder(&folder)?;
        let provenance = generator.provenance(config.seed);
        Ok(Some(Self { every, run: run.to_owned(), candidates: config.candidates, provenance }))
    }

    fn step(&self, step: &Step<'_>) -> Result<(), Failure> {
        if step.step % self.every != 0 || !step.total.is_finite() {
            return Ok(());
        }
        let image = step.picture()?;
        let path = self.run.join(intermediate_file(step.candidate, self.candidates, step.step));
        let provenance = Provenance { candidate: Some(step.candidate + 1), ..self.provenance.clone() };
        Ok(write_png(&path, &image, Some(&provenance))?)
    }
}
