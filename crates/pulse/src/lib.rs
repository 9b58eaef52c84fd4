//! All the sharp pictures that a small picture could have been.
//!
//! A small picture `y` was once a sharp one, `y = A(x)`. Infinitely many sharp pictures fit. This crate
//! searches the inputs of a frozen generative network for many that do (PULSE: Menon, Damian, Hu, Ravi, Rudin,
//! CVPR 2020). It does not find the one that was photographed: nothing can.
//!
//! Three nouns carry it: a [`Generator`](generator::Generator) makes pictures from numbers, a
//! [`Measurement`](measurement::Measurement) says how a sharp picture becomes a small one, and
//! [`search`](search::search) finds [`Candidate`](candidate::Candidate)s.
//!
//! ```
//! use pulse::event::Silent;
//! use pulse::generator::EMBEDDED;
//! use pulse::image::Image;
//! use pulse::measurement::{MeasurementKind, Size};
//! use pulse::search::{Problem, SearchConfig, search};
//! use pulse_engine::Cpu;
//!
//! // The embedded face generator, and a picture of 2x2 pixels.
//! let generator = EMBEDDED[0].open()?;
//! let skin = [0.8, 0.7, 0.8, 0.7, 0.6, 0.5, 0.6, 0.5, 0.5, 0.4, 0.5, 0.4];
//! let target = Image::new(3, 2, 2, skin.to_vec())?;
//!
//! let spec = generator.spec();
//! let pictures = Size::new(spec.width, spec.height);
//! let measurement = MeasurementKind::default().resolve(spec.channels, pictures, target.size())?;
//! let problem = Problem::new(&*generator, &*measurement, &target);
//! let config = SearchConfig { candidates: 2, steps: 10, ..SearchConfig::default() };
//!
//! for candidate in search(&problem, &config, &Cpu::default(), &mut Silent)? {
//!     assert_eq!(candidate.image.size(), pictures);
//!     println!("candidate {}: {:.1} dB", candidate.index + 1, candidate.db);
//! }
//! # Ok::<(), pulse::Error>(())
//! ```
//!
//! A search tells an [`Observer`](event::Observer) what happens, step by step. [`run`] writes what was found into
//! a folder, [`sheet`] draws it on one page, [`report`] writes it on one that a browser opens, [`explore`] measures the
//! candidates together, and [`render`] makes pictures from inputs again.
#![forbid(unsafe_code)]

pub mod candidate;
mod error;
pub mod event;
pub mod explore;
pub mod face;
pub mod generator;
pub mod image;
pub mod inputs;
pub mod kept;
pub mod latent;
pub mod loss;
pub mod measurement;
pub mod mosaic;
pub mod optimizer;
pub mod place;
pub mod render;
pub mod report;
pub mod run;
pub mod search;
pub mod sharpness;
pub mod sheet;
pub mod start;
pub mod write;

pub use error::{Error, ErrorKind, Result};
