//! A search under way.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use pulse::event::{SearchEvent, Silent};
use pulse::record::{InputRecord, RequestRecord};
use pulse::{Error, ErrorKind, Opened, Placing, Prepared};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::engine::once;
use crate::event::Event;
use crate::found::{Candidate, Found};
use crate::generator::{Generator, inputs_of};
use crate::measurement::{Kind, Measurement};
use crate::picture::Picture;
use crate::settings::Settings;
use crate::trouble;

/// What belongs to a search beside its session.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) input: InputRecord,
    pub(crate) request: Option<RequestRecord>,
    /// Whether it was steered: then it cannot be gone on with.
    pub(crate) steered: bool,
}

/// A search that is stepped, run, stopped and finished.
#[pyclass(frozen, module = "pulse._pulse")]
pub(crate) struct Session {
    /// Nothing once it was finished.
    session: Mutex<Option<pulse::session::Session>>,
    generator: Py<Generator>,
    origin: Origin,
    notes: Vec<String>,
}

/// What is searched for: the picture as the settings prepare it, or as a measurement of the caller's own sees it.
fn prepared(
    picture: &Picture,
    generator: &Generator,
    measurement: Option<&Measurement>,
    settings: &Settings,
    config: &pulse::search::SearchConfig,
    placing: Placing,
) -> pulse::Result<Arc<Prepared>> {
    let spec = generator.opened.generator.spec();
    let preparation = &settings.request.preparation;
    if let Some(Measurement { kind: Kind::Own(own), .. }) = measurement {
        if preparation.pixelation.is_some() {
            let message = "a measurement of your own makes no small picture of a large one: leave pixelate out";
            return Err(Error::new(ErrorKind::Setting, message));
        }
        let is_unknown = |raster: &pulse::image::Raster| raster.background().is_none() && raster.opacity().is_some();
        if picture.raster.as_ref().is_some_and(is_unknown) {
            let message = "a part of it is transparent, and a measurement of your own is not told what is unknown: say what shows \
                           through with background=";
            return Err(Error::new(ErrorKind::Setting, message));
        }
        let mut target = picture.image.clone();
        if let Some(part) = preparation.crop {
            target = target.crop(part)?;
        }
        target = if own.output_shape().channels() == 1 { target.to_grey() } else { target.to_rgb() };
        return Ok(Arc::new(Prepared::own(target, Arc::clone(own))));
    }
    let mut preparation = preparation.clone();
    if let Some(Measurement { kind: Kind::Text(kind), .. }) = measurement {
        preparation.measurement = Some(kind.clone());
    }
    let prepared = match &picture.raster {
        Some(raster) => Prepared::of_raster(raster, &preparation, spec, &once())?,
        None => Prepared::new(picture.image.clone(), &preparation, spec, &once())?,
    };
    let prepared = Arc::new(prepared);
    generator.judge().place(prepared, placing, &generator.opened, config, &*generator.engine)
}

impl Session {
    pub(crate) fn of(session: pulse::session::Session, generator: Py<Generator>, origin: Origin) -> Self {
        Self { session: Mutex::new(Some(session)), generator, origin, notes: Vec::new() }
    }

    /// The session, unless it is at work: then it was asked from its own events, or from another thread.
    fn taken(&self) -> pulse::Result<MutexGuard<'_, Option<pulse::session::Session>>> {
        match self.session.try_lock() {
            Ok(session) => Ok(session),
            Err(TryLockError::Poisoned(poisoned)) => Ok(PoisonError::into_inner(poisoned)),
            Err(TryLockError::WouldBlock) => {
                let message =
                    "the search is under way: wait until its step is done, or ask from the thread that takes the steps";
                Err(Error::new(ErrorKind::Busy, message))
            }
        }
    }

    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut pulse::session::Session) -> pulse::Result<T> + Send,
    ) -> PyResult<T> {
        trouble::detached(py, || {
            let mut session = self.taken()?;
            let finished = || Error::new(ErrorKind::Setting, "the search is finished: start another one");
            work(session.as_mut().ok_or_else(finished)?)
        })
    }
}

