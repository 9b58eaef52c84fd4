//! Tensors: views of a storage.

use super::nested::Storages;
use crate::budget::Budget;
use crate::error::{Error, Result, quote};
use crate::layout::Layout;
use crate::pickle::{Call, Item, Pickle};
use crate::tensor::Tensor;

/// Parameters wrap a tensor, and tensors of other classes another call; no more than a few deep.
const DEEPEST: usize = 4;

pub(crate) fn is_tensor(call: &Call<'_>) -> bool {
    match call.module {
        "torch._utils" => call.name.starts_with("_rebuild"),
        "torch._tensor" => call.name == "_rebuild_from_type_v2",
        "torch.nn.parameter" => call.name == "Parameter",
        _ => false,
    }
}

/// The tensor that a call would have made.
pub(crate) fn tensor<'p>(
    pickle: &'p Pickle<'_>,
    call: &Call<'p>,
    storages: &Storages<'p>,
    budget: &Budget,
) -> Result<Tensor> {
    let (mut name, mut arguments) = (call.name, call.arguments);
    for _ in 0..DEEPEST {
        let argument = |index: usize| arguments.get(index).copied().unwrap_or(Item::None);
        match name {
            "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3" => {
                // (storage, offset, shape, strides, requires_grad, hooks, [dtype in v3])
                let dtype = if name == "_rebuild_tensor_v3" { argument(6) } else { Item::None };
                let (storage, element) = storages.find(pickle, argument(0), dtype, budget)?;
                let offset =
                    argument(1).size().ok_or_else(|| Error::corrupt("a tensor's offset is negative or no number"))?;
                let (Some(shape), Some(strides)) = (pickle.sizes(argument(2)), pickle.sizes(argument(3))) else {
                    return Err(Error::corrupt("a tensor's shape or its strides are negative or no numbers"));
                };
                let layout = Layout::strided(offset, shape, strides)?;
                return layout.read(&storage.bytes, element, storage.order, budget);
            }
            "_rebuild_parameter" | "_rebuild_parameter_with_state" | "Parameter" => {
                let inner = pickle.call(argument(0)).filter(is_tensor);
                let inner = inner.ok_or_else(|| {
                    let message = format!("a parameter is {} instead of a tensor", pickle.describe(argument(0)));
                    Error::unsupported(format!("{message}: save the state dictionary of the network with torch.save"))
                })?;
                (name, arguments) = (inner.name, inner.arguments);
            }
            "_rebuild_from_type_v2" => {
                // (function, class, arguments, state)
                let function = pickle.global(argument(0)).filter(|&(module, _)| module == "torch._utils");
                name = function.map_or("an unknown function", |(_, name)| name);
                arguments = pickle.sequence(argument(2)).unwrap_or_default();
            }
            _ => {
                let message = format!("a tensor is made by {}, which is not read", quote(name));
                return Err(Error::unsupported(format!("{message}: save it as a dense tensor of float32")));
            }
        }
    }
    Err(Error::corrupt("a parameter wraps another without end"))
}
