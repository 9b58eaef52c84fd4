//! Pictures that are given.

use std::path::{Path, PathBuf};

use numpy::{PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pulse::checksum::sha256;
use pulse::image::{Image, Provenance, Reader, read_bytes};
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
    pub(crate) input: InputRecord,
    /// Where it is a file, where that lies.
    pub(crate) path: Option<PathBuf>,
}

impl Picture {
    fn of(image: Image, name: &str, bytes: &[u8], path: Option<PathBuf>) -> Self {
        let (width, height) = (image.width(), image.height());
        Self { image, input: InputRecord { path: name.to_owned(), sha256: sha256(bytes), width, height }, path }
    }

    /// The picture in a file.
    fn open(path: &Path, background: Option<[u8; 3]>) -> pulse::Result<Self> {
        let name = path.display().to_string();
        let bytes = read_bytes(path)?;
        let image = reader(background).decode(&name, &bytes)?;
        Ok(Self::of(image, &name, &bytes, Some(path.to_owned())))
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
        let image = reader(background).decode(name, data).map_err(|error| raised(py, &error))?;
        Ok(Self::of(image, name, data, None))
    }

    /// The picture in an array `[height, width]` or `[height, width, channels]`: `uint8`, or `float32` in [0, 1].
    #[staticmethod]
    fn array(py: Python<'_>, name: &str, values: &Bound<'_, PyAny>) -> PyResult<Self> {
        let picture = |error: pulse::Error| raised(py, &error);
        if let Ok(bytes) = values.extract::<PyReadonlyArrayDyn<'_, u8>>() {
            let [height, width, channels] = sides(py, bytes.shape())?;
            let bytes: Vec<u8> = bytes.as_array().iter().copied().collect();
            let image = Image::from_bytes(channels, height, width, &bytes).map_err(picture)?;
            return Ok(Self::of(image, name, &bytes, None));
        }
        if let Ok(given) = values.extract::<PyReadonlyArrayDyn<'_, f32>>() {
            let [height, width, channels] = sides(py, given.shape())?;
            let numbers: Vec<f32> = given.as_array().iter().copied().collect();
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            let image = Image::new(channels, height, width, planar(&numbers, channels)).map_err(picture)?;
            return Ok(Self::of(image, name, &bytes, None));
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

fn reader(background: Option<[u8; 3]>) -> Reader {
    background.map_or_else(Reader::default, |background| Reader { background })
}

/// Height, width and channels of an array.
fn sides(py: Python<'_>, shape: &[usize]) -> PyResult<[usize; 3]> {
    let shown: Vec<_> = shape.iter().map(ToString::to_string).collect();
    let message = match *shape {
        [height, width] => return Ok([height, width, 1]),
        [height, width, channels @ (1 | 3)] => return Ok([height, width, channels]),
        [3 | 1, _, _] => "its channels come first: move them to the end, np.moveaxis(picture, 0, -1)",
        [_, _, 4] => "it has transparency: give three channels, or a PIL image",
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
    let picture = Picture::array(py, "picture", values)?;
    let provenance = Provenance::new(generator, seed);
    let bytes = pulse::image::encode_png(&picture.image, Some(&provenance)).map_err(|error| raised(py, &error))?;
    Ok(PyBytes::new(py, &bytes))
}
