//! The files of `pulse-core`: pictures and generators in, the folder of a run out.
//!
//! | To do what | Module |
//! |---|---|
//! | read pictures, and write those that say that they are synthetic | [`image`](mod@image) |
//! | read generators, and keep numbers that take long to make | [`generator`], [`cache`] |
//! | read the files that a measurement or a search names | [`measurement`], [`mask`], [`inputs`] |
//! | write the folder of a run, and read it again | [`run`], [`record`] |
//! | write what was found of somebody's "enhanced" picture | [`check`] |
//! | write what was explored from a run; write photographs with faces put back | [`explored`], [`faces`], [`photograph`] |
//! | draw a run as one picture, or write it as one page | [`sheet`], [`report`] |
//! | claim a folder, write a file whole, tell files apart | [`folder`], [`write`](mod@write), [`checksum`] |
//!
//! A picture that a model made says so in its file:
//!
//! ```
//! use pulse_core::image::Image;
//! use pulse_record::image::{Provenance, Reader, write_png};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("black-and-white.png");
//! let picture = Image::new(1, 1, 2, vec![0.0, 1.0])?;
//! write_png(&path, &picture, Some(&Provenance::new("my generator", 7u64)))?;
//!
//! assert_eq!(Reader::default().read(&path)?, picture);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A run is read from its folder:
//!
//! ```no_run
//! use pulse_record::run::Run;
//!
//! let run = Run::open("pulse-out/small".as_ref())?;
//! for candidate in &run.record().candidates {
//!     println!("{}: {:.1} dB, {:?}", candidate.image, candidate.db, candidate.verdict);
//! }
//! # Ok::<(), pulse_core::Error>(())
//! ```
//!
//! Every file is written under another name and renamed, so it is whole or not there. The record of a folder comes last:
//! a folder that has its record has everything that the record names.
#![forbid(unsafe_code)]

pub mod cache;
pub mod check;
pub mod checksum;
pub mod denoiser;
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
