//! Winograd's minimal filtering, for maps that keep their size, double or halve: fewer products than the definition has.
//!
//! `m` neighbouring results of a filter of `r` taps need `m + r − 1` products, not `m r` (Winograd 1980, "Arithmetic
//! complexity of computations", F(m, r)); Lavin and Gray 2016 have it for convolutions. A kernel of 4 x 4 pixels at
//! stride 2 is four kernels of 2 x 2, one for each phase; one of 6 x 6 is four of 3 x 3. The [schemes](Scheme) say how.
//!
//! Tiles of the source are transformed, multiplied with transformed weights (`products`), and transformed to tiles of
//! the target. Where maps are large, a task takes some tiles all the way, so that what lies between stays in its cache;
//! where weights are, all tiles are transformed first, and a task has some output channels.

#![allow(unsafe_code)]

mod adjoint;
mod axes;
mod four;
mod interleaved;
mod large;
mod nested;
mod points;
mod products;
mod repeated;
mod six;
#[cfg(test)]
mod tests;
mod three;
mod tiles;
mod two;

use std::marker::PhantomData;
use std::sync::Arc;

use rayon::prelude::*;

use super::kernel::Run;
use super::layout::LANES;
use super::linear::LinearMap;
use super::memory::Floats;
use super::simd::{InstructionSet, Lanes};
use super::source::{Reads, Source};
use super::target::Target;
use axes::{Line, along_both, load};
use nested::{Nested, Product, from_each_input, to_each_sum};
use products::{Finish, Products};
use tiles::{Tiles, Transform, Transformed, stride};

pub(super) use adjoint::Adjoint;
pub(super) use four::{DoublingByFour, HalvingByFour};
pub(super) use interleaved::{CollectingByFour, InterleavingByFour};
pub(super) use large::KeepingBySix;
pub(super) use repeated::{PoolingByFour, PoolingByTwo, RepeatingByFour, RepeatingByTwo, repeats};
pub(super) use six::{DoublingBySix, HalvingBySix};
pub(super) use three::{KeepingByFour, KeepingByTwo};
pub(super) use two::{DoublingByTwo, HalvingByTwo};

/// A line of a kernel, with zeros behind the last where it has fewer.
pub(super) type Taps = [f64; 6];

/// How tiles are transformed. What is multiplied along both axes is what is multiplied along one, [nested](Nested).
pub(super) trait Scheme: Send + Sync + 'static {
    /// Its name for a profile.
    const NAME: &'static str;
    /// Kernel, stride and padding of the convolution that takes the larger map to the smaller.
    const CONVOLUTION: [usize; 3];
    /// Pixels of the source, and of the target, along each side of a tile.
    const SIDES: [usize; 2];
    /// Pixels of the source that are read on each side of a tile.
    const MARGIN: usize = 1;
    /// How many tiles a task works on, so that their sums stay in a near cache.
    const TILES: usize;
    /// With fewer tiles than this, or more factors for each of them, something else is faster.
    const LEAST_TILES: usize = 1;
    const FACTORS_PER_TILE: usize = usize::MAX;
    /// The products along an axis, in the order of their sums.
    const PRODUCTS: &[Product];
    /// How many numbers a tile of the source is transformed to.
    const INPUTS: usize = nested::inputs(Self::PRODUCTS).pow(2);
    /// How many numbers a tile of the target is made from.
    const SUMS: usize = nested::sums(Self::PRODUCTS).pow(2);

    /// The factor of a product along an axis, which is linear in the taps.
    fn factor(product: usize, taps: Taps) -> f64;

    /// Transforms the tile whose first pixel is at `source`; the numbers go to `target`, `stride` apart.
    ///
    /// # Safety
    /// The margin round the tile must be readable, and all the numbers writable.
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize);

    /// Makes a tile, one row after another, from sums that are `stride` apart.
    ///
    /// # Safety
    /// The sums must be readable, and the tile writable.
    unsafe fn finish<L: Lanes>(sums: *const f32, stride: usize, square: *mut f32);
}

