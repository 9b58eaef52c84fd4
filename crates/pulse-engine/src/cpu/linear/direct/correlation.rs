//! The kernel of all dense linear operators: output channels in lanes, pixels in registers.
//!
//! Convolutions, transposed convolutions, the gradients of both, and matrices times vectors are one thing
//! here: for each phase of the output, `y[o] = b[o] + Σ_taps Σ_i W[tap, o, i] x[i, pixel + tap]`.

#![allow(unsafe_code)]

use crate::cpu::lanes::{LANES, Lanes, Layout, PackedWeights, Run, Tensor, Vectorized};
use crate::cpu::linear::axis::{Axis, Tap};
use crate::cpu::linear::map::LinearMap;
use crate::cpu::linear::source::Source;
use crate::cpu::linear::target::{Target, Writing};
use crate::cpu::settings::Settings;

/// How the channels and pixels of one candidate lie: a map's planes, or vectors one after another.
#[derive(Clone, Copy, Debug)]
struct Grid {
    channels: usize,
    /// Channels side by side.
    lanes: usize,
    /// Floats between one group of channels and the next.
    plane: usize,
    origin: usize,
    row: usize,
    pixel: usize,
    /// Whether the channels after the last belong to the value and are zero.
    filled: bool,
}

impl Grid {
    fn of_map(layout: &Layout) -> Self {
        Self {
            channels: layout.shape.channels(),
            lanes: layout.lanes,
            plane: layout.plane_stride(),
            origin: layout.origin(),
            row: layout.row_stride(),
            pixel: layout.lanes,
            filled: layout.lanes == LANES,
        }
    }

    /// Vectors are pixels of a map that is one pixel wide.
    fn of_rows(layout: &Layout) -> Self {
        let channels = layout.width;
        Self { channels, lanes: LANES, plane: LANES, origin: 0, row: channels, pixel: channels, filled: false }
    }

    fn of(layout: &Layout, rows: bool) -> Self {
        if rows { Self::of_rows(layout) } else { Self::of_map(layout) }
    }

    fn planes(&self) -> usize {
        self.channels.div_ceil(self.lanes)
    }

    fn at(&self, y: usize, x: usize) -> usize {
        self.origin + y * self.row + x * self.pixel
    }
}

struct Phase {
    /// Of each tap: its place on the vertical and the horizontal axis.
    offsets: Vec<[isize; 2]>,
    /// The first float of its weights.
    weights: usize,
    y: usize,
    x: usize,
    height: usize,
    width: usize,
}

/// A linear map with its weights in the order in which they are read: for each phase, each group of output
/// channels, each input plane, each tap, each input lane, the output channels side by side.
pub(crate) struct Correlation {
    phases: Vec<Phase>,
    periods: [usize; 2],
    steps: [usize; 2],
    out_channels: usize,
    in_channels: usize,
    /// Vectors of output channels in a group.
    vectors: usize,
    weights: PackedWeights,
    border: usize,
    /// Whether it works on vectors and rows, not on maps.
    rows: bool,
}

impl Correlation {
    /// `weight(o, i, k, l)` is the weight of output channel `o`, input channel `i`, and tap `(k, l)` of the axes.
    pub(crate) fn of_map(
        settings: Settings,
        axes: &[Axis; 2],
        [out_channels, in_channels]: [usize; 2],
        source: &Layout,
        weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    ) -> Self {
        Self::new(settings, axes, [out_channels, in_channels], source.lanes, false, weight)
    }

    /// `weight(o, i)` is the entry of a matrix.
    pub(crate) fn of_matrix(
        settings: Settings,
        rows: usize,
        [out_features, in_features]: [usize; 2],
        weight: impl Fn(usize, usize) -> f32 + Sync,
    ) -> Self {
        let axes = [Axis::new(rows, rows, 1, [1, 1], 0), Axis::new(1, 1, 1, [1, 1], 0)];
        Self::new(settings, &axes, [out_features, in_features], LANES, true, |o, i, _, _| weight(o, i))
    }

