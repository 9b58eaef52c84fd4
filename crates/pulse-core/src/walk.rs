//! Walks from a candidate through other consistent pictures.
//!
//! An [`Explorer`] follows the directions that change the picture and hardly what it shrinks to, or leads to another candidate.
//! Each picture on the way is brought back to the target by a [`Corrector`]: first in the inputs, by damped steps in latent and
//! features, and only then by the exact projection. So no frame is the generator's picture with a blur added to it. Between two
//! candidates that were drawn from a denoiser, the way goes through their noise instead, and each frame is drawn as they were.

mod change;
mod coordinates;
mod corrector;
mod curve;
mod derivatives;
mod eigen;
mod explorer;
mod extent;
mod nullspace;
mod path;
mod sampled;

pub use change::most_changed_part;
pub use coordinates::{Coordinates, Point};
pub use corrector::{Corrector, Frame};
pub use curve::{Curve, CurveFrame};
pub use derivatives::{Cotangent, Derivatives, Seen};
pub use explorer::{DirectionSettings, Explorer, MOST_DIRECTIONS, MOST_FRAMES, PATH_FRAMES, Passage, Watch};
pub use extent::{End, Extent, MORE_OFFSETS, VISIBLE};
pub use nullspace::{Direction, Region};
pub(crate) use sampled::between;
