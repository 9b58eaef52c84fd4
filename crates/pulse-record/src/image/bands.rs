//! Pictures that have most of their rows in common, as PNG files of which most is compressed once.
//!
//! The pixels of a PNG are one zlib stream (PNG, third edition, sections 10.1 and 11.2.3). Pieces of it may be compressed one by
//! one: each refers to nothing before itself, and ends at a whole byte with an empty stored block (RFC 1951, section 3.2.4).

mod adler;

use std::io::Write;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use miniz_oxide::deflate::core::{
    CompressionStrategy, CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output,
    create_comp_flags_from_zip_params, deflate_flags::TDEFL_COMPUTE_ADLER32,
};
use png::BitDepth;
use rayon::prelude::*;

use super::Provenance;
use super::colours::Colours;
use super::raster::{Raster, Samples};
use super::write::{Kind, encoder, fault};
use crate::Result;
use adler::Adler;
use pulse_core::image::{Kernel, Resize, Size};

/// About as many bytes has a band: a thousand times what its borders cost, and few beside a photograph.
const BYTES: usize = 1 << 19;

/// The most numbers of a picture that are held in single precision while it is resized: of one that is shrunk to a few rows, each is
/// made of hundreds.
const HELD: usize = 1 << 24;

/// A picture with the numbers of its file, in bands of whole rows. Copies have their bands in common until they are written to.
#[derive(Clone, Debug)]
pub(crate) struct Bands {
    form: Form,
    size: Size,
    colours: Colours,
    /// Rows of each band; the last one may have fewer.
    height: usize,
    parts: Vec<Arc<Band>>,
}

/// How a pixel is made of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// 1 (grey) or 3.
    pub(crate) inks: usize,
    /// Whether a number for how much of it is there follows.
    pub(crate) has_alpha: bool,
    /// Two bytes a number, the larger one first, or one.
    pub(crate) is_deep: bool,
}

#[derive(Clone, Debug)]
struct Band {
    /// Interleaved `[rows, width, channels]`.
    content: Content,
    /// Not before it is asked for, and then once.
    piece: OnceLock<Piece>,
}

#[derive(Clone, Debug)]
enum Content {
    /// A part of the picture that was read.
    Shared(Arc<Vec<u8>>, Range<usize>),
    Own(Vec<u8>),
}

/// A piece of the zlib stream.
#[derive(Clone, Debug)]
struct Piece {
    deflated: Vec<u8>,
    checksum: Adler,
}

impl Form {
    fn of(raster: &Raster) -> Self {
        let is_deep = matches!(raster.samples(), Samples::Words(_));
        let inks = raster.channels() - usize::from(raster.has_alpha());
        Self { inks, has_alpha: raster.has_alpha(), is_deep }
    }

    pub(crate) fn channels(self) -> usize {
        self.inks + usize::from(self.has_alpha)
    }

    /// The bytes of a pixel.
    pub(crate) fn bytes(self) -> usize {
        self.channels() * (1 + usize::from(self.is_deep))
    }

    /// A number of a pixel, of 1.
    #[inline]
    pub(crate) fn get(self, pixel: &[u8], index: usize) -> f32 {
        if self.is_deep {
            f32::from(u16::from_be_bytes([pixel[2 * index], pixel[2 * index + 1]])) / 65_535.0
        } else {
            f32::from(pixel[index]) / 255.0
        }
    }

    /// Sets it to the nearest.
    #[inline]
    pub(crate) fn set(self, pixel: &mut [u8], index: usize, value: f32) {
        if self.is_deep {
            pixel[2 * index..][..2].copy_from_slice(&((value * 65_535.0 + 0.5) as u16).to_be_bytes());
        } else {
            pixel[index] = (value * 255.0 + 0.5) as u8;
        }
    }

    fn pack(self, numbers: &[f32]) -> Vec<u8> {
        let mut bytes = vec![0; numbers.len() / self.channels() * self.bytes()];
        for (pixel, numbers) in bytes.chunks_exact_mut(self.bytes()).zip(numbers.chunks_exact(self.channels())) {
            numbers.iter().enumerate().for_each(|(index, &value)| self.set(pixel, index, value));
        }
        bytes
    }
}

impl From<&Raster> for Bands {
    fn from(raster: &Raster) -> Self {
        let (form, width) = (Form::of(raster), raster.size().width);
        Self::of(raster, BYTES.div_ceil(width * form.bytes()))
    }
}

