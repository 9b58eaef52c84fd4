//! A linear map between two maps, with what it cannot do by itself done before and after it.

#![allow(unsafe_code)]

use super::axis::Axis;
use super::band::Band;
use super::correlation::Correlation;
use super::kernel::{Run, Tensor};
use super::layout::{LANES, Layout};
use super::linear::LinearMap;
use super::narrow::Narrow;
use super::port::clear_border;
use super::simd::{Lanes, Vectorized};
use super::source::{Reads, Source};
use super::target::{Moments, Target, Writing};
use super::widen::Widen;
use super::winograd::{
    Adjoint, CollectingByFour, DoublingByFour, DoublingByTwo, HalvingByFour, HalvingByTwo, InterleavingByFour,
    KeepingByFour, KeepingBySix, KeepingByTwo, PoolingByFour, PoolingByTwo, RepeatingByFour, RepeatingByTwo, Scheme,
    Winograd, repeats,
};
use crate::{Convolution, Cpu, Fir, Shape};

/// A linear map from any source to any target.
pub(super) struct Pass {
    map: Box<dyn LinearMap>,
    from: Layout,
    to: Layout,
    /// Whether the target's sums are wanted.
    moments: bool,
    /// Whether the source may be one that the map cannot read.
    converts: bool,
}

impl Pass {
    /// With `moments`, the target is the gradient of a styled map, or a map that is to be normalised: the
    /// sums over it are taken.
    pub(super) fn new(map: Box<dyn LinearMap>, [from, to]: [Shape; 2], source: Reads, moments: bool) -> Self {
        let converts = source > map.reads();
        Self { map, from: Layout::new(from, 0), to: Layout::new(to, 0), moments, converts }
    }

    pub(super) fn describe(&self) -> String {
        self.map.describe()
    }

    pub(super) fn gives_moments(&self) -> bool {
        self.moments
    }

    /// How wide a border a plain source must have.
    pub(super) fn border(&self) -> usize {
        if self.converts { 0 } else { self.map.border() }
    }

    /// The pieces over which sums are taken.
    pub(super) fn piece(&self) -> [usize; 2] {
        self.map.piece().unwrap_or([1, self.to.width.min(64)])
    }

    fn read_layout(&self) -> Layout {
        Layout { border: self.map.border(), ..self.from }
    }

    fn moments_len(&self, batch: usize) -> usize {
        let size = [self.to.height, self.to.width];
        if self.moments { Moments::len(self.to.planes, size, self.piece(), batch) } else { 0 }
    }

    fn converted_len(&self, batch: usize) -> usize {
        if self.converts { batch * self.read_layout().len() } else { 0 }
    }

    /// Writes `target = W source`. With moments, `with` is the map whose gradient the target is. Gives where the
    /// moments are, until the scratch memory is used again.
    pub(super) fn apply(&self, run: &Run, source: &Source, target: &Target, with: Option<Tensor>) -> Option<Moments> {
        let batch = run.active;
        let mut rest = *run;
        let mut take = |len: usize| {
            let start = rest.scratch;
            rest.scratch = rest.scratch.wrapping_add(len);
            start
        };
        let moments = self.moments.then(|| Moments { data: take(self.moments_len(batch)), piece: self.piece(), with });
        let source = if source.reading.kind() <= self.map.reads() {
            *source
        } else {
            let layout = self.read_layout();
            let converted = Tensor { data: take(self.converted_len(batch)), stride: layout.len(), layout };
            convert(run, source, converted);
            Source::plain(converted)
        };
        let writing = Writing { moments, ..target.writing };
        let target = Target::new(target.tensor, &writing);
        if self.map.piece().is_some() || target.is_simple() {
            self.map.apply(&rest, &source, &target);
        } else {
            self.map.apply(&rest, &source, &Target::plain(target.tensor));
            target.finish(run);
        }
        if let (Some(moments), true) = (moments, target.tensor.layout.styled && with.is_some()) {
            keep_sums(run, &moments, target.tensor);
        }
        moments
    }

