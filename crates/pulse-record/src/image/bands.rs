//! Pictures that have most of their rows in common, as PNG files of which most is compressed once.
//!
//! The pixels of a PNG are one zlib stream (PNG, third edition, sections 10.1 and 11.2.3). Pieces of it may be compressed one by
//! one: each refers to nothing before itself, and ends at a whole byte with an empty stored block (RFC 1951, section 3.2.4).

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use miniz_oxide::deflate::core::{
    CompressionStrategy, CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output,
    create_comp_flags_from_zip_params, deflate_flags::TDEFL_COMPUTE_ADLER32,
};

use super::Provenance;
use super::write::{encoder, fault};
use crate::Result;
use pulse_core::image::Image;
use pulse_core::image::Size;

/// About as many bytes has a band: a thousand times what its borders cost, and few beside a photograph.
const BYTES: usize = 1 << 19;

/// A picture of 8 bits a channel, in bands of whole rows. Copies have their bands in common until they are written to.
#[derive(Clone, Debug)]
pub(crate) struct Bands {
    channels: usize,
    size: Size,
    /// Rows of each band; the last one may have fewer.
    height: usize,
    parts: Vec<Arc<Band>>,
}

#[derive(Clone, Debug)]
struct Band {
    /// Interleaved `[rows, width, channels]`.
    bytes: Vec<u8>,
    /// Not before it is asked for, and then once.
    piece: OnceLock<Piece>,
}

/// A piece of the zlib stream.
#[derive(Clone, Debug)]
struct Piece {
    deflated: Vec<u8>,
    checksum: Adler,
}

/// A checksum of Adler (RFC 1950, section 8.2) of a number of bytes: `a = 1 + Σ x` and the sum `b` of all `a`, modulo 65521.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Adler {
    a: u64,
    b: u64,
    length: u64,
}

impl From<&Image> for Bands {
    fn from(image: &Image) -> Self {
        Self::of(image, BYTES.div_ceil(image.width() * image.channels()))
    }
}

impl Bands {
    fn of(image: &Image, height: usize) -> Self {
        let band = |top: usize| {
            let bytes = image.rows_to_bytes(top..image.height().min(top + height));
            Arc::new(Band { bytes, piece: OnceLock::new() })
        };
        let parts = (0..image.height()).step_by(height).map(band).collect();
        Self { channels: image.channels(), size: image.size(), height, parts }
    }

    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// Interleaved `[height, width, channels]`.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.parts.iter().flat_map(|band| &band.bytes).copied().collect()
    }

    /// These rows, each with its number, to be changed.
    pub(crate) fn rows_mut(&mut self, rows: Range<usize>) -> impl Iterator<Item = (usize, &mut [u8])> {
        let (height, stride) = (self.height, self.channels * self.size.width);
        let tops = (0..).step_by(height);
        let touched = move |top: usize| rows.start.max(top)..rows.end.min(top + height);
        let parts = self.parts.iter_mut().zip(tops).map(move |(band, top)| (band, top, touched(top)));
        parts.filter(|(.., rows)| !rows.is_empty()).flat_map(move |(band, top, rows)| {
            let band = Arc::make_mut(band);
            band.piece = OnceLock::new();
            let bytes = &mut band.bytes[(rows.start - top) * stride..];
            rows.zip(bytes.chunks_exact_mut(stride))
        })
    }

    /// The picture as a PNG that says which part of it is synthetic.
    pub(crate) fn to_png(&self, provenance: &Provenance) -> Result<Vec<u8>> {
        let pieces: Vec<_> = self.parts.iter().map(|band| band.piece(self.channels, self.size.width)).collect();
        let checksum = pieces.iter().fold(Adler::EMPTY, |all, piece| all.then(piece.checksum));
        let mut file = Vec::with_capacity(pieces.iter().map(|piece| piece.deflated.len() + 12).sum::<usize>() + 4096);
        let encoder = encoder(&mut file, self.channels, self.size, Some(provenance))?;
        let write = || {
            let mut writer = encoder.write_header()?;
            // Deflate with a window of 32 KiB.
            writer.write_chunk(png::chunk::IDAT, &[0x78, 0x01])?;
            pieces.iter().try_for_each(|piece| writer.write_chunk(png::chunk::IDAT, &piece.deflated))?;
            // The last block: it has fixed codes and is empty.
            let [a, b, c, d] = checksum.value().to_be_bytes();
            writer.write_chunk(png::chunk::IDAT, &[0x03, 0x00, a, b, c, d])?;
            writer.finish()
        };
        write().map_err(|error| fault(self.size, error))?;
        Ok(file)
    }
}

impl Band {
    fn piece(&self, channels: usize, width: usize) -> &Piece {
        self.piece.get_or_init(|| Piece::of(&filtered(&self.bytes, channels, channels * width)))
    }
}

/// Rows of `stride` bytes as differences (PNG, third edition, section 9.2): to the row above, which compresses photographs best
/// in the least time, and in the first one to the pixel on the left, so that nothing refers to another band.
fn filtered(bytes: &[u8], channels: usize, stride: usize) -> Vec<u8> {
    const SUB: u8 = 1;
    const UP: u8 = 2;
    let mut filtered = Vec::with_capacity(bytes.len() + bytes.len() / stride);
    let differences = |filtered: &mut Vec<u8>, row: &[u8], other: &[u8]| {
        filtered.extend(row.iter().zip(other).map(|(byte, other)| byte.wrapping_sub(*other)));
    };
    let first = &bytes[..stride];
    filtered.push(SUB);
    filtered.extend_from_slice(&first[..channels]);
    differences(&mut filtered, &first[channels..], first);
    for (above, row) in bytes.chunks_exact(stride).zip(bytes.chunks_exact(stride).skip(1)) {
        filtered.push(UP);
        differences(&mut filtered, row, above);
    }
    filtered
}

