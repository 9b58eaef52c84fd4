//! Runs that are opened again from their folders.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use pulse::judge::{Assessment, Bent, Plausibility, Verdict};
use pulse::record::Record;
use pulse::run::Run;
use pulse::steer::Reopened;
use pulse_engine::Engine;
use pyo3::prelude::*;

use crate::found::{Assessed, Found};
use crate::generator::{Generator, kept_model};
use crate::measurement::{Kind, Measurement};
use crate::session::Origin;
use crate::trouble;

/// What a run found: with its generator, where that is neither embedded nor in the folder of models; and with its measurement, where that
/// is one of the caller's own.
#[pyfunction]
#[pyo3(signature = (folder, generator=None, measurement=None))]
pub(crate) fn open_run(
    py: Python<'_>,
    folder: PathBuf,
    generator: Option<Py<Generator>>,
    measurement: Option<&Measurement>,
) -> PyResult<Found> {
    let run = trouble::detached(py, || Run::open(&folder))?;
    let generator = match generator {
        Some(generator) => generator,
        None => generator_of(py, &run)?,
    };
    let own = generator.get();
    let (found, assessed, origin) = trouble::detached(py, || {
        let engine: Arc<dyn Engine> = Arc::clone(&own.engine) as _;
        let reopened = match measurement {
            Some(Measurement { kind: Kind::Own(measurement), .. }) => {
                run.check_generator(&own.opened.record)?;
                own.opened.prepare(run.inputs()?.latent(&*own.opened.generator), &*engine)?;
                let solved = run.reopen_measured(Arc::clone(&own.opened.generator), Arc::clone(measurement))?;
                Reopened { run, opened: own.opened.clone(), solved }
            }
            _ => Reopened::new(run, own.opened.clone(), &*engine)?,
        };
        let found = reopened.found(&engine)?;
        let record = reopened.run.record();
        let assessed = assessed(record, &found)?;
        let origin =
            Origin { input: record.input.clone(), request: record.request.clone(), steered: record.steering.is_some() };
        Ok((found, assessed, origin))
    })?;
    let found = Found::of(found, generator, origin);
    *found.assessed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(assessed));
    Ok(found)
}

/// The generator that a run names: an embedded one, or else one in the folder of models.
fn generator_of(py: Python<'_>, run: &Run) -> PyResult<Py<Generator>> {
    let name =
        match (trouble::detached(py, || pulse::steer::generator_of(run)), kept_model(&run.record().generator.name)) {
            (Ok(name), _) => name,
            (Err(_), Some(path)) => {
                return Py::new(py, Generator::open(py, Some(&path), Vec::new(), None, None, None)?);
            }
            (Err(error), None) => return Err(error),
        };
    // One that is embedded is opened once.
    Ok(py.import("pulse.generator")?.getattr("native")?.call1((name,))?.extract()?)
}

/// The figures of a record.
fn assessed(record: &Record, found: &pulse::session::Found) -> pulse::Result<Assessed> {
    let mut assessment = Assessment::of(&found.candidates, found.prepared.target.size(), &[], &[], &[])?;
    if let Some(certainty) = &record.summary.certainty {
        assessment.agreed_at_random = certainty.agreed_at_random;
        assessment = assessment.inflated(certainty.inflation);
    }
    if let (Some(spread), Some(recorded)) = (&mut assessment.spread, &record.summary.spread) {
        spread.random = recorded.random;
    }
    for (scores, recorded) in assessment.scores.iter_mut().zip(&record.candidates) {
        scores.plausibility = recorded.plausibility.as_ref().map(|of| Plausibility {
            radius: of.radius,
            offsets: of.offsets,
            angles: of.angles,
        });
        (scores.sharpness, scores.discriminator) = (recorded.sharpness, recorded.discriminator);
        scores.bent = recorded.bent.as_ref().map(|of| Bent {
            strangeness: of.strangeness,
            misfit: of.misfit,
            shortfall: of.shortfall,
        });
    }
    Ok(Assessed { assessment, verdict: Verdict::named(record.verdict.as_deref()) })
}
