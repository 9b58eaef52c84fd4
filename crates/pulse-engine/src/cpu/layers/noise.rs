//! The gradient of a noise map.

#![allow(unsafe_code)]

use crate::cpu::lanes::{LANES, Lanes, Run, Tensor, Vectorized};
use crate::cpu::linear::Source;

/// A row of the gradient of the noise: `Σ_c strength[c] g[c, p]`.
pub(crate) struct NoiseRow<'a> {
    strength: &'a [f32],
    source: &'a Source,
    target: Tensor,
    candidate: usize,
    y: usize,
}

impl<'a> NoiseRow<'a> {
    /// Writes all rows, of the gradient `source` behind the noise. The strength is one for each channel, the filling's included.
    pub(crate) fn all(run: &Run, strength: &'a [f32], source: &'a Source, target: Tensor) {
        let height = target.layout.height;
        run.tasks(run.active * height, |_, task| {
            run.instructions.run(Self { strength, source, target, candidate: task / height, y: task % height });
        });
    }
}

impl Vectorized for NoiseRow<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        const PIXELS: usize = 32;
        let Self { strength, source, target, candidate, y } = self;
        let layout = source.tensor.layout;
        let mut piece = [0.0f32; PIXELS * LANES];
        for first in (0..layout.width).step_by(PIXELS) {
            let count = PIXELS.min(layout.width - first);
            let mut sums = [0.0; PIXELS];
            // SAFETY: the rectangle is inside of the map; one task has the row of the target.
            unsafe {
                for plane in 0..layout.planes {
                    let to = piece.as_mut_ptr();
                    source.read::<L>(candidate, plane, [y as isize, first as isize], [1, count], to);
                    let strength = L::load(strength.as_ptr().add(plane * LANES));
                    for (x, sum) in sums.iter_mut().enumerate().take(count) {
                        *sum += L::load(to.add(x * LANES)).mul(strength).sum();
                    }
                }
                target.row_mut(candidate, 0, y)[first..first + count].copy_from_slice(&sums[..count]);
            }
        }
    }
}
