//! Makes the maps that a convolution stands for, by the algorithms that [`choose`](super::choose) names.

use super::axis::Axis;
use super::choose::{self, Algorithm, Direct};
use super::direct::{Correlation, Narrow, Pointwise, Widen};
use super::doubled::{Doubled, combined};
use super::edges::Edges;
use super::filtered::filtered;
use super::map::{LinearMap, Unmade};
use super::winograd::{
    Adjoint, DownF2_2K4, DownF2_3K4, DownF4_2K3, DownF4_2K4, DownF4_3K4, DownF4_3K6, F2_3, F4_3, F6_3, Factors, Scheme,
    UpF2_2K4, UpF2_3K4, UpF4_2K3, UpF4_2K4, UpF4_3K4, UpF4_3K6, Winograd,
};
use crate::cpu::lanes::Layout;
use crate::cpu::settings::Settings;
use crate::{Convolution, Fir, FirTaps, Shape};

/// A convolution, or a transposed one, and its adjoint.
pub(crate) fn convolution(
    settings: Settings,
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
    let [large, small] = [large, small].map(|shape| Layout::new(shape, 0));
    Maker { settings, convolution, transposed, large, small }.both(weight)
}

/// A convolution, or a transposed one, with a filter behind it, and its adjoint. The shapes are those of the argument, of what
/// is filtered, and of the result.
pub(crate) fn filtered_convolution(
    settings: Settings,
    weights: &Convolution,
    fir: &Fir,
    transposed: bool,
    [argument, between, result]: [Shape; 3],
) -> [Box<dyn LinearMap>; 2] {
    let [small, large] = [argument, result].map(|shape| Layout::new(shape, 0));
    if transposed && choose::in_one(settings, weights, fir, [&small, &large]) {
        return in_one(settings, weights, fir, [small, large]);
    }
    filtered(convolution(settings, weights, transposed, [argument, between]), fir, [between, result])
}

/// A transposed convolution and the filter behind it as one map, and its adjoint.
fn in_one(
    settings: Settings,
    convolution: &Convolution,
    fir: &Fir,
    [small, large]: [Layout; 2],
) -> [Box<dyn LinearMap>; 2] {
    let FirTaps::Separable { vertical, horizontal } = &fir.taps else { unreachable!("only separable ones are chosen") };
    let &Convolution { out_channels, in_channels, kernel: [kernel, _], padding, .. } = convolution;
    let weight =
        |o: usize, i: usize, k: usize, l: usize| convolution.weight[((i * out_channels + o) * kernel + k) * kernel + l];
    let whole = combined(weight, [vertical, horizontal], kernel, padding);
    let edges = |layouts, adjoint| {
        let taps = [vertical, horizontal].map(|taps| std::array::from_fn(|i| taps[i]));
        (padding == 1).then(|| {
            if adjoint {
                Edges::new(settings, layouts, true, taps, |i, o, k, l| weight(o, i, k, l))
            } else {
                Edges::new(settings, layouts, false, taps, weight)
            }
        })
    };
    let channels = [out_channels, in_channels];
    let forward = winograd::<UpF4_3K6>(settings, channels, [large.height, large.width], &whole);
    let forward = Doubled { map: forward, edges: edges([small, large], false) };
    if settings.forward_only {
        return [Box::new(forward), Box::new(Unmade)];
    }
    let turned = |i: usize, o: usize, k: usize, l: usize| whole(o, i, k, l);
    let channels = [in_channels, out_channels];
    let backward = winograd::<DownF4_3K6>(settings, channels, [small.height, small.width], turned);
    [Box::new(forward), Box::new(Doubled { map: backward, edges: edges([large, small], true) })]
}

/// A map by a scheme. `weight(o, i, k, l)` is the weight between pixel `(y, x)` of the smaller map and pixel
/// `(stride y + k − padding, stride x + l − padding)` of the larger. `size` is that of the target.
fn winograd<S: Scheme>(
    settings: Settings,
    channels: [usize; 2],
    size: [usize; 2],
    weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
) -> Winograd<S> {
    let factors = Factors::new::<S>(settings, channels, weight);
    let at_once = choose::tiles_at_once::<S>(factors.in_planes, choose::tiles::<S>(size), factors.len());
    Winograd::new(factors, size, at_once)
}

