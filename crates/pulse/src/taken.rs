//! What a picture is taken for.

use std::str::FromStr;

use pulse_core::face::Detector;
use pulse_core::generator::GeneratorSpec;
use pulse_core::image::Image;
use pulse_core::mosaic::Mosaic;
use pulse_record::image::Raster;

use crate::prepared::shrink_for;
use crate::{Error, ErrorKind, Result};

/// What a picture is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TakenAs {
    /// A small picture, as it is.
    Small,
    /// Blocks, which are taken for the pixels of a small picture.
    Mosaic,
    /// A photograph, in which faces are found first.
    Faces,
}

impl TakenAs {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Small, Self::Mosaic, Self::Faces];

    /// Its name in options.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Mosaic => "mosaic",
            Self::Faces => "faces",
        }
    }

    /// What a picture shows itself to be, in this order: no larger than the generator's pictures; made of blocks; a photograph with
    /// faces in it, where there is a detector. Nothing where it is none of these.
    ///
    /// # Errors
    /// As [`Raster::part`].
    pub fn of(raster: &Raster, generator: &GeneratorSpec, detector: Option<&mut Detector>) -> Result<Option<Self>> {
        let whole = raster.whole();
        if whole.width <= generator.width && whole.height <= generator.height {
            return Ok(Some(Self::Small));
        }
        let picture = raster.part(whole, shrink_for(whole))?;
        Ok(Self::shown(&picture, detector))
    }

    fn shown(picture: &Image, detector: Option<&mut Detector>) -> Option<Self> {
        // Turned blocks over a face look like a face to the detector.
        if Mosaic::detect(picture).is_some() || Mosaic::guess_turned(picture).is_some() {
            return Some(Self::Mosaic);
        }
        let has_faces = detector.is_some_and(|detector| !detector.detect(picture).is_empty());
        has_faces.then_some(Self::Faces)
    }
}

impl FromStr for TakenAs {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|taken| taken.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::new(ErrorKind::Setting, format!("a picture cannot be taken for `{text}`: choose one of {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_by_their_names() {
        assert_eq!(TakenAs::ALL.map(|taken| taken.name().parse().ok()), TakenAs::ALL.map(Some));
        assert_eq!("portrait".parse::<TakenAs>().unwrap_err().kind(), ErrorKind::Setting);
    }
}
