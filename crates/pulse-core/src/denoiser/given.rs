//! What tensors do not tell of a denoiser: given as settings by name, as in the training code's own arguments.

use pulse_checkpoint::{Configuration, Value};

use crate::{Error, ErrorKind, Result};

/// More of anything than a setting may ask for.
const MOST: i64 = 1 << 20;

/// Gives the setting in `key=value` to `settings`. A value is `none`, `true` or `false`, a number, a list with commas, or else a
/// text.
///
/// # Errors
/// [`ErrorKind::Setting`] when there is no `=` or no key.
pub fn set(settings: &mut Configuration, assignment: &str) -> Result<()> {
    let Some((key, value)) = assignment.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
        let message = format!("the setting `{assignment}` is not key=value, such as num_head_channels=64");
        return Err(Error::new(ErrorKind::Setting, message));
    };
    settings.insert(key.trim().to_owned(), parsed(value));
    Ok(())
}

fn parsed(text: &str) -> Value {
    let text = text.trim();
    let within = [('[', ']'), ('(', ')')]
        .into_iter()
        .find_map(|(open, close)| text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)));
    if within.is_some() || text.contains(',') {
        let parts = within.unwrap_or(text).split(',').filter(|part| !part.trim().is_empty());
        return Value::List(parts.map(single).collect());
    }
    single(text)
}

fn single(text: &str) -> Value {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "none" | "null" => return Value::Null,
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(number) = text.parse() {
        return Value::Integer(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::Float(number),
        _ => Value::String(text.to_owned()),
    }
}

/// Given that are looked up in one place after the other.
pub(super) struct Given<'a> {
    places: Vec<&'a Configuration>,
}

impl<'a> Given<'a> {
    /// The first place counts most.
    pub(super) fn new(places: impl IntoIterator<Item = &'a Configuration>) -> Self {
        Self { places: places.into_iter().collect() }
    }

    /// The setting, where some place has it and does not say "none".
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.places.iter().find_map(|place| place.get(key)).filter(|value| **value != Value::Null)
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.read(key, "a text", Value::as_str)
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.read(key, "true or false", Value::as_bool)
    }

    /// A number above zero.
    pub(super) fn positive(&self, key: &str) -> Result<Option<f64>> {
        self.read(key, "a number above 0", |value| value.as_float().filter(|&number| number > 0.0 && number < 1e9))
    }

    /// A whole number above zero. Where −1 is given there is none, as in the training code.
    pub(super) fn count(&self, key: &str) -> Result<Option<usize>> {
        let count = |value: &Value| value.as_integer().filter(|&n| n == -1 || (1..=MOST).contains(&n));
        let found = self.read(key, "a whole number from 1 to a million", count)?;
        Ok(found.filter(|&n| n > 0).map(|n| n as usize))
    }

    fn read<T>(&self, key: &str, wanted: &str, read: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| {
            let mut shown = format!("{value:?}");
            if let Some((end, _)) = shown.char_indices().nth(60) {
                shown.truncate(end);
            }
            Error::new(ErrorKind::Setting, format!("the setting `{key}` is {shown}: it has to be {wanted}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_by_how_they_are_written() {
        let mut settings = Configuration::new();
        for assignment in ["a=3", "b=-1", "c=0.5", "d = True", "e=none", "f=linear", "g=1,2", "h=[32, 16]", "i="] {
            set(&mut settings, assignment).unwrap();
        }
        let list = |numbers: [i64; 2]| Value::List(numbers.map(Value::Integer).to_vec());
        let wanted = [
            ("a", Value::Integer(3)),
            ("b", Value::Integer(-1)),
            ("c", Value::Float(0.5)),
            ("d", Value::Bool(true)),
            ("e", Value::Null),
            ("f", Value::String("linear".into())),
            ("g", list([1, 2])),
            ("h", list([32, 16])),
            ("i", Value::String(String::new())),
        ];
        assert_eq!(settings, wanted.map(|(key, value)| (key.to_owned(), value)).into());
        assert_eq!(set(&mut settings, "image_size").unwrap_err().kind(), ErrorKind::Setting);
    }

    #[test]
    fn what_is_given_counts_more_than_what_the_file_says() {
        let given = Configuration::from([("num_heads".into(), Value::Integer(-1)), ("x".into(), Value::Null)]);
        let own = Configuration::from([("num_heads".into(), Value::Integer(4)), ("y".into(), Value::Integer(0))]);
        let settings = Given::new([&given, &own]);
        assert_eq!(settings.count("num_heads").unwrap(), None);
        assert_eq!(settings.text("x").unwrap(), None);
        let message = settings.count("y").unwrap_err().to_string();
        assert_eq!(message, "the setting `y` is Integer(0): it has to be a whole number from 1 to a million");
    }
}
