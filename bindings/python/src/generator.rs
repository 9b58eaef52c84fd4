//! Generators.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use etcetera::BaseStrategy as _;
use numpy::PyArrayDyn;
use pulse::cache::Cache;
use pulse::checkpoint::Tensor;
use pulse::denoiser::{BackboneSpec, Denoiser, Preconditioning, set};
use pulse::generator::{Diffusion, Embedded, LatentInput, Space, draw};
use pulse::inputs::Inputs;
use pulse::random::Stream;
use pulse::render::Renderer;
use pulse::session::Judge;
use pulse::{Error, ErrorKind, Opened, Told};
use pulse_engine::Shape;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::array::{array, interleaved, numbers, planar};
use crate::call::call;
use crate::engine::{Kept, kept};
use crate::error::{of_kind, raised};
use crate::names;
use crate::own::{OwnBackbone, OwnGenerator};
use crate::trouble;

/// A generator with its engine and its judge, which keep what they made for the next search.
#[pyclass(frozen, module = "pulse._pulse")]
pub(crate) struct Generator {
    pub(crate) opened: Opened,
    pub(crate) engine: Arc<Kept>,
    judge: Arc<Mutex<Judge>>,
}

/// Numbers that take seconds to make: in the folder that the program has for them, too.
fn cache() -> Option<Cache> {
    let folder = match std::env::var_os("PULSE_CACHE") {
        Some(folder) if folder.is_empty() => return None,
        Some(folder) => PathBuf::from(folder),
        None => etcetera::base_strategy::choose_native_strategy().ok()?.cache_dir().join("pulse"),
    };
    Some(Cache::new(folder))
}

/// What the library opens a generator by that is called `name`: as the program, it looks into the folder of models, too.
fn located(name: &str) -> pulse::Result<String> {
    let is_embedded = |name: &str| Embedded::find(name).is_some();
    pulse_models::located(name, is_embedded).map_err(|error| Error::new(ErrorKind::Generator, error.to_string()))
}

/// The path of the model of this name in the folder of models, where it is there.
pub(crate) fn kept_model(name: &str) -> Option<String> {
    pulse_models::kept(name).ok().flatten()
}

/// A shape from the axes of one candidate.
pub(crate) fn shape_of(axes: &[usize]) -> pulse::Result<Shape> {
    match *axes {
        [n] => Ok(Shape::Vector(n)),
        [rows, width] => Ok(Shape::Rows { rows, width }),
        [channels, height, width] => Ok(Shape::map(channels, height, width)),
        _ => Err(Error::new(ErrorKind::Setting, format!("a shape of {} axes: an input has 1 to 3", axes.len()))),
    }
}

impl Generator {
    fn of(opened: Opened) -> Self {
        let judge = Judge::stopping_when(trouble::interrupted);
        Self { opened: opened.with_cache(cache()), engine: kept(), judge: Arc::new(Mutex::new(judge)) }
    }

    /// What judges its candidates, for one thread at a time. A thread that waits for it has let go of Python.
    pub(crate) fn judge(&self) -> MutexGuard<'_, Judge> {
        self.judge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sides(&self) -> [usize; 3] {
        let spec = self.opened.generator.spec();
        [spec.height, spec.width, spec.channels]
    }

    /// The latent that random pictures are drawn of.
    fn drawn(&self) -> LatentInput {
        let latents = &self.opened.generator.spec().latents;
        latents.iter().copied().find(|&latent| latent == LatentInput::Z).unwrap_or(latents[0])
    }

    fn renderer(&self, latent: LatentInput) -> pulse::Result<Renderer> {
        self.opened.prepare(latent, &*self.engine)?;
        Renderer::new(&*self.opened.generator, latent, &*self.engine)
    }

    /// Pictures `[n, height, width, channels]` of rows of the network's own values.
    fn pictures<'py>(&self, py: Python<'py>, rows: &[Vec<f32>]) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let sides = self.sides();
        let unit =
            |row: &Vec<f32>| interleaved(row, sides[2]).into_iter().map(|v| f32::midpoint(v, 1.0)).collect::<Vec<_>>();
        array(py, rows.iter().flat_map(unit).collect(), &[&[rows.len()], &sides[..]].concat())
    }
}

