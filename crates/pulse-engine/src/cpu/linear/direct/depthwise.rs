//! Convolutions that keep the channels apart.

#![allow(unsafe_code)]

use crate::cpu::lanes::{Kernel, LANES, Layout, Run, Tensor, Values};
use crate::cpu::linear::axis::{Axis, Tap};
use crate::{DepthwiseConvolution, Shape};

/// A depthwise convolution and its adjoint, which is a transposed one.
pub(crate) struct Depthwise {
    forward: Filters,
    backward: Filters,
}

impl Depthwise {
    pub(crate) fn new(weights: &DepthwiseConvolution, [argument, result]: [Shape; 2]) -> Self {
        let (argument, result) = (Layout::new(argument, 0), Layout::new(result, 0));
        let [height, width] = weights.kernel;
        let before = weights.padding[0] as isize;
        let axis = |inputs, outputs, taps| Axis::new(inputs, outputs, taps, [1, weights.stride], before);
        let forward = [axis(argument.height, result.height, height), axis(argument.width, result.width, width)];
        // The adjoint reads backwards, and stuffs where the convolution strides.
        let axis = |inputs, outputs, taps: usize| {
            Axis::new(inputs, outputs, taps, [weights.stride, 1], taps as isize - 1 - before)
        };
        let backward = [axis(result.height, argument.height, height), axis(result.width, argument.width, width)];
        let weight = |channel: usize, k: usize, l: usize| weights.weight[(channel * height + k) * width + l];
        Self {
            forward: Filters::new(forward, &result, weights.bias.as_deref(), weight),
            backward: Filters::new(backward, &argument, None, |channel, k, l| {
                weight(channel, height - 1 - k, width - 1 - l)
            }),
        }
    }
}

impl Kernel for Depthwise {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        self.forward.apply(run, arguments[0], result);
    }

    fn backward(&self, run: &Run, _: usize, _: &Values, gradient: Tensor, target: Tensor) {
        self.backward.apply(run, gradient, target);
    }

    fn border(&self) -> usize {
        self.forward.border
    }

    fn gradient_border(&self) -> usize {
        self.backward.border
    }
}

/// One phase of the output: where each tap reads, and which of a plane's weights it has.
type Taps = Vec<(isize, isize, usize)>;

/// A filter for each channel.
struct Filters {
    axes: [Axis; 2],
    /// Vertical phases, and in each the horizontal ones.
    phases: Vec<Vec<Taps>>,
    /// Taps of a kernel.
    taps: usize,
    /// `[planes, taps]`, the channels of a plane side by side; zero for filling.
    weights: Vec<[f32; LANES]>,
    /// `[planes]` likewise.
    biases: Vec<[f32; LANES]>,
    border: usize,
}

impl Filters {
    fn new(
        axes: [Axis; 2],
        layout: &Layout,
        bias: Option<&[f32]>,
        weight: impl Fn(usize, usize, usize) -> f32,
    ) -> Self {
        let [vertical, horizontal] = &axes;
        let extent = |axis: &Axis| axis.phases.iter().flatten().map(|tap| tap.index + 1).max().unwrap_or(0);
        let (height, width) = (extent(vertical), extent(horizontal));
        let pair = |rows: &[Tap], columns: &[Tap]| {
            let taps = rows.iter().flat_map(|row| columns.iter().map(move |column| (row, column)));
            taps.map(|(row, column)| (row.offset, column.offset, row.index * width + column.index)).collect()
        };
        let row = |rows: &Vec<_>| horizontal.phases.iter().map(|columns| pair(rows, columns)).collect();
        let lanes = |plane: usize, of: &dyn Fn(usize) -> f32| {
            let mut lanes = [0.0; LANES];
            let channels = (plane * layout.lanes..).take(layout.channels_of(plane));
            lanes.iter_mut().zip(channels).for_each(|(lane, channel)| *lane = of(channel));
            lanes
        };
        let planes = 0..layout.planes;
        let kernel = (0..height).flat_map(|k| (0..width).map(move |l| (k, l)));
        Self {
            phases: vertical.phases.iter().map(row).collect(),
            taps: height * width,
            weights: (planes.clone())
                .flat_map(|plane| kernel.clone().map(move |tap| (plane, tap)))
                .map(|(plane, (k, l))| lanes(plane, &|channel| weight(channel, k, l)))
                .collect(),
            biases: planes.map(|plane| lanes(plane, &|channel| bias.map_or(0.0, |bias| bias[channel]))).collect(),
            border: vertical.border().max(horizontal.border()),
            axes,
        }
    }

    fn apply(&self, run: &Run, source: Tensor, target: Tensor) {
        if target.layout.lanes == LANES {
            self.apply_lanes::<LANES>(run, source, target);
        } else {
            self.apply_lanes::<1>(run, source, target);
        }
    }

    fn apply_lanes<const N: usize>(&self, run: &Run, source: Tensor, target: Tensor) {
        let from = source.layout;
        let [vertical, horizontal] = &self.axes;
        run.rows(
            &target.layout,
            #[inline(always)]
            |candidate, plane, y| {
                let weights = &self.weights[plane * self.taps..][..self.taps];
                let bias = &self.biases[plane];
                // SAFETY: one task has the row of `target`; the taps stay inside the border, which is as wide as
                // `border` says.
                unsafe {
                    let row = target.row_mut(candidate, plane, y);
                    let base = source.candidate(candidate).add(from.row(plane, vertical.step * (y / vertical.period)));
                    for (phase, taps) in self.phases[y % vertical.period].iter().enumerate() {
                        for (t, x) in (phase..horizontal.outputs).step_by(horizontal.period).enumerate() {
                            let base = base.add(horizontal.step * t * N);
                            let mut sums: [f32; N] = std::array::from_fn(|lane| bias[lane]);
                            for &(dy, dx, tap) in taps {
                                let offset = dy * from.row_stride() as isize + dx * N as isize;
                                let pixel: [f32; N] = base.offset(offset).cast::<[f32; N]>().read();
                                for lane in 0..N {
                                    sums[lane] += weights[tap][lane] * pixel[lane];
                                }
                            }
                            row[x * N..][..N].copy_from_slice(&sums);
                        }
                    }
                }
            },
        );
    }
}
