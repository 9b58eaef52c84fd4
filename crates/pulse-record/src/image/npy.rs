//! NumPy's array files, by its description of the format (NumPy Enhancement Proposal 1, "A Simple File
//! Format for NumPy Arrays"). Only plain numbers in C order: object arrays would be pickles.

use super::array::{Array, ByteOrder, Number};

/// The first bytes of every such file.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// The array in `bytes`, which start with [`MAGIC`].
pub(super) fn parse(bytes: &[u8]) -> Result<Array<'_>, String> {
    let early = || "is an incomplete .npy file: the file ends early; write it again".to_owned();
    let (version, rest) = bytes[MAGIC.len()..].split_first_chunk::<2>().ok_or_else(early)?;
    let (length, rest) = match version {
        [1, _] => rest.split_first_chunk::<2>().map(|(length, rest)| (u32::from(u16::from_le_bytes(*length)), rest)),
        [2, _] => rest.split_first_chunk::<4>().map(|(length, rest)| (u32::from_le_bytes(*length), rest)),
        [major, minor] => {
            return Err(format!("is an .npy file of version {major}.{minor}: save it again as version 1 or 2"));
        }
    }
    .ok_or_else(early)?;
    let (header, numbers) = rest.split_at_checked(length as usize).ok_or_else(early)?;

    let damaged = || "is an .npy file whose header cannot be parsed: write it again with numpy.save".to_owned();
    let header = str::from_utf8(header).map_err(|_| damaged())?;
    let (number, order) = number_of(value_of(header, "descr").ok_or_else(damaged)?)?;
    if !value_of(header, "fortran_order").ok_or_else(damaged)?.starts_with("False") {
        return Err("is an .npy file in Fortran order: save numpy.ascontiguousarray of it".to_owned());
    }
    let shape = value_of(header, "shape").and_then(shape_of).ok_or_else(damaged)?;
    Ok(Array { shape, number, order, bytes: numbers })
}

/// The text after `'key':` in a literal of a Python dictionary.
fn value_of<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, after) = header.split_once(&format!("'{key}'"))?;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

fn number_of(descr: &str) -> Result<(Number, ByteOrder), String> {
    let text = descr.strip_prefix('\'').and_then(|text| text.split('\'').next()).unwrap_or("structured");
    let order = if text.starts_with('>') { ByteOrder::Big } else { ByteOrder::Little };
    let number = match text.trim_start_matches(['<', '>', '|', '=']) {
        "u1" => Number::U8,
        "u2" => Number::U16,
        "f2" => Number::F16,
        "f4" => Number::F32,
        "f8" => Number::F64,
        _ => {
            return Err(format!(
                "is an .npy file of type '{}': save it as one of float32, float64, float16, uint8, uint16",
                text.chars().take(20).collect::<String>()
            ));
        }
    };
    Ok((number, order))
}

/// The numbers in a literal of a Python tuple, such as `(64, 64, 3)` or `(5,)`.
fn shape_of(text: &str) -> Option<Vec<usize>> {
    let (numbers, _) = text.strip_prefix('(')?.split_once(')')?;
    let numbers = numbers.trim().strip_suffix(',').unwrap_or(numbers);
    if numbers.trim().is_empty() {
        return Some(Vec::new());
    }
    numbers.split(',').map(|number| number.trim().parse().ok()).collect()
}
