//! Measurements, by themselves and for a search.

use std::sync::Arc;

use numpy::PyArrayDyn;
use pulse::measurement::{Measurement as Measures, MeasurementKind, Projection, Size, read_files};
use pulse::{Error, ErrorKind};
use pulse_engine::Shape;
use pyo3::prelude::*;

use crate::array::{array, interleaved, numbers, planar};
use crate::call::call;
use crate::engine::once;
use crate::error::{of_kind, raised};
use crate::own::OwnMeasurement;
use crate::trouble;

/// `A`: by its text, or one of the caller's own.
#[pyclass(frozen, module = "pulse._pulse")]
pub(crate) struct Measurement {
    pub(crate) kind: Kind,
    pub(crate) linear: bool,
}

pub(crate) enum Kind {
    Text(MeasurementKind),
    Own(Arc<dyn Measures>),
}

/// The axes of a picture, channels last.
fn last([channels, height, width]: [usize; 3]) -> [usize; 3] {
    [height, width, channels]
}

fn sides(shape: Shape) -> [usize; 3] {
    match shape {
        Shape::Map { channels, height, width } => [channels, height, width],
        other => [1, 1, other.len()],
    }
}

impl Measurement {
    /// `A` between pictures of these sizes, where its own sizes do not say it.
    fn resolved(&self, picture: Option<[usize; 3]>, small: Option<[usize; 2]>) -> pulse::Result<Arc<dyn Measures>> {
        let missing = |what: &str| {
            let message = format!("{what} is not known: say it when the measurement is made");
            Error::new(ErrorKind::Setting, message)
        };
        match &self.kind {
            Kind::Own(own) => Ok(Arc::clone(own)),
            Kind::Text(kind) => {
                let [channels, height, width] = picture.ok_or_else(|| missing("the size of the sharp picture"))?;
                let [rows, columns] = small.ok_or_else(|| missing("the size of the small picture"))?;
                let kind = read_files(kind)?;
                Ok(kind.resolve(channels, Size::new(width, height), Size::new(columns, rows))?.into())
            }
        }
    }

    /// What `work` makes of a picture, both with their channels last.
    fn apply<'py>(
        &self,
        py: Python<'py>,
        (given, is_small): (&Bound<'_, PyAny>, bool),
        (picture, small): (Option<[usize; 3]>, Option<[usize; 2]>),
        work: impl FnOnce(&mut Projection, &[f32], &mut [f32]) + Send,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let (found, values) = numbers("what is measured", given)?;
        let (made, axes) = trouble::detached(py, || {
            let measurement = self.resolved(picture, small)?;
            let ends = [measurement.input_shape(), measurement.output_shape()].map(sides);
            let [from, to] = if is_small { [ends[1], ends[0]] } else { ends };
            if found != last(from) {
                let what = if is_small { "small" } else { "sharp" };
                let message = format!("it is of shape {found:?}, and the {what} picture is of {:?}", last(from));
                return Err(Error::new(ErrorKind::Picture, message));
            }
            let mut projection = Projection::new(&once(), &*measurement, 1)?;
            let mut made = vec![0.0; to.iter().product()];
            work(&mut projection, &planar(&values, from[0]), &mut made);
            Ok((interleaved(&made, to[0]), last(to)))
        })?;
        array(py, made, &axes)
    }
}

#[pymethods]
impl Measurement {
    /// That of a text.
    #[new]
    fn new(py: Python<'_>, text: &str) -> PyResult<Self> {
        let kind = text.parse().map_err(|error: Error| raised(py, &error))?;
        Ok(Self { kind: Kind::Text(kind), linear: true })
    }

    /// One that is the function `object`, between pictures of these channels, heights and widths.
    #[staticmethod]
    fn own(
        py: Python<'_>,
        name: &str,
        object: Py<PyAny>,
        picture: [usize; 3],
        small: [usize; 3],
        linear: bool,
        well_conditioned: bool,
    ) -> PyResult<Self> {
        if ![1, 3].contains(&small[0]) {
            let message = format!("small pictures of {} channels: a measurement makes 1 (grey) or 3 (RGB)", small[0]);
            return Err(of_kind(py, "setting", &message));
        }
        let [picture, small] = [picture, small].map(|[channels, height, width]| Shape::map(channels, height, width));
        let call = call(&format!("the measurement {name}"), vec![picture], small, object);
        let own = OwnMeasurement { name: name.to_owned(), picture, small, call, well_conditioned };
        Ok(Self { kind: Kind::Own(Arc::new(own)), linear })
    }

    /// Its text, or the name that it was given.
    #[getter]
    fn text(&self) -> String {
        match &self.kind {
            Kind::Text(kind) => kind.to_string(),
            Kind::Own(own) => own.text().unwrap_or_else(|| own.describe()),
        }
    }

    /// Whether it is linear, and so a picture can be projected onto what measures the same.
    #[getter]
    fn linear(&self) -> bool {
        self.linear
    }

    /// `A x`.
    fn measure<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'_, PyAny>,
        picture: Option<[usize; 3]>,
        small: Option<[usize; 2]>,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        self.apply(py, (x, false), (picture, small), Projection::measure)
    }

    /// `Aᵀ y`.
    fn adjoint<'py>(
        &self,
        py: Python<'py>,
        y: &Bound<'_, PyAny>,
        picture: Option<[usize; 3]>,
        small: Option<[usize; 2]>,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        self.apply(py, (y, true), (picture, small), Projection::adjoint)
    }

    /// `A⁺ y`: the smallest picture that measures so.
    fn pseudo_inverse<'py>(
        &self,
        py: Python<'py>,
        y: &Bound<'_, PyAny>,
        picture: Option<[usize; 3]>,
        small: Option<[usize; 2]>,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        self.apply(py, (y, true), (picture, small), |projection, y, x| {
            projection.project(x, y);
        })
    }
}
