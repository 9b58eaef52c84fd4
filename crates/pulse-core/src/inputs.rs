//! The inputs of candidates, in memory and as the bytes of a file. A search gives them and can start from them; a rendering reads
//! them.
//!
//! A safetensors file with one row a candidate and these names: `z` [B, n], `w` [B, n], `ws` and `latent`
//! [B, num_ws, n], `noise.0 …` [B, 1, h, w], `feature.0 …` [B, c, h, w], `c` [B, classes]. Numbers are `f32`, or `f16` in arrays that
//! lose nothing by it: a search leaves its features so.

use std::collections::BTreeMap;

use pulse_checkpoint::Tensor;
use pulse_engine::Shape;

use crate::generator::{Generator, InputSpec, LatentInput};
use crate::{Error, ErrorKind, Result};

pub use crate::words::{listed, shown_name};

/// Named arrays with one row a candidate.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    arrays: BTreeMap<String, Tensor>,
}

impl Inputs {
    /// The arrays of a checkpoint, or of anything else that names tensors.
    pub fn from_arrays(arrays: BTreeMap<String, Tensor>) -> Self {
        Self { arrays }
    }

    /// Adds an array of `rows` rows of `shape`.
    ///
    /// # Panics
    /// When `data` has another length.
    pub fn insert(&mut self, name: impl Into<String>, rows: usize, shape: Shape, data: Vec<f32>) {
        assert_eq!(data.len(), rows * shape.len());
        let shape: Vec<usize> = std::iter::once(rows).chain(dimensions(shape)).collect();
        self.arrays.insert(name.into(), Tensor::new(shape, data).expect("the length was checked"));
    }

    /// The arrays by name.
    pub fn arrays(&self) -> &BTreeMap<String, Tensor> {
        &self.arrays
    }

    /// The latent through which these inputs enter `generator`: the first of its latents that they name, or
    /// else its first.
    pub fn latent(&self, generator: &dyn Generator) -> LatentInput {
        let latents = &generator.spec().latents;
        *latents.iter().find(|latent| self.arrays.contains_key(latent.name())).unwrap_or(&latents[0])
    }

    /// The names that none of `specs` has.
    pub fn unknown<'a>(&'a self, specs: &'a [InputSpec]) -> impl Iterator<Item = &'a str> {
        self.arrays.keys().map(String::as_str).filter(|name| specs.iter().all(|spec| spec.name != *name))
    }

    /// How many candidates there are rows for, once every array that `specs` name was checked against its
    /// shape.
    ///
    /// # Errors
    /// [`ErrorKind::Inputs`] when none is there, when shapes or row counts do not fit, or when a number is not
    /// finite.
    pub fn check(&self, specs: &[InputSpec]) -> Result<usize> {
        let mut rows = None;
        for spec in specs {
            let Some(tensor) = self.arrays.get(&spec.name) else { continue };
            let found = rows_of(&spec.name, tensor, spec.shape)?;
            match rows {
                Some((count, first)) if count != found => {
                    return Err(Error::new(
                        ErrorKind::Inputs,
                        format!("`{}` has {found} rows and `{first}` has {count}: give one row a candidate", spec.name),
                    ));
                }
                _ => rows = Some((found, &spec.name)),
            }
        }
        rows.map(|(count, _)| count).ok_or_else(|| {
            let known: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
            Error::new(
                ErrorKind::Inputs,
                format!(
                    "none of the generator's inputs ({}) is in the file: it holds {}",
                    known.join(", "),
                    listed(self.arrays.keys().map(String::as_str))
                ),
            )
        })
    }

    /// The row of `candidate`, where the file has this input.
    pub fn row(&self, spec: &InputSpec, candidate: usize) -> Option<&[f32]> {
        let length = spec.shape.len();
        self.arrays.get(&spec.name).map(|tensor| &tensor.data()[candidate * length..][..length])
    }

    /// The file's bytes. Arrays that need no more than 16 bits a number have no more.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when they cannot be laid out.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        pulse_checkpoint::short_safetensors_to_vec(&self.arrays)
            .map_err(|error| Error::new(ErrorKind::Io, error.to_string()).with_source(error))
    }
}

/// How many rows of `shape` an array has, every number of it finite.
pub(crate) fn rows_of(name: &str, tensor: &Tensor, shape: Shape) -> Result<usize> {
    let rows = tensor.shape().first().copied().unwrap_or(0);
    if rows == 0 || Some(tensor.data().len()) != rows.checked_mul(shape.len()) {
        return Err(Error::new(
            ErrorKind::Inputs,
            format!("`{name}` has shape {:?}: it takes one row of {shape} a candidate", tensor.shape()),
        ));
    }
    if let Some(at) = tensor.data().iter().position(|number| !number.is_finite()) {
        return Err(Error::new(
            ErrorKind::Inputs,
            format!("`{name}` holds {} at element {at}: every number must be finite", tensor.data()[at]),
        ));
    }
    Ok(rows)
}

/// The axes of a shape, as files have them.
pub fn dimensions(shape: Shape) -> Vec<usize> {
    match shape {
        Shape::Vector(n) => vec![n],
        Shape::Rows { rows, width } => vec![rows, width],
        Shape::Map { channels, height, width } => vec![channels, height, width],
    }
}
