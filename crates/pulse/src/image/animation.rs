//! Moving pictures, as PNG files that every browser plays.

use png::Compression;

use super::write::{encoder, fault};
use super::{Image, Provenance};
use crate::measurement::{Kernel, Size};
use crate::{Error, ErrorKind, Result};

/// How long a picture stands, in milliseconds.
const FRAME: u16 = 70;
/// How long the first and the last one do.
const END: u16 = 700;
/// Smaller pictures are enlarged until their longer side has this many pixels.
const COMFORTABLE: usize = 320;

/// The pictures one after the other, and back again, for ever: an animated PNG (PNG, third edition, section 11.3.4), which a
/// reader that knows nothing of it shows as its first picture. Small ones are enlarged smoothly, by a whole factor.
///
/// # Errors
/// [`ErrorKind::Picture`] when there is none, or when they are not all of one size and kind.
pub fn encode_animation(images: &[&Image], provenance: Option<&Provenance>) -> Result<Vec<u8>> {
    let Some(first) = images.first() else {
        return Err(Error::new(ErrorKind::Picture, "cannot write an animation without pictures: give at least one"));
    };
    let (channels, own) = (first.channels(), first.size());
    if images.iter().any(|image| (image.channels(), image.size()) != (channels, own)) {
        let message = "cannot write pictures of several sizes as one animation: bring them to one size";
        return Err(Error::new(ErrorKind::Picture, message));
    }
    let factor = (COMFORTABLE / own.width.max(own.height)).max(1);
    let size = Size::new(own.width * factor, own.height * factor);
    let there_and_back: Vec<usize> = (0..images.len()).chain((1..images.len().max(1) - 1).rev()).collect();
    let fault = |error| fault(size, error);

    let mut bytes = Vec::new();
    let mut encoder = encoder(&mut bytes, channels, size, provenance, Compression::Balanced)?;
    if images.len() > 1 {
        encoder.set_animated(there_and_back.len() as u32, 0).map_err(fault)?;
    }
    let mut writer = encoder.write_header().map_err(fault)?;
    for index in there_and_back {
        if images.len() > 1 {
            let stands = if index == 0 || index + 1 == images.len() { END } else { FRAME };
            writer.set_frame_delay(stands, 1000).map_err(fault)?;
        }
        let pixels = images[index].resized(Kernel::Bicubic, size)?.to_bytes();
        writer.write_image_data(&pixels).map_err(fault)?;
    }
    writer.finish().map_err(fault)?;
    Ok(bytes)
}
