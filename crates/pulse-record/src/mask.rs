//! Reading masks from files.

use std::path::Path;

use pulse_core::image::Size;
use pulse_core::search::steering::Mask;

use crate::image::Reader;
use crate::{Error, Result};

/// The mask in a file. What is transparent there is black: white strokes on nothing are a region.
///
/// # Errors
/// As [`Reader::read`] and [`Mask::of`].
pub fn read_mask(path: &Path, size: Size) -> Result<Mask> {
    let reader = Reader { background: [0; 3] };
    Mask::of(&reader.read(path)?, size).map_err(|error| {
        Error::new(error.kind(), format!("cannot use {} as a mask: {error}", path.display())).with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_transparent_is_black() {
        let mut png = std::io::Cursor::new(Vec::new());
        let pixels = image::GrayAlphaImage::from_raw(2, 1, vec![255, 255, 255, 0]).unwrap();
        pixels.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("strokes.png");
        std::fs::write(&path, png.into_inner()).unwrap();
        assert_eq!(read_mask(&path, Size::new(2, 1)).unwrap().values(), [1.0, 0.0]);
    }
}
