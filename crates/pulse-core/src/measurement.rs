//! `y = A(x)`: what the camera did to the sharp picture.
//!
//! A [`MeasurementKind`] is what a person writes, such as `bicubic`, `area:16` or `gaussian:1.5,bicubic`: one or
//! several [`Stage`]s. Together with the size of the generator's pictures and the size of the target it resolves
//! into a [`Measurement`], which appends itself to a generator's network or stands alone as a network of its own.
//!
//! Pictures are `[channels, height, width]`, RGB or grey in [0, 1], on both sides.
//!
//! A stage is one or two operators; the sizes between stages follow from the two ends. Pixels that a mask hides are 0 in the
//! measured picture and in the target, and do not count in any mean. A target of other proportions than the generator's picture
//! is the middle of what the whole picture becomes: nothing is stretched.

mod blur;
mod composition;
mod in_file;
mod kind;
mod photons;
mod pixelwise;
mod projection;
mod psf;
mod sizes;
mod stage;
mod text;

use std::fmt;

use pulse_engine::{Network, NetworkBuilder, Shape, Value};

pub use in_file::InFile;
pub use kind::MeasurementKind;
pub use photons::Photons;
pub use projection::Projection;
pub use psf::Psf;
pub use stage::{Blur, Channels, Factor, Length, Quality, Stage};
pub use text::GRAMMAR;

pub use crate::image::{Kernel, Resize, Size, resize_matrix};

use crate::Result;
use crate::image::{Image, LUMA};

/// `y = A(x)` between pictures of fixed shapes, as operators of an engine.
pub trait Measurement: fmt::Debug + Send + Sync {
    /// The shape of `x`.
    fn input_shape(&self) -> Shape;

    /// The shape of `y`.
    fn output_shape(&self) -> Shape;

    /// Appends the operators to a network under construction and gives `y`. The image `x` is in [0, 1].
    ///
    /// # Errors
    /// [`ErrorKind::Network`](crate::ErrorKind::Network) when `image` is not of the input shape.
    fn append(&self, builder: &mut NetworkBuilder, image: Value) -> Result<Value>;

    /// What it does, for people: the kind and the two sizes.
    fn describe(&self) -> String;

    /// Its text in the record of a run, by which it is recognised when the run is taken up again: that of a
    /// [`MeasurementKind`], or a name of your own. Without a text, runs are recorded under its [description](Self::describe),
    /// and can be taken up again only by code that has the measurement itself.
    fn text(&self) -> Option<String> {
        None
    }

    /// How many numbers of `y` say anything about `x`: fewer than there are where a mask hides some. The others are
    /// zero, and so they are in a target that was [adopted](Self::adopt).
    fn known(&self) -> usize {
        self.output_shape().len()
    }

    /// Whether `A Aᵀ` can be inverted without magnifying what is not exact in `y`, its rounding to 8 bits among
    /// others. Shrinking is so; spreading light is not.
    fn is_well_conditioned(&self) -> bool {
        true
    }

    /// The variance of the noise of each number of `target`, pictures being in [0, 1], where it follows from the number itself, as
    /// that of counted light does. Nothing where all have the same noise.
    fn variances(&self, target: &[f32]) -> Option<Vec<f64>> {
        _ = target;
        None
    }

    /// A picture of the target's size as this measurement would have made it: in its channels, with the numbers at
    /// zero that it hides.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`](crate::ErrorKind::Picture) when it cannot be.
    fn adopt(&self, target: Image) -> Result<Image> {
        Ok(target)
    }

    /// The measurement alone, as a network with the input [`IMAGE`] and the output [`MEASURED`]. Its
    /// backward pass is the adjoint `Aᵀ`.
    fn network(&self) -> Result<Network> {
        let mut builder = NetworkBuilder::new();
        let image = builder.input(IMAGE, self.input_shape())?;
        let measured = self.append(&mut builder, image)?;
        builder.output(MEASURED, measured)?;
        Ok(builder.build()?)
    }
}

/// The input of [`Measurement::network`].
pub const IMAGE: &str = "image";

/// The output of [`Measurement::network`].
pub const MEASURED: &str = "measured";
