//! What is done along one axis, along both.

#![allow(unsafe_code)]

use crate::cpu::lanes::Lanes;

/// A linear map from `I` vectors in a line to `O`. A type, for a closure is compiled for an instruction set only where
/// the compiler chooses to inline it.
pub(crate) trait Line<const I: usize, const O: usize> {
    /// The map of these vectors.
    fn apply<L: Lanes>(x: [L; I]) -> [L; O];
}

/// Applies a map to a square of `I` by `I` vectors, down its columns and then along its rows. How many floats lie between
/// rows and between columns is said of the square and of the result.
///
/// # Safety
/// The square must be readable, the result writable, and the processor have the instruction set of `L`.
#[inline(always)]
pub(crate) unsafe fn along_both<L: Lanes, T: Line<I, O>, const I: usize, const O: usize>(
    from: *const f32,
    [row, column]: [usize; 2],
    to: *mut f32,
    [to_row, to_column]: [usize; 2],
) {
    // SAFETY: the caller has the square, the result and the instruction set.
    unsafe {
        let mut columns = [[L::splat(0.0); O]; I];
        for x in 0..I {
            columns[x] = T::apply(load(from.add(x * column), row));
        }
        for y in 0..O {
            let mut line = [columns[0][y]; I];
            for x in 1..I {
                line[x] = columns[x][y];
            }
            for (x, vector) in T::apply(line).into_iter().enumerate() {
                vector.store(to.add(y * to_row + x * to_column));
            }
        }
    }
}

/// Loads vectors that are `step` floats apart.
///
/// # Safety
/// They must be readable, and the processor have the instruction set of `L`.
#[inline(always)]
pub(crate) unsafe fn load<L: Lanes, const N: usize>(from: *const f32, step: usize) -> [L; N] {
    // SAFETY: the caller has `N` vectors there, and the instruction set.
    unsafe {
        let mut vectors = [L::splat(0.0); N];
        for (i, vector) in vectors.iter_mut().enumerate() {
            *vector = L::load(from.add(i * step));
        }
        vectors
    }
}
