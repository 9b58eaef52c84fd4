//! What happens to a map's numbers on the way into a linear operator.
//!
//! A pass over a large map costs as much as its convolution. So a normalised and styled map is never written: the
//! next kernel scales and shifts numbers as it loads them. The gradient behind an activation and a norm is not written either.

#![allow(unsafe_code)]

use crate::cpu::lanes::{Coefficients, LANES, Lanes, Tensor};
use crate::cpu::pointwise::LeakyRelu;

/// A map to be read.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    pub(crate) tensor: Tensor,
    pub(crate) reading: Reading,
}

/// What becomes of the numbers of a map as they are read. Outside of the map there are zeros, whatever it is.
#[derive(Clone, Copy)]
pub(crate) enum Reading {
    /// `x`.
    Plain,
    /// `scale[c] x + shift[c]`, with the first two of three coefficients.
    Styled(Coefficients),
    /// `activation'(y) · (a[c] x + b[c] + c[c] y)` with the result `y` of the activation: the gradient behind
    /// an activation, a norm and a style.
    Descending { result: Tensor, activation: LeakyRelu, coefficients: Coefficients },
}

/// Which maps can be read: each kind of reading includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reads {
    Plain,
    Styled,
    Descending,
}

impl Reads {
    /// How a map is read that may be styled.
    pub(crate) fn styled(styled: bool) -> Self {
        if styled { Self::Styled } else { Self::Plain }
    }
}

impl Reading {
    pub(crate) fn kind(&self) -> Reads {
        match self {
            Self::Plain => Reads::Plain,
            Self::Styled(_) => Reads::Styled,
            Self::Descending { .. } => Reads::Descending,
        }
    }
}

impl Source {
    pub(crate) fn plain(tensor: Tensor) -> Self {
        Self { tensor, reading: Reading::Plain }
    }

    /// A map that is plain, or styled as it is read.
    pub(crate) fn of(tensor: Tensor) -> Self {
        let styled = tensor.layout.styled;
        Self { tensor, reading: if styled { Reading::Styled(tensor.coefficients()) } else { Reading::Plain } }
    }

    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.reading, Reading::Plain)
    }

    /// Writes the numbers of a rectangle of one plane to `to`, one row after another; zeros for what is outside.
    /// The map must be blocked.
    ///
    /// # Safety
    /// `to` must have room. No task may write the map. The processor must have the instruction
    /// set of `L`.
    #[inline(always)]
    pub(crate) unsafe fn read<L: Lanes>(
        &self,
        candidate: usize,
        plane: usize,
        [y, x]: [isize; 2],
        [height, width]: [usize; 2],
        to: *mut f32,
    ) {
        let layout = &self.tensor.layout;
        // SAFETY: only pixels inside of the map are read, and the coefficients of a plane are sixteen.
        unsafe {
            let rows = inside(y, height, layout.height);
            let columns = inside(x, width, layout.width);
            if rows.len() < height || columns.len() < width {
                for i in 0..height * width {
                    L::splat(0.0).store(to.add(i * LANES));
                }
            }
            // The corner may lie outside of all memory; what is read does not.
            let start = self.tensor.candidate(candidate).wrapping_offset(layout.pixel(plane, y, x));
            let row_stride = layout.row_stride();
            match self.reading {
                Reading::Plain => {
                    for i in rows {
                        for j in columns.clone() {
                            L::load(start.wrapping_add(i * row_stride + j * LANES))
                                .store(to.add((i * width + j) * LANES));
                        }
                    }
                }
                Reading::Styled(coefficients) => {
                    let scale = L::load(coefficients.of(candidate, 0, plane));
                    let shift = L::load(coefficients.of(candidate, 1, plane));
                    for i in rows {
                        for j in columns.clone() {
                            let x = L::load(start.wrapping_add(i * row_stride + j * LANES));
                            x.mul_add(scale, shift).store(to.add((i * width + j) * LANES));
                        }
                    }
                }
                Reading::Descending { result, activation, coefficients } => {
                    let a = L::load(coefficients.of(candidate, 0, plane));
                    let b = L::load(coefficients.of(candidate, 1, plane));
                    let c = L::load(coefficients.of(candidate, 2, plane));
                    let results = result.candidate(candidate).wrapping_offset(result.layout.pixel(plane, y, x));
                    let result_stride = result.layout.row_stride();
                    for i in rows {
                        for j in columns.clone() {
                            let g = L::load(start.wrapping_add(i * row_stride + j * LANES));
                            let y = L::load(results.wrapping_add(i * result_stride + j * LANES));
                            let g = activation.descend_lanes(g.mul_add(a, y.mul_add(c, b)), y);
                            g.store(to.add((i * width + j) * LANES));
                        }
                    }
                }
            }
        }
    }
}

/// Which of `count` places from `first` on are inside of `0..size`.
#[inline(always)]
fn inside(first: isize, count: usize, size: usize) -> std::ops::Range<usize> {
    let from = usize::try_from(-first).unwrap_or(0).min(count);
    let to = usize::try_from(size as isize - first).unwrap_or(0).min(count);
    from..to.max(from)
}