impl Piece {
    fn of(bytes: &[u8]) -> Self {
        const FASTEST: i32 = 1;
        const RAW: i32 = 0;
        let flags = create_comp_flags_from_zip_params(FASTEST, RAW, CompressionStrategy::Default as i32);
        let mut compressor = CompressorOxide::new(flags | TDEFL_COMPUTE_ADLER32);
        let mut deflated = Vec::with_capacity(bytes.len() / 2);
        let (status, read) = compress_to_output(&mut compressor, bytes, TDEFLFlush::Sync, |part| {
            deflated.extend_from_slice(part);
            true
        });
        assert!(status == TDEFLStatus::Okay && read == bytes.len(), "memory takes all that is written to it");
        deflated.shrink_to_fit();
        Self { deflated, checksum: Adler::new(compressor.adler32(), bytes.len()) }
    }
}

impl Adler {
    const MODULUS: u64 = 65_521;
    const EMPTY: Self = Self { a: 1, b: 0, length: 0 };

    fn new(value: u32, length: usize) -> Self {
        Self { a: u64::from(value & 0xffff), b: u64::from(value >> 16), length: length as u64 }
    }

    /// That of these bytes and then those: `a = a₁ + a₂ − 1`, and each of the later `a` is larger by `a₁ − 1`.
    fn then(self, next: Self) -> Self {
        let before = self.a + Self::MODULUS - 1;
        Self {
            a: (before + next.a) % Self::MODULUS,
            b: (self.b + next.b + next.length % Self::MODULUS * before) % Self::MODULUS,
            length: self.length + next.length,
        }
    }

    fn value(self) -> u32 {
        (self.b << 16 | self.a) as u32
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::inflate::decompress_to_vec_zlib;
    use proptest::prelude::*;

    use super::*;
    use crate::image::Reader;

    /// The zlib stream of a PNG.
    fn stream(file: &[u8]) -> Vec<u8> {
        let mut rest = &file[8..];
        let mut stream = Vec::new();
        while let Some((length, chunk)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            if chunk.starts_with(b"IDAT") {
                stream.extend_from_slice(&chunk[4..][..length]);
            }
            rest = &chunk[4 + length + 4..];
        }
        stream
    }

    /// What decoders that are not ours make of the file.
    fn decoded(bands: &Bands) -> Vec<u8> {
        let file = bands.to_png(&Provenance::new("test", 1)).unwrap();
        // This one checks the sum, which decoders of PNG mostly leave out.
        let lines = decompress_to_vec_zlib(&stream(&file)).unwrap();
        assert_eq!(lines.len(), bands.size.height * (1 + bands.size.width * bands.channels));
        let image = Reader::default().decode("test", &file).unwrap();
        assert_eq!((image.size(), image.channels()), (bands.size, bands.channels));
        image.to_bytes()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever the sizes, and whichever rows are written to.
        #[test]
        fn files_hold_the_picture(
            (channels, width, height) in (prop::sample::select(vec![1_usize, 3]), 1..40_usize, 1..40_usize),
            band in 1..45_usize,
            rows in (0..40_usize, 0..40_usize),
            seed in any::<u8>(),
        ) {
            let noise = |i: usize| (i * i * 31 + i * usize::from(seed)) as u8;
            let bytes: Vec<u8> = (0..channels * width * height).map(noise).collect();
            let image = Image::from_bytes(channels, height, width, &bytes).unwrap();
            let original = Bands::of(&image, band);
            let rows = rows.0.min(height)..rows.1.min(height);
            let mut changed = original.clone();
            let mut expected = bytes.clone();
            let mut numbers = Vec::new();
            for (number, row) in changed.rows_mut(rows.clone()) {
                numbers.push(number);
                for byte in row.iter_mut() {
                    *byte = byte.wrapping_mul(3).wrapping_add(1);
                }
                expected[number * width * channels..][..width * channels].copy_from_slice(row);
            }
            prop_assert_eq!(numbers, rows.clone().collect::<Vec<_>>());
            prop_assert_eq!(changed.to_bytes(), &expected[..]);
            prop_assert_eq!(decoded(&changed), expected);
            // What it was copied from is as it was, and all but the bands of those rows are one in memory.
            prop_assert_eq!(decoded(&original), bytes);
            for (index, (old, new)) in original.parts.iter().zip(&changed.parts).enumerate() {
                let shared = !rows.clone().any(|row| row / band == index);
                prop_assert_eq!(Arc::ptr_eq(old, new), shared);
            }
        }
    }

    #[test]
    fn written_to_again_it_is_compressed_again() {
        let image = Image::from_bytes(1, 9, 5, &[7; 45]).unwrap();
        let mut bands = Bands::of(&image, 2);
        assert_eq!(decoded(&bands), [7; 45]);
        bands.rows_mut(3..4).for_each(|(_, row)| row.fill(9));
        assert_eq!(decoded(&bands)[15..20], [9; 5]);
    }

    #[test]
    fn sums_of_pieces_are_the_sum_of_the_whole() {
        // Long enough that sums go round.
        let bytes = vec![0xff; 200_000];
        let whole = Piece::of(&bytes).checksum;
        for at in [0, 1, 70_000, 200_000] {
            let [first, second] = [&bytes[..at], &bytes[at..]].map(|part| Piece::of(part).checksum);
            assert_eq!(first.then(second), whole);
        }
    }
}
