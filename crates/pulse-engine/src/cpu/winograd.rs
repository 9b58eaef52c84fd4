//! Winograd's minimal filtering for maps that double or halve: fewer products than the definition has.
//!
//! A kernel of 4 x 4 pixels at stride 2 is four kernels of 2 x 2, one for each phase. Two neighbouring results of
//! a filter of two taps need three products, not four (Winograd 1980, "Arithmetic complexity of
//! computations", F(2, 2)): with `d` three neighbouring pixels and `g` the taps,
//!
//! `d₀ g₀ + d₁ g₁ = (d₀ − d₁) g₀ + d₁ (g₀ + g₁)` and `d₁ g₀ + d₂ g₁ = d₁ (g₀ + g₁) − (d₁ − d₂) g₁`.
//!
//! Along both axes that is 9 products for 16. The transforms are differences and sums alone, so the results
//! are as exact as the definition's.

#![allow(unsafe_code)]

use std::marker::PhantomData;

use super::activation::LeakyRelu;
use super::kernel::{Run, Tensor};
use super::layout::LANES;
use super::linear::LinearMap;
use super::memory::Floats;
use super::simd::{InstructionSet, Lanes, Vectorized};

/// How a tile is transformed: a tile is 2 x 2 pixels of the smaller map and 4 x 4 of the larger.
pub(super) trait Scheme: Send + Sync + 'static {
    /// Pixels of the source, and of the target, along each side of a tile.
    const SIDES: [usize; 2];
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

    /// Gives each pixel `finish(sum)` of the tile at `target` from sums that are `stride` apart.
    ///
    /// # Safety
    /// The sums must be readable, and the tile writable.
    unsafe fn finish<L: Lanes>(
        sums: *const f32,
        stride: usize,
        target: *mut f32,
        row: usize,
        finish: impl Fn(L) -> L,
    );
}

/// From the smaller map to the larger: a transposed convolution, or the gradient of a convolution.
pub(super) struct Doubling;

/// From the larger map to the smaller: a convolution, or the gradient of a transposed one.
pub(super) struct Halving;

impl Scheme for Doubling {
    const SIDES: [usize; 2] = [2, 4];
    const INPUTS: usize = 25;
    const SUMS: usize = 36;
    const TERMS: usize = 1;

    fn input(sum: usize, _: usize) -> usize {
        // The difference in the middle serves both phases.
        const INPUT: [usize; 6] = [0, 1, 2, 2, 3, 4];
        INPUT[sum / 6] * 5 + INPUT[sum % 6]
    }

    fn factor(sum: usize, _: usize, kernel: &[[f64; 4]; 4]) -> f64 {
        let line = |w: [f64; 4], at: usize| [w[3], w[3] + w[1], w[1], w[2], w[2] + w[0], w[0]][at];
        line(kernel.map(|row| line(row, sum % 6)), sum / 6)
    }

    #[inline(always)]
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            let corner = source.sub(row + LANES);
            let mut columns = [[L::splat(0.0); 4]; 5];
            for x in 0..4 {
                let at = |y: usize| L::load(corner.add(y * row + x * LANES));
                let line = spread([at(0), at(1), at(2), at(3)]);
                for y in 0..5 {
                    columns[y][x] = line[y];
                }
            }
            for (y, line) in columns.into_iter().enumerate() {
                for (x, value) in spread(line).into_iter().enumerate() {
                    value.store(target.add((y * 5 + x) * stride));
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn finish<L: Lanes>(
        sums: *const f32,
        stride: usize,
        target: *mut f32,
        row: usize,
        finish: impl Fn(L) -> L,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut columns = [[L::splat(0.0); 6]; 4];
            for x in 0..6 {
                let at = |y: usize| L::load(sums.add((y * 6 + x) * stride));
                let line = gather([at(0), at(1), at(2), at(3), at(4), at(5)]);
                for y in 0..4 {
                    columns[y][x] = line[y];
                }
            }
            for (y, line) in columns.into_iter().enumerate() {
                for (x, value) in gather(line).into_iter().enumerate() {
                    finish(value).store(target.add(y * row + x * LANES));
                }
            }
        }
    }
}

/// The differences and pixels that both phases need, from the pixels −1, 0, 1, 2.
#[inline(always)]
unsafe fn spread<L: Lanes>(x: [L; 4]) -> [L; 5] {
    // SAFETY: the instruction set is the caller's promise.
    unsafe { [x[0].sub(x[1]), x[1], x[1].sub(x[2]), x[2], x[2].sub(x[3])] }
}

/// Four pixels, the phases in turn, from the products of both.
#[inline(always)]
unsafe fn gather<L: Lanes>(m: [L; 6]) -> [L; 4] {
    // SAFETY: the instruction set is the caller's promise.
    unsafe { [m[0].add(m[1]), m[3].add(m[4]), m[1].sub(m[2]), m[4].sub(m[5])] }
}

impl Scheme for Halving {
    const SIDES: [usize; 2] = [4, 2];
    const INPUTS: usize = 36;
    const SUMS: usize = 9;
    const TERMS: usize = 4;

    fn input(sum: usize, term: usize) -> usize {
        (term / 2 * 3 + sum / 3) * 6 + term % 2 * 3 + sum % 3
    }

