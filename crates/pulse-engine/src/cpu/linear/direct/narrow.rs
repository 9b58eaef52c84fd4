//! Convolutions to few channels: input channels in lanes, since the output has too few to fill them.

#![allow(unsafe_code)]

use crate::cpu::lanes::{LANES, Lanes, PackedWeights, Run, Tensor, Vectorized};
use crate::cpu::linear::axis::Axis;
use crate::cpu::linear::map::LinearMap;
use crate::cpu::linear::source::{Reading, Reads, Source};
use crate::cpu::linear::target::{Target, Writing};
use crate::cpu::settings::Settings;

struct Phase {
    offsets: Vec<[isize; 2]>,
    /// The first float of its weights.
    weights: usize,
}

/// A linear map from a blocked map to a planar one. The weights of each phase are in the order of the sum: for
/// each tap, each input plane, each output channel, the input lanes.
pub(crate) struct Narrow {
    axes: [Axis; 2],
    /// Vertical phases, and in each the horizontal ones.
    phases: Vec<Vec<Phase>>,
    out_channels: usize,
    in_planes: usize,
    weights: PackedWeights,
    border: usize,
}

impl Narrow {
    /// `weight(o, i, k, l)` is the weight of output channel `o`, input channel `i`, and tap `(k, l)` of the axes.
    pub(crate) fn new(
        settings: Settings,
        axes: [Axis; 2],
        [out_channels, in_channels]: [usize; 2],
        weight: impl Fn(usize, usize, usize, usize) -> f32,
    ) -> Self {
        let in_planes = in_channels.div_ceil(LANES);
        let [vertical, horizontal] = &axes;
        let of_tap = in_planes * out_channels * LANES;
        let taps: usize = vertical
            .phases
            .iter()
            .flat_map(|rows| horizontal.phases.iter().map(|columns| rows.len() * columns.len()))
            .sum();
        let mut packed = settings.weights(taps * of_tap);
        let mut begin = 0;
        let mut phases = Vec::new();
        for rows in &vertical.phases {
            let mut line = Vec::new();
            for columns in &horizontal.phases {
                let mut phase = Phase { offsets: Vec::new(), weights: begin };
                for (row, column) in rows.iter().flat_map(|row| columns.iter().map(move |column| (row, column))) {
                    phase.offsets.push([row.offset, column.offset]);
                    if let Some(packed) = packed.unfilled() {
                        for (at, numbers) in packed[begin..begin + of_tap].chunks_exact_mut(LANES).enumerate() {
                            let (plane, o) = (at / out_channels, at % out_channels);
                            for (i, number) in (plane * LANES..in_channels).zip(numbers) {
                                *number = weight(o, i, row.index, column.index);
                            }
                        }
                    }
                    begin += of_tap;
                }
                line.push(phase);
            }
            phases.push(line);
        }
        let border = vertical.border().max(horizontal.border());
        Self { axes, phases, out_channels, in_planes, weights: packed, border }
    }
}

impl LinearMap for Narrow {
    fn describe(&self) -> String {
        "lanes of input".into()
    }

    fn reads(&self) -> Reads {
        // Scaled and shifted, zeros outside of the map would be zeros no more.
        if self.border == 0 { Reads::Styled } else { Reads::Plain }
    }

    fn border(&self) -> usize {
        self.border
    }

    fn weights(&self) -> usize {
        self.weights.count()
    }

    fn apply(&self, run: &Run, source: &Source, target: &Target) {
        let height = target.tensor.layout.height;
        run.tasks(run.active * height, |_, task| {
            let (candidate, y) = (task / height, task % height);
            run.instructions.run(Row {
                map: self,
                source,
                target: target.tensor,
                writing: target.writing,
                candidate,
                y,
            });
        });
    }
}

/// One row of the target, in all its channels.
struct Row<'a> {
    map: &'a Narrow,
    source: &'a Source,
    target: Tensor,
    writing: Writing<'a>,
    candidate: usize,
    y: usize,
}

impl Vectorized for Row<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: `run` is called where the instruction set is.
        unsafe {
            // As many pixels as there are registers for three sums of each.
            if L::PIXELS > 8 { self.pixels::<L, 4>() } else { self.pixels::<L, 2>() }
        }
    }
}

