//! From the picture that was read to the one that is searched for.

use pulse::generator::GeneratorSpec;
use pulse::image::Image;
use pulse::measurement::Size;

use super::arguments::{Arguments, Pixelation};

/// The picture to search for.
pub(super) struct Prepared {
    pub(super) target: Image,
    /// What it was made from, when it was pixelated.
    pub(super) original: Option<Image>,
}

impl Prepared {
    /// Crops, brings to the generator's channels, and pixelates, as the arguments say.
    pub(super) fn of(picture: Image, arguments: &Arguments, generator: &GeneratorSpec) -> Result<Self, String> {
        let text = |error: pulse::Error| error.to_string();
        let mut picture = match arguments.crop {
            Some(part) => picture.crop(part).map_err(text)?,
            None => picture,
        };
        picture = if generator.channels == 1 { picture.to_grey() } else { picture.to_rgb() };
        let Some(pixelation) = arguments.pixelate else {
            check_size(&picture, generator)?;
            return Ok(Self { target: picture, original: None });
        };
        let size = match pixelation {
            Pixelation::Size(size) => size,
            Pixelation::Side(side) => {
                if arguments.crop.is_none() && picture.width() != picture.height() {
                    picture = picture.crop(picture.centre_square()).map_err(text)?;
                }
                Size::new(side, side)
            }
        };
        // The 8 bits that a file of the small picture would have.
        let target = arguments.measurement.shrink(&picture, size).map_err(text)?.quantised();
        Ok(Self { target, original: Some(picture) })
    }
}

fn check_size(picture: &Image, generator: &GeneratorSpec) -> Result<(), String> {
    if picture.width() <= generator.width && picture.height() <= generator.height {
        return Ok(());
    }
    Err(format!(
        "its {} pixels are more than the {}x{} that the generator makes, so nothing is missing in it; shrink it first \
         with --pixelate 16, or take a part of it with --crop X,Y,W,H",
        picture.size(),
        generator.width,
        generator.height
    ))
}