impl Bands {
    fn of(raster: &Raster, height: usize) -> Self {
        let (form, size) = (Form::of(raster), raster.size());
        let stride = size.width * form.bytes();
        let content = |rows: Range<usize>| match raster.samples() {
            Samples::Bytes(all) => Content::Shared(Arc::clone(all), rows.start * stride..rows.end * stride),
            Samples::Words(all) => {
                let words = &all[rows.start * stride / 2..rows.end * stride / 2];
                Content::Own(words.iter().flat_map(|word| word.to_be_bytes()).collect())
            }
            Samples::Floats(_) => {
                Content::Own(rows.flat_map(|y| form.pack(&raster.numbers(y, 0..size.width))).collect())
            }
        };
        Self::with(form, size, raster.colours().clone(), height, content)
    }

    fn with(
        form: Form,
        size: Size,
        colours: Colours,
        height: usize,
        content: impl Fn(Range<usize>) -> Content + Sync,
    ) -> Self {
        let band = |top: usize| {
            let content = content(top..size.height.min(top + height));
            Arc::new(Band { content, piece: OnceLock::new() })
        };
        let tops: Vec<_> = (0..size.height).step_by(height).collect();
        Self { form, size, colours, height, parts: tops.into_par_iter().map(band).collect() }
    }

    /// The picture at another size, by Lanczos' kernel. What is transparent counts for as much as is there of it.
    pub(crate) fn resized(raster: &Raster, size: Size) -> Result<Self> {
        Self::resized_with(raster, size, HELD)
    }

    /// The same with so many numbers at once, more or less.
    fn resized_with(raster: &Raster, size: Size, held: usize) -> Result<Self> {
        let (form, from) = (Form::of(raster), raster.size());
        let resize = Resize::new(Kernel::Lanczos3, from, size)?;
        let height = BYTES.div_ceil(size.width * form.bytes());
        let together = rayon::current_num_threads().min(size.height.div_ceil(height)).max(1);
        let step = rows_at_once(held / together / (form.channels() * from.width), from.height, size.height);
        let some = |rows: Range<usize>| {
            let (sources, part) = resize.rows(rows.clone());
            let (channels, pixels) = (form.channels(), sources.len() * from.width);
            let mut planes = vec![0.0; channels * pixels];
            for (row, y) in sources.enumerate() {
                for (x, pixel) in raster.numbers(y, 0..from.width).chunks_exact(channels).enumerate() {
                    let there = if form.has_alpha { pixel[form.inks] } else { 1.0 };
                    for (channel, &value) in pixel.iter().enumerate() {
                        let share = if channel < form.inks { there } else { 1.0 };
                        planes[channel * pixels + row * from.width + x] = share * value;
                    }
                }
            }
            let resized = part.apply(&planes);
            let pixels = rows.len() * size.width;
            let number = |pixel: usize, channel: usize| {
                let value = resized[channel * pixels + pixel];
                let there =
                    if form.has_alpha && channel < form.inks { resized[form.inks * pixels + pixel] } else { 1.0 };
                if there > 0.0 { (value / there).clamp(0.0, 1.0) } else { 0.0 }
            };
            let numbers = (0..pixels).flat_map(|pixel| (0..channels).map(move |channel| (pixel, channel)));
            form.pack(&numbers.map(|(pixel, channel)| number(pixel, channel)).collect::<Vec<_>>())
        };
        let content = |rows: Range<usize>| {
            let parts = rows.clone().step_by(step).map(|first| first..rows.end.min(first + step));
            Content::Own(parts.flat_map(some).collect())
        };
        Ok(Self::with(form, size, raster.colours().clone(), height, content))
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }

    pub(crate) fn colours(&self) -> &Colours {
        &self.colours
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// Interleaved `[height, width, channels]`.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.parts.iter().flat_map(|band| band.bytes()).copied().collect()
    }

    /// These rows, each with its number, to be changed.
    pub(crate) fn rows_mut(&mut self, rows: Range<usize>) -> impl Iterator<Item = (usize, &mut [u8])> {
        let (height, stride) = (self.height, self.form.bytes() * self.size.width);
        let tops = (0..).step_by(height);
        let touched = move |top: usize| rows.start.max(top)..rows.end.min(top + height);
        let parts = self.parts.iter_mut().zip(tops).map(move |(band, top)| (band, top, touched(top)));
        parts.filter(|(.., rows)| !rows.is_empty()).flat_map(move |(band, top, rows)| {
            let band = Arc::make_mut(band);
            band.piece = OnceLock::new();
            let bytes = &mut band.own()[(rows.start - top) * stride..];
            rows.zip(bytes.chunks_exact_mut(stride))
        })
    }

