//! What is read from a file.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result, quote};
use crate::tensor::Tensor;
use crate::value::Configuration;

/// The kind of file that a checkpoint was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// safetensors.
    Safetensors,
    /// A zip archive of PyTorch 1.6 or later.
    TorchZip,
    /// An archive of `torch.save` before PyTorch 1.6.
    TorchLegacy,
    /// A pickle of NVIDIA's StyleGAN2-ADA or StyleGAN3.
    NvidiaTorch,
    /// A pickle of NVIDIA's StyleGAN or StyleGAN2, for TensorFlow.
    NvidiaTensorFlow,
    /// A pickle of arrays in dictionaries.
    Pickle,
}

/// The network of a file, as named tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The kind of file.
    pub format: Format,
    /// The tensors by their names in the network, such as `synthesis.b4.const`.
    pub tensors: BTreeMap<String, Tensor>,
    /// What else the file says of the network.
    pub configuration: Configuration,
}

impl Checkpoint {
    /// The tensor of this name, or an error of kind [`Missing`](ErrorKind::Missing).
    pub fn tensor(&self, name: &str) -> Result<&Tensor> {
        self.tensors.get(name).ok_or_else(|| {
            let message = format!("the checkpoint has no tensor {}: it is of another network", quote(name));
            Error::new(ErrorKind::Missing, message)
        })
    }
}
