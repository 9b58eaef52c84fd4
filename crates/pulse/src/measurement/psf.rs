//! Point-spread functions: what a camera makes of a single bright point.

use std::path::Path;

use super::{Size, fits};
use crate::image::{numbers_of_npy, read_bytes};
use crate::{Error, ErrorKind, Result};

/// `h[k]`, whole pixels round its centre, in sum 1. Its pixel `(width / 2, height / 2)`, rounded down, is `h[0]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Psf {
    size: Size,
    values: Vec<f64>,
}

/// The most numbers that a function is made of: as many as the largest pictures that it could blur have.
pub(super) const MOST_NUMBERS: usize = 1 << 24;

impl Psf {
    /// A function of the proportions of `values`, `[height, width]`, which may be negative here and there.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when there are not as many as the size has, when one is not finite, or when they are
    /// all zero, or cancel out.
    pub fn normalized(size: Size, values: Vec<f64>) -> Result<Self> {
        let sum: f64 = values.iter().sum();
        let magnitude: f64 = values.iter().map(|value| value.abs()).sum();
        let problem = if values.is_empty() || Some(values.len()) != size.width.checked_mul(size.height) {
            format!("{} numbers are no point-spread function of {size} pixels", values.len())
        } else if !magnitude.is_finite() {
            "a point-spread function holds a number that is not finite: write it again".into()
        } else if magnitude == 0.0 {
            "a point-spread function is zero everywhere, so no light would arrive: give one that is not".into()
        } else if sum < 1e-3 * magnitude {
            "a point-spread function has a sum of zero or less, so no light would arrive: take its background away"
                .into()
        } else {
            return Ok(Self { size, values: values.into_iter().map(|value| value / sum).collect() });
        };
        Err(Error::new(ErrorKind::Setting, problem))
    }

    /// Reads a function from a FITS file (the first image in it, rows in the file's order), a NumPy array of two axes,
    /// or a picture (the luma of its values as they are; 16-bit PNG and TIFF keep their depth). What the file holds is
    /// told by its bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when the file cannot be read, [`ErrorKind::Picture`] when it is none of these, and as
    /// [`normalized`](Self::normalized).
    pub fn read(file: &Path) -> Result<Self> {
        let bytes = read_bytes(file)?;
        let shown = file.display();
        let of_picture = |reason: String| Error::new(ErrorKind::Picture, format!("{shown} {reason}"));
        let (size, values) = if bytes.starts_with(fits::MAGIC) {
            fits::image(&bytes).map_err(of_picture)?
        } else if let Some(numbers) = numbers_of_npy(&bytes) {
            numbers.map_err(of_picture)?
        } else {
            let picture = crate::image::Reader::default().decode(&shown.to_string(), &bytes)?.to_grey();
            (picture.size(), picture.values().iter().map(|&value| f64::from(value)).collect())
        };
        Self::normalized(size, values)
            .map_err(|error| Error::new(error.kind(), format!("{shown} cannot be used: {error}")).with_source(error))
    }

    /// Its pixels.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// `h`, `[height, width]`.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}
