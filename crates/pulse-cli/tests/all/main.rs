//! The program, driven as a process.
//!
//! Searches are short here, and most find no good face: what they leave behind is what is tested.

mod attack;
mod bad_input;
mod bench;
mod check;
mod checkpoints;
mod discriminator;
mod documented;
mod edges;
mod explore;
mod faces;
mod fit_cache;
mod folder;
#[cfg(unix)]
mod interrupt;
mod killed;
mod models;
mod newcomer;
mod onnx;
mod opened;
mod others;
mod pictures;
mod program;
mod render;
mod render_denoiser;
mod sampled;
mod spread;
mod steer;
mod stylegan;
mod trace;
mod upsample;
