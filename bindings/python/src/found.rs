//! What was found.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use numpy::PyArrayDyn;
use pulse::candidate::Outcome;
use pulse::judge::{Assessment, Order, Verdict};
use pulse::run::RunFolder;
use pulse::session::Labels;
use pulse::walk::{DirectionSettings, PATH_FRAMES};
use pulse::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::array::{array, of_image};
use crate::certainty::Certainty;
use crate::error::of_kind;
use crate::generator::Generator;
use crate::picture::Picture;
use crate::session::{Origin, Session};
use crate::steering;
use crate::trouble;
use crate::walk::Frame;

/// One sharp picture that shrinks to the given one.
#[pyclass(frozen, module = "pulse._pulse")]
pub(crate) struct Candidate(pub(crate) pulse::candidate::Candidate);

#[pymethods]
impl Candidate {
    /// Its number, from 0.
    #[getter]
    fn index(&self) -> usize {
        self.0.index
    }

    /// The picture `[height, width, channels]`, in [0, 1].
    #[getter]
    fn image<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        of_image(py, &self.0.image)
    }

    /// What it shrinks to.
    #[getter]
    fn shrunk<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        of_image(py, &self.0.measured)
    }

    /// Its consistency, in dB.
    #[getter]
    fn db(&self) -> f64 {
        self.0.db
    }

    /// The same before the exact projection.
    #[getter]
    fn searched_db(&self) -> f64 {
        self.0.searched_db
    }

    /// How far the exact projection moved it, a root mean square.
    #[getter]
    fn moved(&self) -> f64 {
        self.0.moved
    }

    /// `reached`, `missed` or `stopped`.
    #[getter]
    fn outcome(&self) -> &'static str {
        self.0.outcome.name()
    }

    /// How many steps were taken.
    #[getter]
    fn steps(&self) -> usize {
        self.0.steps
    }

    /// How often it was started again.
    #[getter]
    fn restarts(&self) -> usize {
        self.0.restarts
    }
}

/// What a search found, with all that belongs to it.
#[pyclass(frozen, module = "pulse._pulse")]
pub(crate) struct Found {
    pub(crate) found: pulse::session::Found,
    generator: Py<Generator>,
    origin: Origin,
    /// Measured when it is asked for.
    pub(crate) assessed: Mutex<Option<Arc<Assessed>>>,
    /// The same without the verdict, which takes longer.
    compared: Mutex<Option<Arc<Assessed>>>,
}

/// The candidates measured together.
pub(crate) struct Assessed {
    pub(crate) assessment: Assessment,
    pub(crate) verdict: Option<Verdict>,
}

impl Found {
    pub(crate) fn of(found: pulse::session::Found, generator: Py<Generator>, origin: Origin) -> Self {
        Self { found, generator, origin, assessed: Mutex::new(None), compared: Mutex::new(None) }
    }

    /// The candidates beside each other and beside random pictures.
    fn compared(&self, py: Python<'_>) -> PyResult<Arc<Assessed>> {
        let generator = self.generator.get();
        trouble::detached(py, || {
            for known in [&self.assessed, &self.compared] {
                if let Some(known) = &*known.lock().unwrap_or_else(PoisonError::into_inner) {
                    return Ok(Arc::clone(known));
                }
            }
            let mut judge = generator.judge();
            let compared = Arc::new(Assessed { assessment: self.found.compare(&mut judge)?, verdict: None });
            if !judge.was_cut_short() {
                *self.compared.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&compared));
            }
            Ok(compared)
        })
    }

    /// The same with the verdict.
    fn assessed(&self, py: Python<'_>) -> PyResult<Arc<Assessed>> {
        let generator = self.generator.get();
        trouble::detached(py, || {
            let mut judge = generator.judge();
            let mut assessed = self.assessed.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(assessed) = &*assessed {
                return Ok(Arc::clone(assessed));
            }
            let assessment = self.found.measure(&mut judge)?;
            let verdict = assessment.bent.map(|bent| bent.verdict());
            let own = Arc::new(Assessed { assessment, verdict });
            // What was interrupted is measured again the next time.
            if !judge.was_cut_short() {
                *assessed = Some(Arc::clone(&own));
            }
            Ok(own)
        })
    }

    fn again(&self, py: Python<'_>, session: pulse::session::Session, steered: bool) -> Session {
        let origin = Origin { request: None, steered: steered || self.origin.steered, ..self.origin.clone() };
        Session::of(session, self.generator.clone_ref(py), origin)
    }

    fn frame(frame: &pulse::walk::Frame, along: Option<(f64, f64)>) -> Frame {
        Frame {
            image: frame.image.clone(),
            measured: frame.measured.clone(),
            db: frame.db,
            length: along.map(|(length, _)| length),
            change: along.map(|(_, change)| change),
        }
    }
}

