//! Picture files of the formats that the `image` crate decodes.

use std::io::{Cursor, ErrorKind};
use std::sync::Arc;

use image::error::UnsupportedErrorKind;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::colours::{Colours, Tag};
use super::jpeg_scan::{self, Scanned};
use super::raster::{FileNote, Raster, Samples};
use super::read::{FORMATS, MAX_BYTES, check_size};
use super::{jpeg, png_colours, print};
use pulse_core::image::Size;

/// The picture in `bytes`, or why there is none.
pub(super) fn decode(bytes: &[u8], format: ImageFormat) -> Result<Raster, String> {
    let fault = |error| reason(format, &error);
    let mut limits = Limits::no_limits();
    // A decoder may have the picture twice while it puts it together.
    limits.max_alloc = Some(2 * MAX_BYTES as u64);
    let readable = if format == ImageFormat::Png { png_colours::readable(bytes) } else { bytes.into() };
    let mut reader = ImageReader::with_format(Cursor::new(&*readable), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| match format {
        // A file that ends within its header is told by no other word.
        ImageFormat::Jpeg if jpeg_scan::scan(bytes) == Scanned::EndsEarly => ends_early(format),
        _ => fault(error),
    })?;

    // Decoders can bound the sides too, but their errors would not name the size.
    let (width, height) = decoder.dimensions();
    check_size(width as usize, height as usize, decoder.color_type().bytes_per_pixel().into())?;
    let mut notes = Vec::new();
    if format == ImageFormat::Jpeg {
        match jpeg_scan::scan(bytes) {
            Scanned::Whole => {}
            Scanned::NoEnd => notes.push(FileNote::NoEnd),
            Scanned::EndsEarly => return Err(ends_early(format)),
            Scanned::Damaged(reason) => notes.push(FileNote::Damaged { reason: reason.into() }),
        }
    }
    // Metadata that cannot be read is no reason to refuse the pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = match format {
        ImageFormat::Tiff => print::profile_of_tiff(bytes),
        _ => decoder.icc_profile().ok().flatten(),
    };
    let profile = profile.map_or(Tag::Srgb, |profile| Tag::Icc(profile.into()));
    let tag = if format == ImageFormat::Png { png_colours::tag_of(bytes, profile) } else { profile };

    let of_inks = matches!(decoder.original_color_type(), ExtendedColorType::Cmyk8 | ExtendedColorType::Cmyk16)
        || jpeg::components_of(bytes) == Some(4);
    if of_inks {
        let colours = if tag == Tag::Srgb { None } else { colours_of(tag, 4, &mut notes) };
        if let Some(colours) = colours.filter(|colours| colours.name().is_some()) {
            drop(decoder);
            let pixels = print::decode(bytes, format, &colours).map_err(fault)?;
            return raster(pixels, orientation, Colours::default(), notes);
        }
        let pixels = DynamicImage::from_decoder(decoder).map_err(fault)?;
        return raster(pixels, orientation, Colours::default(), notes);
    }
    let inks = if decoder.color_type().has_color() { 3 } else { 1 };
    let colours = colours_of(tag.clone(), inks, &mut notes).unwrap_or_else(|| Colours::untold(tag));
    let pixels = DynamicImage::from_decoder(decoder).map_err(fault)?;
    raster(pixels, orientation, colours, notes)
}

/// What the file's words about its colours stand for, which is then noted; nothing where they cannot be used.
fn colours_of(tag: Tag, inks: usize, notes: &mut Vec<FileNote>) -> Option<Colours> {
    match Colours::of(tag, inks) {
        Ok(colours) => {
            notes.extend(colours.name().map(|from| FileNote::Converted { from: from.into() }));
            Some(colours)
        }
        Err(reason) => {
            notes.push(FileNote::UnreadableColours { reason });
            None
        }
    }
}

fn raster(
    mut pixels: DynamicImage,
    orientation: Orientation,
    colours: Colours,
    notes: Vec<FileNote>,
) -> Result<Raster, String> {
    pixels.apply_orientation(orientation);
    let size = Size::new(pixels.width() as usize, pixels.height() as usize);
    let channels = usize::from(pixels.color().channel_count());
    let samples = match pixels {
        DynamicImage::ImageLuma8(buffer) => Samples::Bytes(Arc::new(buffer.into_raw())),
        DynamicImage::ImageLumaA8(buffer) => Samples::Bytes(Arc::new(buffer.into_raw())),
        DynamicImage::ImageRgb8(buffer) => Samples::Bytes(Arc::new(buffer.into_raw())),
        DynamicImage::ImageRgba8(buffer) => Samples::Bytes(Arc::new(buffer.into_raw())),
        DynamicImage::ImageLuma16(buffer) => Samples::Words(Arc::new(buffer.into_raw())),
        DynamicImage::ImageLumaA16(buffer) => Samples::Words(Arc::new(buffer.into_raw())),
        DynamicImage::ImageRgb16(buffer) => Samples::Words(Arc::new(buffer.into_raw())),
        DynamicImage::ImageRgba16(buffer) => Samples::Words(Arc::new(buffer.into_raw())),
        DynamicImage::ImageRgb32F(buffer) => floats(buffer.into_raw())?,
        DynamicImage::ImageRgba32F(buffer) => floats(buffer.into_raw())?,
        other => {
            return Err(format!("holds pixels of type {:?}, which are not read: convert it to PNG", other.color()));
        }
    };
    Ok(Raster::new(size, channels, samples, colours, notes))
}

fn floats(values: Vec<f32>) -> Result<Samples, String> {
    match values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        Some(value) => Err(format!("holds the value {value}: values lie in [0, 1]; scale or clamp them first")),
        None => Ok(Samples::Floats(Arc::new(values))),
    }
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