    /// Floats that it needs while it runs.
    pub(super) fn scratch(&self, batch: usize, workers: usize) -> usize {
        self.moments_len(batch) + self.converted_len(batch) + self.map.scratch(batch, workers)
    }
}

/// Writes the sums over the gradient of a styled map behind it.
fn keep_sums(run: &Run, moments: &Moments, gradient: Tensor) {
    run.planes(
        &gradient.layout,
        #[inline(always)]
        |candidate, plane| {
            // SAFETY: all pieces have been written, and one task has the plane's sums.
            unsafe {
                let sums = moments.sums(&gradient, candidate, plane);
                for (kind, sums) in [sums.first, sums.second].into_iter().enumerate() {
                    let to = gradient.coefficients().of(candidate, kind, plane);
                    to.cast::<[f32; LANES]>().write(sums.map(|sum| sum as f32));
                }
            }
        },
    );
}

/// Writes a source as a plain map with a border of zeros.
pub(super) fn convert(run: &Run, source: &Source, to: Tensor) {
    /// Rows of a task.
    const ROWS: usize = 8;
    clear_border(run, to);
    let layout = to.layout;
    let tasks = layout.height.div_ceil(ROWS);
    run.tasks(run.active * layout.planes * tasks, |_, task| {
        let (plane, first) = (task / tasks, task % tasks * ROWS);
        let end = layout.height.min(first + ROWS);
        let (candidate, plane) = (plane / layout.planes, plane % layout.planes);
        run.instructions.run(Rows { source, to, candidate, plane, lines: first..end });
    });
}

struct Rows<'a> {
    source: &'a Source,
    to: Tensor,
    candidate: usize,
    plane: usize,
    lines: std::ops::Range<usize>,
}

impl Vectorized for Rows<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { source, to, candidate, plane, lines } = self;
        for y in lines {
            // SAFETY: one task has the row, and it is as long as the source's.
            unsafe {
                let row = to.candidate(candidate).add(to.layout.row(plane, y));
                source.read::<L>(candidate, plane, [y as isize, 0], [1, to.layout.width], row);
            }
        }
    }
}

/// A map with a filter behind it, or before it.
pub(super) struct Filtered {
    map: Box<dyn LinearMap>,
    band: Band,
    /// What lies between the two.
    between: Layout,
    /// Width of what the filter reads.
    width: usize,
    after: bool,
}

/// A map and its adjoint with a filter behind it, which takes a map of the first shape to the second.
pub(super) fn filtered(
    maps: [Box<dyn LinearMap>; 2],
    fir: &Fir,
    [between, result]: [Shape; 2],
) -> [Box<dyn LinearMap>; 2] {
    let [band, adjoint] = Band::pair(fir);
    let [forward, backward] = maps;
    let (layout, width) = (Layout::new(between, 0), |shape| Layout::new(shape, 0).width);
    let bordered = Layout { border: backward.border(), ..layout };
    [
        Box::new(Filtered { map: forward, band, between: layout, width: width(between), after: true }),
        Box::new(Filtered { map: backward, band: adjoint, between: bordered, width: width(result), after: false }),
    ]
}

impl LinearMap for Filtered {
    fn describe(&self) -> String {
        let map = self.map.describe();
        if self.after { format!("{map}, filter") } else { format!("filter, {map}") }
    }

    fn apply(&self, run: &Run, source: &Source, target: &Target) {
        let between = Tensor { data: run.scratch, stride: self.between.len(), layout: self.between };
        let rest = Run { scratch: run.scratch.wrapping_add(run.active * self.between.len()), ..*run };
        if self.after {
            self.map.apply(&rest, source, &Target::plain(between));
            self.band.apply(&rest, &Source::plain(between), target);
        } else {
            clear_border(run, between);
            self.band.apply(&rest, source, &Target::plain(between));
            self.map.apply(&rest, &Source::plain(between), target);
        }
    }

    fn reads(&self) -> Reads {
        if self.after { self.map.reads() } else { Reads::Descending }
    }

    fn piece(&self) -> Option<[usize; 2]> {
        if self.after { Some(Band::piece()) } else { self.map.piece() }
    }

