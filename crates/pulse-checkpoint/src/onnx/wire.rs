//! The wire format of protocol buffers (<https://protobuf.dev/programming-guides/encoding>): numbered fields, one after another.

use crate::error::{Error, Result};

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    /// A text, a message, or numbers packed.
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

/// The fields of a message.
pub(super) struct Fields<'a>(&'a [u8]);

/// The fields of the message in `bytes`.
pub(super) fn fields(bytes: &[u8]) -> Fields<'_> {
    Fields(bytes)
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u64, Wire<'a>)> {
        let key = varint(&mut self.0)?;
        let wire = match key & 7 {
            0 => Wire::Varint(varint(&mut self.0)?),
            1 => Wire::Fixed64(*self.0.split_off(..8).and_then(|bytes| bytes.first_chunk()).ok_or_else(cut)?),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).map_err(|_| cut())?;
                Wire::Bytes(self.0.split_off(..length).ok_or_else(cut)?)
            }
            5 => Wire::Fixed32(*self.0.split_off(..4).and_then(|bytes| bytes.first_chunk()).ok_or_else(cut)?),
            other => return Err(Error::corrupt(format_args!("the ONNX file has a field of wire type {other}"))),
        };
        Ok((key >> 3, wire))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Wire<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Wire<'a> {
    /// The bytes of a text or message.
    pub(super) fn bytes(self) -> Result<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Error::corrupt("the ONNX file has a number where a message belongs")),
        }
    }

    pub(super) fn text(self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Error::corrupt("the ONNX file has a name that is no text"))
    }

    pub(super) fn integer(self) -> Result<i64> {
        match self {
            // Negative numbers are written as their two's complement.
            Self::Varint(number) => Ok(number as i64),
            _ => Err(Error::corrupt("the ONNX file has something else where a whole number belongs")),
        }
    }

    pub(super) fn float(self) -> Result<f32> {
        match self {
            Self::Fixed32(bytes) => Ok(f32::from_le_bytes(bytes)),
            _ => Err(Error::corrupt("the ONNX file has something else where a number of 32 bits belongs")),
        }
    }

    /// Gives each whole number of a repeated field, packed or not, to `take`.
    pub(super) fn integers(self, mut take: impl FnMut(i64) -> Result<()>) -> Result<()> {
        let Self::Bytes(mut bytes) = self else { return take(self.integer()?) };
        while !bytes.is_empty() {
            take(varint(&mut bytes)? as i64)?;
        }
        Ok(())
    }

    /// The bytes of the numbers of a repeated field of numbers of so many bytes, packed or not.
    pub(super) fn packed(&self, size: usize) -> Result<&[u8]> {
        let bytes: &[u8] = match self {
            Self::Bytes(bytes) => bytes,
            Self::Fixed32(bytes) => bytes,
            Self::Fixed64(bytes) => bytes,
            Self::Varint(_) => &[],
        };
        if bytes.is_empty() || !bytes.len().is_multiple_of(size) {
            return Err(Error::corrupt(format_args!("the ONNX file has numbers that are not of {size} bytes")));
        }
        Ok(bytes)
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64> {
    const LONGEST: usize = 10;
    let mut number = 0u64;
    for place in 0..LONGEST {
        let byte = *bytes.split_off_first().ok_or_else(cut)?;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Error::corrupt("the ONNX file has a number of more than 64 bits"))
}

fn cut() -> Error {
    Error::truncated("the ONNX file")
}
