//! Winograd's minimal filtering for maps that double or halve: fewer products than the definition has.
//!
//! A kernel of 4 x 4 pixels at stride 2 is four kernels of 2 x 2, one for each phase. `m` neighbouring results of a
//! filter of two taps need `m + 1` products, not `2 m` (Winograd 1980, "Arithmetic complexity of
//! computations", F(m, 2)). The [schemes](Scheme) say how.

#![allow(unsafe_code)]

mod four;
mod six;
#[cfg(test)]
mod tests;
mod three;
mod two;

use std::marker::PhantomData;

use rayon::prelude::*;

use super::kernel::Run;
use super::layout::LANES;
use super::linear::LinearMap;
use super::memory::Floats;
use super::simd::{InstructionSet, Lanes, Vectorized};
use super::source::{Reads, Source};
use super::target::Target;

pub(super) use four::{DoublingByFour, HalvingByFour};
pub(super) use six::{DoublingBySix, HalvingBySix};
pub(super) use three::KeepingByFour;
pub(super) use two::{DoublingByTwo, HalvingByTwo};

/// A kernel, with zeros behind its last row and column where it is smaller.
pub(super) type Taps = [[f64; 6]; 6];

/// How tiles are transformed.
pub(super) trait Scheme: Send + Sync + 'static {
    /// Its name for a profile.
    const NAME: &'static str;
    /// Pixels of the source, and of the target, along each side of a tile.
    const SIDES: [usize; 2];
    /// Pixels of the source that are read on each side of a tile.
    const MARGIN: usize = 1;
    /// How many tiles a task works on, so that their sums stay in a near cache.
    const TILES: usize;
    /// How many numbers a tile of the source is transformed to.
    const INPUTS: usize;
    /// How many numbers a tile of the target is made from.
    const SUMS: usize;
    /// How many products each of them is a sum of, for each input channel.
    const TERMS: usize;

    /// Whether it pays to transform so many weights for so many tiles, which are `whole` when none of them goes beyond the
    /// map.
    fn is_worth(factors: usize, tiles: usize, whole: bool) -> bool;

    /// Which transformed number of the source goes into a term of a sum.
    fn input(sum: usize, term: usize) -> usize;

    /// The factor of a term of a sum from the kernel.
    fn factor(sum: usize, term: usize, kernel: &Taps) -> f64;

    /// Transforms the tile whose first pixel is at `source`; the numbers go to `target`, `stride` apart.
    ///
    /// # Safety
    /// The margin round the tile must be readable, and all the numbers writable.
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize);

    /// Makes a tile, one row after another, from sums that are `stride` apart, which are used up.
    ///
    /// # Safety
    /// The sums and the tile must be writable.
    unsafe fn finish<L: Lanes>(sums: *mut f32, stride: usize, square: *mut f32);
}

/// Loads vectors that are `step` floats apart.
#[inline(always)]
unsafe fn load<L: Lanes, const N: usize>(from: *const f32, step: usize) -> [L; N] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut vectors = [L::splat(0.0); N];
        for (i, vector) in vectors.iter_mut().enumerate() {
            *vector = L::load(from.add(i * step));
        }
        vectors
    }
}

/// Stores vectors `step` floats apart.
#[inline(always)]
unsafe fn store<L: Lanes, const N: usize>(vectors: [L; N], to: *mut f32, step: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        for (i, vector) in vectors.into_iter().enumerate() {
            vector.store(to.add(i * step));
        }
    }
}

/// A convolution or transposed convolution between blocked maps, whose scheme says of what kind.
pub(super) struct Winograd<S> {
    out_channels: usize,
    in_planes: usize,
    /// Rows and columns of tiles.
    tiles: [usize; 2],
    /// Vectors of output channels in a group.
    vectors: usize,
    /// For each group of output channels, each sum, each term, each input channel: the output channels side by
    /// side.
    factors: Floats,
    /// How many tiles a task takes from the source to the target; none where the whole source is transformed
    /// before anything else.
    local: Option<usize>,
    scheme: PhantomData<S>,
}

