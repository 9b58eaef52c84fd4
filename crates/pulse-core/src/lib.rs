//! The search for all the sharp pictures that a small picture could have been, without files, clock or terminal.
//!
//! Everything here is computed from what the caller gives: tensors, pictures, settings. The crate `pulse-record` reads and
//! writes files, and the crate `pulse-upsample` puts both together for an application.
//!
//! | To do what | Module |
//! |---|---|
//! | hold a picture, resize it, find its blocks, see how blurred it is | [`image`], [`mosaic`], [`sharpness`] |
//! | make a generator of tensors, or write one of your own | [`generator`], [`latent`], [`random`] |
//! | read a diffusion, flow or consistency model, and denoise with it | [`denoiser`] |
//! | say what the camera did | [`measurement`] |
//! | search, watch, stop, steer | [`search`](mod@search), [`event`], [`loss`], [`optimizer`], [`kept`] |
//! | read what was found | [`candidate`], [`inputs`], [`render`] |
//! | say what it is worth: scores, certainty, verdict | [`judge`], [`detail`] |
//! | read numbers off candidates: diameters, counts, fluxes | [`quantity`] |
//! | find the generator's frame in a small picture that is framed otherwise | [`place`] |
//! | draw from a posterior by a denoiser | [`sampler`] |
//! | walk from a candidate to other consistent pictures, or search again from it | [`solved`], [`walk`] |
//! | find faces, and cut them out | [`face`], [`placement`] |
//! | hold somebody's "enhancement" against the small picture that it is said to come from | [`claim`] |
//!
//! A generator is anything that implements [`Generator`](generator::Generator). (For styles, noise maps and features an
//! [`Assembly`](generator::Assembly) and an [`Entrance`](generator::Entrance) help.) This one makes grey pictures of 4x4 pixels,
//! `x = tanh(W z)`, and is searched for those that shrink to a given picture of 2x2 pixels:
//!
//! ```
//! use pulse_core::Result;
//! use pulse_core::event::Silent;
//! use pulse_core::generator::{Family, Generated, Generator, GeneratorSpec, InputSpec, LatentInput, Space, Start};
//! use pulse_core::image::{Image, Size};
//! use pulse_core::latent::Geometry;
//! use pulse_core::measurement::MeasurementKind;
//! use pulse_core::search::{Problem, SearchConfig, search};
//! use pulse_engine::{Cpu, Dense, NetworkBuilder, Operator, Shape};
//!
//! struct Own {
//!     spec: GeneratorSpec,
//!     weight: Vec<f32>,
//! }
//!
//! impl Generator for Own {
//!     fn spec(&self) -> &GeneratorSpec {
//!         &self.spec
//!     }
//!
//!     fn append(&self, builder: &mut NetworkBuilder, _: LatentInput, _: &Space) -> Result<Generated> {
//!         let shape = Shape::Vector(8);
//!         let z = builder.input("z", shape)?;
//!         let dense = Dense { weight: self.weight.clone().into(), bias: None, out_features: 16, in_features: 8 };
//!         let product = builder.add(Operator::Dense(dense), &[z])?;
//!         let values = builder.add(Operator::Tanh, &[product])?;
//!         let image = builder.add(Operator::Reshape(Shape::map(1, 4, 4)), &[values])?;
//!         let (start, geometry) = (Start::Normal, Geometry::sphere(shape));
//!         let latent = InputSpec { name: "z".into(), shape, start, geometry, stage: None };
//!         Ok(Generated { image, inputs: vec![latent], rows: None, ws: None })
//!     }
//! }
//!
//! let weight: Vec<f32> = (0..128).map(|place| (place * 37 % 101) as f32 / 50.0 - 1.0).collect();
//! let spec = GeneratorSpec::square(Family::new("mine"), 1, 4, weight.len(), vec![LatentInput::Z]);
//! let generator = Own { spec, weight };
//!
//! let target = Image::new(1, 2, 2, vec![0.4, 0.5, 0.6, 0.5])?;
//! let measurement = MeasurementKind::default().resolve(1, Size::new(4, 4), target.size())?;
//! let problem = Problem::new(&generator, &*measurement, &target);
//! let config = SearchConfig { candidates: 2, steps: 20, ..SearchConfig::default() };
//!
//! let candidates = search(&problem, &config, &Cpu::default(), &mut Silent)?;
//! assert_eq!(candidates.len(), 2);
//! assert_eq!(candidates[0].image.size(), Size::new(4, 4));
//! # Ok::<(), pulse_core::Error>(())
//! ```
//!
//! Rules that all of it keeps:
//!
//! - A candidate is the same picture at any batch size, number of threads or order. [`random`] has a stream of numbers for
//!   each candidate, draw and input.
//! - Losses are per candidate. The best step is kept whole: picture, inputs and losses are of the same step.
//! - A search that does not reach epsilon ends with an [`Outcome`](candidate::Outcome), its picture and its figures.
//! - Pictures are `f32` in [0, 1], RGB or grey. Inside of generators they are nominally in [-1, 1].
#![forbid(unsafe_code)]

pub mod candidate;
pub mod claim;
pub mod denoiser;
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
pub mod quantity;
pub mod random;
pub mod render;
pub mod sampler;
pub mod search;
mod shared;
pub mod sharpness;
pub mod solved;
mod student;
pub mod tape;
mod tensors;
mod vector;
pub mod walk;
mod words;

pub use error::{Error, ErrorKind, Result, WayOut};
pub use shared::Shared;
