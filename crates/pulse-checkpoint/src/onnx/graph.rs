//! The graph of an ONNX file as plain data.

use std::collections::BTreeMap;

use super::array::{self, Array};
use super::wire::{Wire, fields};
use super::{Outside, Spent};
use crate::error::{Error, Result, quote};
use crate::tensor::Tensor;
use crate::value::Value;

/// The weights, and all the rest.
pub(super) struct Graph {
    pub(super) tensors: BTreeMap<String, Tensor>,
    pub(super) description: BTreeMap<String, Value>,
}

/// Reads a `GraphProto`.
pub(super) fn read(bytes: &[u8], spent: &mut Spent, outside: &mut Outside<'_>) -> Result<Graph> {
    let mut arrays = Arrays::default();
    let [mut nodes, mut inputs, mut outputs] = [const { Vec::new() }; 3];
    for field in fields(bytes) {
        let (number, wire) = field?;
        match number {
            1 => {
                spent.thing()?;
                nodes.extend(node(wire, spent, outside, &mut arrays)?);
            }
            5 => {
                spent.thing()?;
                let (name, array) = array::read(wire.bytes()?, spent, outside)?;
                arrays.take(name, array)?;
            }
            11 => inputs.push(port(wire, spent)?),
            12 => outputs.push(port(wire, spent)?),
            15 => {
                return Err(Error::unsupported("the ONNX file has sparse arrays, which are not read: save them dense"));
            }
            _ => {}
        }
    }
    // Before version 4 of the format, weights were listed among the inputs too.
    inputs.retain(|port| port.get("name").and_then(Value::as_str).is_none_or(|name| !arrays.has(name)));
    let description = BTreeMap::from([
        ("nodes".to_owned(), Value::List(nodes)),
        ("inputs".to_owned(), Value::List(inputs)),
        ("outputs".to_owned(), Value::List(outputs)),
        ("whole".to_owned(), Value::Map(arrays.whole)),
    ]);
    Ok(Graph { tensors: arrays.tensors, description })
}

#[derive(Default)]
struct Arrays {
    tensors: BTreeMap<String, Tensor>,
    whole: BTreeMap<String, Value>,
}

impl Arrays {
    fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name) || self.whole.contains_key(name)
    }

    fn take(&mut self, name: &str, array: Array) -> Result<()> {
        if self.has(name) {
            return Err(Error::corrupt(format_args!("the ONNX file has two arrays {}", quote(name))));
        }
        match array {
            Array::Numbers(tensor) => {
                self.tensors.insert(name.to_owned(), tensor);
            }
            array @ Array::Whole { .. } => {
                self.whole.insert(name.to_owned(), plain(array));
            }
        }
        Ok(())
    }
}

/// An array of whole numbers, or one that stands in an attribute.
fn plain(array: Array) -> Value {
    let (shape, numbers) = match array {
        Array::Numbers(tensor) => {
            let numbers = tensor.data().iter().map(|&number| Value::from_float(number.into())).collect();
            (tensor.shape().to_vec(), numbers)
        }
        Array::Whole { shape, numbers } => (shape, numbers.into_iter().map(Value::Integer).collect()),
    };
    let shape = shape.into_iter().map(|length| Value::Integer(length as i64)).collect();
    Value::Map(BTreeMap::from([("shape".to_owned(), Value::List(shape)), ("numbers".to_owned(), Value::List(numbers))]))
}

