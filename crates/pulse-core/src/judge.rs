//! What finished candidates are, one by one and together.
//!
//! [`Certainty`] says what candidates agree on, [`Scores`] are what they are sorted by, and [`Range`] is all of that for one
//! search. Nothing here changes a picture.

mod certainty;
mod critic;
mod diversity;
mod familiar;
mod lessons;
mod look;
mod niqe;
mod plausibility;
mod range;
mod reframe;
mod scores;
mod verdict;

pub use certainty::{Band, Certainty, INFLATION};
pub use critic::Critic;
pub use diversity::Diversity;
pub use familiar::Familiar;
pub(crate) use lessons::Lessons;
pub use niqe::niqe;
pub use plausibility::{Plausibility, Prior, random_pictures};
pub use range::{RANDOM_PICTURES, Range, Spread};
pub use scores::{Order, Scores};
pub use verdict::{Bent, OwnFits, OwnPictures, Usual, Verdict};
