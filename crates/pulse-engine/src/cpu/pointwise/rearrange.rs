//! Operators that only move numbers: rows, slices, concatenation, other shapes.

#![allow(unsafe_code)]

use crate::cpu::lanes::{Kernel, LANES, Run, Tensor, Values};

/// Copies the elements `from..from + length` of `source` to `to..to + length` of `target`, all counted in
/// row-major order.
///
/// # Safety
/// The candidate must exist, and no other task may use the target's elements.
unsafe fn copy_elements(
    candidate: usize,
    (source, from): (&Tensor, usize),
    (target, to): (&Tensor, usize),
    length: usize,
) {
    // SAFETY: the elements are inside the tensors.
    unsafe {
        let (source_start, target_start) = (source.candidate(candidate), target.candidate(candidate));
        if source.layout.is_row_major() && target.layout.is_row_major() {
            std::ptr::copy_nonoverlapping(source_start.add(from), target_start.add(to), length);
        } else {
            for i in 0..length {
                *target_start.add(target.layout.offset(to + i)) = *source_start.add(source.layout.offset(from + i));
            }
        }
    }
}

/// Takes `length` elements from `start` on: a slice, a row of rows, or everything in another shape.
pub(crate) struct Take {
    pub(crate) start: usize,
    pub(crate) length: usize,
}

impl Kernel for Take {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        run.candidates(
            #[inline(always)]
            |candidate| {
                // SAFETY: one task has the candidate.
                unsafe {
                    clear(candidate, &result);
                    copy_elements(candidate, (&arguments[0], self.start), (&result, 0), self.length);
                }
            },
        );
    }

    fn backward(&self, run: &Run, _: usize, _: &Values, gradient: Tensor, target: Tensor) {
        run.candidates(
            #[inline(always)]
            |candidate| {
                // SAFETY: one task has the candidate.
                unsafe {
                    if self.length < target.layout.shape.len() {
                        target.all_mut(candidate).fill(0.0);
                    }
                    clear(candidate, &target);
                    copy_elements(candidate, (&gradient, 0), (&target, self.start), self.length);
                }
            },
        );
    }
}

/// Zeroes the filling of the last block of a map.
///
/// # Safety
/// The candidate must exist, and no other task may use it.
unsafe fn clear(candidate: usize, target: &Tensor) {
    let layout = target.layout;
    if layout.lanes == LANES && layout.channels_of(layout.planes - 1) < LANES {
        for y in 0..layout.height {
            // SAFETY: the caller alone uses the candidate, and the rows are the last plane's.
            unsafe { target.row_mut(candidate, layout.planes - 1, y) }.fill(0.0);
        }
    }
}

/// `y[r] = x` for every row.
pub(crate) struct RepeatRows;

impl Kernel for RepeatRows {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        run.rows(
            &result.layout,
            #[inline(always)]
            |candidate, _, y| {
                // SAFETY: one task has the row.
                unsafe { result.row_mut(candidate, 0, y).copy_from_slice(arguments[0].row(candidate, 0, 0)) };
            },
        );
    }

    fn backward(&self, run: &Run, _: usize, _: &Values, gradient: Tensor, target: Tensor) {
        run.candidates(
            #[inline(always)]
            |candidate| {
                // SAFETY: one task has the candidate.
                let sum = unsafe { target.row_mut(candidate, 0, 0) };
                sum.fill(0.0);
                for y in 0..gradient.layout.height {
                    // SAFETY: no task writes the gradient.
                    let row = unsafe { gradient.row(candidate, 0, y) };
                    sum.iter_mut().zip(row).for_each(|(sum, g)| *sum += g);
                }
            },
        );
    }
}

/// The arguments end to end.
pub(crate) struct Concatenate {
    /// Where each argument begins.
    pub(crate) starts: Vec<usize>,
}

impl Kernel for Concatenate {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        run.candidates(
            #[inline(always)]
            |candidate| {
                // SAFETY: one task has the candidate.
                unsafe { clear(candidate, &result) };
                for (argument, &start) in arguments.iter().zip(&self.starts) {
                    // SAFETY: one task has the candidate.
                    unsafe { copy_elements(candidate, (argument, 0), (&result, start), argument.layout.shape.len()) };
                }
            },
        );
    }

    fn backward(&self, run: &Run, which: usize, _: &Values, gradient: Tensor, target: Tensor) {
        run.candidates(
            #[inline(always)]
            |candidate| {
                let length = target.layout.shape.len();
                // SAFETY: one task has the candidate.
                unsafe { clear(candidate, &target) };
                // SAFETY: as above.
                unsafe { copy_elements(candidate, (&gradient, self.starts[which]), (&target, 0), length) };
            },
        );
    }
}

/// A map with zero pixels round it.
pub(crate) struct Pad {
    /// The corner `[row, column]` of the argument in the result.
    pub(crate) corner: [usize; 2],
}

impl Kernel for Pad {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let ([top, left], from, to) = (self.corner, arguments[0].layout, result.layout);
        run.rows(
            &to,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `result`.
                let row = unsafe { result.row_mut(candidate, plane, y) };
                row.fill(0.0);
                if let Some(y) = y.checked_sub(top).filter(|&y| y < from.height) {
                    // SAFETY: no task writes the argument.
                    let source = unsafe { arguments[0].row(candidate, plane, y) };
                    row[left * to.lanes..][..source.len()].copy_from_slice(source);
                }
            },
        );
    }

    fn backward(&self, run: &Run, _: usize, _: &Values, gradient: Tensor, target: Tensor) {
        let [top, left] = self.corner;
        run.rows(
            &target.layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `target`; no task writes the gradient.
                unsafe {
                    let row = target.row_mut(candidate, plane, y);
                    let source = gradient.row(candidate, plane, y + top);
                    row.copy_from_slice(&source[left * gradient.layout.lanes..][..row.len()]);
                }
            },
        );
    }
}
