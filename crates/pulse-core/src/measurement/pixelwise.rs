//! Stages that work on each pixel alone: grey, channels, masks.

use pulse_engine::{Convolution, Operator};

use super::{Channels, LUMA, Size, Stage};
use crate::image::Image;
use crate::{Error, ErrorKind, Result};

/// What is done to each pixel.
#[derive(Clone, Debug)]
pub(super) enum Pixelwise {
    Gray,
    Channels(Channels),
    /// 1 where a pixel was measured, else 0.
    Mask(Vec<f32>),
}

impl Pixelwise {
    /// The stage for pictures of `channels` of this size, where it is one of these and does anything.
    pub(super) fn of(stage: &Stage, channels: usize, size: Size) -> Result<Option<Self>> {
        match stage {
            Stage::Gray => Ok((channels == 3).then_some(Self::Gray)),
            Stage::Channels(_) if channels != 3 => {
                let message =
                    format!("{stage} cannot be measured of a grey picture: leave it out, or put it before gray");
                Err(Error::new(ErrorKind::Setting, message))
            }
            Stage::Channels(channels) => Ok(Some(Self::Channels(*channels))),
            Stage::Mask(file) => {
                let mask = file.content()?.to_grey();
                let name = file.path().display();
                if mask.size() != size {
                    let message = format!(
                        "the mask {name} has {} pixels and what it masks {size}: make it as large as the picture at its \
                         place in the measurement",
                        mask.size()
                    );
                    return Err(Error::new(ErrorKind::Setting, message));
                }
                let between = mask.values().iter().filter(|value| (0.1..=0.9).contains(*value)).count();
                if between * 100 > mask.values().len() * MOST_BETWEEN {
                    let message = format!(
                        "the mask {name} is grey in {between} of its {} pixels: a pixel was measured or was not; paint white what was \
                         measured and black what was not",
                        mask.values().len()
                    );
                    return Err(Error::new(ErrorKind::Setting, message));
                }
                let known: Vec<f32> = mask.values().iter().map(|&value| f32::from(u8::from(value >= 0.5))).collect();
                if known.iter().all(|&known| known == 0.0) {
                    let message =
                        format!("the mask {name} is black and hides every pixel: paint white what was measured");
                    return Err(Error::new(ErrorKind::Setting, message));
                }
                Ok(Some(Self::Mask(known)))
            }
            Stage::Resize(..) | Stage::Blur(_) | Stage::Jpeg(_) | Stage::Photons(_) => Ok(None),
        }
    }

    /// How many channels its result has, for this number of channels.
    pub(super) fn channels(&self, of: usize) -> usize {
        match self {
            Self::Gray => 1,
            Self::Channels(channels) => channels.single().map_or(of, |_| 1),
            Self::Mask(_) => of,
        }
    }

    /// The stage as an operator on pictures of this number of channels.
    pub(super) fn operator(&self, channels: usize) -> Operator {
        match self {
            Self::Gray => weighted_sum(LUMA),
            Self::Channels(measured) => match measured.single() {
                Some(channel) => weighted_sum([0, 1, 2].map(|other| f32::from(u8::from(other == channel)))),
                None => Operator::affine(measured.measured().map(|known| f32::from(u8::from(known))), []),
            },
            Self::Mask(known) => Operator::affine(known.repeat(channels), []),
        }
    }

    /// The stage, applied to a picture that it may have been applied to already.
    pub(super) fn apply(&self, picture: Image) -> Result<Image> {
        let (size, channels) = (picture.size(), picture.channels());
        let pixels = size.width * size.height;
        match self {
            Self::Gray => Ok(picture.to_grey()),
            Self::Channels(_) if channels == 1 => Ok(picture),
            Self::Channels(measured) => {
                if let Some(channel) = measured.single() {
                    return Image::new(1, size.height, size.width, picture.plane(channel).to_vec());
                }
                let mut values = picture.into_values();
                for (plane, known) in values.chunks_exact_mut(pixels).zip(measured.measured()) {
                    if !known {
                        plane.fill(0.0);
                    }
                }
                Image::new(channels, size.height, size.width, values)
            }
            Self::Mask(known) => {
                let mut values = picture.into_values();
                for plane in values.chunks_exact_mut(pixels) {
                    plane.iter_mut().zip(known).for_each(|(value, known)| *value *= known);
                }
                Image::new(channels, size.height, size.width, values)
            }
        }
    }
}

/// How many of 100 pixels of a mask may be neither white nor black: what lies on the edges between the two. All of those are cut at half.
const MOST_BETWEEN: usize = 10;

/// `y = Σ_c weights[c] x[c]`, a convolution of one pixel.
fn weighted_sum(weights: [f32; 3]) -> Operator {
    Operator::Convolution(Convolution {
        weight: weights.into(),
        bias: None,
        out_channels: 1,
        in_channels: 3,
        kernel: [1, 1],
        stride: 1,
        padding: 0,
    })
}
