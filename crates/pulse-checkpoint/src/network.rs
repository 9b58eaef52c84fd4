//! The network among the objects of a pickle, flattened to named tensors.

mod module;
mod plain;
mod search;
mod tensorflow;

use std::collections::BTreeMap;

use crate::array::Arrays;
use crate::error::{Error, ErrorKind, Result, quote};
use crate::pair::DISCRIMINATOR;
use crate::pickle::Item;
use crate::tensor::Tensor;
use crate::value::Configuration;

use module::Module;
use search::{Choice, choose};

/// Modules and configurations nest no deeper in any network; deeper ones are a cycle or an attack.
const DEEPEST: usize = 64;
/// No network has longer names.
const LONGEST_NAME: usize = 1024;
/// The memory of a tensor beside its numbers and its name, counted in numbers.
const TENSOR_ITSELF: usize = 32;
/// What `torch.nn.DataParallel` puts before each name.
const DATA_PARALLEL: &str = "module.";

/// The names under which NVIDIA's files and rosinality's keep a discriminator.
const DISCRIMINATORS: [&str; 2] = [DISCRIMINATOR, "d"];

/// Who made the objects that a network was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A state dictionary or a module of PyTorch's own.
    Plain,
    /// NVIDIA's classes for PyTorch.
    NvidiaTorch,
    /// NVIDIA's classes for TensorFlow.
    NvidiaTensorFlow,
}

/// A network that was found.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) origin: Origin,
    pub(crate) tensors: BTreeMap<String, Tensor>,
    pub(crate) configuration: Configuration,
}

/// The network named `wanted`, or the averaged generator where no name is given.
pub(crate) fn find(arrays: &Arrays<'_, '_>, wanted: Option<&str>) -> Result<Network> {
    let Choice { item, passed } = choose(arrays, wanted)?;
    let mut network = Network::read(arrays, item)?;
    network.strip_data_parallel();
    for (dictionary, chosen) in passed {
        network.keep_beside(arrays, dictionary, chosen)?;
    }
    Ok(network)
}

/// The network that judges what the generator makes; nothing where there is none.
pub(crate) fn find_discriminator(arrays: &Arrays<'_, '_>) -> Option<Result<Network>> {
    let chosen = |name| match choose(arrays, Some(name)) {
        Err(error) if error.kind() == ErrorKind::Missing => None,
        // A tensor of that name is some other network's.
        Ok(choice) if arrays.is_array(choice.item) => None,
        found => Some(found),
    };
    let read = |choice: Result<Choice>| {
        let mut network = Network::read(arrays, choice?.item)?;
        network.strip_data_parallel();
        Ok(network)
    };
    // Some files keep the name of one whose weights were taken out.
    let has_weights = |network: &Network| network.tensors.values().any(|tensor| tensor.data().len() > 1);
    DISCRIMINATORS.into_iter().find_map(chosen).map(read).filter(|found| found.as_ref().ok().is_none_or(has_weights))
}

impl Network {
    fn new(origin: Origin) -> Self {
        Self { origin, tensors: BTreeMap::new(), configuration: Configuration::new() }
    }

    fn read(arrays: &Arrays<'_, '_>, item: Item) -> Result<Self> {
        if tensorflow::is_network(arrays, item)? {
            return tensorflow::read(arrays, item);
        }
        if let Some(module) = Module::of(arrays, item)? {
            return module.read(arrays);
        }
        let mut network = Self::new(Origin::Plain);
        match arrays.tensor(item)? {
            Some(tensor) => network.insert(arrays, "tensor".to_owned(), tensor)?,
            None => network.read_state_dictionary(arrays, item)?,
        }
        Ok(network)
    }

    fn read_state_dictionary(&mut self, arrays: &Arrays<'_, '_>, dictionary: Item) -> Result<()> {
        for (name, item) in arrays.named_entries(dictionary)? {
            if let Some(tensor) = arrays.tensor(item).map_err(|error| named(&name, error))? {
                self.insert(arrays, name.into_owned(), tensor)?;
            } else if arrays.pickle.is_opaque(item) {
                return Err(named(&name, not_a_tensor(arrays, item)));
            } else if let Some(value) = plain::value(arrays, item) {
                self.configuration.insert(name.into_owned(), value);
            }
        }
        Ok(())
    }

    fn insert(&mut self, arrays: &Arrays<'_, '_>, name: String, tensor: Tensor) -> Result<()> {
        if name.len() > LONGEST_NAME {
            return Err(Error::too_large(format_args!("the name {} is {} bytes long", quote(&name), name.len())));
        }
        // A tensor without elements takes memory too.
        arrays.budget.spend_elements(TENSOR_ITSELF + name.len() / size_of::<f32>())?;
        self.tensors.insert(name, tensor);
        Ok(())
    }

    fn strip_data_parallel(&mut self) {
        if self.tensors.keys().all(|name| name.len() > DATA_PARALLEL.len() && name.starts_with(DATA_PARALLEL)) {
            let tensors = std::mem::take(&mut self.tensors);
            let strip = |(name, tensor): (String, _)| (name[DATA_PARALLEL.len()..].to_owned(), tensor);
            self.tensors = tensors.into_iter().map(strip).collect();
        }
    }

    /// Keeps the tensors and the plain data that stand beside the chosen network in a dictionary. What the
    /// network itself has goes before.
    fn keep_beside(&mut self, arrays: &Arrays<'_, '_>, dictionary: Item, chosen: Item) -> Result<()> {
        for (name, item) in arrays.named_entries(dictionary)? {
            if item == chosen || item == Item::None || search::is_network(arrays, item)? {
                continue;
            }
            if let Some(tensor) = arrays.tensor(item).map_err(|error| named(&name, error))? {
                if !self.tensors.contains_key(&*name) {
                    self.insert(arrays, name.into_owned(), tensor)?;
                }
            } else if let Some(value) = plain::value(arrays, item) {
                self.configuration.entry(name.into_owned()).or_insert(value);
            }
        }
        Ok(())
    }
}

fn named(name: &str, error: Error) -> Error {
    error.within(format_args!("tensor {}", quote(name)))
}

fn not_a_tensor(arrays: &Arrays<'_, '_>, item: Item) -> Error {
    let what = arrays.pickle.describe(item);
    let message = format!("this is {what}, and code of a file is never run: save the state dictionary instead");
    Error::new(ErrorKind::Unsupported, message)
}
