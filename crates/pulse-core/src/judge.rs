//! What finished candidates are worth, one by one and together.
//!
//! [`Scores`] are what candidates are sorted by. [`Certainty`] says what they agree on. [`Verdict`] says whether the generator
//! knows how to make such a picture, compared with its own random pictures. [`Assessment`] is all of that for one search. Nothing
//! here changes a picture.

mod assessment;
mod branch;
mod certainty;
mod critic;
mod diversity;
mod familiar;
mod lessons;
mod look;
mod niqe;
mod own_fits;
mod own_pictures;
mod plausibility;
mod random;
mod reframe;
mod residuals;
mod scores;
mod truth;
mod verdict;

pub use assessment::{Assessment, RANDOM_PICTURES, Spread};
pub use branch::Branch;
pub use certainty::{Band, Certainty, INFLATION};
pub use critic::Critic;
pub use diversity::Diversity;
pub use familiar::Familiar;
pub(crate) use lessons::Lessons;
pub use niqe::niqe;
pub use own_fits::{OwnFits, Usual};
pub use own_pictures::{Fitted, OwnPictures};
pub use plausibility::{Plausibility, Prior};
pub(crate) use plausibility::{offsets, stages};
pub use random::{random_pictures, random_pictures_unless};
pub use scores::{Order, Scores};
pub use truth::Truth;
pub use verdict::{Bent, Verdict};
