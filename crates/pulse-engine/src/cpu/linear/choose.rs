//! Which algorithm runs a convolution, and how: every threshold stands here.
//!
//! A choice depends on shapes, on the kind of the weights, on the instruction set and on `precise`, never on the batch: so a
//! candidate alone is the candidate of a batch to the bit. The thresholds were measured on processors with 1 to 2 MiB
//! of cache for each core. Sizes are in floats, tiles are those of one candidate.

use super::winograd::{DownF2_2K4, DownF2_3K4, DownF4_2K3, DownF4_2K4, DownF4_3K4, F2_3, F4_3, F6_3, Factors, Scheme};
use crate::cpu::lanes::{LANES, Layout};
use crate::cpu::settings::Settings;
use crate::{Convolution, Fir, FirTaps};

/// The algorithm of a convolution and of its adjoint. [`winograd`](super::winograd) explains the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// 3 x 3 on large maps: the fewest products, at four times the error of `F4_3`.
    F6_3,
    /// 3 x 3 on maps of some size.
    F4_3,
    /// 3 x 3 on small maps: tiles of four would be mostly filling.
    F2_3,
    /// 3 x 3 at stride 2 without padding, as StyleGAN2 doubles.
    F4_2K3,
    /// 4 x 4 at stride 2 that is one of 3 x 3 on repeated pixels, as StyleGAN doubles.
    F4_3K4,
    /// The same on small maps, where the factors of `F4_3K4` are too many for each tile.
    F2_3K4,
    /// Any 4 x 4 at stride 2.
    F4_2K4,
    /// The same on small maps, where the factors of `F4_2K4` are too many for each tile.
    F2_2K4,
    /// By the definition: all others, and whatever is to be precise.
    Direct,
}

/// From how many tiles on a scheme is the fastest, and up to how many factors for each of them.
struct Limits {
    least_tiles: usize,
    factors_per_tile: usize,
}

impl Limits {
    const NONE: Self = Self { least_tiles: 1, factors_per_tile: usize::MAX };
    /// Of fewer tiles, those that are not whole need all that is saved.
    const F6_3: Self = Self { least_tiles: 100, ..Self::NONE };
    /// Fewer tiles do not fill the registers of a product; tiles of two do.
    const F4_3: Self = Self { least_tiles: 8, ..Self::NONE };
    const F2_3: Self = Self { least_tiles: 16, ..Self::NONE };
    /// Maps of fewer tiles have too many beyond their last pixels. Beyond so many factors, the definition is as fast.
    const F4_2K3: Self = Self { least_tiles: 16, factors_per_tile: 1 << 20 };
    /// Beyond so many factors, tiles of two are faster.
    const BY_FOUR: Self = Self { factors_per_tile: 1 << 20, ..Self::NONE };
    /// Beyond so many factors, a tile is made faster by the definition than its factors are read.
    const BY_TWO: Self = Self { factors_per_tile: 1 << 21, ..Self::NONE };
}

/// Whether a network is to be compact: of one with so many weights that runs forward alone, factors would be the larger part
/// of what it needs.
pub(crate) fn is_compact(forward_only: bool, weights: usize) -> bool {
    /// A quarter of a gigabyte of weights.
    const MANY: usize = 1 << 26;
    forward_only && weights > MANY
}

/// The algorithm of a convolution from the larger map to the smaller, and of the transposed one.
pub(super) fn algorithm(settings: Settings, convolution: &Convolution, maps: [&Layout; 2]) -> Algorithm {
    /// In a compact network. Small maps of many channels have few tiles for each factor: there a smaller scheme, or the
    /// definition, needs half the memory for a fifth more products in all.
    const COMPACT: usize = 1 << 14;
    let asked = Asked { convolution, maps, most: if settings.compact { COMPACT } else { usize::MAX } };
    if settings.precise {
        return Algorithm::Direct;
    }
    if asked.suits::<F6_3>(&Limits::F6_3) {
        return Algorithm::F6_3;
    }
    if asked.suits::<F4_3>(&Limits::F4_3) {
        return Algorithm::F4_3;
    }
    if asked.suits::<F2_3>(&Limits::F2_3) {
        return Algorithm::F2_3;
    }
    if asked.suits::<DownF4_2K3>(&Limits::F4_2K3) {
        return Algorithm::F4_2K3;
    }
    if asked.suits::<DownF2_3K4>(&Limits::BY_TWO) && repeats(&convolution.weight) {
        let by_four = asked.suits::<DownF4_3K4>(&Limits::BY_FOUR);
        return if by_four { Algorithm::F4_3K4 } else { Algorithm::F2_3K4 };
    }
    if asked.suits::<DownF4_2K4>(&Limits::BY_FOUR) {
        return Algorithm::F4_2K4;
    }
    if asked.suits::<DownF2_2K4>(&Limits::BY_TWO) {
        return Algorithm::F2_2K4;
    }
    Algorithm::Direct
}

/// A convolution between the larger map and the smaller.
struct Asked<'a> {
    convolution: &'a Convolution,
    maps: [&'a Layout; 2],
    /// Factors for each tile, whatever the scheme.
    most: usize,
}

impl Asked<'_> {
    /// Whether a scheme is of this kind of convolution, and within its limits.
    fn suits<S: Scheme>(&self, limits: &Limits) -> bool {
        let [large, small] = self.maps;
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
            && whole
            && tiles >= limits.least_tiles
            && factors / tiles <= limits.factors_per_tile.min(self.most)
    }
}

/// The definition, for the maps that it reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direct {
    /// One pixel, from few channels to many.
    Widen,
    /// From many channels to few.
    Narrow,
    /// One pixel, from many channels to many.
    Pointwise,
    /// All others.
    Correlation,
}

