//! A region that stays as it is.
//!
//! The region could be left out of the loss, because it is put back at the end. But then what the generator makes of the rest
//! would not meet it. So the search fits the whole small picture and is drawn to the region's details until the end. Only the
//! projection puts the region back, with an edge that fades outwards.

use pulse_engine::{NetworkBuilder, Operator, Shape, Value};

use super::Mask;
use crate::Result;
use crate::image::Image;
use crate::measurement::Measurement;

/// The edge of what is kept is as wide as this part of the picture's longer side.
const EDGE: usize = 16;

/// A region of a picture that stays: a candidate is `K p + (1 − K) x`, for the picture `p`, what was found, `x`, and the
/// region's mask with a [feathered](Mask::feathered) edge, `K`. Where the mask is white it is `p` exactly. The edge lies outside
/// of the region, so that what varies begins where it was, and no seam shows.
#[derive(Clone, Debug)]
pub struct Kept {
    picture: Image,
    edged: Mask,
}

impl Kept {
    /// What is white in `mask` stays as it is in `picture`, of the generator's size and channels, which has to be consistent
    /// itself.
    pub fn new(picture: Image, mask: &Mask) -> Self {
        let longer = mask.size().width.max(mask.size().height);
        Self { picture, edged: mask.feathered(longer / EDGE) }
    }

    /// The picture.
    pub fn picture(&self) -> &Image {
        &self.picture
    }

    /// How much of each pixel stays: the mask, with its edge.
    pub fn mask(&self) -> &Mask {
        &self.edged
    }

    /// `x ← K p + (1 − K) x`.
    pub(crate) fn put_back(&self, x: &mut [f32]) {
        let mask = self.edged.values().iter().cycle();
        for ((x, kept), mask) in x.iter_mut().zip(self.picture.values()).zip(mask) {
            *x = mask * kept + (1.0 - mask) * *x;
        }
    }
}

/// `A'(x) = A(K p + (1 − K) x)`: what is measured when a region stays.
#[derive(Debug)]
pub(crate) struct KeptMeasurement<'a> {
    pub(crate) measurement: &'a dyn Measurement,
    pub(crate) kept: &'a Kept,
}

impl Measurement for KeptMeasurement<'_> {
    fn input_shape(&self) -> Shape {
        self.measurement.input_shape()
    }

    fn output_shape(&self) -> Shape {
        self.measurement.output_shape()
    }

    fn append(&self, builder: &mut NetworkBuilder, image: Value) -> Result<Value> {
        let mask = self.kept.edged.values();
        let free = mask.iter().map(|mask| 1.0 - mask).collect::<Vec<_>>();
        let kept = self.kept.picture.values().iter().zip(mask.iter().cycle()).map(|(value, mask)| value * mask);
        let put_back = Operator::affine(free.repeat(self.kept.picture.channels()), kept.collect::<Vec<_>>());
        let whole = builder.add(put_back, &[image])?;
        self.measurement.append(builder, whole)
    }

    fn describe(&self) -> String {
        format!("{}, where a region stays", self.measurement.describe())
    }

    fn known(&self) -> usize {
        self.measurement.known()
    }

    fn is_well_conditioned(&self) -> bool {
        self.measurement.is_well_conditioned()
    }

    fn variances(&self, target: &[f32]) -> Option<Vec<f64>> {
        self.measurement.variances(target)
    }

    fn adopt(&self, target: Image) -> Result<Image> {
        self.measurement.adopt(target)
    }
}
