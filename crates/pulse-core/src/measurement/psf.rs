//! Point-spread functions: what a camera makes of a single bright point.

use super::Size;
use crate::{Error, ErrorKind, Result};

/// `h[k]`, whole pixels round its centre, in sum 1. Its pixel `(width / 2, height / 2)`, rounded down, is `h[0]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Psf {
    size: Size,
    values: Vec<f64>,
    arcseconds: Option<f64>,
}

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
            return Ok(Self { size, values: values.into_iter().map(|value| value / sum).collect(), arcseconds: None });
        };
        Err(Error::new(ErrorKind::Setting, problem))
    }

    /// The same, whose pixels are known to have sides of so many seconds of arc.
    #[must_use]
    pub fn of_pixels(self, arcseconds: Option<f64>) -> Self {
        Self { arcseconds, ..self }
    }

    /// The side of a pixel in seconds of arc, where its file says it. The pixels of the generator's picture have to be as large:
    /// nothing is resampled.
    pub const fn arcseconds(&self) -> Option<f64> {
        self.arcseconds
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