/// Reads a `NodeProto`. A `Constant` becomes an array, and no node.
fn node(wire: Wire<'_>, spent: &mut Spent, outside: &mut Outside<'_>, arrays: &mut Arrays) -> Result<Option<Value>> {
    let (mut name, mut operator, mut domain) = ("", "", "");
    let [mut inputs, mut outputs] = [const { Vec::new() }; 2];
    let mut attributes = BTreeMap::new();
    let mut constant = None;
    for field in fields(wire.bytes()?) {
        let (number, wire) = field?;
        match number {
            1 | 2 => {
                spent.thing()?;
                let names = if number == 1 { &mut inputs } else { &mut outputs };
                names.push(Value::String(wire.text()?.to_owned()));
            }
            3 => name = wire.text()?,
            4 => operator = wire.text()?,
            7 => domain = wire.text()?,
            5 => {
                spent.thing()?;
                match attribute(wire.bytes()?, spent, outside)? {
                    (key, Attribute::Plain(value)) => {
                        attributes.insert(key.to_owned(), value);
                    }
                    ("value", Attribute::Array(array)) => constant = Some(array),
                    (key, Attribute::Array(_)) => {
                        let message =
                            format!("the attribute {} of {} is an array, which is not read", quote(key), quote(name));
                        return Err(Error::unsupported(message));
                    }
                }
            }
            _ => {}
        }
    }
    let standard = domain.is_empty() || domain == "ai.onnx";
    if let ("Constant", true, [Value::String(output)]) = (operator, standard, &outputs[..]) {
        let array = match constant {
            Some(array) => array,
            None => listed(&attributes).ok_or_else(|| {
                Error::unsupported(format!(
                    "the constant {} is neither a number nor an array of numbers",
                    quote(output)
                ))
            })?,
        };
        arrays.take(output, array)?;
        return Ok(None);
    }
    if let Some(array) = constant {
        attributes.insert("value".to_owned(), plain(array));
    }
    let operator = if standard { operator.to_owned() } else { format!("{domain}.{operator}") };
    Ok(Some(Value::Map(BTreeMap::from([
        ("operator".to_owned(), Value::String(operator)),
        ("name".to_owned(), Value::String(name.to_owned())),
        ("inputs".to_owned(), Value::List(inputs)),
        ("outputs".to_owned(), Value::List(outputs)),
        ("attributes".to_owned(), Value::Map(attributes)),
    ]))))
}

/// The array of a `Constant` that is written as one number or as a list of them.
fn listed(attributes: &BTreeMap<String, Value>) -> Option<Array> {
    let (name, value) = attributes.first_key_value()?;
    let numbers = |value: &Value| match value {
        Value::List(values) => values.iter().map(Value::as_float).collect::<Option<Vec<_>>>(),
        value => Some(vec![value.as_float()?]),
    };
    let shape = |count: usize| if matches!(value, Value::List(_)) { vec![count] } else { vec![] };
    match name.as_str() {
        "value_float" | "value_floats" => {
            let numbers: Vec<f32> = numbers(value)?.into_iter().map(|number| number as f32).collect();
            Tensor::new(shape(numbers.len()), numbers).ok().map(Array::Numbers)
        }
        "value_int" | "value_ints" => {
            let numbers: Vec<i64> = match value {
                Value::List(values) => values.iter().map(Value::as_integer).collect::<Option<_>>()?,
                value => vec![value.as_integer()?],
            };
            Some(Array::Whole { shape: shape(numbers.len()), numbers })
        }
        _ => None,
    }
}

enum Attribute {
    Plain(Value),
    Array(Array),
}

