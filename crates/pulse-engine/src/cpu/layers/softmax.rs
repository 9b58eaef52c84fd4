//! Weights that sum to one.

#![allow(unsafe_code)]

use crate::cpu::lanes::{Kernel, Needs, Run, Tensor, Values};
use crate::cpu::pointwise::exp;

/// `y[i] = exp(x[i]) / Σ_j exp(x[j])` over each row.
pub(crate) struct Softmax;

impl Kernel for Softmax {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        run.rows(
            &result.layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `result`.
                let row = unsafe { result.row_from(&arguments[0], candidate, plane, y) };
                let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                for x in row.iter_mut() {
                    *x = exp(*x - largest);
                }
                let share = row.iter().sum::<f32>().recip();
                for x in row.iter_mut() {
                    *x *= share;
                }
            },
        );
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        run.rows(
            &target.layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `target`, and the result is another buffer.
                let (row, weights) = unsafe {
                    (target.row_from(&gradient, candidate, plane, y), values.result.row(candidate, plane, y))
                };
                let along: f32 = row.iter().zip(weights).map(|(g, y)| g * y).sum();
                row.iter_mut().zip(weights).for_each(|(g, y)| *g = y * (*g - along));
            },
        );
    }

    fn needs(&self) -> Needs {
        Needs::RESULT
    }

    fn in_place(&self) -> bool {
        true
    }
}
