//! Modules of PyTorch that were pickled as objects: NVIDIA's networks, and whole models of `torch.save`.
//!
//! A module's state has the dictionaries `_parameters`, `_buffers` and `_modules`, and the attributes of its
//! class. NVIDIA's classes put their source next to it, which is not looked at.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{DEEPEST, LONGEST_NAME, Network, Origin, named, not_a_tensor, plain};
use crate::array::Arrays;
use crate::error::{Error, Result};
use crate::pickle::Item;
use crate::value::Value;

pub(super) struct Module<'p> {
    origin: Origin,
    class_name: Cow<'p, str>,
    /// The dictionary of its attributes.
    state: Item,
    /// A module of TorchScript, whose parameters and modules are attributes like the others.
    is_script: bool,
}

impl<'p> Module<'p> {
    /// The module that an item is.
    pub(super) fn of(arrays: &Arrays<'p, '_>, item: Item) -> Result<Option<Self>> {
        let pickle = arrays.pickle;
        let Some(call) = pickle.call(item) else { return Ok(None) };
        let nvidia = call.module == "torch_utils.persistence" && call.name == "_reconstruct_persistent_obj";
        let module = if nvidia {
            let description = call.argument(0);
            let state = arrays.entry(description, "state")?;
            let class_name = arrays.entry(description, "class_name")?.and_then(|name| pickle.name(name));
            state.map(|state| (Origin::NvidiaTorch, class_name.unwrap_or_default(), state))
        } else {
            pickle.attributes(item).map(|state| (Origin::Plain, Cow::Borrowed(call.name), state))
        };
        let Some((origin, class_name, state)) = module else { return Ok(None) };
        let is_script = call.module == "__torch__" || call.module.starts_with("__torch__.");
        if !is_script && arrays.entry(state, "_modules")?.is_none() {
            return Ok(None);
        }
        Ok(Some(Self { origin, class_name, state, is_script }))
    }

    pub(super) fn read(&self, arrays: &Arrays<'p, '_>) -> Result<Network> {
        let mut network = Network::new(self.origin);
        let mut modules = BTreeMap::new();
        self.flatten(arrays, "", &mut network, &mut modules, 0)?;
        if let Some(Value::Map(root)) = modules.remove("") {
            network.configuration.extend(root);
        }
        for (key, attribute) in [("init_args", "_init_args"), ("init_kwargs", "_init_kwargs")] {
            let value = arrays.entry(self.state, attribute)?.and_then(|item| plain::value(arrays, item));
            network.configuration.extend(value.map(|value| (key.to_owned(), value)));
        }
        network.configuration.insert("modules".to_owned(), Value::Map(modules));
        Ok(network)
    }

    /// Adds the tensors of a module and of those in it, and what each says of itself.
    fn flatten(
        &self,
        arrays: &Arrays<'p, '_>,
        path: &str,
        network: &mut Network,
        modules: &mut BTreeMap<String, Value>,
        depth: usize,
    ) -> Result<()> {
        if depth > DEEPEST || path.len() > LONGEST_NAME {
            return Err(Error::too_large(format_args!("modules are nested more than {DEEPEST} deep, or in a circle")));
        }
        let mut attributes = BTreeMap::new();
        if arrays.budget.spend_configuration(self.class_name.len() + path.len() + 1).is_some() {
            attributes.insert("class_name".to_owned(), Value::String(self.class_name.to_string()));
        }
        let (mut tensors, mut children) = (Vec::new(), Vec::new());
        for (name, item) in arrays.named_entries(self.state)? {
            match &*name {
                "_parameters" | "_buffers" => tensors.extend(arrays.named_entries(item)?),
                "_modules" => children.extend(arrays.named_entries(item)?),
                "training" => {}
                _ if name.starts_with('_') => {}
                _ if self.is_script && arrays.is_array(item) => tensors.push((name, item)),
                _ if self.is_script && Self::of(arrays, item)?.is_some() => children.push((name, item)),
                _ => attributes.extend(plain::value(arrays, item).map(|value| (name.into_owned(), value))),
            }
        }
        if !attributes.is_empty() {
            modules.insert(path.to_owned(), Value::Map(attributes));
        }
        let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        for (name, item) in tensors.into_iter().filter(|&(_, item)| item != Item::None) {
            let name = join(&name);
            let tensor = arrays.tensor(item).and_then(|tensor| tensor.ok_or_else(|| not_a_tensor(arrays, item)));
            let tensor = tensor.map_err(|error| named(&name, error))?;
            network.insert(arrays, name, tensor)?;
        }
        for (name, item) in children.into_iter().filter(|&(_, item)| item != Item::None) {
            let path = join(&name);
            let module = Self::of(arrays, item)?.ok_or_else(|| not_a_tensor(arrays, item));
            module.map_err(|error| named(&path, error))?.flatten(arrays, &path, network, modules, depth + 1)?;
        }
        Ok(())
    }
}