/// Reads an `AttributeProto`.
fn attribute<'a>(bytes: &'a [u8], spent: &mut Spent, outside: &mut Outside<'_>) -> Result<(&'a str, Attribute)> {
    let (mut name, mut found, mut kind) = ("", None, 0);
    let [mut floats, mut integers, mut texts] = [const { Vec::new() }; 3];
    let text = |bytes: &[u8]| Value::String(String::from_utf8_lossy(bytes).into_owned());
    for field in fields(bytes) {
        match field? {
            (1, wire) => name = wire.text()?,
            (2, wire) => found = Some(Attribute::Plain(Value::from_float(wire.float()?.into()))),
            (3, wire) => found = Some(Attribute::Plain(Value::Integer(wire.integer()?))),
            (4, wire) => found = Some(Attribute::Plain(text(wire.bytes()?))),
            (5, wire) => found = Some(Attribute::Array(array::read(wire.bytes()?, spent, outside)?.1)),
            (7, wire) => {
                let (numbers, _) = wire.packed(4)?.as_chunks::<4>();
                spent.whole(numbers.len())?;
                floats.extend(numbers.iter().map(|&bytes| Value::from_float(f32::from_le_bytes(bytes).into())));
            }
            (8, wire) => wire.integers(|number| {
                spent.whole(1)?;
                integers.push(Value::Integer(number));
                Ok(())
            })?,
            (9, wire) => {
                spent.thing()?;
                texts.push(text(wire.bytes()?));
            }
            (20, wire) => kind = wire.integer()?,
            (6 | 10 | 11, _) => {
                let message = "the ONNX file has graphs within its graph (If, Loop, Scan), which are not read: export a model whose \
                               steps do not depend on its input";
                return Err(Error::unsupported(message));
            }
            _ => {}
        }
    }
    // A zero need not be written; then only its kind says that it is there.
    let value = match (kind, found) {
        (1, None) => Attribute::Plain(Value::Float(0.0)),
        (2, None) => Attribute::Plain(Value::Integer(0)),
        (3, None) => Attribute::Plain(Value::String(String::new())),
        (6, _) => Attribute::Plain(Value::List(floats)),
        (7, _) => Attribute::Plain(Value::List(integers)),
        (8, _) => Attribute::Plain(Value::List(texts)),
        (_, Some(found)) => found,
        (_, None) => Attribute::Plain(Value::List([floats, integers, texts].concat())),
    };
    Ok((name, value))
}

/// Reads a `ValueInfoProto`: a map of name and shape.
fn port(wire: Wire<'_>, spent: &mut Spent) -> Result<Value> {
    spent.thing()?;
    let mut port = BTreeMap::new();
    for field in fields(wire.bytes()?) {
        match field? {
            (1, wire) => drop(port.insert("name".to_owned(), Value::String(wire.text()?.to_owned()))),
            (2, wire) => {
                let (shape, whole) = tensor_type(wire, spent)?;
                port.insert("shape".to_owned(), Value::List(shape));
                if whole {
                    port.insert("whole".to_owned(), Value::Bool(true));
                }
            }
            _ => {}
        }
    }
    Ok(Value::Map(port))
}

/// Reads a `TypeProto` of a tensor: its lengths, and whether its numbers are whole.
fn tensor_type(wire: Wire<'_>, spent: &mut Spent) -> Result<(Vec<Value>, bool)> {
    let (mut shape, mut whole) = (Vec::new(), false);
    let tensors = fields(wire.bytes()?).filter_map(|field| match field {
        Ok((1, wire)) => Some(wire.bytes()),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    });
    for tensor in tensors {
        for field in fields(tensor?) {
            match field? {
                (1, wire) => whole = matches!(wire.integer()?, 2..=7 | 9 | 12 | 13),
                (2, wire) => {
                    for dimension in fields(wire.bytes()?) {
                        let (number, wire) = dimension?;
                        if number == 1 {
                            spent.thing()?;
                            shape.push(length(wire)?);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    Ok((shape, whole))
}

/// Reads a `Dimension`: a length, or the name of one that is free.
fn length(wire: Wire<'_>) -> Result<Value> {
    let mut length = Value::String("?".into());
    for field in fields(wire.bytes()?) {
        match field? {
            (1, wire) => length = Value::Integer(wire.integer()?),
            (2, wire) => length = Value::String(wire.text()?.to_owned()),
            _ => {}
        }
    }
    Ok(length)
}

/// Reads an `OperatorSetIdProto`: domain and version.
pub(super) fn operator_set(wire: Wire<'_>) -> Result<(&str, i64)> {
    let (mut domain, mut version) = ("", 0);
    for field in fields(wire.bytes()?) {
        match field? {
            (1, wire) => domain = wire.text()?,
            (2, wire) => version = wire.integer()?,
            _ => {}
        }
    }
    Ok((domain, version))
}
