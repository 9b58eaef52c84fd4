//! `y = A(x)`: what the camera did to the sharp picture.
//!
//! A [`MeasurementKind`] is what a person writes, such as `bicubic` or `area:16`. Together with the size of
//! the generator's pictures and the size of the target it resolves into a [`Measurement`], which appends
//! itself to a generator's network or stands alone as a network of its own.
//!
//! Pictures are `[channels, height, width]`, RGB or grey in [0, 1], on both sides.

mod kind;
mod projection;
mod resize;
mod shrink;

use std::fmt;

use pulse_engine::{Network, NetworkBuilder, Shape, Value};

pub use kind::{Factor, MeasurementKind};
pub use projection::Projection;
pub use resize::{Kernel, Resize, resize_matrix};

use crate::Result;

/// How many pixels a picture has along its two axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels in a row.
    pub width: usize,
    /// Rows of pixels.
    pub height: usize,
}

impl Size {
    /// `width` x `height`.
    pub const fn new(width: usize, height: usize) -> Self {
        Self { width, height }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

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