    fn border(&self) -> usize {
        if self.after { self.map.border() } else { 0 }
    }

    fn scratch(&self, batch: usize, workers: usize) -> usize {
        let rest = self.map.scratch(batch, workers).max(self.band.scratch(self.width, workers));
        batch * self.between.len() + rest
    }
}

/// A convolution, or a transposed one, and its adjoint.
pub(super) fn convolution(
    engine: &Cpu,
    convolution: &Convolution,
    transposed: bool,
    [argument, result]: [Shape; 2],
) -> [Box<dyn LinearMap>; 2] {
    let &Convolution { out_channels, in_channels, kernel: [height, width], .. } = convolution;
    // The larger of the two maps is the one that a convolution reads and a transposed one writes.
    let [large, small] = if transposed { [result, argument] } else { [argument, result] };
    let inner = if transposed { out_channels } else { in_channels };
    // `large` and `small` here are channels of the two maps.
    let weight = |large: usize, small: usize, k: usize, l: usize| {
        convolution.weight[((small * inner + large) * height + k) * width + l]
    };
    Maker { engine, convolution, transposed, large: Layout::new(large, 0), small: Layout::new(small, 0) }.both(weight)
}

/// Makes the two maps that a convolution stands for. Weights are numbers of channels of the larger map and of the
/// smaller, and of a tap.
struct Maker<'a> {
    engine: &'a Cpu,
    convolution: &'a Convolution,
    transposed: bool,
    large: Layout,
    small: Layout,
}

