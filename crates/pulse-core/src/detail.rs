//! The part of a picture that shrinking takes away.

mod distance;

use pulse_engine::{NetworkBuilder, Operator, Value};

pub use distance::Distances;

use crate::Result;
use crate::image::Image;
use crate::image::{Kernel, Resize, Size};

/// `D(x) = x − U S x`: the picture less what is left of it after it was shrunk (`S`, bicubic) and enlarged again (`U`, bicubic).
///
/// Candidates for one small picture share `S x`, nearly; all that tells them apart is here, and no difference of
/// exposure or colour that the small picture would show.
#[derive(Clone, Debug)]
pub struct Detail {
    shrink: Resize,
    enlarge: Resize,
}

impl Detail {
    /// Detail of pictures of size `sharp`, finer than the pixels of a picture of size `small`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) when `small` is larger than `sharp`, or has no pixels.
    pub fn new(sharp: Size, small: Size) -> Result<Self> {
        Ok(Self {
            shrink: Resize::new(Kernel::Bicubic, sharp, small)?,
            enlarge: Resize::new(Kernel::Bicubic, small, sharp)?,
        })
    }

    /// `D(x)`, the values `[channels, height, width]`; each plane has a mean near zero.
    ///
    /// # Panics
    /// When the picture is not of the size `sharp`.
    pub fn of(&self, image: &Image) -> Vec<f32> {
        let coarse = self.enlarge.apply(&self.shrink.apply(image.values()));
        image.values().iter().zip(coarse).map(|(&value, coarse)| value - coarse).collect()
    }

    /// `D` as operators on a `picture` of a network.
    pub(crate) fn append(&self, builder: &mut NetworkBuilder, picture: Value) -> Result<Value> {
        let small = builder.add(self.shrink.operator(), &[picture])?;
        let coarse = builder.add(self.enlarge.operator(), &[small])?;
        let negative = builder.add(Operator::affine(vec![-1.0], []), &[coarse])?;
        Ok(builder.add(Operator::Add, &[picture, negative])?)
    }
}
