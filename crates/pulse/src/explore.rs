//! The range: everything that the small picture could have been, sorted, compared and walked through.
//!
//! A search gives candidates. What they have in common is what the small picture and the generator say; where they
//! differ, it is imagined. [`Detail`] is the part of a picture that shrinking takes away, and the only part in which
//! candidates differ; [`Distances`] says how far apart they are in it.

mod detail;
mod distance;

pub use detail::Detail;
pub use distance::Distances;
