//! Winograd's minimal filtering for maps that double or halve: fewer products than the definition has.
//!
//! A kernel of 4 x 4 pixels at stride 2 is four kernels of 2 x 2, one for each phase. `m` neighbouring results of a
//! filter of two taps need `m + 1` products, not `2 m` (Winograd 1980, "Arithmetic complexity of
//! computations", F(m, 2)). The [schemes](Scheme) say how.

#![allow(unsafe_code)]

mod four;
#[cfg(test)]
mod tests;
mod two;

use std::marker::PhantomData;

use super::activation::LeakyRelu;
use super::kernel::{Run, Tensor};
use super::layout::LANES;
use super::linear::LinearMap;
use super::memory::Floats;
use super::simd::{InstructionSet, Lanes, Vectorized};

pub(super) use four::{DoublingByFour, HalvingByFour};
pub(super) use two::{DoublingByTwo, HalvingByTwo};

/// How tiles are transformed.
pub(super) trait Scheme: Send + Sync + 'static {
    /// Pixels of the source, and of the target, along each side of a tile.
    const SIDES: [usize; 2];
    /// How many tiles a task works on, so that their sums stay in a near cache.
    const TILES: usize;
    /// How many numbers a tile of the source is transformed to.
    const INPUTS: usize;
    /// How many numbers a tile of the target is made from.
    const SUMS: usize;
    /// How many products each of them is a sum of, for each input channel.
    const TERMS: usize;

    /// Which transformed number of the source goes into a term of a sum.
    fn input(sum: usize, term: usize) -> usize;

    /// The factor of a term of a sum from the 4 x 4 kernel.
    fn factor(sum: usize, term: usize, kernel: &[[f64; 4]; 4]) -> f64;

    /// Transforms the tile whose first pixel is at `source`; the numbers go to `target`, `stride` apart.
    ///
    /// # Safety
    /// One pixel round the tile must be readable, and all the numbers writable.
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize);

    /// Makes the tile at `target` from sums that are `stride` apart, which are used up.
    ///
    /// # Safety
    /// The sums and the tile must be writable.
    unsafe fn finish<L: Lanes>(sums: *mut f32, stride: usize, target: *mut f32, row: usize, finish: Finish<L>);
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

/// What is done to the pixels of a tile before they are stored.
#[derive(Clone, Copy)]
pub(super) struct Finish<L> {
    bias: L,
    activation: Option<LeakyRelu>,
}

impl<L: Lanes> Finish<L> {
    #[inline(always)]
    unsafe fn all<const N: usize>(self, mut line: [L; N]) -> [L; N] {
        // SAFETY: the instruction set is the caller's promise.
        unsafe {
            for y in &mut line {
                *y = y.add(self.bias);
                if let Some(activation) = self.activation {
                    *y = activation.lanes(*y);
                }
            }
            line
        }
    }
}

/// A convolution or transposed convolution of 4 x 4 pixels, stride 2 and padding 1, between blocked maps.
/// The smaller map must be made of whole tiles.
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
    bias: Floats,
    activation: Option<LeakyRelu>,
    scheme: PhantomData<S>,
}

impl<S: Scheme> Winograd<S> {
    /// `weight(o, i, k, l)` is the weight between pixel `(y, x)` of the smaller map and pixel
    /// `(2 y + k − 1, 2 x + l − 1)` of the larger.
    pub(super) fn new(
        instructions: InstructionSet,
        [out_channels, in_channels]: [usize; 2],
        [height, width]: [usize; 2],
        weight: impl Fn(usize, usize, usize, usize) -> f32,
    ) -> Self {
        let vectors = instructions.vectors().min(out_channels.div_ceil(LANES));
        let side = vectors * LANES;
        let groups = out_channels.div_ceil(side);
        let in_planes = in_channels.div_ceil(LANES);
        let mut factors = Floats::zeroed(groups * S::SUMS * S::TERMS * in_planes * LANES * side);
        for o in 0..out_channels {
            for i in 0..in_channels {
                let kernel = std::array::from_fn(|k| std::array::from_fn(|l| f64::from(weight(o, i, k, l))));
                for sum in 0..S::SUMS {
                    for term in 0..S::TERMS {
                        let row = (((o / side) * S::SUMS + sum) * S::TERMS + term) * in_planes * LANES + i;
                        factors[row * side + o % side] = S::factor(sum, term, &kernel) as f32;
                    }
                }
            }
        }
        let bias = Floats::zeroed(groups * side);
        let side = S::SIDES[0].min(S::SIDES[1]);
        let tiles = [height / side, width / side];
        Self { out_channels, in_planes, tiles, vectors, factors, bias, activation: None, scheme: PhantomData }
    }

    pub(super) fn followed_by(mut self, bias: Option<&[f32]>, activation: Option<LeakyRelu>) -> Self {
        if let Some(bias) = bias {
            self.bias[..bias.len()].copy_from_slice(bias);
        }
        self.activation = activation;
        self
    }

    fn tiles_of(&self, candidates: usize) -> usize {
        candidates * self.tiles[0] * self.tiles[1]
    }

