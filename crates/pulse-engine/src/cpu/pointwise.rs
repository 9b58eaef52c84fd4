//! Operators that work number by number, or only move numbers.

mod activation;
mod elementwise;
mod rearrange;

pub(super) use activation::LeakyRelu;
pub(super) use elementwise::{Add, Affine, InverseSqrt, Multiply, Sigmoid, Silu, Square, Tanh, accumulate, copy, exp};
pub(super) use rearrange::{Concatenate, Pad, RepeatRows, Take};
