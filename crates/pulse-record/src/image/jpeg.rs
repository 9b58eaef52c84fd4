//! How a JPEG file was compressed, read from its header (ITU-T T.81, annex B).

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use crate::{Error, ErrorKind, Result};
use pulse_core::claim::Coding;
use pulse_core::image::Image;
use pulse_core::measurement::Quality;

/// Begins every JPEG.
const START: [u8; 2] = [0xff, 0xd8];

const DEFINE_TABLES: u8 = 0xdb;
const START_OF_SCAN: u8 = 0xda;
/// Baseline, extended and progressive, all with Huffman codes.
const FRAMES: std::ops::RangeInclusive<u8> = 0xc0..=0xc2;

/// Where the coefficients of a block stand, row by row, in the order in which a file has them.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// How the JPEG in `bytes` was compressed; nothing for another format, and for a header that is damaged.
pub fn coding_of(bytes: &[u8]) -> Option<Coding> {
    let mut rest = bytes.strip_prefix(&START)?;
    let mut tables = [None; 4];
    loop {
        let [0xff, marker, after @ ..] = rest else { return None };
        if *marker == 0xff {
            // Fill bytes may stand before a marker.
            rest = &rest[1..];
            continue;
        }
        let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
        let segment = after.get(2..length)?;
        match *marker {
            DEFINE_TABLES => read_tables(segment, &mut tables)?,
            START_OF_SCAN => return None,
            marker if FRAMES.contains(&marker) => return coding(segment, &tables),
            _ => {}
        }
        rest = &after[length..];
    }
}

/// Reads the tables of one segment: for each its precision and number, and 64 steps of one or two bytes.
fn read_tables(mut segment: &[u8], tables: &mut [Option<[u16; 64]>; 4]) -> Option<()> {
    while let [head, rest @ ..] = segment {
        let bytes = if head >> 4 == 0 { 1 } else { 2 };
        let steps = rest.get(..64 * bytes)?;
        let mut table = [0; 64];
        for (place, step) in ZIGZAG.into_iter().zip(steps.chunks_exact(bytes)) {
            table[place] = step.iter().fold(0, |step, &byte| step << 8 | u16::from(byte));
        }
        *tables.get_mut(usize::from(head & 15))? = Some(table);
        segment = &rest[64 * bytes..];
    }
    Some(())
}

/// The tables of the components of a frame. A grey picture has one component.
fn coding(frame: &[u8], tables: &[Option<[u16; 64]>; 4]) -> Option<Coding> {
    let components = frame.get(6..)?.chunks_exact(3);
    let read = |component: &[u8]| {
        let [_, sampling, table] = component else { return None };
        let table = (*tables.get(usize::from(*table))?)?;
        Some(([usize::from(sampling >> 4), usize::from(sampling & 15)], table))
    };
    let components: Vec<_> = components.map(read).collect::<Option<_>>()?;
    let (brightness, luma) = *components.first()?;
    let (difference, chroma) = components.get(1).copied().unwrap_or((brightness, luma));
    let ratio = |axis: usize| brightness[axis].checked_div(difference[axis]).filter(|&ratio| ratio > 0);
    Some(Coding { luma, chroma, subsampling: [ratio(0)?, ratio(1)?] })
}

/// The picture after it was saved as a JPEG of this quality, and read again.
///
/// # Errors
/// [`ErrorKind::Picture`] when a JPEG cannot be of its size.
pub fn through_jpeg(image: &Image, quality: Quality) -> Result<Image> {
    let mut bytes = Vec::new();
    let colour = if image.channels() == 1 { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality.get());
    encoder.encode(&image.to_bytes(), image.width() as u32, image.height() as u32, colour).map_err(|error| {
        let message = format!("cannot save a picture of {} as JPEG: {error}; make it smaller", image.size());
        Error::new(ErrorKind::Picture, message)
    })?;
    super::Reader::default().decode("the compressed picture", &bytes)
}

/// Of how many components the picture in a JPEG is: 1, 3, or 4 of inks.
pub(super) fn components_of(bytes: &[u8]) -> Option<u8> {
    let mut rest = bytes.strip_prefix(&START)?;
    loop {
        let [0xff, marker, after @ ..] = rest else { return None };
        if *marker == 0xff {
            rest = &rest[1..];
            continue;
        }
        if FRAMES.contains(marker) {
            return after.get(7).copied();
        }
        let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
        rest = after.get(length..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header with one table for each component.
    fn header(sampling: [u8; 3]) -> Vec<u8> {
        let mut bytes = START.to_vec();
        bytes.extend([0xff, 0xe0, 0, 4, 1, 2, 0xff, DEFINE_TABLES, 0, 2 + 65 + 65]);
        bytes.push(0);
        bytes.extend(1..=64);
        bytes.push(1);
        bytes.extend([7; 64]);
        bytes.extend([0xff, 0xff, 0xc2, 0, 17, 8, 0, 16, 0, 16, 3]);
        for (id, (sampling, table)) in sampling.into_iter().zip([0, 1, 1]).enumerate() {
            bytes.extend([id as u8 + 1, sampling, table]);
        }
        bytes
    }

    #[test]
    fn tables_and_subsampling_are_read() {
        let coding = coding_of(&header([0x22, 0x11, 0x11])).unwrap();
        assert_eq!(coding.luma[..4], [1, 2, 6, 7]);
        assert_eq!(coding.luma[8..11], [3, 5, 8]);
        assert_eq!((coding.chroma, coding.subsampling), ([7; 64], [2, 2]));
        assert_eq!(coding_of(&header([0x21, 0x11, 0x11])).unwrap().subsampling, [2, 1]);
    }

    #[test]
    fn what_is_no_whole_header_says_nothing() {
        let whole = header([0x22, 0x11, 0x11]);
        for length in 0..whole.len() {
            assert_eq!(coding_of(&whole[..length]), None, "{length}");
        }
        assert_eq!(coding_of(b"\x89PNG\r\n\x1a\n"), None);
        assert_eq!(coding_of(&header([0, 0, 0])), None);
    }
}
