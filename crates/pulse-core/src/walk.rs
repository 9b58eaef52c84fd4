//! From a candidate through the pictures that are consistent too.
//!
//! An [`Explorer`] follows the directions that change what is imagined and little else, or leads to another candidate. Each
//! picture on the way is brought back to the target by a [`Corrector`].

mod coordinates;
mod corrector;
mod derivatives;
mod eigen;
mod explorer;
mod nullspace;
mod path;

pub use coordinates::{Coordinates, Point};
pub use corrector::{Corrector, Frame};
pub use derivatives::{Cotangent, Derivatives, Seen};
pub use explorer::{
    Curve, CurveFrame, DirectionSettings, Explorer, MOST_DIRECTIONS, MOST_FRAMES, PATH_FRAMES, Path, Watch,
};
pub use nullspace::{Direction, Region};
