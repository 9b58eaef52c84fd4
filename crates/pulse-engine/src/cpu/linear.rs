//! Linear maps: matrices, convolutions, filters. [`choose`] says which algorithm runs a convolution, and [`make`] makes it.
//!
//! A [`LinearMap`] knows how to multiply. Its [`Source`] says what becomes of numbers on the way in, its [`Target`] what
//! becomes of them on the way out, and a [`Pass`] does in passes of its own what the map cannot do on the way.

mod axis;
mod choose;
mod direct;
mod doubled;
mod edges;
mod filtered;
mod make;
mod map;
mod matrices;
mod operator;
mod pass;
mod source;
mod target;
mod winograd;

pub(super) use choose::is_compact;
pub(super) use direct::{Band, Depthwise, Fir, SeparableMap};
pub(super) use make::{convolution, filtered_convolution};
pub(super) use map::LinearMap;
pub(super) use matrices::MatrixProduct;
pub(super) use operator::Linear;
pub(super) use pass::Pass;
pub(super) use source::{Reading, Reads, Source};
pub(super) use target::{Moments, Target, Writing};
