//! What candidates agree on.

use numpy::PyArrayDyn;
use pulse::judge::Certainty as Judged;
use pulse::sheet::CertaintyMap;
use pyo3::prelude::*;

use crate::array::{array, interleaved, of_image};
use crate::error::raised;

/// What the candidates of a range have in common, and where they differ. Arrays are `[height, width, channels]`, of pictures in
/// [0, 1].
#[pyclass(frozen, module = "pulse._pulse")]
pub(crate) struct Certainty {
    pub(crate) judged: Judged,
    pub(crate) agreed_at_random: Option<f64>,
}

impl Certainty {
    fn like<'py>(&self, py: Python<'py>, planar: &[f32]) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let mean = self.judged.mean();
        array(py, interleaved(planar, mean.channels()), &[mean.height(), mean.width(), mean.channels()])
    }
}

#[pymethods]
impl Certainty {
    /// How many pictures there were.
    #[getter]
    fn count(&self) -> usize {
        self.judged.count()
    }

    /// The mean, value by value.
    #[getter]
    fn mean<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        of_image(py, self.judged.mean())
    }

    /// The standard deviation, value by value.
    #[getter]
    fn deviation<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        self.like(py, self.judged.deviation())
    }

    /// Half of the width of the 90% interval, value by value.
    #[getter]
    fn half_widths<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        self.like(py, &self.judged.half_widths())
    }

    /// By how much wider intervals are than the candidates alone make them.
    #[getter]
    fn inflation(&self) -> f64 {
        self.judged.inflation()
    }

    /// The share of the energy of the detail that all agree on, from 0 to 1.
    #[getter]
    fn agreed(&self) -> Option<f64> {
        self.judged.agreed()
    }

    /// The same of random pictures of the generator.
    #[getter]
    fn agreed_at_random(&self) -> Option<f64> {
        self.agreed_at_random
    }

    /// Each band of detail: the sizes between which it lies as (width, height), its energy, and the share that is agreed on.
    #[getter]
    fn bands(&self) -> Vec<((usize, usize), (usize, usize), f64, f64)> {
        let band = |band: &pulse::judge::Band| {
            let size = |size: pulse::image::Size| (size.width, size.height);
            (size(band.above), size(band.upto), band.energy, band.agreed)
        };
        self.judged.bands().iter().map(band).collect()
    }

    /// The mean in grey, coloured by the standard deviation of each pixel, as reports have it: `[height, width, 3]`.
    fn overlay<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let overlay = CertaintyMap::new(&self.judged).overlay().map_err(|error| raised(py, &error))?;
        of_image(py, &overlay)
    }
}