/// Named arrays, one row a candidate.
pub(crate) fn inputs_of(given: &Bound<'_, PyDict>) -> PyResult<Inputs> {
    let mut arrays = std::collections::BTreeMap::new();
    for (name, value) in given {
        let name: String = name.extract()?;
        let (shape, data) = numbers(&format!("the input `{name}`"), &value)?;
        let tensor = Tensor::new(shape, data).map_err(|error| of_kind(given.py(), "inputs", &error.to_string()))?;
        arrays.insert(name, tensor);
    }
    Ok(Inputs::from_arrays(arrays))
}

#[pymethods]
impl Generator {
    /// The generator of this name, or in this file or folder.
    #[staticmethod]
    #[pyo3(signature = (name=None, settings=Vec::new(), network=None, latent=None, range=None))]
    pub(crate) fn open(
        py: Python<'_>,
        name: Option<&str>,
        settings: Vec<String>,
        network: Option<String>,
        latent: Option<String>,
        range: Option<[f32; 2]>,
    ) -> PyResult<Self> {
        trouble::detached(py, || {
            let mut told = Told { network, latent, range, ..Told::default() };
            settings.iter().try_for_each(|setting| set(&mut told.settings, setting))?;
            Opened::told(&located(name.unwrap_or(Opened::default_name()))?, &told).map(Self::of)
        })
    }

    /// One that is the function `object` of inputs of these shapes, the latent first.
    #[staticmethod]
    fn own(
        py: Python<'_>,
        name: &str,
        object: Py<PyAny>,
        inputs: Vec<(String, Vec<usize>)>,
        picture: [usize; 3],
        range: [f32; 2],
        checksum: &str,
    ) -> PyResult<Self> {
        let setting = |message: &str| of_kind(py, "setting", message);
        let [channels, height, width] = picture;
        if !matches!(channels, 1 | 3) {
            return Err(setting(&format!("pictures of {channels} channels: a generator makes 1 (grey) or 3 (RGB)")));
        }
        if range[0].partial_cmp(&range[1]).is_none_or(|order| order != std::cmp::Ordering::Less) {
            return Err(setting("range has to be (black, white), the smaller number first"));
        }
        let Some((latent, _)) = inputs.first() else { return Err(setting("a generator has at least one input")) };
        let spec = OwnGenerator::spec(name, picture, latent);
        let inputs: Vec<_> = inputs
            .into_iter()
            .map(|(name, axes)| Ok((name, shape_of(&axes)?)))
            .collect::<pulse::Result<_>>()
            .map_err(|error| raised(py, &error))?;
        let shapes = inputs.iter().map(|(_, shape)| *shape).collect();
        let call = call(&format!("the generator {name}"), shapes, Shape::map(channels, height, width), object);
        Ok(Self::of(Opened::own(Arc::new(OwnGenerator { spec, inputs, call, range }), name, checksum)))
    }

    /// A denoiser that is the function `object` of the noisy picture in [-1, 1] and the noise level.
    #[staticmethod]
    fn denoiser(
        py: Python<'_>,
        name: &str,
        object: Py<PyAny>,
        picture: [usize; 3],
        sigma_range: [f64; 2],
        checksum: &str,
    ) -> PyResult<Self> {
        let [channels, height, width] = picture;
        let shape = Shape::map(channels, height, width);
        let spec = BackboneSpec {
            family: names::kept(name),
            channels,
            height,
            width,
            outputs: channels,
            time_features: 1,
            classes: 0,
            parameters: 0,
        };
        let call = call(&format!("the denoiser {name}"), vec![shape, Shape::Vector(1)], shape, object);
        let backbone = Arc::new(OwnBackbone { spec, call });
        let denoiser = Denoiser::new(backbone, Preconditioning::Itself { sigma_range });
        let denoiser = denoiser.map_err(|error| raised(py, &error))?;
        Ok(Self::of(Opened::own(Arc::new(Diffusion::new(denoiser)), name, checksum)))
    }

    /// Its name.
    #[getter]
    fn name(&self) -> &str {
        &self.opened.record.name
    }

    /// Its family.
    #[getter]
    fn family(&self) -> &str {
        self.opened.family()
    }

    /// Height, width and channels of its pictures.
    #[getter]
    fn shape(&self) -> (usize, usize, usize) {
        let [height, width, channels] = self.sides();
        (height, width, channels)
    }

