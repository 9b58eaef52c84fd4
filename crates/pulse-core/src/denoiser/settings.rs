//! The settings of a configuration, each checked when it is read.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use pulse_checkpoint::Value as Setting;

use crate::{Error, ErrorKind, Result};

/// What a configuration says, read as that of `what`. `null` is as if it said nothing, but where a method says otherwise.
#[derive(Clone, Copy)]
pub(super) struct Settings<'a> {
    what: &'a str,
    entries: &'a BTreeMap<String, Setting>,
}

impl<'a> Settings<'a> {
    pub(super) fn new(what: &'a str, entries: &'a BTreeMap<String, Setting>) -> Self {
        Self { what, entries }
    }

    /// Why a setting cannot be met.
    pub(super) fn unfit(&self, key: &str, reason: &str) -> Error {
        Error::new(ErrorKind::Generator, format!("as a {} it cannot be read: `{key}` {reason}", self.what))
    }

    fn wrong(&self, key: &str, value: &Setting, wanted: &str) -> Error {
        self.unfit(key, &format!("is {} where {wanted} is needed", shown(value)))
    }

    /// What it says, where it says something.
    pub(super) fn get(&self, key: &str) -> Option<&'a Setting> {
        self.entries.get(key).filter(|value| **value != Setting::Null)
    }

    /// Whether it says `null` and means it.
    fn is_null(&self, key: &str) -> bool {
        self.entries.get(key) == Some(&Setting::Null)
    }

    pub(super) fn text(&self, key: &str, default: &'a str) -> Result<&'a str> {
        let Some(value) = self.get(key) else { return Ok(default) };
        value.as_str().ok_or_else(|| self.wrong(key, value, "a text"))
    }

    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool> {
        let Some(value) = self.get(key) else { return Ok(default) };
        value.as_bool().ok_or_else(|| self.wrong(key, value, "true or false"))
    }

    pub(super) fn number(&self, key: &str, default: f64, range: RangeInclusive<f64>) -> Result<f64> {
        let Some(value) = self.get(key) else { return Ok(default) };
        let number = value.as_float().filter(|number| range.contains(number));
        number.ok_or_else(|| self.wrong(key, value, &format!("a number from {} to {}", range.start(), range.end())))
    }

    pub(super) fn count(&self, key: &str, default: usize, range: RangeInclusive<usize>) -> Result<usize> {
        self.get(key).map_or(Ok(default), |value| self.whole(key, value, &range))
    }

    /// A count; `default` where the key is missing, and `None` where it is `null`.
    pub(super) fn nullable_count(
        &self,
        key: &str,
        default: Option<usize>,
        range: RangeInclusive<usize>,
    ) -> Result<Option<usize>> {
        if self.is_null(key) {
            return Ok(None);
        }
        self.get(key).map_or(Ok(default), |value| self.whole(key, value, &range).map(Some))
    }

    /// A text; `default` where the key is missing, and `None` where it is `null`.
    pub(super) fn nullable_text(&self, key: &str, default: &'a str) -> Result<Option<&'a str>> {
        if self.is_null(key) { Ok(None) } else { self.text(key, default).map(Some) }
    }

    /// The elements of a list that has to be there, `most` at most.
    pub(super) fn list(&self, key: &str, most: usize) -> Result<&'a [Setting]> {
        let value = self.get(key).ok_or_else(|| self.unfit(key, "is missing"))?;
        let list = value.as_list().filter(|list| (1..=most).contains(&list.len()));
        list.ok_or_else(|| self.wrong(key, value, &format!("a list of 1 to {most}")))
    }

    /// The texts of such a list.
    pub(super) fn texts(&self, key: &str, most: usize) -> Result<Vec<&'a str>> {
        let list = self.list(key, most)?;
        list.iter().map(|value| value.as_str().ok_or_else(|| self.wrong(key, value, "a text"))).collect()
    }

    /// The counts of such a list.
    pub(super) fn counts(&self, key: &str, most: usize, range: RangeInclusive<usize>) -> Result<Vec<usize>> {
        self.list(key, most)?.iter().map(|value| self.whole(key, value, &range)).collect()
    }

    /// A whole number in `range`.
    pub(super) fn whole(&self, key: &str, value: &Setting, range: &RangeInclusive<usize>) -> Result<usize> {
        let whole = value.as_integer().and_then(|whole| usize::try_from(whole).ok());
        whole
            .filter(|whole| range.contains(whole))
            .ok_or_else(|| self.wrong(key, value, &format!("a whole number from {} to {}", range.start(), range.end())))
    }
}

/// A setting as a message shows it, cut short.
fn shown(value: &Setting) -> String {
    match value {
        Setting::Null => "null".to_owned(),
        Setting::Bool(value) => value.to_string(),
        Setting::Integer(value) => value.to_string(),
        Setting::Float(value) => value.to_string(),
        Setting::String(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
        Setting::List(values) => format!("a list of {}", values.len()),
        Setting::Map(_) => "a dictionary".to_owned(),
    }
}
