//! The JSON header of a safetensors file, entry by entry: what nobody asked for is never in memory.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{METADATA, Place, element};
use crate::element::Element;
use crate::error::{Error, Result, quote};

/// No array has more axes.
const MOST_AXES: usize = 64;

/// What a header says.
#[derive(Default)]
pub(super) struct Header {
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) places: Vec<(Place, String)>,
}

impl Header {
    pub(super) fn parse(header: &[u8]) -> Result<Self> {
        let mut parsed = Self::default();
        // An error of ours is more than JSON can say.
        let mut ours = None;
        let mut json = serde_json::Deserializer::from_slice(header);
        let read = Entries { header: &mut parsed, error: &mut ours }.deserialize(&mut json).and_then(|()| json.end());
        match (ours, read) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => {
                let reason = format!("the header of the safetensors file is no JSON object ({error})");
                Err(Error::corrupt(reason.chars().flat_map(char::escape_debug).collect::<String>()))
            }
            (None, Ok(())) => Ok(parsed),
        }
    }
}

struct Entries<'h> {
    header: &'h mut Header,
    error: &'h mut Option<Error>,
}

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == METADATA {
                self.header.metadata = map.next_value_seed(Texts)?;
                continue;
            }
            let said = map.next_value_seed(Fields)?;
            match said.place() {
                Ok(place) => self.header.places.push((place, name)),
                Err(error) => {
                    *self.error = Some(error.within(format_args!("tensor {}", quote(&name))));
                    return Err(A::Error::custom("a tensor cannot be read"));
                }
            }
        }
        Ok(())
    }
}

/// A dictionary of texts.
struct Texts;

impl<'de> DeserializeSeed<'de> for Texts {
    type Value = BTreeMap<String, String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Texts {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("metadata that is a dictionary of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some((key, text)) = map.next_entry()? {
            texts.insert(key, text);
        }
        Ok(texts)
    }
}

/// What an entry says of a tensor.
#[derive(Default)]
struct Said {
    dtype: Option<String>,
    shape: Option<Vec<usize>>,
    offsets: Option<Vec<usize>>,
}

impl Said {
    fn place(self) -> Result<Place> {
        let dtype = self.dtype.ok_or_else(|| Error::corrupt("it says no dtype"))?;
        let element: Element = element(&dtype).ok_or_else(|| {
            Error::unsupported(format!("its numbers are {}, which is not read: save it as F32", quote(&dtype)))
        })?;
        let shape = self.shape.ok_or_else(|| Error::corrupt("it says no shape"))?;
        if shape.len() > MOST_AXES {
            return Err(Error::too_large(format_args!("an array of {} axes", shape.len())));
        }
        let Some(&[begin, end]) = self.offsets.as_deref() else {
            return Err(Error::corrupt("it does not say where its numbers are"));
        };
        Place::of(element, shape, begin, end)
    }
}

struct Fields;

impl<'de> DeserializeSeed<'de> for Fields {
    type Value = Said;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Said, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = Said;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what is said of a tensor")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Said, A::Error> {
        let mut said = Said::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "dtype" => said.dtype = map.next_value_seed(Scalar)?,
                "shape" => said.shape = map.next_value_seed(Lengths)?,
                "data_offsets" => said.offsets = map.next_value_seed(Lengths)?,
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(said)
    }
}

/// A text; nothing where it is another value.
struct Scalar;

/// Lengths; nothing where it is another value, or lists anything but whole numbers. Of a long list the beginning is kept.
struct Lengths;

/// What either of the two makes of a value that it does not want.
macro_rules! nothing_of {
    ($value:ty, $what:literal) => {
        type Value = Option<$value>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str($what)
        }

        fn visit_bool<E>(self, _: bool) -> std::result::Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_i64<E>(self, _: i64) -> std::result::Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_u64<E>(self, _: u64) -> std::result::Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_f64<E>(self, _: f64) -> std::result::Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(None)
        }
    };
}

impl<'de> Visitor<'de> for Scalar {
    nothing_of!(String, "a text");

    fn visit_str<E>(self, text: &str) -> std::result::Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl<'de> Visitor<'de> for Lengths {
    nothing_of!(Vec<usize>, "a list of lengths");

    fn visit_str<E>(self, _: &str) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Self::Value, A::Error> {
        let (mut lengths, mut sound) = (Vec::new(), true);
        while let Some(length) = list.next_element_seed(Length)? {
            match length {
                Some(length) if lengths.len() <= MOST_AXES => lengths.push(length),
                Some(_) => {}
                None => sound = false,
            }
        }
        Ok(sound.then_some(lengths))
    }
}

/// A whole number that is a length; nothing where it is another value.
struct Length;

impl<'de> Visitor<'de> for Length {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a length")
    }

    fn visit_u64<E>(self, length: u64) -> std::result::Result<Self::Value, E> {
        Ok(usize::try_from(length).ok())
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> DeserializeSeed<'de> for Lengths {
    type Value = Option<Vec<usize>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> DeserializeSeed<'de> for Length {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}
