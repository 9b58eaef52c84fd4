//! What is read from a file.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result, quote};
use crate::tensor::Tensor;
use crate::value::{Configuration, Value};

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

    /// The part whose names begin with `prefix` and a dot, without these; and what stands beside the parts of the file under a name
    /// without a dot, such as `latent_avg`. What the configuration says of modules is cut down in the same way. Nothing where no
    /// name begins so.
    pub fn under(&self, prefix: &str) -> Option<Self> {
        let inner = |name: &str| name.strip_prefix(prefix)?.strip_prefix('.').map(str::to_owned);
        let within = self.tensors.iter().filter_map(|(name, tensor)| Some((inner(name)?, tensor.clone())));
        let mut tensors: BTreeMap<_, _> = within.collect();
        if tensors.is_empty() {
            return None;
        }
        for (name, tensor) in self.tensors.iter().filter(|(name, _)| !name.contains('.')) {
            tensors.entry(name.clone()).or_insert_with(|| tensor.clone());
        }
        let mut configuration = self.configuration.clone();
        if let Some(Value::Map(modules)) = configuration.get_mut("modules") {
            let within = modules.iter().filter_map(|(path, module)| Some((inner(path)?, module.clone())));
            *modules = within.collect();
        }
        Some(Self { format: self.format, tensors, configuration })
    }
}
