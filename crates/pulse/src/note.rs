//! What the user should know about a picture that was prepared.

use std::fmt;

use pulse_core::image::{Rectangle, Size};
use pulse_core::measurement::MeasurementKind;
use pulse_core::mosaic::{Guess, Mosaic};
use pulse_record::image::FileNote;
use pulse_record::record::PlacementRecord;

/// What the user should know about a picture that was prepared.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// It is made of blocks, which were taken for its pixels.
    Blocks {
        /// The blocks.
        mosaic: Mosaic,
        /// How many there are.
        count: Size,
    },
    /// It is grey, so every candidate is; `colours` is the measurement that would let them have colours.
    Grey {
        /// The measurement with a stage that makes grey of colours.
        colours: MeasurementKind,
    },
    /// Its colours are those of one tint: grey that was toned; `grey` is the measurement that takes it for grey.
    Toned {
        /// The measurement with a stage that makes grey of colours.
        grey: MeasurementKind,
    },
    /// What is to be said of its file.
    File(FileNote),
    /// A part of it is transparent, which was taken for unknown.
    Transparent {
        /// How many of its pixels.
        unknown: usize,
    },
    /// Other parts of it are made of blocks too, and were not searched for.
    OtherBlocks(Vec<Rectangle>),
    /// It seems to be made of blocks that are turned, and was taken as it is.
    Turned(Guess),
    /// It was read as the means of so many of its pixels along each side.
    Reduced(usize),
    /// It is not framed as the generator's pictures are: it was searched for in the frame that is most like theirs.
    Placed(PlacementRecord),
    /// It has all of the pixels that the generator makes, so every candidate is it.
    Complete {
        /// The size of the generator's pictures.
        sharp: Size,
        /// Where it looks blurred: σ in its own pixels, and in the generator's.
        blur: Option<[f64; 2]>,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocks { mosaic: Mosaic { grid, region }, count } => {
                let Rectangle { left, top, width, height } = region;
                write!(
                    f,
                    "it is made of {count} blocks of {:.2} pixels ({grid}, in {left},{top},{width},{height}), which were \
                     taken for its pixels",
                    grid.size
                )
            }
            Self::Placed(PlacementRecord { left, top, side, .. }) => write!(
                f,
                "it is not framed as the model's own pictures are; it was searched for in the frame that is most like theirs, \
                 {side:.1} pixels at {left:.1}, {top:.1}"
            ),
            Self::Grey { .. } => f.write_str("it is grey, so every candidate is"),
            Self::Toned { .. } => f.write_str("it looks grey and toned, and so do the candidates, more or less"),
            Self::File(note) => note.fmt(f),
            Self::Transparent { unknown } => {
                write!(f, "{unknown} of its pixels are transparent: what they show was taken for unknown")
            }
            Self::OtherBlocks(parts) => {
                let parts: Vec<_> = parts
                    .iter()
                    .map(|part| format!("{},{},{},{}", part.left, part.top, part.width, part.height))
                    .collect();
                write!(f, "other parts of it are made of blocks too: {}", parts.join(" and "))
            }
            Self::Turned(Guess { turned, .. }) => {
                write!(
                    f,
                    "it seems to be made of blocks that are turned by about {:.1} degrees, and was taken as it is",
                    turned.abs()
                )
            }
            Self::Reduced(by) => write!(f, "it is large, and was read at 1/{by} of its size"),
            Self::Complete { sharp, .. } => {
                write!(f, "it has all of the {sharp} pixels that the generator makes, so every candidate is it")
            }
        }
    }
}
