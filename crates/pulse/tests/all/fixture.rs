//! Reference numbers, read from safetensors files.

use std::path::Path;

use safetensors::{Dtype, SafeTensors};

/// The tensors of one file of `tests/fixtures`.
pub(crate) struct Fixture {
    bytes: Vec<u8>,
}

impl Fixture {
    /// The file `name`, without its ending.
    pub(crate) fn open(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name).with_extension("safetensors");
        Self { bytes: std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())) }
    }

    /// The names of all tensors.
    pub(crate) fn names(&self) -> Vec<String> {
        SafeTensors::deserialize(&self.bytes).unwrap().names().into_iter().map(str::to_owned).collect()
    }

    /// Whether there is a tensor of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().iter().any(|known| known == name)
    }

    /// A tensor of single precision.
    pub(crate) fn f32(&self, name: &str) -> Vec<f32> {
        self.numbers(name, Dtype::F32, f32::from_le_bytes)
    }

    /// A tensor of double precision.
    pub(crate) fn f64(&self, name: &str) -> Vec<f64> {
        self.numbers(name, Dtype::F64, f64::from_le_bytes)
    }

    /// Its shape.
    pub(crate) fn shape(&self, name: &str) -> Vec<usize> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        tensors.tensor(name).unwrap().shape().to_vec()
    }

    fn numbers<T, const N: usize>(&self, name: &str, dtype: Dtype, from_bytes: fn([u8; N]) -> T) -> Vec<T> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let tensor = tensors.tensor(name).unwrap();
        assert_eq!(tensor.dtype(), dtype, "{name}");
        tensor.data().chunks_exact(N).map(|bytes| from_bytes(bytes.try_into().unwrap())).collect()
    }
}

/// The largest difference of two lists of numbers, which must be of one length.
pub(crate) fn max_difference(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).abs()).fold(0.0, f64::max)
}
