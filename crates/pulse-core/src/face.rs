//! Faces in photographs: finding them, and cutting them out as a generator was trained on them.
//!
//! [`Detector`] is BlazeFace (Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs",
//! 2019), one more network that the engine runs. [`Frame`] says how a generator's pictures frame a face, and from a
//! face's [`Landmarks`] gives the [`Square`] of the photograph that it fills. [`aligned`] cuts that square out.
//! `Photograph` of the crate `pulse-record` puts an imagined face back.
//!
//! A detector finds faces. It cannot tell whose they are, and nothing here tries to.
//!
//! Points are `[x, y]` in pixels, x to the right and y down; the centres of pixels are at whole numbers, so the
//! outermost pixels reach from −1/2. Left and right are the viewer's.

mod align;
mod border;
mod decode;
mod detector;
mod network;
mod pyramid;
mod suppress;
mod views;

pub use align::aligned;
pub use border::blurred;
pub use detector::{Detector, DetectorConfig};
pub use network::{CARD, network};

pub use crate::placement::{Frame, FramePoints, Landmarks, Point, Square};

/// A face that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// How sure the detector is, in [0, 1].
    pub score: f64,
    /// The square round the face, from the forehead to the chin, turned as the head is.
    pub outline: Square,
    /// Where its parts are.
    pub landmarks: Landmarks,
}
