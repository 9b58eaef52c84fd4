//! From the best step of a slot to a candidate: the exact projection, what it shrinks to, the outcome.

use std::collections::BTreeMap;

use pulse_engine::Engine;

use crate::Result;
use crate::candidate::{Candidate, Outcome, consistency_db, mean_squared_error};
use crate::explore::{Kept, KeptMeasurement, Steering};
use crate::image::Image;
use crate::measurement::Projection;

use super::moving::Moving;
use super::slot::{Slot, Stage};
use super::{Problem, SearchConfig, terms};

/// How often a picture is projected and clipped again. Where a consistent picture in [0, 1] exists, the few
/// clipped pixels leave an error far below any target after so many.
const ALTERNATIONS: usize = 24;

/// Makes candidates of finished slots.
pub(super) struct Finisher<'a> {
    problem: &'a Problem<'a>,
    config: &'a SearchConfig,
    projection: Projection,
    measured: Vec<f32>,
    /// What is put back into every picture.
    kept: Option<&'a Kept>,
}

impl<'a> Finisher<'a> {
    pub(super) fn new(
        problem: &'a Problem<'a>,
        steering: &'a Steering,
        config: &'a SearchConfig,
        engine: &dyn Engine,
    ) -> Result<Self> {
        let kept = steering.keep.as_ref();
        let mut projection = match kept {
            Some(kept) => Projection::new(engine, &KeptMeasurement { measurement: problem.measurement, kept }, 1)?,
            None => Projection::new(engine, problem.measurement, 1)?,
        };
        if config.sigma > 0.0 || !problem.measurement.is_well_conditioned() {
            projection = projection.within(config.epsilon.sqrt());
        }
        let measured = vec![0.0; problem.target.values().len()];
        Ok(Self { problem, config, projection, measured, kept })
    }

    pub(super) fn finish(&mut self, slot: &Slot, inputs: &[Moving]) -> Result<Candidate> {
        let best = &slot.best;
        let spec = self.problem.generator.spec();
        let target = self.problem.target;
        let mut kept: BTreeMap<String, Vec<f32>> =
            inputs.iter().zip(&best.inputs).map(|(input, x)| (input.port.spec.name.clone(), x.clone())).collect();
        let mut picture = Image::from_network(spec.channels, spec.height, spec.width, &best.image)?.into_values();
        let mut error = self.measure(&picture);
        let searched_db = consistency_db(error);
        if self.config.project {
            self.projection.project_inside(&mut picture, target.values(), ALTERNATIONS);
            error = self.measure(&picture);
        }
        if let Some(kept) = self.kept {
            kept.put_back(&mut picture);
        }
        if self.config.project || self.kept.is_some() {
            // The last input is the offset of the picture itself; with it the inputs alone make this picture.
            if let Some(offset) = inputs.last().and_then(|input| kept.get_mut(&input.port.spec.name)) {
                for ((offset, &projected), &own) in offset.iter_mut().zip(&picture).zip(&best.image) {
                    *offset += 2.0 * projected - 1.0 - own;
                }
            }
        }
        let outcome = match slot.stage {
            _ if error <= self.config.epsilon => Outcome::Reached,
            Stage::Stopped => Outcome::Stopped,
            _ => Outcome::Missed,
        };
        let joined = self.config.features.is_some() && inputs.iter().any(Moving::is_feature);
        Ok(Candidate {
            index: slot.candidate,
            start: slot.candidate,
            restarts: slot.restart,
            outcome,
            image: Image::clamped(spec.channels, spec.height, spec.width, picture)?,
            measured: Image::clamped(target.channels(), target.height(), target.width(), self.measured.clone())?,
            db: consistency_db(error),
            searched_db,
            latent_db: if joined && slot.judged_db.is_finite() { slot.judged_db } else { searched_db },
            losses: terms(&self.config.loss, &best.values).collect(),
            total: best.values.total,
            steps: slot.taken,
            inputs: kept,
        })
    }

    /// Measures a picture in [0, 1] and gives its mean squared error to the target, over what was measured.
    fn measure(&mut self, picture: &[f32]) -> f64 {
        self.projection.measure(picture, &mut self.measured);
        let share = self.problem.measurement.known() as f64 / self.measured.len() as f64;
        mean_squared_error(&self.measured, self.problem.target.values()) / share
    }
}