    /// Whether it is a denoiser.
    #[getter]
    fn denoises(&self) -> bool {
        self.opened.generator.denoiser().is_some()
    }

    /// Its inputs by name, with their shapes, as a random picture enters it.
    #[getter]
    fn inputs(&self, py: Python<'_>) -> PyResult<Vec<(String, Vec<usize>)>> {
        let latent = self.drawn();
        let specs = trouble::detached(py, || {
            self.opened.prepare(latent, &*self.engine)?;
            self.opened.inputs(latent, &Space::default())
        })?;
        Ok(specs.into_iter().map(|spec| (spec.name, pulse::inputs::dimensions(spec.shape))).collect())
    }

    /// `count` pictures `[count, height, width, channels]` of random inputs, in [0, 1] but not clamped.
    fn sample<'py>(&self, py: Python<'py>, count: usize, seed: u64) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let rows = trouble::detached(py, || {
            let latent = self.drawn();
            let mut renderer = self.renderer(latent)?;
            let mut rows = Vec::with_capacity(count);
            for candidate in 0..count {
                let mut inputs = Inputs::default();
                for (input, spec) in renderer.specs().iter().enumerate() {
                    let mut numbers = vec![0.0; spec.shape.len()];
                    draw(
                        &spec.start,
                        Stream { seed, candidate: candidate as u32, draw: 0, input: input as u16 },
                        &mut numbers,
                    );
                    inputs.insert(&spec.name, 1, spec.shape, numbers);
                }
                rows.push(renderer.render(&inputs, 0)?.to_vec());
                if trouble::interrupted() {
                    break;
                }
            }
            Ok(rows)
        })?;
        self.pictures(py, &rows)
    }

    /// The pictures of these inputs, one row each.
    fn forward<'py>(&self, py: Python<'py>, inputs: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let inputs = inputs_of(inputs)?;
        let rows = trouble::detached(py, || {
            let mut renderer = self.renderer(inputs.latent(&*self.opened.generator))?;
            let rows = inputs.check(renderer.specs())?;
            (0..rows).map(|row| Ok(renderer.render(&inputs, row)?.to_vec())).collect::<pulse::Result<Vec<_>>>()
        })?;
        self.pictures(py, &rows)
    }

    /// The gradients of `⟨forward(inputs), cotangent⟩` with respect to each of the inputs.
    fn vjp<'py>(
        &self,
        py: Python<'py>,
        inputs: &Bound<'py, PyDict>,
        cotangent: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let inputs = inputs_of(inputs)?;
        let (axes, cotangent) = numbers("the cotangent", cotangent)?;
        let sides = self.sides();
        let gradients = trouble::detached(py, || {
            let mut renderer = self.renderer(inputs.latent(&*self.opened.generator))?;
            let rows = inputs.check(renderer.specs())?;
            let wanted = [&[rows], &sides[..]].concat();
            if axes != wanted {
                let message = format!("the cotangent is of shape {axes:?}, and the pictures are of {wanted:?}");
                return Err(Error::new(ErrorKind::Inputs, message));
            }
            let specs = renderer.specs().iter().filter(|spec| inputs.row(spec, 0).is_some());
            let specs: Vec<_> = specs.map(|spec| (spec.name.clone(), spec.shape)).collect();
            let names: Vec<_> = specs.iter().map(|(name, _)| name.as_str()).collect();
            let mut gradients: Vec<Vec<f32>> = vec![Vec::new(); specs.len()];
            for (row, cotangent) in cotangent.chunks_exact(sides.iter().product()).enumerate() {
                renderer.render(&inputs, row)?;
                // A picture in [0, 1] is half of one in [-1, 1].
                let cotangent: Vec<f32> = planar(cotangent, sides[2]).iter().map(|number| 0.5 * number).collect();
                let found = renderer.vector_jacobian(&cotangent, &names)?;
                gradients.iter_mut().zip(found).for_each(|(all, row)| all.extend(row));
            }
            Ok(specs
                .into_iter()
                .zip(gradients)
                .map(|((name, shape), gradient)| (name, shape, gradient, rows))
                .collect::<Vec<_>>())
        })?;
        let named = PyDict::new(py);
        for (name, shape, gradient, rows) in gradients {
            named.set_item(name, array(py, gradient, &crate::call::axes(rows, shape))?)?;
        }
        Ok(named)
    }
}
