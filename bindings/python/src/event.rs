//! The events of a search as objects.

use numpy::PyArrayDyn;
use pulse::event::SearchEvent;
use pulse::image::Image;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::array::{array, interleaved};
use crate::found::Candidate;

/// Something that happened in a search.
#[pyclass(frozen, module = "pulse._pulse")]
pub(crate) struct Event {
    kind: &'static str,
    candidate: Option<usize>,
    candidates: Option<usize>,
    step: Option<usize>,
    steps: Option<usize>,
    db: Option<f64>,
    total: Option<f64>,
    learning_rate: Option<f64>,
    losses: Vec<(String, f64)>,
    /// The generator's own values, and channels, height and width.
    picture: Option<(Vec<f32>, [usize; 3])>,
    found: Option<pulse::candidate::Candidate>,
}

impl Event {
    /// An event; a step has its picture where `pictures` are wanted.
    pub(crate) fn of(event: &SearchEvent<'_>, pictures: bool) -> Self {
        let mut own = Self {
            kind: "other",
            candidate: None,
            candidates: None,
            step: None,
            steps: None,
            db: None,
            total: None,
            learning_rate: None,
            losses: Vec::new(),
            picture: None,
            found: None,
        };
        match event {
            SearchEvent::Started { candidates, steps } => {
                (own.kind, own.candidates, own.steps) = ("started", Some(*candidates), Some(*steps));
            }
            SearchEvent::Step(step) => {
                (own.kind, own.candidate, own.step) = ("step", Some(step.candidate), Some(step.step));
                (own.db, own.total, own.learning_rate) = (Some(step.db), Some(step.total), Some(step.learning_rate));
                own.losses = step.losses.iter().map(|(term, value)| (term.to_string(), *value)).collect();
                own.picture = pictures.then(|| (step.image.to_vec(), step.shape));
            }
            SearchEvent::Restarted { candidate, db } => {
                (own.kind, own.candidate, own.db) = ("restarted", Some(*candidate), Some(*db));
            }
            SearchEvent::Found(found) | SearchEvent::Finished(found) => {
                own.kind = if matches!(event, SearchEvent::Found(_)) { "found" } else { "finished" };
                (own.candidate, own.db, own.steps) = (Some(found.index), Some(found.db), Some(found.steps));
                own.found = Some((*found).clone());
            }
            _ => {}
        }
        own
    }
}

#[pymethods]
impl Event {
    /// `started`, `step`, `restarted`, `found` or `finished`.
    #[getter]
    fn kind(&self) -> &str {
        self.kind
    }

    /// The candidate's number, from 0.
    #[getter]
    fn candidate(&self) -> Option<usize> {
        self.candidate
    }

    /// How many candidates are looked for, when the search has started.
    #[getter]
    fn candidates(&self) -> Option<usize> {
        self.candidates
    }

    /// The step, from 0.
    #[getter]
    fn step(&self) -> Option<usize> {
        self.step
    }

    /// The most steps of one candidate, when the search has started; how many it took, when it is finished.
    #[getter]
    fn steps(&self) -> Option<usize> {
        self.steps
    }

    /// The consistency, in dB.
    #[getter]
    fn db(&self) -> Option<f64> {
        self.db
    }

    /// The weighted sum of the losses.
    #[getter]
    fn total(&self) -> Option<f64> {
        self.total
    }

    /// The learning rate of the update that follows.
    #[getter]
    fn learning_rate(&self) -> Option<f64> {
        self.learning_rate
    }

    /// Each term of the loss, unweighted.
    #[getter]
    fn losses<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let losses = PyDict::new(py);
        self.losses.iter().try_for_each(|(term, value)| losses.set_item(term, value))?;
        Ok(losses)
    }

    /// The picture of a step `[height, width, channels]`, in [0, 1].
    #[getter]
    fn image<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyArrayDyn<f32>>>> {
        let of = |image: &Image| crate::array::of_image(py, image);
        match (&self.picture, &self.found) {
            (Some((values, [channels, height, width])), _) => {
                let unit = values.iter().map(|&value| f32::midpoint(value, 1.0).clamp(0.0, 1.0));
                let unit: Vec<f32> = unit.collect();
                array(py, interleaved(&unit, *channels), &[*height, *width, *channels]).map(Some)
            }
            (None, Some(found)) => of(&found.image).map(Some),
            _ => Ok(None),
        }
    }

    /// The candidate that is finished.
    #[getter]
    fn found(&self) -> Option<Candidate> {
        self.found.clone().map(Candidate)
    }
}
