//! A region that stays as it is.

use pulse_engine::{NetworkBuilder, Operator, Shape, Value};

use super::Mask;
use crate::Result;
use crate::image::Image;
use crate::measurement::Measurement;

/// A region of a picture that stays: a candidate is `K p + (1 − K) x`, for the picture `p`, the mask `K` and what was found,
/// `x`. Where the mask is white it is `p` exactly.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The picture, of the generator's size and channels. It has to be consistent itself.
    pub picture: Image,
    /// What of it stays.
    pub mask: Mask,
}

impl Kept {
    /// `x ← K p + (1 − K) x`.
    pub(crate) fn put_back(&self, x: &mut [f32]) {
        let mask = self.mask.values().iter().cycle();
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
        let mask = self.kept.mask.values();
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

    fn adopt(&self, target: Image) -> Result<Image> {
        self.measurement.adopt(target)
    }
}
