//! The arrays of an ONNX file: within it, or in a file beside it.

use std::sync::Arc;

use super::wire::{Wire, fields};
use super::{Outside, Spent};
use crate::element::{ByteOrder, Element};
use crate::error::{Error, ErrorKind, Result, quote};
use crate::tensor::{Tensor, element_count};

/// Numbers that a network computes with, or whole ones that say how.
pub(super) enum Array {
    Numbers(Tensor),
    Whole { shape: Vec<usize>, numbers: Vec<i64> },
}

/// A `TensorProto` as it stands in the file.
#[derive(Default)]
struct Stored<'a> {
    name: &'a str,
    shape: Vec<usize>,
    kind: i64,
    raw: Option<&'a [u8]>,
    /// Of the fields for numbers by kind.
    floats: Vec<u8>,
    integers: Vec<i64>,
    outside: bool,
    place: Vec<[&'a str; 2]>,
}

const MOST_AXES: usize = 16;

/// The name and the numbers of a `TensorProto`.
pub(super) fn read<'a>(bytes: &'a [u8], spent: &mut Spent, outside: &mut Outside<'_>) -> Result<(&'a str, Array)> {
    let stored = Stored::read(bytes, spent)?;
    let name = stored.name;
    let array = stored.array(spent, outside).map_err(|error| error.within(format_args!("tensor {}", quote(name))))?;
    Ok((name, array))
}

impl<'a> Stored<'a> {
    fn read(bytes: &'a [u8], spent: &mut Spent) -> Result<Self> {
        let mut stored = Self::default();
        for field in fields(bytes) {
            match field? {
                (1, wire) => wire.integers(|length| {
                    let length =
                        usize::try_from(length).map_err(|_| Error::corrupt("an array has a negative length"))?;
                    stored.shape.push(length);
                    if stored.shape.len() > MOST_AXES {
                        return Err(Error::too_large(format_args!(
                            "an array of the ONNX file has over {MOST_AXES} axes"
                        )));
                    }
                    Ok(())
                })?,
                (2, wire) => stored.kind = wire.integer()?,
                (3, _) => {
                    return Err(Error::unsupported("an array of the ONNX file is in segments: save the model again"));
                }
                (4, wire) => stored.floats.extend_from_slice(wire.packed(4)?),
                (10, wire) => stored.floats.extend_from_slice(wire.packed(8)?),
                (5 | 7 | 11, wire) => wire.integers(|number| {
                    spent.whole(1)?;
                    stored.integers.push(number);
                    Ok(())
                })?,
                (8, wire) => stored.name = wire.text()?,
                (9, wire) => stored.raw = Some(wire.bytes()?),
                (13, wire) => stored.place.push(pair(wire)?),
                (14, wire) => stored.outside = wire.integer()? == 1,
                _ => {}
            }
        }
        Ok(stored)
    }

    fn array(self, spent: &mut Spent, outside: &mut Outside<'_>) -> Result<Array> {
        let element = element(self.kind)?;
        let count =
            element_count(&self.shape).ok_or_else(|| Error::too_large("it has more numbers than can be counted"))?;
        let bytes = count
            .checked_mul(element.size())
            .ok_or_else(|| Error::too_large("it has more bytes than can be counted"))?;
        if self.outside {
            let read = outside.bytes(&self.place, bytes)?;
            return made(self.shape, element, &read, spent);
        }
        if let Some(raw) = self.raw {
            return if raw.len() == bytes {
                made(self.shape, element, raw, spent)
            } else {
                Err(unequal(raw.len(), bytes))
            };
        }
        if !self.floats.is_empty() && matches!(element, Element::F32 | Element::F64) {
            let found = self.floats.len();
            return if found == bytes {
                made(self.shape, element, &self.floats, spent)
            } else {
                Err(unequal(found, bytes))
            };
        }
        if self.integers.len() != count {
            return Err(unequal(self.integers.len() * element.size(), bytes));
        }
        match element {
            Element::F16 | Element::BF16 => {
                let bits: Vec<u8> = self.integers.iter().flat_map(|&bits| (bits as u16).to_le_bytes()).collect();
                made(self.shape, element, &bits, spent)
            }
            Element::F32 | Element::F64 => Err(unequal(0, bytes)),
            _ => Ok(Array::Whole { shape: self.shape, numbers: self.integers }),
        }
    }
}

