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

mod opened;
pub mod portrait;
mod prepared;
pub mod session;
pub mod standing;
pub mod steer;

pub use opened::Opened;
pub use prepared::{Blocks, Note, Preparation, Prepared};
pub use pulse_checkpoint as checkpoint;
pub use pulse_core::{
    Error, ErrorKind, Result, Shared, WayOut, candidate, detail, event, judge, kept, latent, loss, mosaic, optimizer,
    place, placement, random, render, search, sharpness, solved, walk,
};
pub use pulse_engine as engine;
pub use pulse_record::{cache, checksum, explored, faces, folder, record, report, run, sheet, write};

/// Pictures: values and sizes, and the files that they are read from and written to.
pub mod image {
    pub use pulse_core::image::*;
    pub use pulse_record::image::*;
}

/// Generators: what they are, and the files that they are read from.
pub mod generator {
    pub use pulse_core::generator::*;
    pub use pulse_record::generator::*;
}

/// What the camera did, and the files that it names.
pub mod measurement {
    pub use pulse_core::measurement::*;
    pub use pulse_record::measurement::*;
}

/// The inputs of candidates, in memory and in files.
pub mod inputs {
    pub use pulse_core::inputs::*;
    pub use pulse_record::inputs::*;
}

/// Faces in photographs: found, cut out, and put back.
pub mod face {
    pub use pulse_core::face::*;
    pub use pulse_record::photograph::Photograph;
}

/// What a search is steered by, in memory and in files.
pub mod steering {
    pub use pulse_core::search::steering::*;
    pub use pulse_record::mask::read_mask;
}
