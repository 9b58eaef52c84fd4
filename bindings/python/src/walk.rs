//! Pictures along directions and paths.

use numpy::PyArrayDyn;
use pulse::image::Image;
use pyo3::prelude::*;

use crate::array::of_image;

/// One picture of a walk, consistent with the small one.
#[pyclass(frozen, module = "pulse._pulse")]
pub(crate) struct Frame {
    pub(crate) image: Image,
    pub(crate) measured: Image,
    pub(crate) db: f64,
    /// How far along its direction it lies, in standard deviations of the prior.
    pub(crate) length: Option<f64>,
    /// How much the picture has changed, a root mean square.
    pub(crate) change: Option<f64>,
}

#[pymethods]
impl Frame {
    /// The picture `[height, width, channels]`, in [0, 1].
    #[getter]
    fn image<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        of_image(py, &self.image)
    }

    /// What it shrinks to.
    #[getter]
    fn shrunk<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        of_image(py, &self.measured)
    }

    /// Its consistency, in dB.
    #[getter]
    fn db(&self) -> f64 {
        self.db
    }

    /// How far along its direction it lies, in standard deviations of the prior; nothing on a path.
    #[getter]
    fn length(&self) -> Option<f64> {
        self.length
    }

    /// How much the picture has changed from the candidate's, a root mean square; nothing on a path.
    #[getter]
    fn change(&self) -> Option<f64> {
        self.change
    }
}
