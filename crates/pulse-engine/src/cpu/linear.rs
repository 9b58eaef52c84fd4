//! Convolutions, transposed convolutions and matrices, with an activation behind them.

use super::activation::LeakyRelu;
use super::axis::Axis;
use super::correlation::Correlation;
use super::kernel::{Kernel, Needs, Run, Tensor, Values};
use super::layout::{LANES, Layout};
use super::narrow::Narrow;
use super::simd::InstructionSet;
use super::winograd::{DoublingByFour, DoublingByTwo, HalvingByFour, HalvingByTwo, Scheme, Winograd};
use crate::{Convolution, Dense, Shape};

/// A linear map of a value, with a bias and an activation behind it.
pub(super) trait LinearMap: Send + Sync {
    /// Writes `target = activation(W source + bias)`.
    fn apply(&self, run: &Run, source: Tensor, target: Tensor);

    /// Floats that it needs while it runs.
    fn scratch(&self, _batch: usize, _workers: usize) -> usize {
        0
    }
}

/// A linear operator, what gives its gradient, and what follows it.
pub(super) struct Linear {
    forward: Box<dyn LinearMap>,
    backward: Box<dyn LinearMap>,
    activation: Option<LeakyRelu>,
    border: usize,
    gradient_border: usize,
}

impl Linear {
    pub(super) fn dense(
        instructions: InstructionSet,
        dense: &Dense,
        result: Shape,
        activation: Option<LeakyRelu>,
    ) -> Self {
        let [outputs, inputs] = [dense.out_features, dense.in_features];
        let rows = result.len() / outputs;
        let weight = &dense.weight;
        let forward = Correlation::of_matrix(instructions, rows, [outputs, inputs], |o, i| weight[o * inputs + i]);
        let backward = Correlation::of_matrix(instructions, rows, [inputs, outputs], |i, o| weight[o * inputs + i]);
        Self {
            forward: Box::new(forward.followed_by(dense.bias.as_deref(), activation)),
            backward: Box::new(backward),
            activation,
            border: 0,
            gradient_border: 0,
        }
    }

    /// A convolution, or a transposed one.
    pub(super) fn convolution(
        instructions: InstructionSet,
        convolution: &Convolution,
        transposed: bool,
        [argument, result]: [Shape; 2],
        activation: Option<LeakyRelu>,
    ) -> Self {
        let &Convolution { out_channels, in_channels, kernel: [height, width], .. } = convolution;
        // The larger of the two maps is the one that a convolution reads and a transposed one writes.
        let [large, small] = if transposed { [result, argument] } else { [argument, result] };
        let inner = if transposed { out_channels } else { in_channels };
        // `large` and `small` here are channels of the two maps.
        let weight = |large: usize, small: usize, k: usize, l: usize| {
            convolution.weight[((small * inner + large) * height + k) * width + l]
        };
        let maker = Maker { instructions, convolution, large: Layout::new(large, 0), small: Layout::new(small, 0) };
        let after = (convolution.bias.as_deref(), activation);
        let nothing = (None, None);
        let gather = maker.gather(if transposed { nothing } else { after }, |o, i, k, l| weight(i, o, k, l));
        let scatter = maker.scatter(if transposed { after } else { nothing }, weight);
        let ((forward, border), (backward, gradient_border)) =
            if transposed { (scatter, gather) } else { (gather, scatter) };
        Self { forward, backward, activation, border, gradient_border }
    }
}

/// A bias and an activation.
type After<'a> = (Option<&'a [f32]>, Option<LeakyRelu>);

/// Makes the two maps that a convolution stands for, each with the border that it needs.
struct Maker<'a> {
    instructions: InstructionSet,
    convolution: &'a Convolution,
    large: Layout,
    small: Layout,
}