fn unequal(found: usize, wanted: usize) -> Error {
    Error::corrupt(format_args!("it has {found} bytes of numbers, and its shape says {wanted}"))
}

/// The numbers of little-endian bytes, as many as the shape says.
fn made(shape: Vec<usize>, element: Element, bytes: &[u8], spent: &mut Spent) -> Result<Array> {
    if !element.is_integer() {
        return Ok(Array::Numbers(Tensor::new(shape, element.widen(bytes, ByteOrder::Little))?));
    }
    spent.whole(bytes.len() / element.size())?;
    let number = |bytes: &[u8]| {
        let mut all = [0; 8];
        all[..bytes.len()].copy_from_slice(bytes);
        let number = i64::from_le_bytes(all);
        // The sign stands in the highest bit that the type has.
        let unused = 64 - 8 * bytes.len() as u32;
        match element {
            Element::I8 | Element::I16 | Element::I32 => number << unused >> unused,
            _ => number,
        }
    };
    Ok(Array::Whole { shape, numbers: bytes.chunks_exact(element.size()).map(number).collect() })
}

fn element(kind: i64) -> Result<Element> {
    Ok(match kind {
        1 => Element::F32,
        2 => Element::U8,
        3 => Element::I8,
        4 => Element::U16,
        5 => Element::I16,
        6 => Element::I32,
        7 => Element::I64,
        9 => Element::Bool,
        10 => Element::F16,
        11 => Element::F64,
        12 => Element::U32,
        13 => Element::U64,
        16 => Element::BF16,
        17 => Element::F8E4M3,
        19 => Element::F8E5M2,
        other => {
            let message = format!("numbers of ONNX's type {other} are not read: export the model in 32 bits");
            return Err(Error::unsupported(message));
        }
    })
}

/// A `StringStringEntryProto`.
fn pair(wire: Wire<'_>) -> Result<[&str; 2]> {
    let mut pair = [""; 2];
    for field in fields(wire.bytes()?) {
        match field? {
            (1, wire) => pair[0] = wire.text()?,
            (2, wire) => pair[1] = wire.text()?,
            _ => {}
        }
    }
    Ok(pair)
}

impl Outside<'_> {
    /// The bytes of an array that lies in a file beside the model, where its entries `location`, `offset` and `length` say.
    fn bytes(&mut self, place: &[[&str; 2]], bytes: usize) -> Result<Arc<[u8]>> {
        let entry = |name: &str| place.iter().find(|[key, _]| *key == name).map(|[_, value]| *value);
        let location = entry("location").ok_or_else(|| Error::corrupt("it lies outside, but nothing says where"))?;
        let number = |name: &str| match entry(name) {
            None => Ok(None),
            Some(text) => {
                text.parse::<u64>().map(Some).map_err(|_| Error::corrupt(format_args!("its {name} is no number")))
            }
        };
        let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
        if length.is_some_and(|length| length != bytes as u64) {
            return Err(unequal(usize::try_from(length.unwrap_or(0)).unwrap_or(usize::MAX), bytes));
        }
        // Only a file in the same folder, whatever system wrote the name.
        if location.is_empty() || location == "." || location == ".." || location.contains(['/', '\\', ':', '\0']) {
            let message = format!(
                "its numbers are said to lie in {}, and only a file beside the model is read: save the model with its data beside it",
                quote(location)
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        if !self.names.iter().any(|name| name == location) {
            self.names.push(location.to_owned());
        }
        (self.read)(location, offset, bytes).map(Into::into)
    }
}