    fn new(
        settings: Settings,
        [vertical, horizontal]: &[Axis; 2],
        [out_channels, in_channels]: [usize; 2],
        in_lanes: usize,
        rows: bool,
        weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    ) -> Self {
        let vectors = settings.instructions.vectors().min(out_channels.div_ceil(LANES));
        let groups = out_channels.div_ceil(vectors * LANES);
        let (mut packed, mut count) = (Vec::new(), 0);
        let mut phases = Vec::new();
        for (y, rows) in vertical.phases.iter().enumerate() {
            for (x, columns) in horizontal.phases.iter().enumerate() {
                let taps: Vec<_> =
                    rows.iter().flat_map(|&row| columns.iter().map(move |&column| [row, column])).collect();
                phases.push(Phase {
                    offsets: taps.iter().map(|tap| tap.map(|tap| tap.offset)).collect(),
                    weights: count * vectors * LANES,
                    y,
                    x,
                    height: vertical.outputs_of(y),
                    width: horizontal.outputs_of(x),
                });
                for group in 0..groups {
                    for plane in (0..in_channels).step_by(in_lanes) {
                        let channels = plane..in_channels.min(plane + in_lanes);
                        count += taps.len() * channels.len();
                        if !settings.sizes_only {
                            let of_tap = |tap: &[Tap; 2]| {
                                let [k, l] = tap.map(|tap| tap.index);
                                channels.clone().map(move |i| (group, i, k, l))
                            };
                            packed.extend(taps.iter().flat_map(of_tap));
                        }
                    }
                }
            }
        }
        let width = vectors * LANES;
        let mut weights = settings.weights(count * width);
        let lines = weights.unfilled().map(|weights| weights.chunks_exact_mut(width));
        for (row, &(group, i, k, l)) in lines.into_iter().flatten().zip(&packed) {
            for (o, value) in (group * width..out_channels).zip(row) {
                *value = weight(o, i, k, l);
            }
        }
        Self {
            phases,
            periods: [vertical.period, horizontal.period],
            steps: [vertical.step, horizontal.step],
            out_channels,
            in_channels,
            vectors,
            weights,
            border: vertical.border().max(horizontal.border()),
            rows,
        }
    }
}

impl LinearMap for Correlation {
    fn describe(&self) -> String {
        "direct".into()
    }

    fn border(&self) -> usize {
        self.border
    }

    fn adds(&self) -> bool {
        true
    }

    fn weights(&self) -> usize {
        self.weights.count()
    }

    fn apply(&self, run: &Run, source: &Source, target: &Target) {
        const PIXELS_OF_A_TASK: usize = 192;
        let groups = self.out_channels.div_ceil(self.vectors * LANES);
        let chunks = |phase: &Phase| (run.active * phase.height * phase.width).div_ceil(PIXELS_OF_A_TASK);
        let tasks = self.phases.iter().map(|phase| groups * chunks(phase)).sum();
        run.tasks(tasks, |_, mut task| {
            for phase in &self.phases {
                let chunks = chunks(phase);
                if task < groups * chunks {
                    let pixels = run.active * phase.height * phase.width;
                    let first = task % chunks * PIXELS_OF_A_TASK;
                    run.instructions.run(Strip {
                        correlation: self,
                        phase,
                        group: task / chunks,
                        first,
                        end: pixels.min(first + PIXELS_OF_A_TASK),
                        source: source.tensor,
                        target: target.tensor,
                        writing: target.writing,
                    });
                    return;
                }
                task -= groups * chunks;
            }
        });
    }
}

/// Some pixels of one phase and one group of output channels.
struct Strip<'a> {
    correlation: &'a Correlation,
    phase: &'a Phase,
    group: usize,
    first: usize,
    end: usize,
    source: Tensor,
    target: Tensor,
    writing: Writing<'a>,
}

