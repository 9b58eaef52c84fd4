//! The tests of the library, in one binary.

mod allocations;
mod certainty;
mod dcgan;
mod discriminator;
mod face;
mod fixture;
mod image;
mod image_array;
mod image_read;
mod latent;
mod loss;
mod measurement;
mod measurement_stages;
mod mosaic;
mod niqe;
mod optimizer;
mod plausibility;
mod report;
mod run;
mod search;
mod sheet;
mod spread;
mod steer;
mod stylegan;
mod walks;
