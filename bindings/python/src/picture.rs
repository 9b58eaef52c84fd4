//! Pictures that are given.

use std::path::{Path, PathBuf};

use numpy::{PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pulse::checksum::sha256;
use pulse::image::{Image, Provenance, Raster, Size, read_bytes};
use pulse::record::InputRecord;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::array::{of_image, planar};
use crate::error::{of_kind, raised};
use crate::trouble;

/// A picture with its name and its checksum.
#[pyclass(frozen, module = "pulse._pulse")]
pub(crate) struct Picture {
    pub(crate) image: Image,
    /// The same as it was given, where that says more: what is transparent, and what its file says of it.
    pub(crate) raster: Option<Raster>,
    pub(crate) input: InputRecord,
    /// Where it is a file, where that lies.
    pub(crate) path: Option<PathBuf>,
}

impl Picture {
    fn of(image: Image, name: &str, bytes: &[u8]) -> Self {
        let (width, height) = (image.width(), image.height());
        let input = InputRecord { path: name.to_owned(), sha256: sha256(bytes), width, height };
        Self { image, raster: None, input, path: None }
    }

    /// A picture in which something may be transparent.
    fn of_raster(raster: Raster, background: Option<[u8; 3]>, name: &str, bytes: &[u8]) -> pulse::Result<Self> {
        let raster = background.into_iter().fold(raster, Raster::over);
        Ok(Self { raster: Some(raster.clone()), ..Self::of(raster.image()?, name, bytes) })
    }

    /// The picture in a file.
    fn open(path: &Path, background: Option<[u8; 3]>) -> pulse::Result<Self> {
        let name = path.display().to_string();
        let bytes = read_bytes(path)?;
        let picture = Self::of_raster(Raster::read(&name, &bytes)?, background, &name, &bytes)?;
        Ok(Self { path: Some(path.to_owned()), ..picture })
    }
}

#[pymethods]
impl Picture {
    /// The picture in a file.
    #[staticmethod]
    fn read(py: Python<'_>, path: PathBuf, background: Option<[u8; 3]>) -> PyResult<Self> {
        trouble::detached(py, || Self::open(&path, background))
    }

    /// The picture in the bytes of a file; errors speak of it as `name`.
    #[staticmethod]
    fn decode(py: Python<'_>, name: &str, data: &[u8], background: Option<[u8; 3]>) -> PyResult<Self> {
        let raster = Raster::read(name, data);
        raster.and_then(|raster| Self::of_raster(raster, background, name, data)).map_err(|error| raised(py, &error))
    }

    /// The picture in an array `[height, width]` or `[height, width, channels]`: `uint8`, or `float32` in [0, 1]. Of four channels, which
    /// are bytes, the last is how much each pixel is there.
    #[staticmethod]
    #[pyo3(signature = (name, values, background=None))]
    fn array(py: Python<'_>, name: &str, values: &Bound<'_, PyAny>, background: Option<[u8; 3]>) -> PyResult<Self> {
        let picture = |error: pulse::Error| raised(py, &error);
        if let Ok(bytes) = values.extract::<PyReadonlyArrayDyn<'_, u8>>() {
            if let [height, width, 4] = *bytes.shape() {
                let bytes: Vec<u8> = bytes.as_array().iter().copied().collect();
                let raster = Raster::of_bytes(Size::new(width, height), 4, bytes.clone());
                return raster.and_then(|raster| Self::of_raster(raster, background, name, &bytes)).map_err(picture);
            }
            let [height, width, channels] = sides(py, bytes.shape())?;
            let bytes: Vec<u8> = bytes.as_array().iter().copied().collect();
            let image = Image::from_bytes(channels, height, width, &bytes).map_err(picture)?;
            return Ok(Self::of(image, name, &bytes));
        }
        if let Ok(given) = values.extract::<PyReadonlyArrayDyn<'_, f32>>() {
            let [height, width, channels] = sides(py, given.shape())?;
            let numbers: Vec<f32> = given.as_array().iter().copied().collect();
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            let image = Image::new(channels, height, width, planar(&numbers, channels)).map_err(picture)?;
            return Ok(Self::of(image, name, &bytes));
        }
        let dtype = values.getattr("dtype").map_or_else(|_| "no array".into(), |dtype| dtype.to_string());
        let message = format!("a picture of {dtype} cannot be read: give uint8, or floats in [0, 1]");
        Err(of_kind(py, "picture", &message))
    }

    /// `[height, width, channels]`, in [0, 1].
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(of_image(py, &self.image)?.into_any())
    }
}

/// Height, width and channels of an array.
fn sides(py: Python<'_>, shape: &[usize]) -> PyResult<[usize; 3]> {
    let shown: Vec<_> = shape.iter().map(ToString::to_string).collect();
    let message = match *shape {
        [height, width] => return Ok([height, width, 1]),
        [height, width, channels @ (1 | 3)] => return Ok([height, width, channels]),
        [3 | 1, _, _] => "its channels come first: move them to the end, np.moveaxis(picture, 0, -1)",
        [_, _, 4] => "it has transparency: give it as uint8, or three channels",
        _ => "a picture is [height, width], or [height, width, channels] with 1 or 3 channels",
    };
    Err(of_kind(py, "picture", &format!("an array of shape [{}] is no picture: {message}", shown.join(", "))))
}

/// A picture `[height, width, channels]` in [0, 1] as the bytes of a PNG file, which says that it is synthetic.
#[pyfunction]
pub(crate) fn encode_png<'py>(
    py: Python<'py>,
    values: &Bound<'_, PyAny>,
    generator: &str,
    seed: Option<u64>,
) -> PyResult<Bound<'py, PyBytes>> {
    let picture = Picture::array(py, "picture", values, None)?;
    let provenance = Provenance::new(generator, seed);
    let bytes = pulse::image::encode_png(&picture.image, Some(&provenance)).map_err(|error| raised(py, &error))?;
    Ok(PyBytes::new(py, &bytes))
}
