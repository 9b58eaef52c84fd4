//! Moving pictures, as PNG files that every browser plays.

use super::Provenance;
use super::colours::Tag;
use super::write::{Kind, encoder, fault};
use crate::{Error, ErrorKind, Result};
use pulse_core::image::Image;
use pulse_core::image::{Kernel, Size};

/// How long a picture stands, in milliseconds.
const FRAME: u16 = 70;
/// How long the first and the last one do.
const END: u16 = 700;
/// Smaller pictures are enlarged until their longer side has this many pixels.
const COMFORTABLE: usize = 320;

/// The pictures one after the other, and back again, without end: an animated PNG (PNG, third edition, section 11.3.4), which a
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
    let kind = Kind { inks: channels, has_alpha: false, depth: png::BitDepth::Eight, tag: &Tag::Srgb };
    let mut encoder = encoder(&mut bytes, kind, size, provenance)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(side: usize, value: f32) -> Image {
        Image::new(1, side, side, vec![value; side * side]).unwrap()
    }

    #[test]
    fn goes_there_and_back() {
        let images = [0.0, 0.2, 0.4, 0.6].map(|value| grey(100, value));
        let bytes = encode_animation(&images.each_ref(), None).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (300, 300));
        assert_eq!(reader.info().animation_control().unwrap().num_frames, 6);
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        for (value, stands) in [(0, END), (51, FRAME), (102, FRAME), (153, END), (102, FRAME), (51, FRAME)] {
            reader.next_frame(&mut pixels).unwrap();
            assert!(pixels.iter().all(|&pixel| pixel == value), "{value}");
            assert_eq!(reader.info().frame_control().unwrap().delay_num, stands);
        }
    }

    #[test]
    fn one_picture_stands_and_none_is_refused() {
        let bytes = encode_animation(&[&grey(400, 0.2)], None).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        assert!(reader.info().width == 400 && reader.info().animation_control().is_none());
        assert_eq!(encode_animation(&[], None).unwrap_err().kind(), ErrorKind::Picture);
        assert_eq!(encode_animation(&[&grey(4, 0.2), &grey(5, 0.2)], None).unwrap_err().kind(), ErrorKind::Picture);
    }
}
