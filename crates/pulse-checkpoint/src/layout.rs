//! Where the elements of an array lie in its storage.

use crate::budget::Budget;
use crate::element::{ByteOrder, Element};
use crate::error::{Error, Result};
use crate::tensor::{Tensor, element_count};

/// More axes than any array has; NumPy allows 64 and PyTorch's operators fewer.
const MOST_AXES: usize = 64;

/// Element (i, j, …) lies at `offset + i strides[0] + j strides[1] + …`, counted in elements.
#[derive(Debug)]
pub(crate) struct Layout {
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

impl Layout {
    pub(crate) fn strided(offset: usize, shape: Vec<usize>, strides: Vec<usize>) -> Result<Self> {
        if shape.len() > MOST_AXES {
            return Err(Error::too_large(format_args!("an array of {} axes", shape.len())));
        }
        if shape.len() != strides.len() {
            return Err(Error::corrupt(format_args!("shape {shape:?} has the strides {strides:?}")));
        }
        Ok(Self { offset, shape, strides })
    }

    /// The last axis is contiguous.
    pub(crate) fn row_major(shape: Vec<usize>) -> Result<Self> {
        let mut strides = products(shape.iter().rev());
        strides.reverse();
        Self::strided(0, shape, strides)
    }

    /// The first axis is contiguous, as in Fortran.
    pub(crate) fn column_major(shape: Vec<usize>) -> Result<Self> {
        let strides = products(shape.iter());
        Self::strided(0, shape, strides)
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The array whose storage is `bytes`.
    pub(crate) fn read(self, bytes: &[u8], element: Element, order: ByteOrder, budget: &Budget) -> Result<Tensor> {
        let count = element_count(&self.shape)
            .ok_or_else(|| Error::too_large(format_args!("an array of shape {:?}", self.shape)))?;
        budget.spend_elements(count)?;
        if count == 0 {
            return Tensor::new(self.shape, []);
        }
        let size = element.size();
        let end = self.last().and_then(|last| last.checked_add(1)?.checked_mul(size));
        if end.is_none_or(|end| end > bytes.len()) {
            let (shape, strides) = (&self.shape, &self.strides);
            let message = format!("shape {shape:?} with strides {strides:?} reaches beyond its {} bytes", bytes.len());
            return Err(Error::corrupt(message));
        }
        let data = if self.is_row_major() {
            element.widen(&bytes[self.offset * size..][..count * size], order)
        } else {
            element.widen(&self.gather(bytes, size, count), order)
        };
        Tensor::new(self.shape, data)
    }

    /// The index of the last element, unless it overflows.
    fn last(&self) -> Option<usize> {
        let mut axes = self.shape.iter().zip(&self.strides);
        axes.try_fold(self.offset, |last, (&length, &stride)| last.checked_add((length - 1).checked_mul(stride)?))
    }

    fn is_row_major(&self) -> bool {
        let contiguous = products(self.shape.iter().rev());
        let mut axes = self.shape.iter().zip(&self.strides).zip(contiguous.iter().rev());
        axes.all(|((&length, stride), contiguous)| length == 1 || stride == contiguous)
    }

    /// The elements in row-major order. All are in range: [`Layout::last`] is.
    fn gather(&self, bytes: &[u8], size: usize, count: usize) -> Vec<u8> {
        let mut gathered = Vec::with_capacity(count * size);
        let mut index = vec![0; self.shape.len()];
        let mut at = self.offset;
        for _ in 0..count {
            gathered.extend_from_slice(&bytes[at * size..][..size]);
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                at += self.strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                at -= self.strides[axis] * self.shape[axis];
                index[axis] = 0;
            }
        }
        gathered
    }
}

/// The product of all lengths before each. One that overflows belongs to an array that is refused anyway.
fn products<'s>(lengths: impl Iterator<Item = &'s usize>) -> Vec<usize> {
    let next = |product: &mut usize, &length: &usize| {
        let before = *product;
        *product = product.saturating_mul(length);
        Some(before)
    };
    lengths.scan(1, next).collect()
}
