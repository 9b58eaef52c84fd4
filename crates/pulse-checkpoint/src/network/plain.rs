//! Plain data as configuration.

use std::collections::BTreeMap;

use crate::array::Arrays;
use crate::numpy;
use crate::pickle::{Item, Object};
use crate::value::Value;

/// Less deep than what can be written, since the reader puts it a few levels down.
const DEEPEST: usize = crate::value::DEEPEST - 8;

/// The configuration that an item is. Tensors are none, nor is what holds one, holds itself, nests too deep
/// or is too much.
pub(super) fn value(arrays: &Arrays<'_, '_>, item: Item) -> Option<Value> {
    nested(arrays, item, 0)
}

fn nested(arrays: &Arrays<'_, '_>, item: Item, depth: usize) -> Option<Value> {
    let pickle = arrays.pickle;
    if depth > DEEPEST {
        return None;
    }
    arrays.budget.spend_configuration(1)?;
    Some(match item {
        Item::None => Value::Null,
        Item::Bool(value) => Value::Bool(value),
        Item::Integer(value) => Value::Integer(value),
        Item::Float(value) => Value::from_float(value),
        Item::Object(_) => match pickle.object(item)? {
            Object::Text(_) | Object::ByteString(_) => text(arrays, item)?,
            Object::Tuple(items) | Object::List(items) | Object::Set(items) => list(arrays, items, depth)?,
            Object::Dictionary(_) => {
                arrays.budget.spend_configuration(pickle.entry_count(item))?;
                map(arrays, pickle.entries(item)?, depth)?
            }
            Object::Global { .. } => {
                let (module, name) = pickle.global(item)?;
                arrays.budget.spend_configuration(module.len() + name.len())?;
                Value::String(format!("{module}.{name}"))
            }
            Object::Record(_) => record(arrays, item, depth)?,
            Object::LongInteger | Object::Bytes(_) | Object::Persistent(_) => return None,
        },
    })
}

fn text(arrays: &Arrays<'_, '_>, item: Item) -> Option<Value> {
    let text = arrays.pickle.text(item)?;
    arrays.budget.spend_configuration(text.len())?;
    Some(Value::String(text.into_owned()))
}

/// What a dictionary costs beside its entries.
const DICTIONARY: usize = 16;

fn list(arrays: &Arrays<'_, '_>, items: &[Item], depth: usize) -> Option<Value> {
    items.iter().map(|&item| nested(arrays, item, depth + 1)).collect::<Option<_>>().map(Value::List)
}

fn map(arrays: &Arrays<'_, '_>, entries: impl Iterator<Item = (Item, Item)>, depth: usize) -> Option<Value> {
    arrays.budget.spend_configuration(DICTIONARY)?;
    let entry = |(key, value)| {
        let key = match key {
            Item::Integer(key) => key.to_string(),
            _ => arrays.pickle.text(key)?.into_owned(),
        };
        arrays.budget.spend_configuration(key.len())?;
        Some((key, nested(arrays, value, depth + 1)?))
    };
    entries.map(entry).collect::<Option<_>>().map(Value::Map)
}

/// An object or the result of a call: what it is known to hold, else a map of its `class_name`, the
/// `arguments` of the call and its attributes.
fn record(arrays: &Arrays<'_, '_>, item: Item, depth: usize) -> Option<Value> {
    let pickle = arrays.pickle;
    if let Some(entries) = pickle.entries(item) {
        arrays.budget.spend_configuration(pickle.entry_count(item))?;
        return map(arrays, entries, depth);
    }
    if let Some(items) = pickle.sequence(item) {
        return list(arrays, items, depth);
    }
    if arrays.is_array(item) {
        return pickle.call(item).filter(numpy::is_scalar).and_then(|call| numpy::scalar(pickle, &call, arrays.budget));
    }
    let call = pickle.call(item)?;
    let name = call.global();
    arrays.budget.spend_configuration(name.len())?;
    let mut kept = BTreeMap::from([("class_name".to_owned(), Value::String(name))]);
    if !call.arguments.is_empty() {
        kept.insert("arguments".to_owned(), list(arrays, call.arguments, depth)?);
    }
    if call.record.keywords != Item::None {
        kept.insert("keywords".to_owned(), nested(arrays, call.record.keywords, depth + 1)?);
    }
    if let Some(attributes) = pickle.attributes(item) {
        let Value::Map(attributes) = nested(arrays, attributes, depth + 1)? else { return None };
        kept.extend(attributes);
    }
    Some(Value::Map(kept))
}