/// A convolution or transposed convolution between blocked maps, whose scheme says of what kind.
pub(super) struct Winograd<S> {
    out_channels: usize,
    in_planes: usize,
    tiles: Tiles,
    /// Vectors of output channels in a group.
    vectors: usize,
    nested: Nested,
    /// For each group of output channels, each product, each input channel: the output channels side by side.
    factors: Arc<Floats>,
    /// How many tiles a task takes from the source to the target; none where the whole source is transformed
    /// before anything else.
    local: Option<usize>,
    scheme: PhantomData<S>,
}

impl<S: Scheme> Winograd<S> {
    /// `weight(o, i, k, l)` is the weight between pixel `(y, x)` of the smaller map and pixel
    /// `(stride y + k − padding, stride x + l − padding)` of the larger. `size` is that of the target.
    pub(super) fn new(
        instructions: InstructionSet,
        [out_channels, in_channels]: [usize; 2],
        size: [usize; 2],
        weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    ) -> Self {
        let [kernel, ..] = S::CONVOLUTION;
        let vectors = instructions.vectors().min(out_channels.div_ceil(LANES));
        let side = vectors * LANES;
        let groups = out_channels.div_ceil(side);
        let in_planes = in_channels.div_ceil(LANES);
        let nested = Nested::of::<S>();
        let lines = lines::<S>();
        let group_len = nested.products.len() * in_planes * LANES * side;
        let mut factors = Floats::zeroed(groups * group_len);
        factors.par_chunks_exact_mut(group_len).enumerate().for_each(|(group, factors)| {
            // For each product along the horizontal axis, the kernel's sums along that axis.
            let mut sums = vec![[0.0; 6]; lines.len()];
            for i in 0..in_channels {
                for o in group * side..out_channels.min((group + 1) * side) {
                    let tap = |k: usize, l: usize| if k.max(l) < kernel { f64::from(weight(o, i, k, l)) } else { 0.0 };
                    let taps: [Taps; 6] = std::array::from_fn(|k| std::array::from_fn(|l| tap(k, l)));
                    for (line, sums) in lines.iter().zip(&mut sums) {
                        *sums = taps.map(|row| row.iter().zip(line).map(|(tap, factor)| tap * factor).sum());
                    }
                    for (place, product) in nested.products.iter().enumerate() {
                        let [vertical, horizontal] = product.along;
                        let terms = lines[vertical].iter().zip(&sums[horizontal]);
                        let factor = terms.map(|(factor, sum)| factor * sum).sum::<f64>();
                        factors[(place * in_planes * LANES + i) * side + o % side] = factor as f32;
                    }
                }
            }
        });
        let tiles = Tiles::of::<S>(size);
        let local = local::<S>(in_planes, tiles.of_candidates(1), group_len * groups);
        let factors = Arc::new(factors);
        Self { out_channels, in_planes, tiles, vectors, nested, factors, local, scheme: PhantomData }
    }

    /// Transformed tiles of the source, and the sums of so many planes of the target, at the start of this memory.
    fn memory(&self, start: *mut f32, [first, tiles]: [usize; 2], planes: usize) -> [Transformed; 2] {
        let at = |data: *mut f32, planes: usize| Transformed { data, first, tiles, stride: stride(planes, tiles) };
        let transformed = at(start, self.in_planes);
        [transformed, at(start.wrapping_add(S::INPUTS * transformed.stride), planes)]
    }

    /// Floats of the same.
    fn memory_len(&self, tiles: usize, planes: usize) -> usize {
        S::INPUTS * stride(self.in_planes, tiles) + S::SUMS * stride(planes, tiles)
    }

    fn out_planes(&self) -> usize {
        self.out_channels.div_ceil(LANES)
    }

    /// A task takes some tiles from the source to the target.
    fn apply_locally(&self, run: &Run, source: &Source, target: &Target, chunk: usize) {
        let count = self.tiles.of_candidates(run.active);
        run.tasks(count.div_ceil(chunk), |worker, task| {
            let first = task * chunk;
            let tiles = [first, count.min(first + chunk)];
            let start = run.scratch.wrapping_add(worker * self.memory_len(chunk, self.vectors));
            let [transformed, sums] = self.memory(start, [first, chunk], self.vectors);
            for plane in 0..self.in_planes {
                run.instructions.run(Transform::<S>::new(self.tiles, source, plane, tiles, transformed));
            }
            for group in 0..self.groups() {
                let groups = [group, group + 1];
                run.instructions.run(Products { map: self, groups, sums: [0, S::SUMS], tiles, transformed, to: sums });
                let planes = [group * self.vectors, self.out_planes().min((group + 1) * self.vectors)];
                run.instructions.run(Finish { map: self, planes, tiles, sums, from: planes[0], target });
            }
        });
    }

