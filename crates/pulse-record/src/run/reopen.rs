//! A run taken up again: everything that its search had, and what it found.

use std::path::Path;
use std::sync::Arc;

use pulse_core::generator::Generator;
use pulse_core::image::Size;
use pulse_core::measurement::{InFile, Measurement, MeasurementKind, Stage};
use pulse_core::place::PlacedMeasurement;
use pulse_core::search::SearchConfig;
use pulse_core::solved::Solved;

use super::Run;
use crate::measurement::read_files;
use crate::record::GeneratorRecord;
use crate::{Error, ErrorKind, Result, WayOut};

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

    /// Takes the run up again with the `generator` that made it, which the caller has [checked](Self::check_generator) and
    /// made [ready](Generator::prepare). Files that the measurement names are read again, from where they were.
    ///
    /// # Errors
    /// [`ErrorKind::Run`] when the record is damaged; those of [`Run::target`], [`Run::inputs`] and
    /// [`MeasurementKind::resolve`]; [`ErrorKind::Setting`] for a measurement that text does not hold, with which
    /// [`reopen_measured`](Self::reopen_measured) takes the run up; [`ErrorKind::Inputs`] when the inputs are not those of the
    /// run's candidates.
    pub fn reopen(&self, generator: Arc<dyn Generator>) -> Result<Solved> {
        let spec = generator.spec();
        let target = self.target()?;
        let kind = self.kind()?;
        let sharp = Size::new(spec.width, spec.height);
        if let (Some(placed), Some(kernel)) = (&self.record.placement, kind.resize()) {
            let (placement, given) = (placed.placement(), placed.given());
            let measurement = PlacedMeasurement::new(kernel, spec.channels, sharp, given, placement)?;
            return self.reopen_measured(generator, Arc::new(measurement));
        }
        self.check_files(&kind)?;
        let measurement = read_files(&kind)?.resolve(spec.channels, sharp, target.size())?;
        self.reopen_measured(generator, measurement.into())
    }

    /// A record is not trusted: the files that its measurement names have to be in its folder, unless somebody said that they may be
    /// anywhere.
    fn check_files(&self, kind: &MeasurementKind) -> Result<()> {
        let folder = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let is_within = |file: &Path| file.canonicalize().is_ok_and(|file| file.starts_with(&folder));
        match kind.unread_files().find(|file| !is_within(file)).filter(|_| !self.reads_elsewhere) {
            Some(file) => {
                let message = format!(
                    "the measurement of the run in {} names the file `{}`, which is not in its folder",
                    self.folder.display(),
                    file.display().to_string().escape_debug()
                );
                Err(Error::new(ErrorKind::Run, message).with_way_out(WayOut::FilesElsewhere))
            }
            None => Ok(()),
        }
    }

    /// The measurement that the record's text says. What is known of a picture that is transparent in part lies beside the record.
    fn kind(&self) -> Result<MeasurementKind> {
        let text = &self.record.measurement;
        let kind: MeasurementKind = text.parse().map_err(|error: Error| {
            let message = format!(
                "the run in {} was made with the measurement `{text}`, which is one of its maker's own: it has to be given, by \
                 the program that made the run",
                self.folder.display()
            );
            Error::new(ErrorKind::Setting, message).with_source(error)
        })?;
        match (kind.stages().split_last(), self.known()?) {
            (Some((Stage::Mask(file), stages)), Some(known)) => {
                MeasurementKind::new([stages, &[Stage::Mask(InFile::read(file.path(), known))]].concat())
            }
            _ => Ok(kind),
        }
    }

    /// The same with a measurement of the caller's own, which has to be the one that the run was made with.
    ///
    /// # Errors
    /// As [`reopen`](Self::reopen), and [`ErrorKind::Setting`] when the measurement [calls itself](Measurement::text) something
    /// else than the run's record does.
    pub fn reopen_measured(&self, generator: Arc<dyn Generator>, measurement: Arc<dyn Measurement>) -> Result<Solved> {
        if measurement.text().is_some_and(|text| text != self.record.measurement) {
            let message = format!(
                "the run in {} was made with the measurement `{}`, and this one is another: give that one",
                self.folder.display(),
                self.record.measurement
            );
            return Err(Error::new(ErrorKind::Setting, message));
        }
        let config = SearchConfig::try_from(&self.record.settings)?;
        let numbers = self.record.candidates.iter().map(|candidate| candidate.number).collect();
        let target = Arc::new(self.target()?);
        let solved = Solved::new(generator, measurement, target, config, self.inputs()?, numbers);
        solved.map_err(|error| match error.kind() {
            ErrorKind::Inputs => error.worded(|reason| {
                let (name, folder) = (&self.record.files.inputs, self.folder.display());
                format!("{name} of {folder}: {reason}; run the search again")
            }),
            _ => error,
        })
    }
}
