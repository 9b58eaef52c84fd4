//! Pictures of cyan, magenta, yellow and black whose profile says what these look like. They become sRGB when they are read, since no
//! file that is written here can hold inks.

use std::io::Cursor;

use image::error::{DecodingError, ImageFormatHint};
use image::{DynamicImage, ImageBuffer, ImageError, ImageFormat};
use tiff::decoder::DecodingResult;
use tiff::tags::Tag;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

use super::colours::Colours;

/// Pixels that are converted at a time.
const PIECE: usize = 1 << 16;

/// The picture in a JPEG or a TIFF of inks, as sRGB of 8 bits.
pub(super) fn decode(bytes: &[u8], format: ImageFormat, colours: &Colours) -> Result<DynamicImage, ImageError> {
    let (width, height, inks) = match format {
        ImageFormat::Jpeg => jpeg(bytes)?,
        _ => tiff(bytes)?,
    };
    let mut rgb = Vec::with_capacity(inks.len() / 4 * 3);
    for piece in inks.chunks(4 * PIECE) {
        let mut values: Vec<f32> = piece.iter().map(|&ink| f32::from(ink) / 255.0).collect();
        colours.to_srgb(&mut values, 4);
        rgb.extend(values.iter().map(|value| (value * 255.0).round() as u8));
    }
    let image = ImageBuffer::from_raw(width, height, rgb);
    image.map(DynamicImage::ImageRgb8).ok_or_else(|| fault(format, "its pixels are not all there"))
}

/// Width, height and inks: 255 is all of an ink. A JPEG has what is left of the paper.
fn jpeg(bytes: &[u8]) -> Result<(u32, u32, Vec<u8>), ImageError> {
    let of = |error| fault(ImageFormat::Jpeg, error);
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(of)?;
    let space = decoder.input_colorspace().unwrap_or(ColorSpace::CMYK);
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let mut pixels = decoder.decode().map_err(of)?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    for pixel in pixels.chunks_exact_mut(4) {
        if space == ColorSpace::YCCK {
            let [y, blue, red] = [0, 1, 2].map(|index| f32::from(pixel[index]));
            let (blue, red) = (blue - 128.0, red - 128.0);
            let rgb = [y + 1.402 * red, y - 0.344_136 * blue - 0.714_136 * red, y + 1.772 * blue];
            // Casts of floats saturate.
            pixel[..3].copy_from_slice(&rgb.map(|value| value.round() as u8));
        }
        for value in pixel.iter_mut() {
            *value = 255 - *value;
        }
    }
    Ok((width as u32, height as u32, pixels))
}

fn tiff(bytes: &[u8]) -> Result<(u32, u32, Vec<u8>), ImageError> {
    let of = |error| fault(ImageFormat::Tiff, error);
    let mut decoder = tiff::decoder::Decoder::new(Cursor::new(bytes)).map_err(of)?;
    let (width, height) = decoder.dimensions().map_err(of)?;
    let inks = match decoder.read_image().map_err(of)? {
        DecodingResult::U8(inks) => inks,
        DecodingResult::U16(inks) => inks.into_iter().map(|ink| (ink >> 8) as u8).collect(),
        _ => return Err(fault(ImageFormat::Tiff, "inks of this depth are not read")),
    };
    Ok((width, height, inks))
}

/// The profile in a TIFF. The decoder of all formats gives none that is large beside its picture.
pub(super) fn profile_of_tiff(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = tiff::decoder::Decoder::new(Cursor::new(bytes)).ok()?;
    let mut directory = decoder.image_ifd();
    let length = directory.find_entry(Tag::IccProfile)?.count();
    // It is a part of the file.
    let mut profile = vec![0; usize::try_from(length).ok().filter(|&length| length <= bytes.len())?];
    let read = directory.find_tag_bytes(Tag::IccProfile, &mut profile, 0).ok().flatten()?;
    (read == profile.len()).then_some(profile)
}

fn fault(format: ImageFormat, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ImageError {
    ImageError::Decoding(DecodingError::new(ImageFormatHint::Exact(format), error))
}
