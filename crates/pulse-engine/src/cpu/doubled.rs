//! A transposed convolution of stride 2 and the filter behind it as one map.

use super::edges::Edges;
use super::kernel::Run;
use super::layout::{LANES, Layout};
use super::linear::LinearMap;
use super::source::{Reads, Source};
use super::target::{Target, Writing};
use super::winograd::{DoublingBySix, HalvingBySix, Scheme, Winograd, repeats};
use crate::{Convolution, Cpu, Fir, FirTaps, Shape};

/// One of the two directions.
struct Doubled<S> {
    map: Winograd<S>,
    /// What the filter must not see.
    edges: Option<Edges>,
}

/// The map and its adjoint, where the two operators are of the kind that StyleGANs have: 4 x 4 with padding 1 and a
/// filter of three taps, or 3 x 3 without padding and four taps.
pub(super) fn doubled(
    engine: &Cpu,
    convolution: &Convolution,
    fir: &Fir,
    [small, large]: [Shape; 2],
) -> Option<[Box<dyn LinearMap>; 2]> {
    let FirTaps::Separable { vertical, horizontal } = &fir.taps else { return None };
    let &Convolution { out_channels, in_channels, kernel: [kernel, _], stride, padding, .. } = convolution;
    let (small, large) = (Layout::new(small, 0), Layout::new(large, 0));
    let expected = match (kernel, padding) {
        (4, 1) => 3,
        (3, 0) => 4,
        _ => return None,
    };
    let fits = convolution.kernel == [kernel; 2]
        && stride == 2
        && (fir.up, fir.down) == (1, 1)
        && [vertical.len(), horizontal.len()] == [expected; 2]
        && [fir.padding_y, fir.padding_x] == [[1, 1]; 2]
        && [large.height, large.width] == [2 * small.height, 2 * small.width]
        && (small.lanes, large.lanes) == (LANES, LANES)
        && [vertical, horizontal].into_iter().all(|taps| smooths(taps));
    let tiles = small.height.div_ceil(4) * small.width.div_ceil(4);
    if engine.precise || !fits || !is_worth(engine, tiles, kernel == 3 || repeats(&convolution.weight)) {
        return None;
    }
    let weight =
        |o: usize, i: usize, k: usize, l: usize| convolution.weight[((i * out_channels + o) * kernel + k) * kernel + l];
    let instructions = engine.instructions;
    // Tap `d + 2` of the whole is `Σ_m f[m] K[d + m − 1 + padding]`.
    let whole = |o: usize, i: usize, k: usize, l: usize| {
        let pairs = |at: usize| (0..expected).filter_map(move |m| Some((m, (at + m + padding).checked_sub(3)?)));
        let mut sum = 0.0;
        for (m, k) in pairs(k).filter(|pair| pair.1 < kernel) {
            for (n, l) in pairs(l).filter(|pair| pair.1 < kernel) {
                sum += vertical[m] * horizontal[n] * weight(o, i, k, l);
            }
        }
        sum
    };
    let edges = |layouts, adjoint| {
        let taps = [vertical, horizontal].map(|taps| std::array::from_fn(|i| taps[i]));
        (padding == 1).then(|| {
            if adjoint {
                Edges::new(instructions, layouts, true, taps, |i, o, k, l| weight(o, i, k, l))
            } else {
                Edges::new(instructions, layouts, false, taps, weight)
            }
        })
    };
    let forward = Doubled::<DoublingBySix> {
        map: Winograd::new(instructions, [out_channels, in_channels], [large.height, large.width], whole),
        edges: edges([small, large], false),
    };
    let backward = Doubled::<HalvingBySix> {
        map: Winograd::new(instructions, [in_channels, out_channels], [small.height, small.width], |i, o, k, l| {
            whole(o, i, k, l)
        }),
        edges: edges([large, small], true),
    };
    Some([Box::new(forward), Box::new(backward)])
}

/// Whether one map of so many tiles is better than two.
fn is_worth(engine: &Cpu, tiles: usize, sparse: bool) -> bool {
    // Where pixels are repeated or have zeros between them, two need fewer products than one, but write and read the
    // larger map once more. Where products are slow, that costs less than they do.
    let slow = engine.instructions.vectors() == 1;
    tiles >= 1 << 10 && !(sparse && slow)
}

/// Whether a filter takes an alternating line to zero.
fn smooths(taps: &[f32]) -> bool {
    let alternating: f32 = taps.iter().enumerate().map(|(i, tap)| if i % 2 == 0 { *tap } else { -tap }).sum();
    alternating.abs() <= 1e-6 * taps.iter().map(|tap| tap.abs()).sum::<f32>()
}

impl<S: Scheme> LinearMap for Doubled<S> {
    fn describe(&self) -> String {
        self.map.describe()
    }

    fn apply(&self, run: &Run, source: &Source, target: &Target) {
        let Some(edges) = &self.edges else { return self.map.apply(run, source, target) };
        let values = edges.apply(run, source);
        let rest = Run { scratch: run.scratch.wrapping_add(edges.scratch(run.active)), ..*run };
        let writing = Writing { edges: Some(values), ..target.writing };
        self.map.apply(&rest, source, &Target::new(target.tensor, &writing));
    }

    fn reads(&self) -> Reads {
        self.map.reads()
    }

    fn piece(&self) -> Option<[usize; 2]> {
        self.map.piece()
    }

    fn border(&self) -> usize {
        self.map.border()
    }

    fn scratch(&self, batch: usize, workers: usize) -> usize {
        self.edges.as_ref().map_or(0, |edges| edges.scratch(batch)) + self.map.scratch(batch, workers)
    }
}
