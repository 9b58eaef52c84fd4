//! One file, searched for in the folder of its run, as the program does it for each of many.

use std::path::PathBuf;
use std::sync::Arc;

use pulse::Prepared;
use pulse::checksum::sha256;
use pulse::event::SearchEvent;
use pulse::image::{Raster, Size, read_bytes};
use pulse::record::{InputRecord, Record, SettingsRecord};
use pulse::session::{Labels, Session};
use pulse::standing::{Asked, Claimed};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::engine::once;
use crate::generator::Generator;
use crate::session::flow;
use crate::settings::Settings;
use crate::trouble;

/// Searches for the picture at `path`, unless its folder has the same run already.
#[pyfunction]
pub(crate) fn upsample<'py>(
    py: Python<'py>,
    generator: &Generator,
    path: PathBuf,
    folder: PathBuf,
    settings: &Settings,
) -> PyResult<Bound<'py, PyDict>> {
    let (status, record) = trouble::detached(py, || {
        let opened = &generator.opened;
        let config = settings.config.clone().resolved(&*opened.generator);
        let asked = Asked {
            generator: opened.record.clone(),
            settings: SettingsRecord::from(&config),
            request: settings.request.record()?,
            again: false,
        };
        let (mut run, bookmark) = match asked.claim(&path, &folder, false)? {
            Claimed::Finished(record) => return Ok(("finished", *record)),
            Claimed::Free(run, bookmark) => (run, bookmark),
        };
        let (name, bytes) = (path.display().to_string(), read_bytes(&path)?);
        let mut picture = Raster::read(&name, &bytes)?;
        let Size { width, height } = picture.size();
        let input = InputRecord { path: name, sha256: sha256(&bytes), width, height };
        if let Some(background) = settings.request.background {
            picture = picture.over(background);
        }
        let spec = opened.generator.spec();
        let prepared = Prepared::of_raster(&picture, &settings.request.preparation, spec, &once())?;
        let placing = settings.request.place;
        let prepared = generator.judge().place(Arc::new(prepared), placing, opened, &config, &*generator.engine)?;
        let engine = Arc::clone(&generator.engine);
        let candidates = config.candidates;
        let mut session = Session::start(opened.clone(), prepared, config, engine)?;
        if let Some(bookmark) = &bookmark {
            session = session.going_on(bookmark)?;
        }
        let mut failure = None;
        let seed = settings.config.seed;
        session.run(&mut |event: SearchEvent<'_>| {
            if let SearchEvent::Finished(candidate) = &event
                && let Err(error) = run.candidate(candidate, candidates, &opened.record, seed)
            {
                failure.get_or_insert(error);
            }
            if failure.is_some() { std::ops::ControlFlow::Break(()) } else { flow() }
        })?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        let found = session.finish(&mut pulse::event::Silent)?;
        let labels = Labels { request: Some(asked.request), ..Labels::of(input) };
        Ok(("searched", found.save(&run, labels, &mut generator.judge())?))
    })?;
    figures(py, &path, &folder, status, &record)
}

fn figures<'py>(
    py: Python<'py>,
    path: &std::path::Path,
    folder: &std::path::Path,
    status: &str,
    record: &Record,
) -> PyResult<Bound<'py, PyDict>> {
    let named = PyDict::new(py);
    named.set_item("path", path.display().to_string())?;
    named.set_item("folder", folder.display().to_string())?;
    named.set_item("status", status)?;
    named.set_item("candidates", record.summary.candidates)?;
    named.set_item("reached", record.summary.reached)?;
    named.set_item("best_db", record.summary.best_db)?;
    named.set_item("worst_db", record.summary.worst_db)?;
    named.set_item("verdict", record.verdict.as_deref())?;
    named.set_item("seconds", record.seconds)?;
    Ok(named)
}