impl Row<'_> {
    /// The whole row, `N` pixels of a phase at a time.
    ///
    /// # Safety
    /// The row must be this task's, and the processor must have the instruction set of `L`.
    #[inline(always)]
    unsafe fn pixels<L: Lanes, const N: usize>(&self) {
        let [vertical, horizontal] = &self.map.axes;
        for (x, phase) in self.map.phases[self.y % vertical.period].iter().enumerate() {
            let count = horizontal.outputs_of(x);
            let whole = count / N * N;
            // SAFETY: the phase has the pixels, and the caller the instruction set.
            unsafe {
                for t in (0..whole).step_by(N) {
                    self.channels::<L, N>(phase, x, t);
                }
                for t in whole..count {
                    self.channels::<L, 1>(phase, x, t);
                }
            }
        }
    }

    /// The pixels `t..t + N` of a phase.
    ///
    /// # Safety
    /// They must exist and be this task's, and the processor must have the instruction set of `L`.
    #[inline(always)]
    unsafe fn channels<L: Lanes, const N: usize>(&self, phase: &Phase, x: usize, t: usize) {
        // SAFETY: the caller says that the pixels exist; the output channels are the map's.
        unsafe {
            if self.map.out_channels == 3 {
                self.block::<L, N, 3>(phase, x, t, 0);
            } else {
                for o in 0..self.map.out_channels {
                    self.block::<L, N, 1>(phase, x, t, o);
                }
            }
        }
    }

    /// The output channels `o..o + O` of those.
    ///
    /// # Safety
    /// As for [`channels`](Self::channels); the map must have the output channels.
    #[inline(always)]
    unsafe fn block<L: Lanes, const N: usize, const O: usize>(&self, phase: &Phase, x: usize, t: usize, o: usize) {
        let Self { map, source, target, writing, candidate, y } = *self;
        let layout = source.tensor.layout;
        let styled = if let Reading::Styled(coefficients) = source.reading { Some(coefficients) } else { None };
        let [vertical, horizontal] = &map.axes;
        let step = horizontal.step * LANES;
        // SAFETY: the taps stay within the source's border, whose width the plan has from `Axis::border`; the
        // weights are as many as the loops read; the row of the target is this task's alone.
        unsafe {
            let row = source.tensor.candidate(candidate).add(layout.row(0, vertical.step * (y / vertical.period)));
            let start = row.add(t * step).cast_const();
            let mut weights = map.weights.as_ptr().add(phase.weights + o * LANES);
            let mut sums = [[L::splat(0.0); O]; N];
            for &[dy, dx] in &phase.offsets {
                let pixel = start.offset(dy * layout.row_stride() as isize + dx * LANES as isize);
                for plane in 0..map.in_planes {
                    let pixel = pixel.add(plane * layout.plane_stride());
                    let mut w = [L::splat(0.0); O];
                    for o in 0..O {
                        w[o] = L::load(weights.add(o * LANES));
                    }
                    let (mut scale, mut shift) = (L::splat(1.0), L::splat(0.0));
                    if let Some(coefficients) = styled {
                        scale = L::load(coefficients.of(candidate, 0, plane));
                        shift = L::load(coefficients.of(candidate, 1, plane));
                    }
                    for n in 0..N {
                        let mut value = L::load(pixel.add(n * step));
                        if styled.is_some() {
                            value = value.mul_add(scale, shift);
                        }
                        for o in 0..O {
                            sums[n][o] = w[o].mul_add(value, sums[n][o]);
                        }
                    }
                    weights = weights.add(map.out_channels * LANES);
                }
            }
            for channel in 0..O {
                let row = target.row_mut(candidate, o + channel, y);
                let bias = writing.bias.map_or(0.0, |bias| bias[o + channel]);
                for (n, sums) in sums.iter().enumerate() {
                    let value = sums[channel].sum() + bias;
                    row[x + (t + n) * horizontal.period] =
                        writing.activation.map_or(value, |activation| activation.of(value));
                }
            }
        }
    }
}