impl<S: Scheme> Winograd<S> {
    /// `weight(o, i, k, l)` is the weight of the kernel at `(k, l)`, which for maps that double or halve is that between
    /// pixel `(y, x)` of the smaller map and pixel `(2 y + k − 1, 2 x + l − 1)` of the larger. `size` is that of the
    /// smaller map.
    pub(super) fn new(
        instructions: InstructionSet,
        [out_channels, in_channels]: [usize; 2],
        [height, width]: [usize; 2],
        kernel: usize,
        weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    ) -> Self {
        let vectors = instructions.vectors().min(out_channels.div_ceil(LANES));
        let side = vectors * LANES;
        let groups = out_channels.div_ceil(side);
        let in_planes = in_channels.div_ceil(LANES);
        let group_len = S::SUMS * S::TERMS * in_planes * LANES * side;
        let mut factors = Floats::zeroed(groups * group_len);
        factors.par_chunks_exact_mut(group_len).enumerate().for_each(|(group, factors)| {
            for i in 0..in_channels {
                for o in group * side..out_channels.min((group + 1) * side) {
                    let tap = |k: usize, l: usize| if k.max(l) < kernel { f64::from(weight(o, i, k, l)) } else { 0.0 };
                    let kernel = std::array::from_fn(|k| std::array::from_fn(|l| tap(k, l)));
                    for (sum, term) in (0..S::SUMS).flat_map(|sum| (0..S::TERMS).map(move |term| (sum, term))) {
                        let row = (sum * S::TERMS + term) * in_planes * LANES + i;
                        factors[row * side + o % side] = S::factor(sum, term, &kernel) as f32;
                    }
                }
            }
        });
        let side = S::SIDES[0].min(S::SIDES[1]);
        let tiles = [height.div_ceil(side), width.div_ceil(side)];
        let local = local::<S>(in_planes, tiles[0] * tiles[1], group_len * groups);
        Self { out_channels, in_planes, tiles, vectors, factors, local, scheme: PhantomData }
    }

    fn tiles_of(&self, candidates: usize) -> usize {
        candidates * self.tiles[0] * self.tiles[1]
    }

    /// Floats between a transformed number of the source and the next, when so many tiles are transformed. One vector
    /// more than there are, so that they do not all compete for one place in the caches.
    fn input_stride(&self, tiles: usize) -> usize {
        (self.in_planes * tiles + 1) * LANES
    }

    /// Tiles that one task makes.
    fn chunk(&self) -> usize {
        self.local.unwrap_or(S::TILES)
    }

    /// Floats between a sum and the next, likewise.
    fn sum_stride(&self) -> usize {
        (self.vectors * self.chunk() + 1) * LANES
    }

    /// Floats of the sums of one task.
    fn sums(&self) -> usize {
        S::SUMS * self.sum_stride()
    }

    /// Floats of transformed tiles.
    fn transformed(&self, tiles: usize) -> usize {
        S::INPUTS * self.input_stride(tiles)
    }

    /// The candidate of a tile, and its row and column.
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let [rows, columns] = self.tiles;
        (tile / (rows * columns), tile / columns % rows, tile % columns)
    }

    fn groups(&self) -> usize {
        self.out_channels.div_ceil(self.vectors * LANES)
    }
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
        let tiles = self.tiles_of(run.active);
        if let Some(chunk) = self.local {
            run.tasks(tiles.div_ceil(chunk), |worker, task| {
                let (first, end) = (task * chunk, tiles.min((task + 1) * chunk));
                let scratch = self.transformed(chunk) + self.sums();
                // SAFETY: the scratch memory has as much for every worker.
                let memory = unsafe { run.scratch.add(worker * scratch) };
                let transformed = Transformed { data: memory, first, tiles: chunk };
                for plane in 0..self.in_planes {
                    run.instructions.run(Transform { map: self, source, plane, first, end, transformed });
                }
                // SAFETY: as above.
                let sums = unsafe { memory.add(self.transformed(chunk)) };
                for group in 0..self.groups() {
                    run.instructions.run(Products { map: self, group, first, end, transformed, sums, target });
                }
            });
            return;
        }
        let transformed = Transformed { data: run.scratch, first: 0, tiles };
        let one = self.tiles_of(1);
        run.tasks(run.active * self.in_planes, |_, task| {
            let (candidate, plane) = (task / self.in_planes, task % self.in_planes);
            let (first, end) = (candidate * one, (candidate + 1) * one);
            run.instructions.run(Transform { map: self, source, plane, first, end, transformed });
        });
        let chunks = tiles.div_ceil(S::TILES);
        let chunk = tiles.div_ceil(chunks);
        run.tasks(self.groups() * chunks, |worker, task| {
            let first = task % chunks * chunk;
            let end = tiles.min(first + chunk);
            // SAFETY: a worker has sums of its own in the scratch memory, behind the transformed source.
            let sums = unsafe { run.scratch.add(self.transformed(tiles) + worker * self.sums()) };
            run.instructions.run(Products { map: self, group: task / chunks, first, end, transformed, sums, target });
        });
    }

    fn scratch(&self, batch: usize, workers: usize) -> usize {
        match self.local {
            Some(chunk) => workers * (self.transformed(chunk) + self.sums()),
            None => self.transformed(self.tiles_of(batch)) + workers * self.sums(),
        }
    }
}