    fn factor(sum: usize, term: usize, kernel: &[[f64; 4]; 4]) -> f64 {
        let line = |w: [f64; 4], phase: usize, at: usize| {
            let [first, second] = if phase == 0 { [w[1], w[3]] } else { [w[0], w[2]] };
            [first, first + second, second][at]
        };
        line(kernel.map(|row| line(row, term % 2, sum % 3)), term / 2, sum / 3)
    }

    #[inline(always)]
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            let corner = source.sub(row + LANES);
            let mut columns = [[L::splat(0.0); 6]; 6];
            for x in 0..6 {
                let at = |y: usize| L::load(corner.add(y * row + x * LANES));
                let line = differences([at(0), at(1), at(2), at(3), at(4), at(5)]);
                for y in 0..6 {
                    columns[y][x] = line[y];
                }
            }
            for (y, line) in columns.into_iter().enumerate() {
                for (x, value) in differences(line).into_iter().enumerate() {
                    value.store(target.add((y * 6 + x) * stride));
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn finish<L: Lanes>(
        sums: *const f32,
        stride: usize,
        target: *mut f32,
        row: usize,
        finish: impl Fn(L) -> L,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            let pair = |m: [L; 3]| [m[0].add(m[1]), m[1].sub(m[2])];
            let line = |y: usize| {
                let at = |x: usize| L::load(sums.add((y * 3 + x) * stride));
                pair([at(0), at(1), at(2)])
            };
            let lines = [line(0), line(1), line(2)];
            for x in 0..2 {
                let [above, below] = pair([lines[0][x], lines[1][x], lines[2][x]]);
                finish(above).store(target.add(x * LANES));
                finish(below).store(target.add(row + x * LANES));
            }
        }
    }
}

/// What the even and the odd phase need, from the pixels −1 to 4.
#[inline(always)]
unsafe fn differences<L: Lanes>(x: [L; 6]) -> [L; 6] {
    // SAFETY: the instruction set is the caller's promise.
    unsafe { [x[1].sub(x[3]), x[3], x[3].sub(x[5]), x[0].sub(x[2]), x[2], x[2].sub(x[4])] }
}

/// Tiles that a task works on.
const TILES_OF_A_TASK: usize = 48;

/// A convolution or transposed convolution of 4 x 4 pixels, stride 2 and padding 1, between blocked maps of even
/// size.
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
        let tiles = [height / 2, width / 2];
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

    /// Floats of the transformed source.
    fn transformed(&self, candidates: usize) -> usize {
        S::INPUTS * self.in_planes * self.tiles_of(candidates) * LANES
    }

    /// Floats of the sums of one task.
    fn sums(&self) -> usize {
        S::SUMS * self.vectors * TILES_OF_A_TASK * LANES
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
        let chunks = tiles.div_ceil(TILES_OF_A_TASK);
        let groups = self.out_channels.div_ceil(self.vectors * LANES);
        run.tasks(groups * chunks, |worker, task| {
            let first = task % chunks * TILES_OF_A_TASK;
            let end = tiles.min(first + TILES_OF_A_TASK);
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
        let stride = map.in_planes * map.tiles_of(run.active) * LANES;
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
        let (plane, input) = (tiles * LANES, tiles * channels);
        let blocks = (self.end - self.first).div_ceil(L::PIXELS);
        let even = (self.end - self.first).div_ceil(blocks);
        let stride = V * TILES_OF_A_TASK * LANES;
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
                    block::<L, V>(n, factors, &inputs[..S::TERMS], map.in_planes, plane, to);
                    tile += n;
                }
            }
            let layout = target.layout;
            for v in 0..V.min(map.out_channels.div_ceil(LANES) - self.group * V) {
                let out_plane = self.group * V + v;
                let bias = L::load(map.bias.as_ptr().add(out_plane * LANES));
                for tile in self.first..self.end {
                    let to = map.start(&target, tile, S::SIDES[1]) + out_plane * layout.plane_stride();
                    let from = sums.add((v * TILES_OF_A_TASK + tile - self.first) * LANES);
                    let finish =
                    |y: L| {
                        let y = y.add(bias);
                        map.activation.map_or(y, |activation| activation.lanes(y))
                    };
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
                sums[n][v].store(to.add((v * TILES_OF_A_TASK + n) * LANES));
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
) {
    // SAFETY: the caller's promise.
    unsafe {
        match n {
            1 => sums::<L, V, 1>(factors, inputs, planes, plane, to),
            2 => sums::<L, V, 2>(factors, inputs, planes, plane, to),
            3 => sums::<L, V, 3>(factors, inputs, planes, plane, to),
            4 => sums::<L, V, 4>(factors, inputs, planes, plane, to),
            5 => sums::<L, V, 5>(factors, inputs, planes, plane, to),
            6 => sums::<L, V, 6>(factors, inputs, planes, plane, to),
            7 => sums::<L, V, 7>(factors, inputs, planes, plane, to),
            8 => sums::<L, V, 8>(factors, inputs, planes, plane, to),
            9 => sums::<L, V, 9>(factors, inputs, planes, plane, to),
            10 => sums::<L, V, 10>(factors, inputs, planes, plane, to),
            11 => sums::<L, V, 11>(factors, inputs, planes, plane, to),
            _ => sums::<L, V, 12>(factors, inputs, planes, plane, to),
        }
    }
}
