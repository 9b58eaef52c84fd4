//! NumPy's arrays and scalars, in the forms in which NumPy itself pickles them.

use crate::budget::Budget;
use crate::element::{ByteOrder, Element};
use crate::error::{Error, Result, quote};
use crate::layout::Layout;
use crate::pickle::{Call, Item, Pickle};
use crate::tensor::{Tensor, element_count};
use crate::value::Value;

fn is_core(module: &str) -> bool {
    matches!(module, "numpy.core.multiarray" | "numpy._core.multiarray" | "numpy.core.numeric" | "numpy._core.numeric")
}

pub(crate) fn is_array(call: &Call<'_>) -> bool {
    is_core(call.module) && matches!(call.name, "_reconstruct" | "_frombuffer") || is_scalar(call)
}

pub(crate) fn is_scalar(call: &Call<'_>) -> bool {
    is_core(call.module) && call.name == "scalar"
}

/// The array or scalar that a call would have made.
pub(crate) fn array(pickle: &Pickle<'_>, call: &Call<'_>, budget: &Budget) -> Result<Tensor> {
    match call.name {
        "scalar" => contents(pickle, call.argument(0), Layout::row_major(Vec::new())?, call.argument(1), budget),
        // An array over a buffer: (buffer, dtype, shape, order).
        "_frombuffer" => {
            let fortran = pickle.name(call.argument(3)).is_some_and(|order| order == "F");
            shaped(pickle, call.argument(1), call.argument(2), fortran, call.argument(0), budget)
        }
        // An empty array, whose state is ([version,] shape, dtype, is_fortran, bytes).
        _ => {
            let state = pickle.sequence(call.record.state).unwrap_or_default();
            let Some(&[shape, dtype, fortran, bytes]) = state.last_chunk::<4>() else {
                return Err(Error::corrupt("an array of NumPy has no contents"));
            };
            shaped(pickle, dtype, shape, fortran == Item::Bool(true) || fortran == Item::Integer(1), bytes, budget)
        }
    }
}

fn shaped(
    pickle: &Pickle<'_>,
    dtype: Item,
    shape: Item,
    fortran: bool,
    bytes: Item,
    budget: &Budget,
) -> Result<Tensor> {
    let shape = match shape {
        Item::Integer(_) => shape.size().map(|length| vec![length]),
        _ => pickle.sizes(shape),
    };
    let shape = shape.ok_or_else(|| Error::corrupt("an array of NumPy has no shape"))?;
    let layout = if fortran { Layout::column_major(shape)? } else { Layout::row_major(shape)? };
    contents(pickle, dtype, layout, bytes, budget)
}

fn contents(pickle: &Pickle<'_>, dtype: Item, layout: Layout, bytes: Item, budget: &Budget) -> Result<Tensor> {
    let (element, order) = self::dtype(pickle, dtype)?;
    let bytes = pickle.bytes(bytes, budget)?.ok_or_else(|| Error::corrupt("an array of NumPy has no numbers"))?;
    let shape = layout.shape();
    if element_count(shape).and_then(|count| count.checked_mul(element.size())) != Some(bytes.len()) {
        let message = format!("an array of NumPy of shape {shape:?} has {} bytes of {element:?}", bytes.len());
        return Err(Error::corrupt(message));
    }
    layout.read(&bytes, element, order, budget)
}

/// `numpy.dtype('f4', …)`, whose state is (version, byte order, …).
fn dtype(pickle: &Pickle<'_>, item: Item) -> Result<(Element, ByteOrder)> {
    let call = pickle.call(item).filter(|call| call.module == "numpy" && call.name == "dtype");
    let Some(call) = call else {
        let message = format!("an array of NumPy has {} for its type", pickle.describe(item));
        return Err(Error::corrupt(message));
    };
    let code = pickle.name(call.argument(0)).unwrap_or_default();
    let element = match code.trim_start_matches(['<', '>', '=', '|']) {
        "b1" => Element::Bool,
        "u1" => Element::U8,
        "i1" => Element::I8,
        "u2" => Element::U16,
        "i2" => Element::I16,
        "u4" => Element::U32,
        "i4" => Element::I32,
        "u8" => Element::U64,
        "i8" => Element::I64,
        "f2" => Element::F16,
        "f4" => Element::F32,
        "f8" => Element::F64,
        _ => {
            let message = format!("an array of NumPy holds {}, which is not read: save it as float32", quote(&code));
            return Err(Error::unsupported(message));
        }
    };
    let state = pickle.sequence(call.record.state).unwrap_or_default();
    let order = state.get(1).and_then(|&order| pickle.name(order)).unwrap_or_default();
    Ok((element, if order == ">" || code.starts_with('>') { ByteOrder::Big } else { ByteOrder::Little }))
}

/// The number that a scalar is, as exactly as a [`Value`] says it.
pub(crate) fn scalar(pickle: &Pickle<'_>, call: &Call<'_>, budget: &Budget) -> Option<Value> {
    let (element, order) = dtype(pickle, call.argument(0)).ok()?;
    let bytes = pickle.bytes(call.argument(1), budget).ok()??;
    budget.spend_configuration(bytes.len())?;
    let number = element.number(&bytes, order)?;
    Some(match element {
        Element::Bool => Value::Bool(number != 0.0),
        element if element.is_integer() => Value::Integer(number as i64),
        _ => Value::from_float(number),
    })
}
