//! What a PNG says about its colours beside an ICC profile (PNG, third edition, section 11.3.2).

use super::colours::Tag;

/// The words that count: code points before a profile, a profile before "sRGB", that before gamma and chromaticities.
pub(super) fn tag_of(bytes: &[u8], profile: Tag) -> Tag {
    let (mut gamma, mut chromaticities, mut is_srgb) = (None, None, false);
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((length, chunk)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let (Some((name, data)), Some(next)) = (chunk.split_first_chunk::<4>(), chunk.get(length.saturating_add(8)..))
        else {
            break;
        };
        let data = &data[..length];
        match (name, data) {
            (b"IDAT", _) => break,
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
        rest = next;
    }
    match profile {
        Tag::Srgb if !is_srgb && (gamma.is_some() || chromaticities.is_some()) => Tag::Gamma { gamma, chromaticities },
        profile => profile,
    }
}
