//! From few planar channels to many, pixel by pixel: the gradient of the layer that makes the picture.

#![allow(unsafe_code)]

use crate::cpu::lanes::{LANES, Lanes, PackedWeights, Run, Vectorized};
use crate::cpu::linear::map::LinearMap;
use crate::cpu::linear::source::Source;
use crate::cpu::linear::target::Target;
use crate::cpu::settings::Settings;

/// Pixels that are written at a time.
const PIXELS: usize = 64;

/// `y[o, p] = Σ_i W[o, i] x[i, p]` from a planar map to a blocked one.
pub(crate) struct Widen {
    in_channels: usize,
    /// For each plane of the target, each input channel: the output channels side by side.
    weights: PackedWeights,
}

impl Widen {
    /// `weight(o, i)` is that of output channel `o` and input channel `i`.
    pub(crate) fn new(
        settings: Settings,
        [out_channels, in_channels]: [usize; 2],
        weight: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let mut weights = settings.weights(out_channels.next_multiple_of(LANES) * in_channels);
        if let Some(weights) = weights.unfilled() {
            for o in 0..out_channels {
                for i in 0..in_channels {
                    weights[(o / LANES * in_channels + i) * LANES + o % LANES] = weight(o, i);
                }
            }
        }
        Self { in_channels, weights }
    }
}

impl LinearMap for Widen {
    fn describe(&self) -> String {
        "pixel by pixel".into()
    }

    fn weights(&self) -> usize {
        self.weights.count()
    }

    fn apply(&self, run: &Run, source: &Source, target: &Target) {
        let layout = target.tensor.layout;
        run.tasks(run.active * layout.planes * layout.height, |_, task| {
            let (candidate, plane, y) =
                (task / (layout.planes * layout.height), task / layout.height % layout.planes, task % layout.height);
            run.instructions.run(Row { map: self, source, target, candidate, plane, y });
        });
    }

    fn piece(&self) -> Option<[usize; 2]> {
        Some([1, PIXELS])
    }
}

struct Row<'a> {
    map: &'a Widen,
    source: &'a Source,
    target: &'a Target<'a>,
    candidate: usize,
    plane: usize,
    y: usize,
}

impl Vectorized for Row<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { map, source, target, candidate, plane, y } = self;
        let width = target.tensor.layout.width;
        let mut piece = [0.0f32; PIXELS * LANES];
        for first in (0..width).step_by(PIXELS) {
            let count = PIXELS.min(width - first);
            // SAFETY: the source has the row, one task has that of the target, and the weights are as many as are read.
            unsafe {
                for x in 0..count {
                    let mut value = L::splat(0.0);
                    for i in 0..map.in_channels {
                        let weight = L::load(map.weights.as_ptr().add((plane * map.in_channels + i) * LANES));
                        let number = source.tensor.row(candidate, i, y)[first + x];
                        value = weight.mul_add(L::splat(number), value);
                    }
                    value.store(piece.as_mut_ptr().add(x * LANES));
                }
                target.write::<L>(candidate, plane, [y, first], [1, count], piece.as_mut_ptr(), PIXELS * LANES);
            }
        }
    }
}