    /// Floats between a transformed number of the source and the next. One vector more than there are, so that they do
    /// not all compete for one place in the caches.
    fn input_stride(&self, candidates: usize) -> usize {
        (self.in_planes * self.tiles_of(candidates) + 1) * LANES
    }

    /// Floats between a sum and the next, likewise.
    fn sum_stride(&self) -> usize {
        (self.vectors * S::TILES + 1) * LANES
    }

    /// Floats of the transformed source.
    fn transformed(&self, candidates: usize) -> usize {
        S::INPUTS * self.input_stride(candidates)
    }

    /// Floats of the sums of one task.
    fn sums(&self) -> usize {
        S::SUMS * self.sum_stride()
    }

    /// Where a tile's first pixel lies in a plane of a map.
    fn start(&self, tensor: &Tensor, tile: usize, side: usize) -> usize {
        let [rows, columns] = self.tiles;
        let (row, x) = (tile / columns, tile % columns);
        let (candidate, y) = (row / rows, row % rows);
        candidate * tensor.stride + tensor.layout.row(0, y * side) + x * side * LANES
    }
}

impl<S: Scheme> LinearMap for Winograd<S> {
    fn apply(&self, run: &Run, source: Tensor, target: Tensor) {
        let tiles = self.tiles_of(run.active);
        run.tasks(run.active * self.in_planes, |_, task| {
            let (candidate, plane) = (task / self.in_planes, task % self.in_planes);
            run.instructions.run(Transform { map: self, run, source, candidate, plane });
        });
        let chunks = tiles.div_ceil(S::TILES);
        let chunk = tiles.div_ceil(chunks);
        let groups = self.out_channels.div_ceil(self.vectors * LANES);
        run.tasks(groups * chunks, |worker, task| {
            let first = task % chunks * chunk;
            let end = tiles.min(first + chunk);
            run.instructions.run(Products { map: self, run, worker, group: task / chunks, first, end, target });
        });
    }

    fn scratch(&self, batch: usize, workers: usize) -> usize {
        self.transformed(batch) + workers * self.sums()
    }
}

/// The transform of one plane.
struct Transform<'a, S> {
    map: &'a Winograd<S>,
    run: &'a Run,
    source: Tensor,
    candidate: usize,
    plane: usize,
}

impl<S: Scheme> Vectorized for Transform<'_, S> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { map, run, source, candidate, plane } = self;
        let stride = map.input_stride(run.active);
        for tile in map.tiles_of(candidate)..map.tiles_of(candidate + 1) {
            let from = map.start(&source, tile, S::SIDES[0]) + plane * source.layout.plane_stride();
            let to = (plane * map.tiles_of(run.active) + tile) * LANES;
            // SAFETY: the tile is in the source, which has a border of at least one pixel, and its place in
            // the scratch memory is its own.
            unsafe {
                let (source_row, to) = (source.layout.row_stride(), run.scratch.add(to));
                S::transform::<L>(source.data.add(from), source_row, to, stride);
            }
        }
    }
}

/// The products of some tiles with one group of output channels, and the target's tiles from them.
struct Products<'a, S> {
    map: &'a Winograd<S>,
    run: &'a Run,
    worker: usize,
    group: usize,
    first: usize,
    end: usize,
    target: Tensor,
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
        let Self { map, run, target, .. } = *self;
        let tiles = map.tiles_of(run.active);
        let channels = map.in_planes * LANES;
        let (plane, input) = (tiles * LANES, map.input_stride(run.active));
        let blocks = (self.end - self.first).div_ceil(L::PIXELS);
        let even = (self.end - self.first).div_ceil(blocks);
        let stride = map.sum_stride();
        // SAFETY: a worker has sums of its own in the scratch memory, behind the transformed source; the factors
        // are as many as the loops read; the tiles are inside the target, and this task's alone.
        unsafe {
            let sums = run.scratch.add(map.transformed(run.active) + self.worker * map.sums());
            for sum in 0..S::SUMS {
                let row = (self.group * S::SUMS + sum) * S::TERMS * channels;
                let factors = map.factors.as_ptr().add(row * V * LANES);
                let mut tile = self.first;
                while tile < self.end {
                    let n = even.min(self.end - tile);
                    let mut inputs = [std::ptr::null(); 4];
                    for (term, pointer) in inputs.iter_mut().enumerate().take(S::TERMS) {
                        *pointer = run.scratch.add(S::input(sum, term) * input + tile * LANES).cast_const();
                    }
                    let to = sums.add(sum * stride + (tile - self.first) * LANES);
                    block::<L, V>(n, factors, &inputs[..S::TERMS], map.in_planes, plane, to, S::TILES * LANES);
                    tile += n;
                }
            }
            let layout = target.layout;
            for v in 0..V.min(map.out_channels.div_ceil(LANES) - self.group * V) {
                let out_plane = self.group * V + v;
                let bias = L::load(map.bias.as_ptr().add(out_plane * LANES));
                for tile in self.first..self.end {
                    let to = map.start(&target, tile, S::SIDES[1]) + out_plane * layout.plane_stride();
                    let from = sums.add((v * S::TILES + tile - self.first) * LANES);
                    let finish = Finish { bias, activation: map.activation };
                    S::finish::<L>(from, stride, target.data.add(to), layout.row_stride(), finish);
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
