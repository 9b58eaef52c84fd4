//! From a network to a program: which nodes run as one, in which memory, in which order.

mod blocks;
mod fuse;
mod lower;
mod memory;
mod plan;
mod port;
mod profile;
mod program;
mod step;

pub use profile::Profile;
pub(super) use program::Program;
pub use step::Step;
