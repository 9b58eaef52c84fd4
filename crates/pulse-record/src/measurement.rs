//! Reading the files that measurements name: point-spread functions and masks.

mod fits;

use std::path::Path;

use pulse_core::image::Image;
use pulse_core::measurement::{Blur, InFile, MeasurementKind, Psf, Stage};

use crate::image::{Raster, numbers_of_npy, read_bytes};
use crate::{Error, ErrorKind, Result};

/// The most numbers that a function is made of: as many as the largest pictures that it could blur have.
const MOST_NUMBERS: usize = 1 << 24;

/// The same measurement with the content of all files that it names, except those that are read already.
///
/// # Errors
/// As [`read_psf`] and [`Reader::read`](crate::image::Reader::read).
pub fn read_files(kind: &MeasurementKind) -> Result<MeasurementKind> {
    let read = |stage: &Stage| {
        Ok(match stage {
            Stage::Blur(Blur::Psf(file)) if !file.is_read() => {
                Stage::Blur(Blur::Psf(InFile::read(file.path(), read_psf(file.path())?)))
            }
            Stage::Mask(file) if !file.is_read() => Stage::Mask(InFile::read(file.path(), read_known(file.path())?)),
            other => other.clone(),
        })
    };
    MeasurementKind::new(kind.stages().iter().map(read).collect::<Result<_>>()?)
}

/// Reads what is known of a picture: white in the file, or, where a part of that is transparent, what is not.
fn read_known(file: &Path) -> Result<Image> {
    let raster = Raster::read(&file.display().to_string(), &read_bytes(file)?)?;
    raster.opacity().map_or_else(|| raster.untagged().image(), Ok)
}

/// Reads a function from a FITS file (the first image in it, rows in the file's order), a NumPy array of two axes,
/// or a picture (the luma of its values as they are; 16-bit PNG and TIFF keep their depth). What the file holds is
/// told by its bytes.
///
/// # Errors
/// [`ErrorKind::Io`] when the file cannot be read, [`ErrorKind::Picture`] when it is none of these, and as
/// [`Psf::normalized`].
pub fn read_psf(file: &Path) -> Result<Psf> {
    decode_psf(&file.display().to_string(), &read_bytes(file)?)
}

/// The function in the bytes of a file that messages call `name`.
///
/// # Errors
/// As [`read_psf`].
pub fn decode_psf(name: &str, bytes: &[u8]) -> Result<Psf> {
    let shown = name;
    let of_picture = |reason: String| Error::new(ErrorKind::Picture, format!("{shown} {reason}"));
    let mut arcseconds = None;
    let (size, values) = if bytes.starts_with(fits::MAGIC) {
        let image = fits::image(bytes).map_err(of_picture)?;
        arcseconds = image.arcseconds;
        (image.size, image.values)
    } else if let Some(numbers) = numbers_of_npy(bytes) {
        numbers.map_err(of_picture)?
    } else {
        let picture = Raster::read(shown, bytes)?.untagged().image()?.to_grey();
        (picture.size(), picture.values().iter().map(|&value| f64::from(value)).collect())
    };
    Psf::normalized(size, values)
        .map(|psf| psf.of_pixels(arcseconds))
        .map_err(|error| Error::new(error.kind(), format!("{shown} cannot be used: {error}")).with_source(error))
}
