//! Shrinking a photograph as a measurement would, for demonstrations.

use super::{MeasurementKind, Size};
use crate::image::Image;
use crate::{Error, ErrorKind, Result};

impl MeasurementKind {
    /// `picture` at the size `to`, through this measurement's own kernel, clipped to [0, 1].
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when `to` is empty or larger than the picture.
    pub fn shrink(self, picture: &Image, to: Size) -> Result<Image> {
        let from = picture.size();
        if to.width > from.width || to.height > from.height {
            let message = format!("a picture of {from} cannot be shrunk to {to}: choose a size within it");
            return Err(Error::new(ErrorKind::Setting, message));
        }
        picture.resized(self.kernel(), to)
    }
}