/// A map of a source of this size and its adjoint, from the same factors where that is better.
fn with_adjoint<F: Scheme, S: Scheme>(
    forward: Winograd<F>,
    size: [usize; 2],
    forward_only: bool,
    backward: impl FnOnce() -> Winograd<S>,
) -> [Box<dyn LinearMap>; 2] {
    if forward_only {
        return [Box::new(forward), Box::new(Unmade)];
    }
    let factors = forward.factors();
    let shares = choose::shares_factors::<S>(factors, forward.at_once(), size);
    let backward: Box<dyn LinearMap> = match shares.then(|| Adjoint::<S>::of::<F>(factors, size)).flatten() {
        Some(adjoint) => Box::new(adjoint),
        None => Box::new(backward()),
    };
    [Box::new(forward), backward]
}

/// Makes the two maps that a convolution stands for. Weights are numbers of channels of the larger map and of the
/// smaller, and of a tap.
struct Maker<'a> {
    settings: Settings,
    convolution: &'a Convolution,
    transposed: bool,
    large: Layout,
    small: Layout,
}

impl Maker<'_> {
    fn both(&self, weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync) -> [Box<dyn LinearMap>; 2] {
        let turned = |large: usize, small: usize, k: usize, l: usize| weight(large, small, 2 - k, 2 - l);
        match choose::algorithm(self.settings, self.convolution, [&self.large, &self.small]) {
            Algorithm::F6_3 => self.winograd::<F6_3, F6_3>(&weight, turned),
            Algorithm::F4_3 => self.winograd::<F4_3, F4_3>(&weight, turned),
            Algorithm::F2_3 => self.winograd::<F2_3, F2_3>(&weight, turned),
            Algorithm::F4_2K3 => self.winograd::<DownF4_2K3, UpF4_2K3>(&weight, &weight),
            Algorithm::F4_3K4 => self.winograd::<DownF4_3K4, UpF4_3K4>(&weight, &weight),
            Algorithm::F2_3K4 => self.winograd::<DownF2_3K4, UpF2_3K4>(&weight, &weight),
            Algorithm::F4_2K4 => self.winograd::<DownF4_2K4, UpF4_2K4>(&weight, &weight),
            Algorithm::F2_2K4 => self.winograd::<DownF2_2K4, UpF2_2K4>(&weight, &weight),
            Algorithm::Direct => {
                let (gather, scatter) = (|| self.gather(&weight), || self.scatter(&weight));
                match (self.transposed, self.settings.forward_only) {
                    (false, false) => [gather(), scatter()],
                    (true, false) => [scatter(), gather()],
                    (false, true) => [gather(), Box::new(Unmade)],
                    (true, true) => [scatter(), Box::new(Unmade)],
                }
            }
        }
    }

    /// By one scheme from the larger map to the smaller, and by another one back.
    fn winograd<G: Scheme, S: Scheme>(
        &self,
        gathering: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
        scattering: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    ) -> [Box<dyn LinearMap>; 2] {
        let Self { settings, large, small, .. } = *self;
        let [outer, inner] = [large.shape.channels(), small.shape.channels()];
        let [large, small] = [&large, &small].map(|layout| [layout.height, layout.width]);
        let gather = || winograd::<G>(settings, [inner, outer], small, |o, i, k, l| gathering(i, o, k, l));
        let scatter = || winograd::<S>(settings, [outer, inner], large, scattering);
        if self.transposed {
            with_adjoint(scatter(), small, settings.forward_only, gather)
        } else {
            with_adjoint(gather(), large, settings.forward_only, scatter)
        }
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
        match choose::direct(self.convolution, [from, to]) {
            Direct::Widen => Box::new(Widen::new(self.settings, channels, |o, i| weight(o, i, 0, 0))),
            Direct::Narrow => Box::new(Narrow::new(self.settings, axes, channels, weight)),
            Direct::Pointwise => Box::new(Pointwise::new(self.settings, channels, |o, i| weight(o, i, 0, 0))),
            Direct::Correlation => Box::new(Correlation::of_map(self.settings, &axes, channels, from, weight)),
        }
    }
}

/// The axis of the adjoint of a convolution, whose taps are to be turned round.
fn adjoint(inputs: usize, outputs: usize, taps: usize, stride: usize, padding: usize) -> Axis {
    // The stride is without effect when there is one pixel. A large one gives every output a phase of its own, and
    // so leaves out all taps that would read zeros.
    let stride = if inputs == 1 { outputs + taps } else { stride };
    Axis::new(inputs, outputs, taps, [stride, 1], taps as isize - 1 - padding as isize)
}
