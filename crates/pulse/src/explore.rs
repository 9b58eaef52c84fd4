//! The range: everything that the small picture could have been, sorted, compared and walked through.
//!
//! A search gives candidates. What they have in common is what the small picture and the generator say; where they
//! differ, it is imagined. [`Detail`] is the part of a picture that shrinking takes away, and the only part in which
//! candidates differ; [`Distances`] says how far apart they are in it. [`Certainty`] says what they agree on, and [`Scores`]
//! are what they are sorted by: [`Range`] is all of that for one run.

mod certainty;
mod detail;
mod distance;
mod niqe;
mod plausibility;
mod range;
mod scores;

pub use certainty::{Band, Certainty, INFLATION};
pub use detail::Detail;
pub use distance::Distances;
pub use niqe::niqe;
pub use plausibility::{Plausibility, Prior, random_pictures};
pub use range::{RANDOM_PICTURES, Range, Spread};
pub use scores::{Order, Scores};