/// How the definition runs from one map to another.
pub(super) fn direct(convolution: &Convolution, [from, to]: [&Layout; 2]) -> Direct {
    let pointwise = convolution.kernel == [1, 1] && convolution.stride == 1 && convolution.padding == 0;
    match (from.lanes, to.lanes) {
        (1, LANES) if pointwise => Direct::Widen,
        (LANES, 1) => Direct::Narrow,
        (LANES, LANES) if pointwise => Direct::Pointwise,
        _ => Direct::Correlation,
    }
}

/// Whether a transposed convolution from the smaller map and the filter behind it, to the larger map, are one map
/// (`F4_3K6`): 4 x 4 with padding 1 and a filter of three taps, or 3 x 3 without padding and four taps, as StyleGANs have them.
pub(super) fn in_one(settings: Settings, convolution: &Convolution, fir: &Fir, [small, large]: [&Layout; 2]) -> bool {
    /// Maps of fewer tiles are in a cache between the two.
    const LEAST_TILES: usize = 1 << 10;
    let FirTaps::Separable { vertical, horizontal } = &fir.taps else { return false };
    let &Convolution { kernel: [kernel, _], stride, padding, .. } = convolution;
    let taps = match (kernel, padding) {
        (4, 1) => 3,
        (3, 0) => 4,
        _ => return false,
    };
    let fits = convolution.kernel == [kernel; 2]
        && stride == 2
        && (fir.up, fir.down) == (1, 1)
        && [vertical.len(), horizontal.len()] == [taps; 2]
        && [fir.padding_y, fir.padding_x] == [[1, 1]; 2]
        && [large.height, large.width] == [2 * small.height, 2 * small.width]
        && (small.lanes, large.lanes) == (LANES, LANES)
        && [vertical, horizontal].into_iter().all(|taps| smooths(taps));
    let tiles = small.height.div_ceil(4) * small.width.div_ceil(4);
    // Where pixels are repeated or have zeros between them, two maps need fewer products than one, but write and read the
    // larger map once more. Where products are slow, that costs less than they do.
    let slow = settings.instructions.vectors() == 1;
    let sparse = || kernel == 3 || repeats(&convolution.weight);
    !settings.precise && fits && tiles >= LEAST_TILES && !(slow && sparse())
}

/// Whether kernels of 4 x 4 pixels are ones of 3 x 3 on repeated pixels: all of their lines then take an alternating one to
/// zero.
pub(super) fn repeats(kernels: &[f32]) -> bool {
    kernels.chunks_exact(16).all(|kernel| {
        let size: f32 = kernel.iter().map(|tap| tap.abs()).sum();
        let vanishes = |[a, b, c, d]: [f32; 4]| ((a + c) - (b + d)).abs() <= ROUNDED * size;
        let across = [0, 1, 2, 3];
        across
            .iter()
            .all(|k| vanishes(across.map(|l| kernel[4 * k + l])) && vanishes(across.map(|l| kernel[4 * l + k])))
    })
}

/// Whether a filter takes an alternating line to zero.
fn smooths(taps: &[f32]) -> bool {
    let alternating: f32 = taps.iter().enumerate().map(|(i, tap)| if i % 2 == 0 { *tap } else { -tap }).sum();
    alternating.abs() <= ROUNDED * taps.iter().map(|tap| tap.abs()).sum::<f32>()
}

/// What counts as zero, of the size of all taps: they are sums of floats, and were rounded.
const ROUNDED: f32 = 1e-6;

/// How many tiles a task takes from source to target, so that what lies between stays in its near cache; none where it
/// is better to transform the whole source first, and to read each factor once.
pub(super) fn tiles_at_once<S: Scheme>(in_planes: usize, tiles: usize, factors: usize) -> Option<usize> {
    /// A transformed source of no more floats stays in the far cache anyway.
    const FAR: usize = 1 << 20;
    /// Floats of transformed tiles in a near cache.
    const NEAR: usize = 1 << 17;
    /// No more factors than these stay in a near cache beside half as many transformed tiles, and then a task is better off
    /// with tiles of its own whatever the map: a batch of maps that are small by themselves is not small.
    const FEW: usize = 1 << 18;
    /// More factors do not stay in the far cache from one task to the next.
    const MOST_FACTORS: usize = 1 << 22;
    /// Tiles whose sums are in registers at a time.
    const REGISTERS: usize = 12;
    let (far, near) = if factors <= FEW { (NEAR / 2, NEAR / 2) } else { (FAR, NEAR) };
    let tile = S::INPUTS * in_planes * LANES;
    let fit = (near / tile).min(S::TILES) / REGISTERS * REGISTERS;
    (tile * tiles > far && fit >= REGISTERS && factors <= MOST_FACTORS).then_some(fit)
}

/// Whether the adjoint `S` reads the factors of the map, whose source has this `size`: where they are many, both ways
/// transform the whole source first, and tiles fill their blocks.
pub(super) fn shares_factors<S: Scheme>(map: &Factors, map_at_once: Option<usize>, size: [usize; 2]) -> bool {
    /// Fewer are not worth the transposing.
    const LEAST_FACTORS: usize = 1 << 21;
    let tiles = tiles::<S>(size);
    let full = 4 * tiles >= 3 * tiles.next_multiple_of(LANES);
    let in_turn = map_at_once.is_none() && tiles_at_once::<S>(map.out_planes(), tiles, map.len()).is_none();
    map.len() >= LEAST_FACTORS && full && in_turn
}

/// The tiles of a target of this size.
pub(super) fn tiles<S: Scheme>(size: [usize; 2]) -> usize {
    size.map(|side| side.div_ceil(S::SIDES[1])).iter().product()
}