/// Transformed tiles, from the one called `first` on.
#[derive(Clone, Copy)]
struct Transformed {
    data: *mut f32,
    first: usize,
    /// Room for so many tiles.
    tiles: usize,
}

// SAFETY: an address; the tasks keep apart.
unsafe impl Sync for Transformed {}
// SAFETY: as above.
unsafe impl Send for Transformed {}

/// The transform of some tiles of one plane.
struct Transform<'a, S> {
    map: &'a Winograd<S>,
    source: &'a Source,
    plane: usize,
    first: usize,
    end: usize,
    transformed: Transformed,
}

/// Floats of the largest tile with its surroundings.
const SQUARE: usize = 12 * 12 * LANES;

impl<S: Scheme> Vectorized for Transform<'_, S> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { map, source, plane, first, end, transformed } = self;
        let stride = map.input_stride(transformed.tiles);
        let side = S::SIDES[0];
        let layout = &source.tensor.layout;
        let mut square = Square([0.0; SQUARE]);
        for tile in first..end {
            let (candidate, y, x) = map.place(tile);
            let (y, x) = (y * side, x * side);
            let to = (plane * transformed.tiles + tile - transformed.first) * LANES;
            let (margin, border) = (S::MARGIN, layout.border);
            let inside = |at: usize, size: usize| at + border >= margin && at + side + margin <= size + border;
            let inner = inside(y, layout.height) && inside(x, layout.width);
            // SAFETY: the pixels of an inner tile and those round it are in the source; of others, only those that are
            // in it are read. The place of the tile in the scratch memory is its own.
            unsafe {
                let to = transformed.data.add(to);
                if inner && source.is_plain() {
                    let from = source.tensor.candidate(candidate).add(layout.row(plane, y) + x * LANES);
                    S::transform::<L>(from, layout.row_stride(), to, stride);
                } else {
                    let corner = [y, x].map(|at| at as isize - margin as isize);
                    let square = square.0.as_mut_ptr();
                    source.read::<L>(candidate, plane, corner, [side + 2 * margin; 2], square);
                    let row = (side + 2 * margin) * LANES;
                    S::transform::<L>(square.add(margin * (row + LANES)), row, to, stride);
                }
            }
        }
    }
}

#[repr(align(64))]
struct Square([f32; SQUARE]);

/// The products of some tiles with one group of output channels, and the target's tiles from them.
struct Products<'a, S> {
    map: &'a Winograd<S>,
    group: usize,
    first: usize,
    end: usize,
    transformed: Transformed,
    sums: *mut f32,
    target: &'a Target<'a>,
}

impl<S: Scheme> Vectorized for Products<'_, S> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: the instruction set is the caller's promise.
        unsafe {
            match self.map.vectors {
                1 => self.all::<L, 1>(),
                _ => self.all::<L, 2>(),
            }
        }
    }
}