    /// Writes the picture as a PNG that says which part of it is synthetic.
    pub(crate) fn write_png(&self, provenance: &Provenance, to: impl Write) -> Result<()> {
        let stride = self.form.bytes() * self.size.width;
        let pieces: Vec<_> = self.parts.par_iter().map(|band| band.piece(self.form.bytes(), stride)).collect();
        let checksum = pieces.iter().fold(Adler::EMPTY, |all, piece| all.then(piece.checksum));
        let depth = if self.form.is_deep { BitDepth::Sixteen } else { BitDepth::Eight };
        let kind = Kind { inks: self.form.inks, has_alpha: self.form.has_alpha, depth, tag: self.colours.tag() };
        let encoder = encoder(to, kind, self.size, Some(provenance))?;
        let write = || {
            let mut writer = encoder.write_header()?;
            kind.finish_header(&mut writer)?;
            // Deflate with a window of 32 KiB.
            writer.write_chunk(png::chunk::IDAT, &[0x78, 0x01])?;
            pieces.iter().try_for_each(|piece| writer.write_chunk(png::chunk::IDAT, &piece.deflated))?;
            // The last block: it has fixed codes and is empty.
            let [a, b, c, d] = checksum.value().to_be_bytes();
            writer.write_chunk(png::chunk::IDAT, &[0x03, 0x00, a, b, c, d])?;
            writer.finish()
        };
        write().map_err(|error| fault(self.size, error))
    }
}

/// How many rows may be made at once of `most` of `from` rows, at least one: each is made of what is near it, three rows of the result
/// to either side.
fn rows_at_once(most: usize, from: usize, to: usize) -> usize {
    ((most as f64 * to as f64 / from as f64) as usize).saturating_sub(6).max(1)
}

impl Band {
    fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Shared(all, range) => &all[range.clone()],
            Content::Own(bytes) => bytes,
        }
    }

    fn own(&mut self) -> &mut [u8] {
        if let Content::Shared(all, range) = &self.content {
            self.content = Content::Own(all[range.clone()].to_vec());
        }
        match &mut self.content {
            Content::Own(bytes) => bytes,
            Content::Shared(..) => &mut [],
        }
    }

    fn piece(&self, pixel: usize, stride: usize) -> &Piece {
        self.piece.get_or_init(|| Piece::of(&filtered(self.bytes(), pixel, stride)))
    }
}

/// Rows of `stride` bytes as differences (PNG, third edition, section 9.2): to the row above, which compresses photographs best
/// in the least time, and in the first one to the pixel on the left, so that nothing refers to another band.
fn filtered(bytes: &[u8], pixel: usize, stride: usize) -> Vec<u8> {
    const SUB: u8 = 1;
    const UP: u8 = 2;
    let mut filtered = Vec::with_capacity(bytes.len() + bytes.len() / stride);
    let differences = |filtered: &mut Vec<u8>, row: &[u8], other: &[u8]| {
        filtered.extend(row.iter().zip(other).map(|(byte, other)| byte.wrapping_sub(*other)));
    };
    let first = &bytes[..stride];
    filtered.push(SUB);
    filtered.extend_from_slice(&first[..pixel]);
    differences(&mut filtered, &first[pixel..], first);
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

#[cfg(test)]
mod tests {
    use miniz_oxide::inflate::decompress_to_vec_zlib;
    use proptest::prelude::*;

    use super::*;
    use crate::image::Reader;
    use pulse_core::image::Image;

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
        let mut file = Vec::new();
        bands.write_png(&Provenance::new("test", 1), &mut file).unwrap();
        // This one checks the sum, which decoders of PNG mostly leave out.
        let lines = decompress_to_vec_zlib(&stream(&file)).unwrap();
        assert_eq!(lines.len(), bands.size.height * (1 + bands.size.width * bands.form.channels()));
        let image = Reader::default().decode("test", &file).unwrap();
        assert_eq!((image.size(), image.channels()), (bands.size, bands.form.inks));
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
            let original = Bands::of(&Raster::from(&image), band);
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
    fn resized_in_parts_it_is_the_same() {
        let bytes: Vec<u8> = (0..3 * 40 * 300_usize).map(|i| (i * i * 31 + i) as u8).collect();
        let raster = Raster::from(&Image::from_bytes(3, 300, 40, &bytes).unwrap());
        for size in [Size::new(5, 31), Size::new(80, 500)] {
            let at_once = Bands::resized(&raster, size).unwrap();
            for held in [0, 10_000, 20_000] {
                assert_eq!(Bands::resized_with(&raster, size, held).unwrap().to_bytes(), at_once.to_bytes(), "{held}");
            }
        }
    }

    #[test]
    fn written_to_again_it_is_compressed_again() {
        let image = Image::from_bytes(1, 9, 5, &[7; 45]).unwrap();
        let mut bands = Bands::of(&Raster::from(&image), 2);
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
