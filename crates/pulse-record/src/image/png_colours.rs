//! What a PNG says about its colours beside an ICC profile (PNG, third edition, section 11.3.2).

use std::borrow::Cow;

use super::colours::Tag;

/// The file without code points for which its decoder would refuse it.
pub(super) fn readable(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bad = chunks(bytes).find_map(|(at, name, data)| match (name, data) {
        (b"cICP", [_, _, 0, 0 | 1]) => None,
        (b"cICP", _) => Some(at..at + CHUNK + data.len()),
        _ => None,
    });
    bad.map_or(Cow::Borrowed(bytes), |bad| [&bytes[..bad.start], &bytes[bad.end..]].concat().into())
}

/// Where each chunk before the pixels begins, its name, and what is in it.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8; 4], &[u8])> {
    let mut at = 8;
    std::iter::from_fn(move || {
        let (length, chunk) = bytes.get(at..)?.split_first_chunk::<4>()?;
        let (name, rest) = chunk.split_first_chunk::<4>()?;
        let data = rest.get(..u32::from_be_bytes(*length) as usize)?;
        let start = at;
        at += CHUNK + data.len();
        (name != b"IDAT").then_some((start, name, data))
    })
}

/// The bytes of a chunk beside what is in it.
const CHUNK: usize = 12;

/// The words that count: code points before a profile, a profile before "sRGB", that before gamma and chromaticities.
pub(super) fn tag_of(bytes: &[u8], profile: Tag) -> Tag {
    let (mut gamma, mut chromaticities, mut is_srgb) = (None, None, false);
    for (_, name, data) in chunks(bytes) {
        match (name, data) {
            (b"cICP", &[primaries, transfer, matrix, range]) => {
                return Tag::CodePoints([primaries, transfer, matrix, range]);
            }
            (b"sRGB", _) => is_srgb = true,
            (b"gAMA", data) => gamma = data.first_chunk().map(|value| u32::from_be_bytes(*value)),
            (b"cHRM", data) if data.len() == 32 => {
                let mut numbers = data.chunks_exact(4).filter_map(|value| value.first_chunk());
                chromaticities =
                    Some(std::array::from_fn(|_| numbers.next().map_or(0, |value| u32::from_be_bytes(*value))));
            }
            _ => {}
        }
    }
    match profile {
        Tag::Srgb if !is_srgb && (gamma.is_some() || chromaticities.is_some()) => Tag::Gamma { gamma, chromaticities },
        profile => profile,
    }
}