impl Vectorized for Strip<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let count = (self.end - self.first).div_ceil(L::PIXELS);
        let even = (self.end - self.first).div_ceil(count);
        let mut pixel = self.first;
        while pixel < self.end {
            let n = even.min(self.end - pixel);
            // SAFETY: `run` is called where the instruction set is, and the pixels are below `end`.
            unsafe {
                match self.correlation.vectors {
                    1 => self.pixels::<L, 1>(pixel, n),
                    _ => self.pixels::<L, 2>(pixel, n),
                }
            }
            pixel += n;
        }
    }
}

impl Strip<'_> {
    /// The pixels `first..first + n`.
    ///
    /// # Safety
    /// They must be the strip's own, and the processor must have the instruction set of `L`.
    #[inline(always)]
    unsafe fn pixels<L: Lanes, const V: usize>(&self, first: usize, n: usize) {
        // SAFETY: the caller asks `block` for the same.
        unsafe {
            match n {
                1 => self.block::<L, V, 1>(first),
                2 => self.block::<L, V, 2>(first),
                3 => self.block::<L, V, 3>(first),
                4 => self.block::<L, V, 4>(first),
                5 => self.block::<L, V, 5>(first),
                6 => self.block::<L, V, 6>(first),
                7 => self.block::<L, V, 7>(first),
                8 => self.block::<L, V, 8>(first),
                9 => self.block::<L, V, 9>(first),
                10 => self.block::<L, V, 10>(first),
                11 => self.block::<L, V, 11>(first),
                _ => self.block::<L, V, 12>(first),
            }
        }
    }

    /// `N` pixels from `first` on.
    ///
    /// # Safety
    /// As for [`pixels`](Self::pixels).
    #[inline(always)]
    unsafe fn block<L: Lanes, const V: usize, const N: usize>(&self, first: usize) {
        let Self { correlation, phase, .. } = *self;
        let source = Grid::of(&self.source.layout, correlation.rows);
        let target = Grid::of(&self.target.layout, correlation.rows);
        let (mut from, mut to, mut places) = ([0; N], [0; N], [[0; 3]; N]);
        let pixels = phase.height * phase.width;
        // Divisions cost more than products where there are few.
        let (mut candidate, mut i, mut j) = (first / pixels, first % pixels / phase.width, first % phase.width);
        for n in 0..N {
            from[n] = candidate * self.source.stride + source.at(correlation.steps[0] * i, correlation.steps[1] * j);
            let [period_y, period_x] = correlation.periods;
            places[n] = [candidate, period_y * i + phase.y, period_x * j + phase.x];
            to[n] = candidate * self.target.stride + target.at(places[n][1], places[n][2]);
            j += 1;
            if j == phase.width {
                (i, j) = (i + 1, 0);
            }
            if i == phase.height {
                (candidate, i) = (candidate + 1, 0);
            }
        }
        let mut also = [0; N];
        if let Some((addend, _)) = &self.writing.addend {
            let grid = Grid::of(&addend.layout, correlation.rows);
            for n in 0..N {
                let [candidate, y, x] = places[n];
                also[n] = candidate * addend.stride + grid.at(y, x);
            }
        }
        let mut sums = Sums([[[0.0; LANES]; V]; N]);
        // SAFETY: `from` and `to` are pixels of the two tensors; the taps stay within the source's border, whose
        // width the plan has from `Axis::border`; the weights are as many as the loops read. Another map that is added is blocked
        // and as large as the target.
        unsafe {
            self.sums::<L, V, N>(&source, &from, &mut sums);
            for v in 0..V {
                let channel = (self.group * V + v) * LANES;
                if channel >= correlation.out_channels {
                    break;
                }
                let bias = self.writing.bias.map_or(L::splat(0.0), |bias| L::load(bias.as_ptr().add(channel)));
                let left = correlation.out_channels - channel;
                for n in 0..N {
                    let mut y = L::load(sums.0[n][v].as_ptr()).add(bias);
                    if let Some(activation) = self.writing.activation {
                        y = activation.lanes(y);
                    }
                    if let Some((addend, factor)) = &self.writing.addend {
                        let plane = channel / LANES * addend.layout.plane_stride();
                        y = L::load(addend.data.add(also[n] + plane)).times_add(*factor, y);
                    }
                    let at = self.target.data.add(to[n]);
                    if target.lanes == LANES {
                        let at = at.add(channel / LANES * target.plane);
                        if target.filled || left >= LANES {
                            y.store(at);
                        } else {
                            std::ptr::copy_nonoverlapping(y.to_array().as_ptr(), at, left);
                        }
                    } else {
                        for (lane, value) in y.to_array().into_iter().enumerate().take(left) {
                            *at.add((channel + lane) * target.plane) = value;
                        }
                    }
                }
            }
        }
    }

    /// The sums of `N` pixels, `V` vectors each. They leave by way of memory, and what is read comes by way of it, at
    /// fixed places: otherwise the compiler keeps sums in memory and addresses too, and the loop takes thrice as long.
    #[inline(always)]
    unsafe fn sums<L: Lanes, const V: usize, const N: usize>(
        &self,
        source: &Grid,
        from: &[usize; N],
        to: &mut Sums<V, N>,
    ) {
        let Self { correlation, phase, .. } = *self;
        let taps = phase.offsets.len();
        let mut pixels = Sums([[[0.0; LANES]]; N]);
        // SAFETY: see `block`.
        unsafe {
            let mut sums = [[L::splat(0.0); V]; N];
            let group = self.group * taps * correlation.in_channels * V * LANES;
            let mut weights = correlation.weights.as_ptr().add(phase.weights + group);
            for plane in 0..source.planes() {
                let lanes = source.lanes.min(source.channels - plane * source.lanes);
                let start = self.source.data.add(plane * source.plane);
                for &[dy, dx] in &phase.offsets {
                    let tap = start.offset(dy * source.row as isize + dx * source.pixel as isize).cast_const();
                    if lanes == 1 {
                        add_products(
                            &mut sums,
                            weights,
                            from.map(
                                #[inline(always)]
                                |from| *tap.add(from),
                            ),
                        );
                        weights = weights.add(V * LANES);
                        continue;
                    }
                    for n in 0..N {
                        let (from, to) = (tap.add(from[n]), pixels.0[n][0].as_mut_ptr());
                        if lanes == LANES {
                            L::load(from).store(to);
                        } else {
                            std::ptr::copy_nonoverlapping(from, to, lanes);
                        }
                    }
                    for lane in 0..lanes {
                        let values: [f32; N] = std::array::from_fn(
                            #[inline(always)]
                            |n| *pixels.0[n][0].as_ptr().add(lane),
                        );
                        add_products(&mut sums, weights, values);
                        weights = weights.add(V * LANES);
                    }
                }
            }
            for n in 0..N {
                for v in 0..V {
                    sums[n][v].store(to.0[n][v].as_mut_ptr());
                }
            }
        }
    }
}

/// `sums[n][v] += weights[v] values[n]`.
///
/// # Safety
/// There must be `V` vectors of weights, and the processor must have the instruction set of `L`.
#[inline(always)]
unsafe fn add_products<L: Lanes, const V: usize, const N: usize>(
    sums: &mut [[L; V]; N],
    weights: *const f32,
    values: [f32; N],
) {
    // SAFETY: the caller has `V` vectors of weights, and the instruction set.
    unsafe {
        let mut w = [L::splat(0.0); V];
        for v in 0..V {
            w[v] = L::load(weights.add(v * LANES));
        }
        for n in 0..N {
            let value = L::splat(values[n]);
            for v in 0..V {
                sums[n][v] = w[v].mul_add(value, sums[n][v]);
            }
        }
    }
}

/// `V` vectors for each of `N` pixels.
#[repr(align(64))]
struct Sums<const V: usize, const N: usize>([[[f32; LANES]; V]; N]);