/// Tells Python how much of a walk is done.
fn tell(progress: Option<&Py<PyAny>>, share: f64) -> ControlFlow<()> {
    if let Some(progress) = progress
        && let Err(error) = Python::attach(|py| progress.call1(py, (share,)))
    {
        trouble::keep(error);
    }
    if trouble::interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Setting, "the walk was stopped")
}

#[pymethods]
impl Found {
    fn __len__(&self) -> usize {
        self.found.candidates.len()
    }

    /// The candidate at this place.
    fn candidate(&self, py: Python<'_>, place: usize) -> PyResult<Candidate> {
        let candidate = self.found.candidates.get(place).cloned();
        candidate.map(Candidate).ok_or_else(|| of_kind(py, "run", &format!("there is no candidate at place {place}")))
    }

    /// Every input of a candidate by name.
    fn inputs<'py>(&self, py: Python<'py>, place: usize) -> PyResult<Bound<'py, PyDict>> {
        let named = PyDict::new(py);
        let candidate = &self.found.candidates[place];
        for spec in &self.found.specs {
            if let Some(numbers) = candidate.inputs.get(&spec.name) {
                named.set_item(&spec.name, array(py, numbers.clone(), &pulse::inputs::dimensions(spec.shape))?)?;
            }
        }
        Ok(named)
    }

    /// The small picture that was searched for.
    #[getter]
    fn target<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        of_image(py, &self.found.prepared.target)
    }

    /// Its generator.
    #[getter]
    fn generator(&self, py: Python<'_>) -> Py<Generator> {
        self.generator.clone_ref(py)
    }

    /// The measurement, as text.
    #[getter]
    fn measurement(&self) -> &str {
        &self.found.prepared.measured_as
    }

    /// The seed.
    #[getter]
    fn seed(&self) -> u64 {
        self.found.config.seed
    }

    /// Whether pictures were moved to the nearest ones that are consistent exactly.
    #[getter]
    fn projected(&self) -> bool {
        self.found.config.project
    }

    /// How long it took.
    #[getter]
    fn seconds(&self) -> f64 {
        self.found.seconds
    }

    /// Whether it was stopped before all was found.
    #[getter]
    fn stopped(&self) -> bool {
        self.found.bookmark.is_some()
            || self.found.candidates.iter().any(|candidate| candidate.outcome == Outcome::Stopped)
    }

    /// The scores of a candidate by name.
    fn scores<'py>(&self, py: Python<'py>, place: usize) -> PyResult<Bound<'py, PyDict>> {
        let assessed = self.assessed(py)?;
        let scores = &assessed.assessment.scores[place];
        let named = PyDict::new(py);
        named.set_item("consistency", scores.consistency)?;
        named.set_item("plausibility", scores.plausibility.map(|plausibility| plausibility.departure()))?;
        named.set_item("sharpness", scores.sharpness)?;
        named.set_item("distinctness", scores.distinctness)?;
        named.set_item("discriminator", scores.discriminator)?;
        named.set_item("bent", scores.bent.map(|bent| bent.total()))?;
        Ok(named)
    }

    /// The verdict on a candidate, or on all of them.
    #[pyo3(signature = (place=None))]
    fn verdict(&self, py: Python<'_>, place: Option<usize>) -> PyResult<Option<&'static str>> {
        let assessed = self.assessed(py)?;
        let verdict = match place {
            Some(place) => assessed.assessment.scores[place].bent.map(|bent| bent.verdict()),
            None => assessed.verdict,
        };
        Ok(verdict.map(Verdict::name))
    }

    /// How far candidates are apart: mean, least, greatest, and the mean of random pictures.
    fn spread(&self, py: Python<'_>) -> PyResult<Option<(f64, f64, f64, Option<f64>)>> {
        let compared = self.compared(py)?;
        Ok(compared.assessment.spread.map(|spread| (spread.mean, spread.least, spread.greatest, spread.random)))
    }

    /// What candidates agree on.
    fn certainty(&self, py: Python<'_>) -> PyResult<Certainty> {
        let compared = self.compared(py)?;
        let Some(judged) = compared.assessment.certainty.clone() else {
            return Err(of_kind(
                py,
                "picture",
                "one candidate agrees with itself in everything: search for two or more",
            ));
        };
        Ok(Certainty { judged, agreed_at_random: compared.assessment.agreed_at_random })
    }

    /// The places of candidates in this order.
    fn sorted(&self, py: Python<'_>, by: &str) -> PyResult<Vec<usize>> {
        let order: Order = trouble::detached(py, || by.parse())?;
        let measured = if order == Order::Verdict { self.assessed(py)? } else { self.compared(py)? };
        Ok(order.sorted(&measured.assessment.scores))
    }

    /// Writes the folder of the run.
    #[pyo3(signature = (folder, replace=false, order=None))]
    fn save(&self, py: Python<'_>, folder: PathBuf, replace: bool, order: Option<&str>) -> PyResult<()> {
        let generator = self.generator.get();
        trouble::detached(py, || {
            let order = order.map(str::parse).transpose()?.unwrap_or_default();
            let run = RunFolder::create(&folder, replace)?;
            let labels =
                Labels { request: self.origin.request.clone(), order, ..Labels::of(self.origin.input.clone()) };
            self.found.save(&run, labels, &mut generator.judge()).map(drop)
        })
    }

    /// A session that looks for so many more candidates, and goes on with those that were stopped.
    fn more(&self, py: Python<'_>, count: usize) -> PyResult<Session> {
        if self.origin.steered {
            let message = "candidates that were steered cannot be added to: search again with more candidates";
            return Err(of_kind(py, "setting", message));
        }
        let session = trouble::detached(py, || self.found.more(count))?;
        Ok(self.again(py, session, false))
    }

    /// A session that starts from candidates, which are named by their places.
    #[pyo3(signature = (candidate=None, keep=None, vary=None, toward=None, part=None, like=None, amount=None, candidates=None,
        seed=None, spread=None))]
    fn search_again(
        &self,
        py: Python<'_>,
        candidate: Option<usize>,
        keep: Option<&Picture>,
        vary: Option<&Picture>,
        toward: Option<&Picture>,
        part: Option<&Picture>,
        like: Option<usize>,
        amount: Option<f64>,
        candidates: Option<usize>,
        seed: Option<u64>,
        spread: Option<bool>,
    ) -> PyResult<Session> {
        let number =
            |place: Option<usize>| place.map(|place| self.found.candidates.get(place).map_or(0, |own| own.index + 1));
        let session = trouble::detached(py, || {
            let steer = steering::steer(self, number(candidate), (keep, vary), (toward, part), number(like), amount)?;
            let config = steering::settings(self, &steer, candidates, seed, spread);
            let engine = Arc::clone(&self.generator.get().engine);
            self.found.search_again(&steer, &config, engine)
        })?;
        Ok(self.again(py, session, true))
    }

    /// The directions in which a candidate can change, and the pictures along each.
    #[pyo3(signature = (place, count=None, frames=None, progress=None))]
    fn directions(
        &self,
        py: Python<'_>,
        place: usize,
        count: Option<usize>,
        frames: Option<usize>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Vec<Vec<Frame>>> {
        trouble::detached(py, || {
            let defaults = DirectionSettings::default();
            let settings = DirectionSettings {
                count: count.unwrap_or(defaults.count),
                frames: frames.unwrap_or(defaults.frames),
                ..defaults
            };
            let solved = self.found.solved()?;
            let point = solved.point(place);
            let mut explorer = solved.explorer(&*self.generator.get().engine)?;
            let curves = explorer.directions(&point, &settings, &mut |share| tell(progress.as_ref(), share))?;
            let frames = |curve: &pulse::walk::Curve| {
                curve.frames.iter().map(|at| Self::frame(&at.frame, Some((at.length, at.change)))).collect()
            };
            Ok(curves.ok_or_else(stopped)?.iter().map(frames).collect())
        })
    }

    /// The pictures from one candidate to another.
    #[pyo3(signature = (from_, to, frames=None, progress=None))]
    fn path(
        &self,
        py: Python<'_>,
        from_: usize,
        to: usize,
        frames: Option<usize>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Vec<Frame>> {
        trouble::detached(py, || {
            let solved = self.found.solved()?;
            let (engine, frames) = (&*self.generator.get().engine, frames.unwrap_or(PATH_FRAMES));
            let passage = solved.passage([from_, to], frames, engine, &mut |share| tell(progress.as_ref(), share))?;
            Ok(passage.ok_or_else(stopped)?.frames.iter().map(|frame| Self::frame(frame, None)).collect())
        })
    }
}
