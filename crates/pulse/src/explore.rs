//! The range: everything that the small picture could have been, sorted, compared and walked through.
//!
//! A search gives candidates. What they have in common is what the small picture and the generator say; where they
//! differ, it is imagined. [`Detail`] is the part of a picture that shrinking takes away, and the only part in which
//! candidates differ; [`Distances`] says how far apart they are in it. [`Certainty`] says what they agree on, and [`Scores`]
//! are what they are sorted by: [`Range`] is all of that for one run. An [`Explorer`] walks from a candidate through the pictures
//! that are consistent too: along the directions that change what is imagined and little else, or to another candidate.
//! [`Steering`] draws the range where somebody wants it.

mod certainty;
mod coordinates;
mod corrector;
mod critic;
mod derivatives;
mod detail;
mod distance;
mod diversity;
mod eigen;
mod explorer;
mod familiar;
mod folder;
mod left;
mod lessons;
mod look;
mod niqe;
mod nullspace;
mod path;
mod plausibility;
mod range;
mod record;
mod reframe;
mod scores;
mod spread;
mod steer;
mod verdict;

pub use certainty::{Band, Certainty, INFLATION};
pub use coordinates::{Coordinates, Point};
pub use corrector::{Corrector, Frame};
pub use critic::Critic;
pub use derivatives::{Cotangent, Derivatives, Seen};
pub use detail::Detail;
pub use distance::Distances;
pub use diversity::Diversity;
pub use explorer::{Curve, CurveFrame, DirectionSettings, Explorer, MOST_DIRECTIONS, MOST_FRAMES, Path, Watch};
pub use familiar::Familiar;
pub use folder::{ExploreFolder, Explored};
pub(crate) use lessons::Lessons;
pub use niqe::niqe;
pub use nullspace::{Direction, Region};
pub use plausibility::{Plausibility, Prior, random_pictures};
pub use range::{RANDOM_PICTURES, Range, Spread};
pub use record::{
    CurveFrameRecord, CurveRecord, DirectionsRecord, EXPLORE_SCHEMA, ExploreRecord, PathFrameRecord, PathRecord,
};
pub use scores::{Order, Scores};
pub use spread::{View, widest_first};
pub(crate) use steer::{Attraction, KeptMeasurement};
pub use steer::{Kept, Mask, Steering, Toward, neighbours};
pub use verdict::{Bent, OwnFits, OwnPictures, Usual, Verdict};
