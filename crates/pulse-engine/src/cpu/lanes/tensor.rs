//! A value or a gradient in memory.

#![allow(unsafe_code)]

use super::coefficients::Coefficients;
use super::layout::Layout;

/// A value or a gradient in memory: the rows of a batch, `stride` floats apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tensor {
    pub(crate) data: *mut f32,
    pub(crate) stride: usize,
    pub(crate) layout: Layout,
}

// SAFETY: an address. What reads or writes through it is unsafe, and keeps the tasks apart.
unsafe impl Send for Tensor {}
// SAFETY: as for `Send`.
unsafe impl Sync for Tensor {}

impl Tensor {
    /// The start of a candidate.
    ///
    /// # Safety
    /// The candidate must be one of the batch that the memory was planned for.
    #[inline(always)]
    pub(crate) unsafe fn candidate(&self, candidate: usize) -> *mut f32 {
        // SAFETY: the memory has room for the whole batch, of which the caller says the candidate is one.
        unsafe { self.data.add(candidate * self.stride) }
    }

    /// The coefficients of a styled map.
    pub(crate) fn coefficients(&self) -> Coefficients {
        debug_assert!(self.layout.styled);
        // A candidate's lie behind its planes.
        let data = self.data.wrapping_add(self.layout.coefficients());
        Coefficients { data, stride: self.stride, planes: self.layout.planes }
    }

    /// A row of a plane without its border.
    ///
    /// # Safety
    /// The row must exist, and no task may write it while the slice lives.
    #[inline(always)]
    pub(crate) unsafe fn row<'a>(&self, candidate: usize, plane: usize, y: usize) -> &'a [f32] {
        // SAFETY: the caller says that the row exists, and that it is not written.
        unsafe {
            let start = self.candidate(candidate).add(self.layout.row(plane, y));
            std::slice::from_raw_parts(start, self.layout.row_len())
        }
    }

    /// A row of a plane without its border, to be written.
    ///
    /// # Safety
    /// The row must exist, and no other task may use it while the slice lives.
    #[inline(always)]
    pub(crate) unsafe fn row_mut<'a>(&self, candidate: usize, plane: usize, y: usize) -> &'a mut [f32] {
        // SAFETY: the caller says that the row exists, and has it alone.
        unsafe {
            let start = self.candidate(candidate).add(self.layout.row(plane, y));
            std::slice::from_raw_parts_mut(start, self.layout.row_len())
        }
    }

    /// A row of `self` with the numbers of the same row of `source`, which may be the same memory.
    ///
    /// # Safety
    /// As for [`row_mut`](Self::row_mut); `source` has rows of the same length.
    #[inline(always)]
    pub(crate) unsafe fn row_from<'a>(&self, source: &Self, candidate: usize, plane: usize, y: usize) -> &'a mut [f32] {
        // SAFETY: the caller has the row alone, and that of `source` is as long; two rows are either the same or apart.
        unsafe {
            let from = source.candidate(candidate).add(source.layout.row(plane, y));
            let row = self.row_mut(candidate, plane, y);
            if from != row.as_mut_ptr() {
                std::ptr::copy_nonoverlapping(from, row.as_mut_ptr(), row.len());
            }
            row
        }
    }

    /// The memory of a candidate, border and filling included.
    ///
    /// # Safety
    /// As for [`row_mut`](Self::row_mut), for all rows.
    #[inline(always)]
    pub(crate) unsafe fn all_mut<'a>(&self, candidate: usize) -> &'a mut [f32] {
        // SAFETY: the caller has all rows of the candidate alone; border and filling lie between them.
        unsafe { std::slice::from_raw_parts_mut(self.candidate(candidate), self.layout.len()) }
    }
}
