//! A run taken up again: everything that its search had, and what it found.

use std::fmt;

use super::Run;
use crate::record::GeneratorRecord;
use crate::{Error, ErrorKind, Result};
use pulse_core::generator::{Generator, InputSpec, append_whole};
use pulse_core::image::Image;
use pulse_core::inputs::Inputs;
use pulse_core::measurement::{Measurement, MeasurementKind, Size};
use pulse_core::search::{Problem, SearchConfig};

use pulse_engine::NetworkBuilder;

/// The search behind a run, as it was, and the inputs of its candidates.
pub struct Reopened<'a> {
    generator: &'a dyn Generator,
    /// How it was searched.
    pub config: SearchConfig,
    /// `A`, resolved for the sizes again.
    pub measurement: Box<dyn Measurement>,
    /// `y`, exactly.
    pub target: Image,
    /// One row a candidate.
    pub inputs: Inputs,
    /// The generator's inputs as the search had them, in the order of the network's.
    pub specs: Vec<InputSpec>,
    /// The candidates' numbers, from 1, row by row.
    pub numbers: Vec<usize>,
}

impl Run {
    /// Checks that `generator` is what the run was made with.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`] when its checksum is another.
    pub fn check_generator(&self, generator: &GeneratorRecord) -> Result<()> {
        let made_with = &self.record.generator;
        if made_with.sha256 == generator.sha256 {
            return Ok(());
        }
        let message = format!(
            "the run in {} was made with `{}` (sha256 {}), and `{}` is another generator (sha256 {}): name the one that \
             made it",
            self.folder.display(),
            made_with.name,
            made_with.sha256,
            generator.name,
            generator.sha256
        );
        Err(Error::new(ErrorKind::Generator, message))
    }

    /// Takes the run up again with the `generator` that made it, which the caller has [checked](Self::check_generator).
    /// Files that the measurement names are read again, from where they were.
    ///
    /// # Errors
    /// [`ErrorKind::Run`] when the record is damaged; those of [`Run::target`], [`Run::inputs`] and
    /// [`MeasurementKind::resolve`]; [`ErrorKind::Inputs`] when the inputs are not those of the run's candidates.
    pub fn reopen<'a>(&self, generator: &'a dyn Generator) -> Result<Reopened<'a>> {
        let spec = generator.spec();
        let target = self.target()?;
        let kind: MeasurementKind = self.record.measurement.parse()?;
        let measurement = kind.resolve(spec.channels, Size::new(spec.width, spec.height), target.size())?;
        let config = SearchConfig::try_from(&self.record.settings)?;
        let inputs = self.inputs()?;
        let latent = inputs.latent(generator);
        let specs = append_whole(generator, &mut NetworkBuilder::new(), latent, &config.space)?.inputs;
        let reopened = Reopened {
            generator,
            numbers: self.record.candidates.iter().map(|candidate| candidate.number).collect(),
            config,
            measurement,
            target,
            inputs,
            specs,
        };
        reopened.problem().check()?;
        reopened.check(self)?;
        Ok(reopened)
    }
}

impl<'a> Reopened<'a> {
    /// The generator that it was given.
    pub fn generator(&self) -> &'a dyn Generator {
        self.generator
    }

    /// What was searched, from what was found.
    pub fn problem(&self) -> Problem<'_> {
        let start = Some(&self.inputs);
        Problem { start, ..Problem::new(self.generator, &*self.measurement, &self.target) }
    }

    /// The row of the inputs that belongs to the candidate of this number, counted from 1.
    ///
    /// # Errors
    /// [`ErrorKind::Run`] when there is no such candidate.
    pub fn row(&self, number: usize) -> Result<usize> {
        self.numbers.iter().position(|&own| own == number).ok_or_else(|| {
            let numbers: Vec<_> = self.numbers.iter().map(ToString::to_string).collect();
            let whole = self.numbers.iter().enumerate().all(|(row, &number)| number == row + 1);
            let there = match numbers.as_slice() {
                [_, .., last] if whole => format!("1 to {last}"),
                numbers => numbers.join(", "),
            };
            Error::new(ErrorKind::Run, format!("the run has no candidate {number}: choose of {there}"))
        })
    }

    /// There is a row for each candidate, with every input that has no start to fall back on.
    fn check(&self, run: &Run) -> Result<()> {
        let rows = self.inputs.check(&self.specs)?;
        let name = &run.record.files.inputs;
        if rows != self.numbers.len() {
            let message = format!(
                "{name} of {} has {rows} rows, and its record {} candidates: run the search again",
                run.folder.display(),
                self.numbers.len()
            );
            return Err(Error::new(ErrorKind::Inputs, message));
        }
        let missing = self.specs.iter().find(|spec| spec.stage.is_none() && self.inputs.row(spec, 0).is_none());
        missing.map_or(Ok(()), |spec| {
            let message = format!("{name} of {} lacks `{}`: run the search again", run.folder.display(), spec.name);
            Err(Error::new(ErrorKind::Inputs, message))
        })
    }
}

impl fmt::Debug for Reopened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reopened")
            .field("measurement", &self.measurement)
            .field("numbers", &self.numbers)
            .finish_non_exhaustive()
    }
}
