#![forbid(unsafe_code)]
//! The search.

pub mod candidate;
pub mod detail;
mod error;
pub mod event;
pub mod face;
pub mod generator;
pub mod image;
pub mod inputs;
pub mod judge;
pub mod kept;
pub mod latent;
pub mod loss;
pub mod measurement;
pub mod mosaic;
pub mod optimizer;
pub mod place;
pub mod placement;
pub mod random;
pub mod render;
pub mod search;
mod shared;
pub mod sharpness;
pub mod solved;
mod vector;
pub mod walk;

pub use error::{Error, ErrorKind, Result, WayOut};
pub use shared::Shared;
