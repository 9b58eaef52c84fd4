//! Operators that work number by number, or only move numbers.

mod activation;
mod elementwise;
mod rearrange;

pub(super) use activation::LeakyRelu;
pub(super) use elementwise::{Add, Affine, InverseSqrt, Multiply, Square, Tanh, accumulate, copy};
pub(super) use rearrange::{Concatenate, RepeatRows, Take};
