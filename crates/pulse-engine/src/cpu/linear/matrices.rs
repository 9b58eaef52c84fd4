//! Products of two matrices, in every channel.

#![allow(unsafe_code)]

use crate::cpu::lanes::{Kernel, LANES, Needs, Run, Tensor, Values};

/// `y[c,i,j] = Σ_k a[c,i,k] b[c,k,j]`.
pub(crate) struct MatrixProduct;

impl Kernel for MatrixProduct {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let [a, b] = [arguments[0], arguments[1]];
        run.rows(
            &result.layout,
            #[inline(always)]
            |candidate, plane, i| {
                // SAFETY: one task has the row of `result`; the arguments are other buffers.
                unsafe {
                    let row = result.row_mut(candidate, plane, i);
                    row.fill(0.0);
                    let factors = a.row(candidate, plane, i);
                    add_rows(row, a.layout.width, result.layout.lanes, |k| (factors, k, b.row(candidate, plane, k)));
                }
            },
        );
    }

    fn backward(&self, run: &Run, which: usize, values: &Values, gradient: Tensor, target: Tensor) {
        let [a, b] = [values.arguments[0], values.arguments[1]];
        let lanes = target.layout.lanes;
        run.rows(
            &target.layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `target`; what is read are other buffers.
                unsafe {
                    let row = target.row_mut(candidate, plane, y);
                    if which == 0 {
                        let g = gradient.row(candidate, plane, y);
                        for (k, sum) in row.chunks_exact_mut(lanes).enumerate() {
                            dot(sum, g, b.row(candidate, plane, k));
                        }
                    } else {
                        row.fill(0.0);
                        let rows = a.layout.height;
                        let of = |i| (a.row(candidate, plane, i), y, gradient.row(candidate, plane, i));
                        add_rows(row, rows, lanes, of);
                    }
                }
            },
        );
    }

    fn needs(&self) -> Needs {
        Needs::ARGUMENTS
    }
}

/// Adds to `row` so many others, each multiplied by one pixel: `of(term)` gives the factors, which one it is, and the other row.
#[inline(always)]
fn add_rows<'a>(row: &mut [f32], terms: usize, lanes: usize, of: impl Fn(usize) -> (&'a [f32], usize, &'a [f32])) {
    for term in 0..terms {
        let (factors, at, other) = of(term);
        if lanes == 1 {
            let factor = factors[at];
            row.iter_mut().zip(other).for_each(|(sum, x)| *sum += factor * x);
        } else {
            let factor = &factors[at * LANES..][..LANES];
            for (sum, x) in row.chunks_exact_mut(LANES).zip(other.chunks_exact(LANES)) {
                for lane in 0..LANES {
                    sum[lane] += factor[lane] * x[lane];
                }
            }
        }
    }
}

/// The sum over the pixels of `a · b`, lane by lane; of planar rows, over all of them.
#[inline(always)]
fn dot(sum: &mut [f32], a: &[f32], b: &[f32]) {
    // Several sums at a time, which one order of additions would forbid.
    let mut parts = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for lane in 0..LANES {
            parts[lane] += a[lane] * b[lane];
        }
    }
    if let [sum] = sum {
        let rest = a.len() / LANES * LANES;
        *sum = parts.iter().sum::<f32>() + a[rest..].iter().zip(&b[rest..]).map(|(a, b)| a * b).sum::<f32>();
    } else {
        sum.copy_from_slice(&parts);
    }
}
