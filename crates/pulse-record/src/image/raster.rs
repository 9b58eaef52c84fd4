//! Picture files of the formats that the `image` crate decodes.

use std::io::{Cursor, ErrorKind};

use image::error::UnsupportedErrorKind;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits};

use super::read::{FORMATS, MAX_PIXELS, check_size};
use pulse_core::image::Image;

/// The most that a decoder may allocate: four 16-bit channels of the largest picture, twice.
const MAX_DECODER_BYTES: u64 = 16 * MAX_PIXELS as u64;

/// The picture in `bytes`, or why there is none.
pub(super) fn decode(bytes: &[u8], format: ImageFormat, background: [u8; 3]) -> Result<Image, String> {
    let fault = |error| reason(format, &error);
    if format == ImageFormat::Jpeg && !jpeg_has_end(bytes) {
        return Err(ends_early(format));
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(fault)?;

    // Decoders can bound the sides too, but their errors would not name the size.
    let (width, height) = decoder.dimensions();
    check_size(width as usize, height as usize)?;
    // Metadata that cannot be read is no reason to refuse the pixels.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(fault)?;
    pixels.apply_orientation(orientation);
    to_image(&pixels, background)
}

fn to_image(pixels: &DynamicImage, background: [u8; 3]) -> Result<Image, String> {
    let background = background.map(|byte| f32::from(byte) / 255.0);
    let of_8 = |&value: &u8| f32::from(value) / 255.0;
    let of_16 = |&value: &u16| f32::from(value) / 65_535.0;
    let of_32 = |&value: &f32| value;
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let composed = match pixels {
        DynamicImage::ImageLuma8(buffer) => compose::<u8, 1>(buffer, of_8, background),
        DynamicImage::ImageLumaA8(buffer) => compose::<u8, 2>(buffer, of_8, background),
        DynamicImage::ImageRgb8(buffer) => compose::<u8, 3>(buffer, of_8, background),
        DynamicImage::ImageRgba8(buffer) => compose::<u8, 4>(buffer, of_8, background),
        DynamicImage::ImageLuma16(buffer) => compose::<u16, 1>(buffer, of_16, background),
        DynamicImage::ImageLumaA16(buffer) => compose::<u16, 2>(buffer, of_16, background),
        DynamicImage::ImageRgb16(buffer) => compose::<u16, 3>(buffer, of_16, background),
        DynamicImage::ImageRgba16(buffer) => compose::<u16, 4>(buffer, of_16, background),
        DynamicImage::ImageRgb32F(buffer) => compose::<f32, 3>(buffer, of_32, background),
        DynamicImage::ImageRgba32F(buffer) => compose::<f32, 4>(buffer, of_32, background),
        other => {
            return Err(format!("holds pixels of type {:?}, which are not read: convert it to PNG", other.color()));
        }
    };
    let channels = composed.len() / (width * height);
    Image::new(channels, height, width, composed).map_err(|error| format!("cannot be used: {error}"))
}

/// Interleaved samples to planes, where a last channel of an even number is alpha:
/// `alpha value + (1 − alpha) background`. A grey picture stays grey unless colour shows through it.
fn compose<S, const SAMPLES: usize>(samples: &[S], value: impl Fn(&S) -> f32, background: [f32; 3]) -> Vec<f32> {
    let has_alpha = SAMPLES.is_multiple_of(2);
    let colours = if has_alpha { SAMPLES - 1 } else { SAMPLES };
    let (pixels, _) = samples.as_chunks::<SAMPLES>();
    let opaque = !has_alpha || pixels.iter().all(|pixel| value(&pixel[colours]) == 1.0);
    let coloured = !opaque && background != [background[0]; 3];
    let channels = if coloured { 3 } else { colours };

    let mut planes = Vec::with_capacity(channels * pixels.len());
    for (channel, background) in (0..channels).zip(background) {
        let colour = |pixel: &[S; SAMPLES]| value(&pixel[channel.min(colours - 1)]);
        if opaque {
            planes.extend(pixels.iter().map(colour));
        } else {
            planes.extend(pixels.iter().map(|pixel| {
                let alpha = value(&pixel[colours]);
                alpha * colour(pixel) + (1.0 - alpha) * background
            }));
        }
    }
    planes
}

/// Why a decoder gave up, and the way out.
fn reason(format: ImageFormat, error: &ImageError) -> String {
    let name = name(format);
    match error {
        ImageError::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => ends_early(format),
        ImageError::Limits(_) => {
            format!("is a {name} that takes more memory to decode than is given to a picture: convert it to 8-bit PNG")
        }
        ImageError::Unsupported(unsupported) => match unsupported.kind() {
            UnsupportedErrorKind::Format(_) => {
                format!("is a {name}, which is not read here: convert it to one of {FORMATS}")
            }
            _ => format!("is a {name} of a kind that is not read ({error}): convert it to PNG"),
        },
        _ => format!("is a damaged or incomplete {name} ({error}): copy or download it again"),
    }
}

fn ends_early(format: ImageFormat) -> String {
    format!("is an incomplete {}: the file ends early; copy or download it again", name(format))
}

fn name(format: ImageFormat) -> String {
    match format {
        ImageFormat::WebP => "WebP file".to_owned(),
        format => format!("{format:?}").to_uppercase() + " file",
    }
}

/// Whether the marker that ends a JPEG comes after its first scan. Decoders fill what is missing with grey,
/// and a search for pictures that shrink to grey is of no use.
///
/// Segments before the scan are skipped by their lengths (ITU-T T.81, annex B), because a thumbnail within
/// one has an end of its own.
fn jpeg_has_end(bytes: &[u8]) -> bool {
    const END: u8 = 0xd9;
    const SCAN: u8 = 0xda;
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        match rest {
            // Any number of 0xff may stand before a marker.
            [0xff, 0xff, ..] => rest = &rest[1..],
            [0xff, SCAN, scan @ ..] => return scan.windows(2).any(|pair| pair == [0xff, END]),
            [0xff, _, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                rest = rest.get(2 + length..).unwrap_or_default();
            }
            // No marker where one must be: the decoder says what is wrong with it.
            [_, _, ..] => return true,
            _ => return false,
        }
    }
}