impl Maker<'_> {
    /// From the larger map to the smaller.
    fn gather(
        &self,
        (bias, activation): After,
        weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    ) -> (Box<dyn LinearMap>, usize) {
        let Self { instructions, large, small, .. } = *self;
        let Convolution { kernel: [height, width], stride, padding, .. } = *self.convolution;
        let channels = [small.shape.channels(), large.shape.channels()];
        let axes = [
            Axis::new(large.height, small.height, height, [1, stride], padding as isize),
            Axis::new(large.width, small.width, width, [1, stride], padding as isize),
        ];
        let border = axes[0].border().max(axes[1].border());
        let size = [small.height, small.width];
        let map: Box<dyn LinearMap> = if self.suits_winograd::<HalvingByFour>() {
            let map = Winograd::<HalvingByFour>::new(instructions, channels, size, weight);
            Box::new(map.followed_by(bias, activation))
        } else if self.suits_winograd::<HalvingByTwo>() {
            let map = Winograd::<HalvingByTwo>::new(instructions, channels, size, weight);
            Box::new(map.followed_by(bias, activation))
        } else if Narrow::suits(&large, &small) {
            Box::new(Narrow::new(axes, channels, weight).followed_by(bias, activation))
        } else {
            let map = Correlation::of_map(instructions, &axes, channels, &large, weight);
            Box::new(map.followed_by(bias, activation))
        };
        (map, border)
    }

    /// From the smaller map to the larger, with every tap turned round.
    fn scatter(
        &self,
        (bias, activation): After,
        weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    ) -> (Box<dyn LinearMap>, usize) {
        let Self { instructions, large, small, .. } = *self;
        let Convolution { kernel: [height, width], stride, padding, .. } = *self.convolution;
        let channels = [large.shape.channels(), small.shape.channels()];
        let axes = [
            adjoint(small.height, large.height, height, stride, padding),
            adjoint(small.width, large.width, width, stride, padding),
        ];
        let border = axes[0].border().max(axes[1].border());
        let turned = |o: usize, i: usize, k: usize, l: usize| weight(o, i, height - 1 - k, width - 1 - l);
        let size = [small.height, small.width];
        let map: Box<dyn LinearMap> = if self.suits_winograd::<DoublingByFour>() {
            let map = Winograd::<DoublingByFour>::new(instructions, channels, size, weight);
            Box::new(map.followed_by(bias, activation))
        } else if self.suits_winograd::<DoublingByTwo>() {
            let map = Winograd::<DoublingByTwo>::new(instructions, channels, size, weight);
            Box::new(map.followed_by(bias, activation))
        } else if Narrow::suits(&small, &large) {
            Box::new(Narrow::new(axes, channels, turned).followed_by(bias, activation))
        } else {
            let map = Correlation::of_map(instructions, &axes, channels, &small, turned);
            Box::new(map.followed_by(bias, activation))
        };
        (map, border)
    }

    /// Whether the maps are of whole tiles of a scheme, and so large that it is worth its transformed weights.
    fn suits_winograd<S: Scheme>(&self) -> bool {
        const FACTORS_PER_TILE: usize = 1 << 18;
        let Self { large, small, .. } = self;
        let &Convolution { kernel, stride, padding, in_channels, out_channels, .. } = self.convolution;
        let side = S::SIDES[0].min(S::SIDES[1]);
        let tiles = (small.height / side) * (small.width / side);
        let factors = S::SUMS * S::TERMS * in_channels * out_channels;
        (kernel, stride, padding) == ([4, 4], 2, 1)
            && [large.height, large.width] == [2 * small.height, 2 * small.width]
            && small.height.is_multiple_of(side)
            && small.width.is_multiple_of(side)
            && large.lanes == LANES
            && small.lanes == LANES
            && (side == 2 || factors <= tiles * FACTORS_PER_TILE)
    }
}

/// The axis of the adjoint of a convolution, whose taps are to be turned round.
fn adjoint(inputs: usize, outputs: usize, taps: usize, stride: usize, padding: usize) -> Axis {
    // The stride is without effect when there is one pixel. A large one gives every output a phase of its own, and
    // so leaves out all taps that would read zeros.
    let stride = if inputs == 1 { outputs + taps } else { stride };
    Axis::new(inputs, outputs, taps, [stride, 1], taps as isize - 1 - padding as isize)
}

impl Kernel for Linear {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        self.forward.apply(run, arguments[0], result);
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        if let Some(activation) = &self.activation {
            activation.backward(run, values.result, gradient, gradient);
        }
        self.backward.apply(run, gradient, target);
    }

    fn needs(&self) -> Needs {
        if self.activation.is_some() { Needs::RESULT } else { Needs::NOTHING }
    }

    fn border(&self) -> usize {
        self.border
    }

    fn gradient_border(&self) -> usize {
        self.gradient_border
    }

    fn scratch(&self, batch: usize, workers: usize) -> [usize; 2] {
        [self.forward.scratch(batch, workers), self.backward.scratch(batch, workers)]
    }
}
