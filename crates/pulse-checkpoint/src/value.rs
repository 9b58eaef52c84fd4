//! The configuration that a checkpoint carries beside its tensors.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, ErrorKind, Result};

/// Nothing is kept, or written, that nests deeper.
pub(crate) const DEEPEST: usize = 32;

/// What a checkpoint says about itself, by name.
///
/// | key | from | what |
/// |---|---|---|
/// | `class_name` | networks pickled as objects of PyTorch, as NVIDIA's are | the network's class, such as `Generator` |
/// | `modules` | the same | for each module by its dotted path, a map of its `class_name` and its plain attributes |
/// | `init_args`, `init_kwargs` | NVIDIA's | what the network was made with |
/// | attributes such as `z_dim`, `num_ws` | networks pickled as objects | as they stand in the object |
/// | `name`, `build_func_name`, `static_kwargs` | NVIDIA's, for TensorFlow | what the network was made with |
/// | `components` | the same | for each component, a map of these three |
/// | any other | any pickle | plain data beside the network or beside its tensors, as it stands in the file |
/// | any | `__metadata__` of safetensors | strings; or, in files written by this crate, what it wrote |
///
/// An object of another class becomes a map of its attributes and its `class_name`. Beyond a million values
/// and bytes of text the rest is left out, as is what contains itself.
pub type Configuration = BTreeMap<String, Value>;

/// Plain data, as in JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number. Readers keep infinities and what is not a number as a [`Value::String`].
    Float(f64),
    /// A text, the name of a class or function that the file speaks of, or a number that is none here.
    String(String),
    /// A list, tuple or set.
    List(Vec<Value>),
    /// A dictionary.
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// The number, or the text that it prints as, where it is infinite or none.
    pub(crate) fn from_float(number: f64) -> Self {
        if number.is_finite() { Self::Float(number) } else { Self::String(number.to_string()) }
    }

    /// The value of `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The whole number; a float that is one counts too.
    pub fn as_integer(&self) -> Option<i64> {
        // Above 2^53 not every whole number is a float, so that which one was meant is not known.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match *self {
            Self::Integer(value) => Some(value),
            Self::Float(value) if value.fract() == 0.0 && value.abs() <= EXACT => Some(value as i64),
            _ => None,
        }
    }

    /// The number, whole or not.
    pub fn as_float(&self) -> Option<f64> {
        match *self {
            Self::Integer(value) => Some(value as f64),
            Self::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The text.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(value) = self { Some(value) } else { None }
    }

    /// The elements of a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Self::List(values) = self { Some(values) } else { None }
    }

    /// The entries of a map.
    pub fn as_map(&self) -> Option<&BTreeMap<String, Value>> {
        if let Self::Map(entries) = self { Some(entries) } else { None }
    }
}

/// The configuration as a JSON text.
pub(crate) fn to_json(configuration: &Configuration) -> Result<String> {
    let entries = configuration.iter().map(|(key, value)| Ok((key.clone(), json(value, 1)?)));
    Ok(serde_json::Value::Object(entries.collect::<Result<_>>()?).to_string())
}

fn json(value: &Value, depth: usize) -> Result<serde_json::Value> {
    if depth > DEEPEST {
        let message = format!("the configuration nests deeper than {DEEPEST}, so it is not written: make it flatter");
        return Err(Error::new(ErrorKind::Argument, message));
    }
    Ok(match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Float(value) => {
            serde_json::Number::from_f64(*value).map(serde_json::Value::Number).ok_or_else(|| {
                let message = format!("the configuration holds {value}, which JSON cannot: write it as a text");
                Error::new(ErrorKind::Argument, message)
            })?
        }
        Value::String(value) => value.as_str().into(),
        Value::List(values) => values.iter().map(|value| json(value, depth + 1)).collect::<Result<_>>()?,
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| Ok((key.clone(), json(value, depth + 1)?)));
            serde_json::Value::Object(entries.collect::<Result<_>>()?)
        }
    })
}

/// The configuration that a JSON text says, such as that of a `config.json`.
///
/// # Errors
/// [`ErrorKind::Corrupt`] when it is no JSON object.
pub fn configuration_from_json(text: &str) -> Result<Configuration> {
    from_json(text).ok_or_else(|| Error::corrupt("the configuration is no JSON object"))
}

/// The configuration that a JSON text says; `None` where it is no JSON object.
pub(crate) fn from_json(text: &str) -> Option<Configuration> {
    // serde_json stops at a depth of 128, which bounds the recursion below.
    let left = Cell::new(LARGEST);
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Plain(&left).deserialize(&mut json).ok()?;
    json.end().ok()?;
    if let Value::Map(entries) = value { Some(entries) } else { None }
}

/// Values and bytes of text in a configuration: more is not one.
const LARGEST: usize = 1 << 20;
/// What a dictionary costs beside its entries.
const DICTIONARY: usize = 16;

/// Reads a value while there is room for it.
#[derive(Clone, Copy)]
struct Plain<'b>(&'b Cell<usize>);

impl Plain<'_> {
    fn pay<E: serde::de::Error>(self, count: usize) -> std::result::Result<(), E> {
        let rest = self.0.get().checked_sub(count).ok_or_else(|| E::custom("the configuration is too large"))?;
        self.0.set(rest);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Plain<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Value, D::Error> {
        self.pay(1)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plain data")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> std::result::Result<Value, E> {
        self.pay(value.len())?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Value, A::Error> {
        self.pay(DICTIONARY)?;
        let mut entries = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            self.pay(key.len())?;
            entries.insert(key, map.next_value_seed(self)?);
        }
        Ok(Value::Map(entries))
    }
}
