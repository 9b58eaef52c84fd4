//! pulse
#![forbid(unsafe_code)]

mod error;
pub mod image;
pub mod candidate;
pub mod event;
pub mod generator;
pub mod inputs;
pub mod render;
pub mod run;
pub mod search;
pub mod start;
pub mod latent;
pub mod loss;
pub mod measurement;
pub mod optimizer;
pub mod sheet;
pub mod write;

pub use error::{Error, ErrorKind, Result};