impl<S: Scheme> Products<'_, S> {
    #[inline(always)]
    unsafe fn all<L: Lanes, const V: usize>(&self) {
        let Self { map, target, transformed, sums, .. } = *self;
        let channels = map.in_planes * LANES;
        let (plane, input) = (transformed.tiles * LANES, map.input_stride(transformed.tiles));
        let blocks = (self.end - self.first).div_ceil(L::PIXELS);
        let even = (self.end - self.first).div_ceil(blocks);
        let stride = map.sum_stride();
        // SAFETY: the sums are this worker's; the factors are as many as the loops read; the tiles are inside the
        // target, and this task's alone.
        unsafe {
            for sum in 0..S::SUMS {
                let row = (self.group * S::SUMS + sum) * S::TERMS * channels;
                let factors = map.factors.as_ptr().add(row * V * LANES);
                let mut tile = self.first;
                while tile < self.end {
                    let n = even.min(self.end - tile);
                    let mut inputs = [std::ptr::null(); 4];
                    for (term, pointer) in inputs.iter_mut().enumerate().take(S::TERMS) {
                        let at = S::input(sum, term) * input + (tile - transformed.first) * LANES;
                        *pointer = transformed.data.add(at).cast_const();
                    }
                    let to = sums.add(sum * stride + (tile - self.first) * LANES);
                    block::<L, V>(n, factors, &inputs[..S::TERMS], map.in_planes, plane, to, map.chunk() * LANES);
                    tile += n;
                }
            }
            let mut square = Square([0.0; SQUARE]);
            let side = S::SIDES[1];
            let layout = &target.tensor.layout;
            for v in 0..V.min(map.out_channels.div_ceil(LANES) - self.group * V) {
                for tile in self.first..self.end {
                    let from = sums.add((v * map.chunk() + tile - self.first) * LANES);
                    let square = square.0.as_mut_ptr();
                    S::finish::<L>(from, stride, square);
                    let (candidate, y, x) = map.place(tile);
                    let (y, x) = (y * side, x * side);
                    if let Some(edges) = target.writing.edges {
                        edges.add::<L>(candidate, self.group * V + v, [y, x], side, square);
                    }
                    let size = [side.min(layout.height - y), side.min(layout.width - x)];
                    target.write::<L>(candidate, self.group * V + v, [y, x], size, square, side * LANES);
                }
            }
        }
    }
}

/// `N` tiles' sums over terms and input channels, for `V` vectors of output channels.
#[inline(always)]
unsafe fn sums<L: Lanes, const V: usize, const N: usize>(
    mut factors: *const f32,
    inputs: &[*const f32],
    planes: usize,
    plane: usize,
    to: *mut f32,
    vector: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[L::splat(0.0); V]; N];
        for &input in inputs {
            for p in 0..planes {
                let mut x = input.add(p * plane);
                for _ in 0..LANES {
                    let mut w = [L::splat(0.0); V];
                    for v in 0..V {
                        w[v] = L::load(factors.add(v * LANES));
                    }
                    for n in 0..N {
                        let value = L::splat(*x.add(n * LANES));
                        for v in 0..V {
                            sums[n][v] = w[v].mul_add(value, sums[n][v]);
                        }
                    }
                    factors = factors.add(V * LANES);
                    x = x.add(1);
                }
            }
        }
        for n in 0..N {
            for v in 0..V {
                sums[n][v].store(to.add(v * vector + n * LANES));
            }
        }
    }
}

#[inline(always)]
unsafe fn block<L: Lanes, const V: usize>(
    n: usize,
    factors: *const f32,
    inputs: &[*const f32],
    planes: usize,
    plane: usize,
    to: *mut f32,
    vector: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        match n {
            1 => sums::<L, V, 1>(factors, inputs, planes, plane, to, vector),
            2 => sums::<L, V, 2>(factors, inputs, planes, plane, to, vector),
            3 => sums::<L, V, 3>(factors, inputs, planes, plane, to, vector),
            4 => sums::<L, V, 4>(factors, inputs, planes, plane, to, vector),
            5 => sums::<L, V, 5>(factors, inputs, planes, plane, to, vector),
            6 => sums::<L, V, 6>(factors, inputs, planes, plane, to, vector),
            7 => sums::<L, V, 7>(factors, inputs, planes, plane, to, vector),
            8 => sums::<L, V, 8>(factors, inputs, planes, plane, to, vector),
            9 => sums::<L, V, 9>(factors, inputs, planes, plane, to, vector),
            10 => sums::<L, V, 10>(factors, inputs, planes, plane, to, vector),
            11 => sums::<L, V, 11>(factors, inputs, planes, plane, to, vector),
            _ => sums::<L, V, 12>(factors, inputs, planes, plane, to, vector),
        }
    }
}
