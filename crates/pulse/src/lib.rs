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
//! use pulse::engine::Cpu;
//! use pulse::event::Silent;
//! use pulse::generator::EMBEDDED;
//! use pulse::image::Image;
//! use pulse::measurement::{MeasurementKind, Size};
//! use pulse::search::{Problem, SearchConfig, search};
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
//! # From one search to an application
//!
//! [`search::search`] returns when all is done. A [`Session`](session::Session) is the same search for a program that has
//! something else to do meanwhile: it holds all that it needs, takes one step when it is asked to, and says at any time what it
//! has found so far.
//!
//! | To do what | Where |
//! |---|---|
//! | open a generator, embedded or in a file | [`Opened`] |
//! | crop a picture, reduce its blocks, shrink it, resolve the measurement | [`Preparation`], [`Prepared`] |
//! | search step by step, watched by an [`Observer`](event::Observer) | [`session::Session`] |
//! | look for the generator's frame in the picture | [`session::Judge::place`], [`place`] |
//! | measure what was found: scores, certainty, [`Verdict`](judge::Verdict) | [`session::Judge`], [`judge`] |
//! | write the folder of a run | [`session::Found::save`], [`run`], [`sheet`], [`report`] |
//! | tell a small picture, blocks and a photograph apart | [`TakenAs`] |
//! | skip what an earlier run finished | [`standing`] |
//! | take up a run: search again from a candidate, or walk from it | [`steer`], [`solved`], [`walk`] |
//! | find the faces in a photograph, and put others in their place | [`portrait`], [`face`] |
//! | hold somebody's "enhanced" picture against the small one | [`claim`], [`check`] |
//! | make pictures of inputs again | [`render`], [`inputs`] |
//!
//! # The crates below
//!
//! This crate is the only one to depend on. It re-exports [`engine`] (`pulse-engine`: networks, and what runs them),
//! [`checkpoint`] (`pulse-checkpoint`: files to tensors), `pulse-core` (all that is computed) and `pulse-record` (all that is
//! on the disk). Where a subject is both computed and stored, such as [`image`](mod@image) or [`generator`], one module here has
//! both halves.
#![forbid(unsafe_code)]

mod allowed;
pub mod check;
mod note;
mod opened;
mod placing;
pub mod portrait;
mod prepared;
pub mod session;
pub mod standing;
pub mod steer;
mod taken;

pub use allowed::engine as allowed_engine;
pub use note::Note;
pub use opened::{BESIDE, Opened, Told};
pub use placing::Placing;
pub use prepared::{Blocks, Preparation, Prepared};
pub use pulse_checkpoint as checkpoint;
pub use pulse_checkpoint::read;
pub use pulse_core::{
    Error, ErrorKind, Result, Shared, WayOut, candidate, claim, detail, event, judge, kept, latent, loss, mosaic,
    optimizer, place, placement, quantity, random, render, sampler, search, sharpness, solved, tape, walk,
};
pub use pulse_engine as engine;
pub use pulse_record::{cache, checksum, explored, faces, folder, record, report, run, sheet, write};
pub use taken::TakenAs;

/// Pictures: values and sizes; reading them from files, and writing them.
pub mod image {
    pub use pulse_core::image::*;
    pub use pulse_record::image::*;
}

/// Generators: what they are, and reading them from files.
pub mod generator {
    pub use pulse_core::generator::*;
    pub use pulse_record::generator::*;
}

/// Denoisers: diffusion, flow and consistency models, and reading them from files.
pub mod denoiser {
    pub use pulse_core::denoiser::*;
    pub use pulse_record::denoiser::*;
}

/// Measurements: what the camera did, and reading the files that they name.
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
    pub use pulse_record::photograph::{Photograph, Restoration};
}

/// What steers a search: a region that stays, an example, a neighbourhood; and reading masks from files.
pub mod steering {
    pub use pulse_core::search::steering::*;
    pub use pulse_record::mask::read_mask;
}
