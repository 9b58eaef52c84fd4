//! The number types that files store, and their widening to `f32`.

use std::sync::Arc;

use half::{bf16, f16};

/// The order of the bytes of a number in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

/// A number type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Element {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    /// 8-bit floats with 5 bits of exponent and infinities (OCP FP8).
    F8E5M2,
    /// 8-bit floats with 4 bits of exponent and no infinities (OCP FP8).
    F8E4M3,
    F16,
    BF16,
    F32,
    F64,
}

impl Element {
    /// The bytes of one number.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 | Self::F8E5M2 | Self::F8E4M3 => 1,
            Self::U16 | Self::I16 | Self::F16 | Self::BF16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// The numbers of `bytes`, of which those after the last whole number are left out.
    pub(crate) fn widen(self, bytes: &[u8], order: ByteOrder) -> Arc<[f32]> {
        match self {
            Self::Bool => each(bytes, order, |[byte]| f32::from(u8::from(byte != 0))),
            Self::U8 => each(bytes, order, |[byte]| f32::from(byte)),
            Self::I8 => each(bytes, order, |byte| f32::from(i8::from_le_bytes(byte))),
            Self::F8E5M2 => each(bytes, order, |[byte]| f16::from_bits(u16::from(byte) << 8).to_f32()),
            Self::F8E4M3 => each(bytes, order, |[byte]| e4m3(byte)),
            Self::U16 => each(bytes, order, |number| f32::from(u16::from_le_bytes(number))),
            Self::I16 => each(bytes, order, |number| f32::from(i16::from_le_bytes(number))),
            Self::F16 => each(bytes, order, |number| f16::from_le_bytes(number).to_f32()),
            Self::BF16 => each(bytes, order, |number| bf16::from_le_bytes(number).to_f32()),
            Self::U32 => each(bytes, order, |number| u32::from_le_bytes(number) as f32),
            Self::I32 => each(bytes, order, |number| i32::from_le_bytes(number) as f32),
            Self::F32 => each(bytes, order, f32::from_le_bytes),
            Self::U64 => each(bytes, order, |number| u64::from_le_bytes(number) as f32),
            Self::I64 => each(bytes, order, |number| i64::from_le_bytes(number) as f32),
            Self::F64 => each(bytes, order, |number| f64::from_le_bytes(number) as f32),
        }
    }

    /// The number that `bytes` are, in double precision; `None` unless there are as many as it needs.
    pub(crate) fn number(self, bytes: &[u8], order: ByteOrder) -> Option<f64> {
        let mut bytes = bytes.to_vec();
        if order == ByteOrder::Big {
            bytes.reverse();
        }
        Some(match self {
            Self::F64 => f64::from_le_bytes(bytes.try_into().ok()?),
            Self::I64 => i64::from_le_bytes(bytes.try_into().ok()?) as f64,
            Self::U64 => u64::from_le_bytes(bytes.try_into().ok()?) as f64,
            Self::I32 => i32::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::U32 => u32::from_le_bytes(bytes.try_into().ok()?).into(),
            _ if bytes.len() == self.size() => f64::from(self.widen(&bytes, ByteOrder::Little)[0]),
            _ => return None,
        })
    }

    /// Whether its numbers are whole.
    pub(crate) fn is_integer(self) -> bool {
        !matches!(self, Self::F8E5M2 | Self::F8E4M3 | Self::F16 | Self::BF16 | Self::F32 | Self::F64)
    }
}

/// Converts each group of `N` bytes, which `convert` is given in little-endian order.
fn each<const N: usize>(bytes: &[u8], order: ByteOrder, convert: impl Fn([u8; N]) -> f32) -> Arc<[f32]> {
    let (numbers, _) = bytes.as_chunks::<N>();
    match order {
        ByteOrder::Little => numbers.iter().map(|&number| convert(number)).collect(),
        ByteOrder::Big => numbers
            .iter()
            .map(|&number| {
                let mut number = number;
                number.reverse();
                convert(number)
            })
            .collect(),
    }
}

/// (-1)^sign 2^(exponent - 7) (1 + mantissa / 8); subnormal at exponent 0; not a number at 0x7f and 0xff.
fn e4m3(byte: u8) -> f32 {
    let sign = if byte & 0x80 == 0 { 1.0 } else { -1.0 };
    let (exponent, mantissa) = (i32::from(byte >> 3 & 0xf), f32::from(byte & 7));
    match (exponent, byte & 7) {
        (15, 7) => f32::NAN,
        (0, _) => sign * mantissa / 8.0 * 2f32.powi(-6),
        _ => sign * (1.0 + mantissa / 8.0) * 2f32.powi(exponent - 7),
    }
}

/// The number of 16 bits (IEEE 754 binary16) that is nearest to this one; the number itself where none is near.
pub fn nearest_half(number: f32) -> f32 {
    let half = f16::from_f32(number).to_f32();
    if half.is_finite() { half } else { number }
}

/// The bits of a number that 16 hold exactly, zeros with their sign; none for any other.
pub(crate) fn exact_half(number: f32) -> Option<[u8; 2]> {
    let half = f16::from_f32(number);
    (half.to_f32().to_bits() == number.to_bits()).then(|| half.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_of_eight_bits_follow_their_tables() {
        // OCP 8-bit Floating Point Specification, revision 1.0, table 2: largest, smallest, one.
        let e4m3 = Element::F8E4M3.widen(&[0x7e, 0x08, 0x01, 0x38, 0xb8, 0x7f], ByteOrder::Little);
        assert_eq!(e4m3[..5], [448.0, 2f32.powi(-6), 2f32.powi(-9), 1.0, -1.0]);
        assert!(e4m3[5].is_nan());
        let e5m2 = Element::F8E5M2.widen(&[0x7b, 0x04, 0x01, 0x3c, 0xfc], ByteOrder::Little);
        assert_eq!(e5m2[..], [57344.0, 2f32.powi(-14), 2f32.powi(-16), 1.0, f32::NEG_INFINITY]);
    }

    #[test]
    fn both_byte_orders_give_the_same_numbers() {
        assert_eq!(Element::F32.widen(&1.5f32.to_be_bytes(), ByteOrder::Big)[..], [1.5]);
        assert_eq!(Element::I64.widen(&(-7i64).to_be_bytes(), ByteOrder::Big)[..], [-7.0]);
        assert_eq!(Element::F64.widen(&2.5f64.to_le_bytes(), ByteOrder::Little)[..], [2.5]);
        assert_eq!(Element::U16.widen(&[1, 2, 3], ByteOrder::Big)[..], [258.0]);
    }
}