    /// The whole source is transformed before anything else, and all sums are taken before any tile is made of them: so
    /// factors are read once.
    fn apply_in_turn(&self, run: &Run, source: &Source, target: &Target) {
        let count = self.tiles.of_candidates(run.active);
        let planes = self.groups() * self.vectors;
        let [transformed, sums] = self.memory(run.scratch, [0, count], planes);
        let one = self.tiles.of_candidates(1);
        run.tasks(run.active * self.in_planes, |_, task| {
            let (candidate, plane) = (task / self.in_planes, task % self.in_planes);
            let range = [candidate * one, (candidate + 1) * one];
            run.instructions.run(Transform::<S>::new(self.tiles, source, plane, range, transformed));
        });
        let chunks = count.div_ceil(S::TILES);
        let chunk = count.div_ceil(chunks);
        let tiles = |task: usize| [task % chunks * chunk, count.min((task % chunks + 1) * chunk)];
        run.tasks(S::SUMS * chunks, |_, task| {
            let sum = task / chunks;
            let [groups, each] = [[0, self.groups()], [sum, sum + 1]];
            run.instructions.run(Products { map: self, groups, sums: each, tiles: tiles(task), transformed, to: sums });
        });
        run.tasks(self.out_planes() * chunks, |_, task| {
            let planes = [task / chunks, task / chunks + 1];
            run.instructions.run(Finish { map: self, planes, tiles: tiles(task), sums, from: 0, target });
        });
    }

    /// The factors of a sum of a group of output channels. There are none behind the last sum, but that is no harm to
    /// those who do not read them.
    fn factors_of(&self, group: usize, sum: usize) -> *const f32 {
        let product = group * self.nested.products.len() + self.nested.begin_of(sum);
        self.factors.as_ptr().wrapping_add(product * self.in_planes * LANES * self.vectors * LANES)
    }

    fn groups(&self) -> usize {
        self.out_channels.div_ceil(self.vectors * LANES)
    }
}

/// Of each product along an axis, what its factor has of each tap.
fn lines<S: Scheme>() -> Vec<Taps> {
    let of = |product: usize, tap: usize| S::factor(product, std::array::from_fn(|k| if k == tap { 1.0 } else { 0.0 }));
    (0..S::PRODUCTS.len()).map(|product| std::array::from_fn(|tap| of(product, tap))).collect()
}

/// How many tiles fit a near cache from source to target, where that is better than transforming the whole source.
fn local<S: Scheme>(in_planes: usize, tiles: usize, factors: usize) -> Option<usize> {
    /// Floats of the transformed source that stay in the far cache.
    const FAR: usize = 1 << 20;
    /// Floats of transformed tiles in a near cache.
    const NEAR: usize = 1 << 17;
    let tile = S::INPUTS * in_planes * LANES;
    let fit = (NEAR / tile).min(S::TILES) / 12 * 12;
    (tile * tiles > FAR && fit >= 12 && factors <= 1 << 22).then_some(fit)
}

impl<S: Scheme> LinearMap for Winograd<S> {
    fn describe(&self) -> String {
        S::NAME.into()
    }

    fn reads(&self) -> Reads {
        Reads::Descending
    }

    fn piece(&self) -> Option<[usize; 2]> {
        Some([S::SIDES[1]; 2])
    }

    fn apply(&self, run: &Run, source: &Source, target: &Target) {
        match self.local {
            Some(chunk) => self.apply_locally(run, source, target, chunk),
            None => self.apply_in_turn(run, source, target),
        }
    }

    fn scratch(&self, batch: usize, workers: usize) -> usize {
        match self.local {
            Some(chunk) => workers * self.memory_len(chunk, self.vectors),
            None => self.memory_len(self.tiles.of_candidates(batch), self.groups() * self.vectors),
        }
    }
}
