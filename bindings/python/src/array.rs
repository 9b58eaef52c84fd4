//! Numbers to NumPy and back.

use numpy::{PyArray1, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pulse::image::Image;
use pyo3::prelude::*;

use crate::error::of_kind;

/// Numbers as an array of this shape, without a copy.
pub(crate) fn array<'py>(py: Python<'py>, numbers: Vec<f32>, shape: &[usize]) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
    PyArray1::from_vec(py, numbers).reshape(shape.to_vec())
}

/// A picture `[height, width, channels]`.
pub(crate) fn of_image<'py>(py: Python<'py>, image: &Image) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
    let shape = [image.height(), image.width(), image.channels()];
    array(py, interleaved(image.values(), shape[2]), &shape)
}

/// `[channels, pixels]` as `[pixels, channels]`.
pub(crate) fn interleaved(planar: &[f32], channels: usize) -> Vec<f32> {
    let pixels = planar.len() / channels;
    (0..planar.len()).map(|at| planar[at % channels * pixels + at / channels]).collect()
}

/// `[pixels, channels]` as `[channels, pixels]`.
pub(crate) fn planar(interleaved: &[f32], channels: usize) -> Vec<f32> {
    let pixels = interleaved.len() / channels;
    (0..interleaved.len()).map(|at| interleaved[at % pixels * channels + at / pixels]).collect()
}

/// The shape and the numbers of an array of `float32`.
pub(crate) fn numbers(what: &str, value: &Bound<'_, PyAny>) -> PyResult<(Vec<usize>, Vec<f32>)> {
    let py = value.py();
    let Ok(given) = value.extract::<PyReadonlyArrayDyn<'_, f32>>() else {
        let kind = value.get_type().name().map_or_else(|_| "something else".into(), |name| name.to_string());
        let of = value.getattr("dtype").map_or_else(|_| String::new(), |dtype| format!(" of {dtype}"));
        let message = format!("{what} is {kind}{of}: it has to be a NumPy array of float32");
        return Err(of_kind(py, "inputs", &message));
    };
    let numbers = given.as_slice().map_or_else(|_| given.as_array().iter().copied().collect(), <[f32]>::to_vec);
    Ok((given.shape().to_vec(), numbers))
}
