//! From the best step of a slot to a candidate: the exact projection, what it shrinks to, the outcome.

use std::collections::BTreeMap;

use pulse_engine::Engine;

use crate::Result;
use crate::candidate::{Candidate, Outcome, consistency_db};
use crate::image::Image;
use crate::measurement::Projection;

use super::slot::Slot;
use super::batch::{Moving, terms};
use super::{Problem, SearchConfig};

/// How often a picture is projected and clipped again. Where a consistent picture in [0, 1] exists, the few
/// clipped pixels leave an error far below any target after so many.
const ALTERNATIONS: usize = 24;

/// Makes candidates of finished slots.
pub(super) struct Finisher<'a> {
    problem: &'a Problem<'a>,
    config: &'a SearchConfig,
    projection: Projection,
}

impl<'a> Finisher<'a> {
    pub(super) fn new(problem: &'a Problem<'a>, config: &'a SearchConfig, engine: &dyn Engine) -> Result<Self> {
        Ok(Self { problem, config, projection: Projection::new(engine, problem.measurement, 1)? })
    }

    pub(super) fn finish(&mut self, slot: &Slot, inputs: &[Moving], stopped: bool) -> Result<Candidate> {
        let best = &slot.best;
        let target = self.problem.target;
        let mut picture: Vec<f32> = best.image.iter().map(|&v| (f32::midpoint(v, 1.0)).clamp(0.0, 1.0)).collect();
        let searched_db = self.consistency(&picture);
        let mut kept: BTreeMap<String, Vec<f32>> =
            inputs.iter().zip(&best.inputs).map(|(input, x)| (input.port.spec.name.clone(), x.clone())).collect();
        if self.config.project {
            self.projection.project_inside(&mut picture, target.values(), ALTERNATIONS);
            // The last input is the offset of the picture itself; with it the inputs alone make this picture.
            if let Some(offset) = inputs.last().and_then(|input| kept.get_mut(&input.port.spec.name)) {
                for ((offset, &projected), &own) in offset.iter_mut().zip(&picture).zip(&best.image) {
                    *offset += 2.0 * projected - 1.0 - own;
                }
            }
        }
        let mut measured = vec![0.0; target.values().len()];
        self.projection.measure(&picture, &mut measured);
        let db = self.consistency(&picture);
        let within = db >= consistency_db(self.config.epsilon);
        let outcome = match (within, stopped) {
            (true, _) => Outcome::Reached,
            (false, false) => Outcome::Missed,
            (false, true) => Outcome::Stopped,
        };
        let spec = self.problem.generator.spec();
        Ok(Candidate {
            index: slot.candidate,
            restarts: slot.restart,
            outcome,
            image: Image::clamped(spec.channels, spec.height, spec.width, picture)?,
            measured: Image::clamped(target.channels(), target.height(), target.width(), measured)?,
            db,
            searched_db,
            losses: terms(&self.config.loss, &best.values).collect(),
            total: best.values.total,
            steps: slot.taken,
            inputs: kept,
        })
    }

    /// The consistency of a picture in [0, 1] with the target, in dB.
    fn consistency(&mut self, picture: &[f32]) -> f64 {
        let target = self.problem.target.values();
        let mut measured = vec![0.0; target.len()];
        self.projection.measure(picture, &mut measured);
        let squares: f64 = measured.iter().zip(target).map(|(&a, &b)| f64::from(a - b).powi(2)).sum();
        consistency_db(squares / target.len() as f64)
    }
}
