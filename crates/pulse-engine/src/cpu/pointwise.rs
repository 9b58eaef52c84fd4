//! Operators that work number by number, or only move numbers.

mod activation;
mod channels;
mod curve;
mod elementwise;
mod exponential;
mod gather;
mod rearrange;

pub(super) use activation::LeakyRelu;
pub(super) use channels::{JoinChannels, TakeChannels};
pub(super) use curve::Curved;
pub(super) use elementwise::{
    Add, Affine, InverseSqrt, Multiply, Sigmoid, Silu, Square, Tanh, accumulate, clear_filling, copy, scaled,
};
pub(super) use exponential::{exp, exp_lanes, sigmoid_lanes};
pub(super) use gather::Gathered;
pub(super) use rearrange::{Concatenate, Pad, RepeatRows, Take};