impl Maker<'_> {
    fn both(&self, weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync) -> [Box<dyn LinearMap>; 2] {
        let turned = |large: usize, small: usize, k: usize, l: usize| weight(large, small, 2 - k, 2 - l);
        if self.suits::<KeepingBySix>() {
            return self.winograd::<KeepingBySix, KeepingBySix>(&weight, turned);
        }
        if self.suits::<KeepingByFour>() {
            return self.winograd::<KeepingByFour, KeepingByFour>(&weight, turned);
        }
        if self.suits::<KeepingByTwo>() {
            return self.winograd::<KeepingByTwo, KeepingByTwo>(&weight, turned);
        }
        if self.suits::<CollectingByFour>() {
            return self.winograd::<CollectingByFour, InterleavingByFour>(&weight, &weight);
        }
        if self.suits::<PoolingByTwo>() && repeats(&self.convolution.weight) {
            return if self.suits::<PoolingByFour>() {
                self.winograd::<PoolingByFour, RepeatingByFour>(&weight, &weight)
            } else {
                self.winograd::<PoolingByTwo, RepeatingByTwo>(&weight, &weight)
            };
        }
        if self.suits::<HalvingByFour>() {
            return self.winograd::<HalvingByFour, DoublingByFour>(&weight, &weight);
        }
        if self.suits::<HalvingByTwo>() {
            return self.winograd::<HalvingByTwo, DoublingByTwo>(&weight, &weight);
        }
        let [gather, scatter] = [self.gather(&weight), self.scatter(&weight)];
        if self.transposed { [scatter, gather] } else { [gather, scatter] }
    }

    /// By one scheme from the larger map to the smaller, and by another one back.
    fn winograd<G: Scheme, S: Scheme>(
        &self,
        gathering: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
        scattering: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    ) -> [Box<dyn LinearMap>; 2] {
        let Self { large, small, .. } = *self;
        let instructions = self.engine.instructions;
        let [outer, inner] = [large.shape.channels(), small.shape.channels()];
        let [large, small] = [&large, &small].map(|layout| [layout.height, layout.width]);
        let gather = || Winograd::<G>::new(instructions, [inner, outer], small, |o, i, k, l| gathering(i, o, k, l));
        let scatter = || Winograd::<S>::new(instructions, [outer, inner], large, scattering);
        if self.transposed { with_adjoint(scatter(), small, gather) } else { with_adjoint(gather(), large, scatter) }
    }

    /// From the larger map to the smaller.
    fn gather(&self, weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync) -> Box<dyn LinearMap> {
        let Self { large, small, .. } = *self;
        let Convolution { kernel: [height, width], stride, padding, .. } = *self.convolution;
        let channels = [small.shape.channels(), large.shape.channels()];
        let axes = [
            Axis::new(large.height, small.height, height, [1, stride], padding as isize),
            Axis::new(large.width, small.width, width, [1, stride], padding as isize),
        ];
        self.direct(axes, channels, [&large, &small], |o, i, k, l| weight(i, o, k, l))
    }

    /// From the smaller map to the larger, with every tap turned round.
    fn scatter(&self, weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync) -> Box<dyn LinearMap> {
        let Self { large, small, .. } = *self;
        let Convolution { kernel: [height, width], stride, padding, .. } = *self.convolution;
        let channels = [large.shape.channels(), small.shape.channels()];
        let axes = [
            adjoint(small.height, large.height, height, stride, padding),
            adjoint(small.width, large.width, width, stride, padding),
        ];
        let turned = |o: usize, i: usize, k: usize, l: usize| weight(o, i, height - 1 - k, width - 1 - l);
        self.direct(axes, channels, [&small, &large], turned)
    }

    fn direct(
        &self,
        axes: [Axis; 2],
        channels: [usize; 2],
        [from, to]: [&Layout; 2],
        weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    ) -> Box<dyn LinearMap> {
        let pointwise =
            self.convolution.kernel == [1, 1] && self.convolution.stride == 1 && self.convolution.padding == 0;
        if pointwise && Widen::suits(from, to) {
            Box::new(Widen::new(channels, |o, i| weight(o, i, 0, 0)))
        } else if Narrow::suits(from, to) {
            Box::new(Narrow::new(axes, channels, weight))
        } else {
            Box::new(Correlation::of_map(self.engine.instructions, &axes, channels, from, weight))
        }
    }

    /// Whether a scheme is of this kind of convolution, and the maps are so large that it is worth its transformed
    /// weights.
    fn suits<S: Scheme>(&self) -> bool {
        let Self { large, small, .. } = self;
        let &Convolution { kernel, stride, padding, in_channels, out_channels, .. } = self.convolution;
        let side = S::SIDES[0].min(S::SIDES[1]);
        let tiles = small.height.div_ceil(side) * small.width.div_ceil(side);
        let factors = S::PRODUCTS.len().pow(2) * in_channels * out_channels;
        // A tile of a doubled map that is not whole is better done by smaller ones.
        let whole = kernel[0] != 4 || small.height.is_multiple_of(side) && small.width.is_multiple_of(side);
        let inputs = |outputs: usize| stride * (outputs - 1) + kernel[0] - 2 * padding;
        (kernel, [kernel[0], stride, padding]) == ([kernel[0]; 2], S::CONVOLUTION)
            && [large.height, large.width] == [small.height, small.width].map(inputs)
            && large.lanes == LANES
            && small.lanes == LANES
            && !self.engine.precise
            && whole
            && tiles >= S::LEAST_TILES
            && factors / tiles <= S::FACTORS_PER_TILE
    }
}

/// A map of a source of this size and its adjoint, from the same factors where that is better.
fn with_adjoint<F: Scheme, S: Scheme>(
    forward: Winograd<F>,
    size: [usize; 2],
    backward: impl FnOnce() -> Winograd<S>,
) -> [Box<dyn LinearMap>; 2] {
    let backward: Box<dyn LinearMap> = match Adjoint::<S>::of(&forward, size) {
        Some(adjoint) => Box::new(adjoint),
        None => Box::new(backward()),
    };
    [Box::new(forward), backward]
}

/// The axis of the adjoint of a convolution, whose taps are to be turned round.
fn adjoint(inputs: usize, outputs: usize, taps: usize, stride: usize, padding: usize) -> Axis {
    // The stride is without effect when there is one pixel. A large one gives every output a phase of its own, and
    // so leaves out all taps that would read zeros.
    let stride = if inputs == 1 { outputs + taps } else { stride };
    Axis::new(inputs, outputs, taps, [stride, 1], taps as isize - 1 - padding as isize)
}
