//! Networks of `dnnlib.tflib`, by whichever name its class goes: an object whose state has a list of pairs
//! `variables` (name, array), the networks that it is made of as `components`, and `static_kwargs`.

use std::collections::BTreeMap;

use super::{LONGEST_NAME, Network, Origin, named, not_a_tensor, plain};
use crate::array::Arrays;
use crate::error::{Error, Result};
use crate::pickle::Item;
use crate::value::{Configuration, Value};

/// The networks of NVIDIA's have components, and those have none.
const DEEPEST: usize = 3;

/// What a network says of itself that is kept.
const KEPT: [&str; 3] = ["name", "build_func_name", "static_kwargs"];

pub(super) fn is_network(arrays: &Arrays<'_, '_>, item: Item) -> Result<bool> {
    let Some(state) = arrays.pickle.attributes(item) else { return Ok(false) };
    Ok(arrays.entry(state, "variables")?.is_some() && arrays.entry(state, "static_kwargs")?.is_some())
}

pub(super) fn read(arrays: &Arrays<'_, '_>, item: Item) -> Result<Network> {
    let mut network = Network::new(Origin::NvidiaTensorFlow);
    network.configuration = flatten(arrays, item, "", &mut network, 0)?;
    Ok(network)
}

/// Adds the variables of a network and of its components; gives what it says of itself.
fn flatten(
    arrays: &Arrays<'_, '_>,
    item: Item,
    prefix: &str,
    network: &mut Network,
    depth: usize,
) -> Result<Configuration> {
    if depth > DEEPEST || prefix.len() > LONGEST_NAME {
        return Err(Error::too_large(format_args!("components are nested more than {DEEPEST} deep, or in a circle")));
    }
    let pickle = arrays.pickle;
    let (mut configuration, mut components) = (Configuration::new(), BTreeMap::new());
    let state = pickle.attributes(item).unwrap_or(Item::None);
    for (name, item) in arrays.named_entries(state)? {
        match &*name {
            "variables" => {
                let variables = pickle.sequence(item).unwrap_or_default();
                arrays.budget.spend_steps(variables.len())?;
                for &variable in variables {
                    let Some(&[variable, array]) = pickle.sequence(variable) else {
                        return Err(Error::corrupt("a variable is no pair of a name and an array"));
                    };
                    let variable = pickle.text(variable).ok_or_else(|| Error::corrupt("a variable has no name"))?;
                    let name = format!("{prefix}{variable}");
                    let tensor =
                        arrays.tensor(array).and_then(|tensor| tensor.ok_or_else(|| not_a_tensor(arrays, array)));
                    let tensor = tensor.map_err(|error| named(&name, error))?;
                    network.insert(arrays, name, tensor)?;
                }
            }
            "components" => {
                for (name, component) in arrays.named_entries(item)? {
                    if !is_network(arrays, component)? {
                        return Err(named(&name, not_a_tensor(arrays, component)));
                    }
                    let inner = flatten(arrays, component, &format!("{prefix}{name}/"), network, depth + 1)?;
                    components.insert(name.into_owned(), Value::Map(inner));
                }
            }
            kept if KEPT.contains(&kept) => {
                configuration.extend(plain::value(arrays, item).map(|value| (name.into_owned(), value)));
            }
            _ => {}
        }
    }
    if !components.is_empty() {
        configuration.insert("components".to_owned(), Value::Map(components));
    }
    Ok(configuration)
}
