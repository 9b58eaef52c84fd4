//! A named array of a checkpoint.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

/// An array of `f32` in row-major order: the last axis is contiguous.
///
/// Whatever the file stores (half, double, integers, truth values) is converted, rounding to the nearest
/// `f32`. A scalar has the empty shape and one number. Cloning shares the numbers.
#[derive(Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Arc<[f32]>,
}

impl Tensor {
    /// The array of `shape` over `data`; an error of kind [`Argument`](ErrorKind::Argument) unless the
    /// shape has as many elements as there are numbers.
    pub fn new(shape: impl Into<Vec<usize>>, data: impl Into<Arc<[f32]>>) -> Result<Self> {
        let (shape, data) = (shape.into(), data.into());
        if element_count(&shape) == Some(data.len()) {
            Ok(Self { shape, data })
        } else {
            let message = format!("a tensor of shape {shape:?} cannot hold {} numbers: give it as many", data.len());
            Err(Error::new(ErrorKind::Argument, message))
        }
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The numbers, row-major.
    pub fn data(&self) -> &Arc<[f32]> {
        &self.data
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        let more = if self.data.len() > SHOWN { ", …" } else { "" };
        write!(f, "Tensor {:?} {:?}{more}", self.shape, &self.data[..self.data.len().min(SHOWN)])
    }
}

/// The number of elements of an array of `shape`, unless it overflows.
pub(crate) fn element_count(shape: &[usize]) -> Option<usize> {
    // A zero anywhere makes the array empty, whatever the other lengths would multiply to.
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1usize, |count, &length| count.checked_mul(length))
}
