//! Steering a search: a region that stays, an example that candidates resemble, a candidate near which they start.

mod kept;
mod mask;
mod neighbours;
mod view;

pub use kept::Kept;
pub(super) use kept::KeptMeasurement;
pub use mask::Mask;
pub use neighbours::neighbours;
pub use view::{View, widest_first};

use crate::image::Image;
use crate::image::{Kernel, Size};
use crate::{Error, ErrorKind, Result};

/// The weight of an example. The loss weighs a squared difference of measurements 100 times; details may differ more.
const EXAMPLE: f64 = 30.0;

/// The weight of what is kept: it is to be met by the generator itself, so that there is no seam.
const KEPT: f64 = 100.0;

/// What steers candidates, besides the target. They are as consistent as without it: a region that is kept is consistent
/// already, and the attraction to an example ends before the search does.
#[derive(Clone, Debug, Default)]
pub struct Steering {
    /// A region that stays as it is in a picture.
    pub keep: Option<Kept>,
    /// A picture that candidates are drawn to.
    pub toward: Option<Toward>,
    /// A picture that candidates begin with, in a search that samples a denoiser. A descent begins near inputs instead
    /// ([`neighbours`]).
    pub near: Option<Near>,
}

/// A picture that candidates of a denoiser begin with.
#[derive(Clone, Debug)]
pub struct Near {
    /// The picture, of the generator's size and channels.
    pub picture: Image,
    /// How far from it they begin: 0 is the picture itself, 1 noise alone.
    pub amount: f64,
}

impl Near {
    /// The picture in [-1, 1], and the level of its noise: that of a straight way from the picture to noise, `σ = a / (1 − a)`.
    pub(super) fn noisy(&self) -> (Vec<f32>, f64) {
        let picture = self.picture.values().iter().map(|value| 2.0 * value - 1.0).collect();
        (picture, self.amount / (1.0 - self.amount).max(f64::MIN_POSITIVE))
    }
}

/// An example that candidates are drawn to.
#[derive(Clone, Debug)]
pub struct Toward {
    /// The example, of the generator's size and channels.
    pub example: Image,
    /// Where it counts.
    pub mask: Mask,
}

/// The energy `weight mean mask (f − details)²` on what a [`View`] sees.
#[derive(Clone, Debug)]
pub(crate) struct Attraction {
    pub(crate) details: Vec<f32>,
    /// Of each number.
    pub(crate) mask: Vec<f32>,
    pub(crate) weight: f64,
    /// Whether it acts until the end. An attraction to a picture that is not consistent has to end before.
    pub(crate) lasts: bool,
}

impl Toward {
    /// A picture as an example for a generator of pictures of `channels` and `size`: in its channels, its largest middle part of
    /// these proportions, and resized where that is of another size.
    ///
    /// # Errors
    /// As [`Image::resized`].
    pub fn fit(picture: &Image, channels: usize, size: Size) -> Result<Image> {
        let part = picture.crop(picture.centre_part(size))?;
        let part = if channels == 1 { part.to_grey() } else { part.to_rgb() };
        let kernel = if part.width() > size.width { Kernel::Area } else { Kernel::Bicubic };
        if part.size() == size { Ok(part) } else { part.resized(kernel, size) }
    }
}

impl Steering {
    /// Checks that pictures and masks are of the shape of the generator's pictures.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`].
    pub fn check(&self, [channels, height, width]: [usize; 3]) -> Result<()> {
        let pictures = self.keep.iter().map(|keep| ("the picture that is kept", keep.picture(), keep.mask()));
        let examples = self.toward.iter().map(|toward| ("the example", &toward.example, &toward.mask));
        let nears = self.near.iter().map(|near| ("the picture to begin with", &near.picture));
        let masked = pictures.chain(examples);
        for (what, picture, mask) in masked
            .map(|(what, picture, mask)| (what, picture, Some(mask)))
            .chain(nears.map(|(what, picture)| (what, picture, None)))
        {
            if [picture.channels(), picture.height(), picture.width()] != [channels, height, width] {
                let message = format!(
                    "{what} is {} with {} channels, and the generator's pictures are {width}x{height} with {channels}: \
                     resize it first",
                    picture.size(),
                    picture.channels()
                );
                return Err(Error::new(ErrorKind::Picture, message));
            }
            if let Some(mask) = mask.filter(|mask| mask.size() != picture.size()) {
                let message = format!(
                    "the mask of {what} is {}, and the generator's pictures are {}: make it as large",
                    mask.size(),
                    picture.size()
                );
                return Err(Error::new(ErrorKind::Picture, message));
            }
        }
        Ok(())
    }

    /// The share of the picture that is not kept.
    pub(crate) fn free(&self) -> f64 {
        let kept = self.keep.as_ref().map_or(0.0, |keep| {
            let values = keep.mask().values();
            values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64
        });
        1.0 - kept
    }

    /// The energies that pull candidates to what is kept, and to the example.
    pub(crate) fn attractions(&self, view: &View) -> Result<Vec<Attraction>> {
        let keep = self.keep.iter().map(|keep| (keep.picture(), keep.mask(), KEPT, true));
        let toward = self.toward.iter().map(|toward| (&toward.example, &toward.mask, EXAMPLE, false));
        keep.chain(toward)
            .map(|(picture, mask, weight, lasts)| {
                let mask = mask.resized(view.size())?.repeat(picture.channels());
                Ok(Attraction { details: view.of(picture)?, mask, weight, lasts })
            })
            .collect()
    }
}
