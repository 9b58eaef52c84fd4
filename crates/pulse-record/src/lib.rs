//! Files.
#![forbid(unsafe_code)]

pub mod cache;
pub mod checksum;
pub mod explored;
pub mod faces;
pub mod folder;
pub mod generator;
pub mod image;
pub mod inputs;
pub mod mask;
pub mod measurement;
pub mod photograph;
pub mod record;
pub mod report;
pub mod run;
pub mod sheet;
pub mod write;

use pulse_core::{Error, ErrorKind, Result, WayOut};
