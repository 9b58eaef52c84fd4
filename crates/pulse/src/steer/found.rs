//! A run from its folder, as its search found it.

use std::sync::Arc;

use pulse_core::candidate::{Candidate, Outcome};
use pulse_core::image::Image;
use pulse_core::measurement::{IMAGE, MEASURED};
use pulse_engine::Engine;
use pulse_record::record::CandidateRecord;

use super::Reopened;
use crate::session::Found;
use crate::{Prepared, Result};

impl Reopened {
    /// What the run found: pictures without the rounding of a file, inputs, and the figures of its record. Losses and curves are not
    /// taken up.
    ///
    /// # Errors
    /// As [`Solved::picture`](pulse_core::solved::Solved::picture), and that of an engine that cannot run the measurement.
    pub fn found(&self, engine: &Arc<dyn Engine>) -> Result<Found> {
        let measurement = &self.solved.measurement;
        let network = measurement.network()?;
        let (input, output) = (network.input(IMAGE)?, network.output(MEASURED)?);
        let mut program = engine.compile_forward(&network, 1)?;
        let target = &self.solved.target;
        let mut candidates = Vec::with_capacity(self.solved.numbers.len());
        for (row, record) in self.run.record().candidates.iter().enumerate() {
            let image = self.solved.picture(row, &**engine)?;
            program.input_mut(input).copy_from_slice(image.values());
            program.forward(1, &[output]);
            let measured = program.output(output).to_vec();
            let measured = Image::clamped(target.channels(), target.height(), target.width(), measured)?;
            candidates.push(self.candidate(row, record, image, measured));
        }
        let (opened, prepared) = (self.opened.clone(), Arc::new(self.prepared()?));
        Ok(Found::earlier(opened, prepared, &self.solved, candidates, self.run.record().seconds, Arc::clone(engine)))
    }

    /// The picture of the run, as its search had it.
    ///
    /// # Errors
    /// As [`Run::original`](pulse_record::run::Run::original).
    pub(super) fn prepared(&self) -> Result<Prepared> {
        let record = self.run.record();
        Ok(Prepared {
            target: Arc::clone(&self.solved.target),
            original: self.run.original()?,
            known: self.run.known()?.map(Arc::new),
            mosaic: record.mosaic.clone(),
            placement: record.placement,
            kernel: None,
            measured_as: record.measurement.clone(),
            measurement: Arc::clone(&self.solved.measurement),
            photograph: None,
            notes: Vec::new(),
        })
    }

    fn candidate(&self, row: usize, record: &CandidateRecord, image: Image, measured: Image) -> Candidate {
        let inputs = self.solved.specs.iter().zip(self.solved.point(row));
        let index = record.number - 1;
        Candidate {
            index,
            start: record.start.map_or(index, |start| start - 1),
            restarts: record.restarts,
            outcome: Outcome::named(&record.outcome).unwrap_or(Outcome::Stopped),
            image,
            measured,
            db: record.db,
            searched_db: record.searched_db,
            moved: record.moved.unwrap_or_default(),
            latent_db: record.bent.as_ref().map_or(record.searched_db, |bent| bent.latent_db),
            losses: Vec::new(),
            total: 0.0,
            steps: record.steps,
            inputs: inputs.map(|(spec, numbers)| (spec.name.clone(), numbers)).collect(),
        }
    }
}