/// Whether to go on: nothing went wrong in Python, and nobody pressed Ctrl-C.
pub(crate) fn flow() -> ControlFlow<()> {
    if trouble::interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// Gives an event to a Python function. An exception of it, or `False`, ends the search.
fn tell(callback: &Py<PyAny>, event: &SearchEvent<'_>, pictures: bool) -> ControlFlow<()> {
    let event = Event::of(event, pictures);
    let told = Python::attach(|py| {
        let answer = callback.call1(py, (event,))?;
        Ok(answer.is(pyo3::types::PyBool::new(py, false)))
    });
    match told {
        Ok(false) => ControlFlow::Continue(()),
        Ok(true) => ControlFlow::Break(()),
        Err(error) => {
            trouble::keep(error);
            ControlFlow::Break(())
        }
    }
}

#[pymethods]
impl Session {
    #[new]
    #[pyo3(signature = (generator, picture, settings, measurement=None, init=None))]
    fn new(
        py: Python<'_>,
        generator: Py<Generator>,
        picture: &Picture,
        settings: &Settings,
        measurement: Option<&Measurement>,
        init: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let own = generator.get();
        let init = init.map(inputs_of).transpose()?.map(Arc::new);
        let mut origin = Origin { input: picture.input.clone(), request: None, steered: false };
        let (session, request, notes) = trouble::detached(py, || {
            let opened: &Opened = &own.opened;
            let mut config = settings.config.clone().resolved(&*opened.generator);
            if let Some(Measurement { kind: Kind::Text(kind), .. }) = measurement {
                config = match settings.sigma {
                    Some(sigma) => config.with_noise_beside(sigma, Some(kind)),
                    None if settings.says_noise => config,
                    None => config.with_noise_of(kind),
                };
            }
            if measurement.is_some_and(|measurement| !measurement.linear) {
                config.project = false;
            }
            if let Some(init) = &init {
                let latent = init.latent(&*opened.generator);
                opened.prepare(latent, &*own.engine)?;
                config.candidates = init.check(&opened.inputs(latent, &config.space)?)?;
            }
            let mut request = settings.request.clone();
            if init.is_some() {
                // Given inputs belong to the picture as it was.
                request.place = Placing::Off;
            }
            if let Some(Measurement { kind: Kind::Text(kind), .. }) = measurement {
                request.preparation.measurement = Some(kind.clone());
            }
            let prepared = prepared(picture, own, measurement, settings, &config, request.place)?;
            let notes = prepared.notes.iter().map(ToString::to_string).collect();
            let engine = Arc::clone(&own.engine);
            let session = pulse::session::Session::start_at(opened.clone(), prepared, config, init.clone(), engine)?;
            // Without the file that was given, another run cannot be compared with it.
            let request = picture.path.as_ref().filter(|_| init.is_none()).map(|_| request.record()).transpose()?;
            Ok((session, request, notes))
        })?;
        origin.request = request;
        Ok(Self { notes, ..Self::of(session, generator, origin) })
    }

    /// What a person should know about the picture that was prepared.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    /// Whether every candidate is finished, or it was stopped.
    #[getter]
    fn is_done(&self, py: Python<'_>) -> PyResult<bool> {
        self.with(py, |session| Ok(session.is_done()))
    }

    /// All steps that are left. `callback` gets each event, and ends the search by `False` or an exception.
    #[pyo3(signature = (callback=None, pictures=true))]
    fn run(&self, py: Python<'_>, callback: Option<Py<PyAny>>, pictures: bool) -> PyResult<()> {
        self.with(py, |session| {
            let mut watch = |event: SearchEvent<'_>| match &callback {
                Some(callback) => {
                    if tell(callback, &event, pictures).is_break() {
                        ControlFlow::Break(())
                    } else {
                        flow()
                    }
                }
                None => flow(),
            };
            while !session.is_done() {
                let broken = session.step(&mut watch)?.is_break();
                if trouble::is_there() {
                    // What was found is still there for whoever catches the exception.
                    return Ok(());
                }
                if broken {
                    session.stop(&mut Silent)?;
                }
            }
            Ok(())
        })
    }

    /// One step of every candidate under way: its events.
    #[pyo3(signature = (pictures=true))]
    fn step(&self, py: Python<'_>, pictures: bool) -> PyResult<Vec<Event>> {
        self.with(py, |session| {
            let mut events = Vec::new();
            let mut watch = |event: SearchEvent<'_>| {
                events.push(Event::of(&event, pictures));
                flow()
            };
            if !session.is_done() {
                // Where it is to stop, an exception says so.
                let _ = session.step(&mut watch)?;
            }
            Ok(events)
        })
    }

    /// Ends the candidates under way at their best.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |session| session.stop(&mut Silent))
    }

    /// Every candidate as it would be if the search were stopped here.
    fn so_far(&self, py: Python<'_>) -> PyResult<Vec<Candidate>> {
        Ok(self.with(py, pulse::session::Session::candidates_so_far)?.into_iter().map(Candidate).collect())
    }

    /// What was found; a search that is not done is stopped. Of the session nothing is left.
    fn finish(&self, py: Python<'_>) -> PyResult<Found> {
        let found = trouble::detached(py, || {
            let finished = || Error::new(ErrorKind::Setting, "the search is finished: start another one");
            let mut session = self.taken()?.take().ok_or_else(finished)?;
            session.stop(&mut Silent)?;
            session.finish(&mut Silent)
        })?;
        Ok(Found::of(found, self.generator.clone_ref(py), self.origin.clone()))
    }
}
