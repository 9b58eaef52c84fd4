//! The gradient of a map from the map's own factors.
//!
//! The points of every scheme are closed under `p → 1/p`. A kernel turned round has at `p` what the kernel has at `1/p`,
//! times a power of `p`. So the factors of the gradient are those of the map at other places and times
//! constants, which the other side of the product takes. Weights are the larger part of what a wide network needs
//! memory for, and so are kept once.
//!
//! The factors have the gradient's input channels side by side. So here tiles are in the lanes: the transformed
//! source is transposed in blocks of sixteen tiles by sixteen channels, and so are the sums.

#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::sync::Arc;

use super::axes::load;
use super::factors::Factors;
use super::nested::{Nested, NestedProduct};
use super::scheme::{Scheme, Taps, lines};
use super::tiles::{Square, Tiles, Transform, Transformed, stride};
use crate::cpu::lanes::{LANES, Lanes, PackedWeights, Run, Vectorized, prefetch};
use crate::cpu::linear::map::LinearMap;
use crate::cpu::linear::source::{Reads, Source};
use crate::cpu::linear::target::Target;

/// Floats of a block of sixteen tiles by sixteen channels.
const BLOCK: usize = LANES * LANES;

/// Where a term has its factors.
#[derive(Clone, Copy)]
struct Term {
    /// Among the products of the map.
    place: usize,
    /// What they are to be multiplied by.
    scale: f32,
}

/// The gradient, by a scheme that is the adjoint of the map's.
pub(crate) struct Adjoint<S> {
    factors: Arc<PackedWeights>,
    /// Products of the map.
    places: usize,
    nested: Nested,
    /// Of each product.
    terms: Vec<Term>,
    /// Planes of the source and of the target.
    planes: [usize; 2],
    tiles: Tiles,
    /// Planes of the source whose factors lie side by side.
    vectors: usize,
    scheme: PhantomData<S>,
}

impl<S: Scheme> Adjoint<S> {
    /// Of a map with these factors; none where the factors of the gradient are not among them. `size` is that of the map's
    /// source.
    pub(crate) fn of<F: Scheme>(map: &Factors, size: [usize; 2]) -> Option<Self> {
        let nested = Nested::of(S::PRODUCTS);
        let terms = terms::<F, S>(&map.nested, &nested)?;
        Some(Self {
            factors: Arc::clone(&map.data),
            places: map.nested.products.len(),
            nested,
            terms,
            planes: [map.out_planes(), map.in_planes],
            tiles: Tiles::of::<S>(size),
            vectors: map.vectors,
            scheme: PhantomData,
        })
    }

    /// Whether every number of the source goes into one product; where it does not, every sum has one.
    fn scales_inputs(&self) -> bool {
        self.nested.products.len() > S::SUMS
    }

    /// Tiles of so many candidates, and those that fill their last block.
    fn room(&self, candidates: usize) -> usize {
        self.tiles.of_candidates(candidates).next_multiple_of(LANES)
    }

    /// Floats of the transformed source, and of all the sums.
    fn lengths(&self, candidates: usize) -> [usize; 2] {
        let [from, to] = self.planes.map(|planes| stride(planes, self.room(candidates)));
        [S::INPUTS * from, S::SUMS * to]
    }
}

/// Floats between the sums of a block of tiles.
const FINISHED: usize = BLOCK + LANES;

/// Where the factors of the adjoint scheme are among those of a scheme, found along one axis by looking for them.
fn terms<F: Scheme, S: Scheme>(own: &Nested, wanted: &Nested) -> Option<Vec<Term>> {
    // The adjoint of a convolution that keeps the size turns its kernel round; the others count their taps alike.
    let turned = |mut line: Taps| {
        if S::SIDES[0] == S::SIDES[1] {
            line[..3].reverse();
        }
        line
    };
    let (lines, turned) = (lines::<F>(), lines::<S>().into_iter().map(turned));
    let find = |wanted: Taps| {
        lines.iter().enumerate().find_map(|(place, line)| {
            let tap = (0..6).max_by(|&k, &l| line[k].abs().total_cmp(&line[l].abs()))?;
            let scale = wanted[tap] / line[tap];
            let same = line.iter().zip(&wanted).all(|(own, wanted)| (scale * own - wanted).abs() < 1e-12);
            (same && scale != 0.0).then_some((place, scale))
        })
    };
    let along = turned.map(find).collect::<Option<Vec<_>>>()?;
    let term = |product: &NestedProduct| {
        let [(vertical, first), (horizontal, second)] = product.along.map(|product| along[product]);
        Some(Term { place: own.place([vertical, horizontal])?, scale: (first * second) as f32 })
    };
    wanted.products.iter().map(term).collect()
}

impl<S: Scheme> LinearMap for Adjoint<S> {
    fn describe(&self) -> String {
        "by the same factors".into()
    }

    fn reads(&self) -> Reads {
        Reads::Descending
    }

    fn piece(&self) -> Option<[usize; 2]> {
        Some([S::SIDES[1]; 2])
    }

    fn apply(&self, run: &Run, source: &Source, target: &Target) {
        /// Planes of the target whose products are one task.
        const PLANES: usize = 8;
        let room = self.room(run.active);
        let [from, to] = self.planes;
        let [source_len, sums_len] = self.lengths(run.active);
        let memory =
            |data: *mut f32, planes: usize| Transformed { data, first: 0, tiles: room, stride: stride(planes, room) };
        let transformed = memory(run.scratch, from);
        // SAFETY: the scratch memory has the transformed source, all sums, and a block of tiles for each worker.
        let sums = memory(unsafe { run.scratch.add(source_len) }, to);
        run.tasks(from, |_, plane| {
            run.instructions.run(Turn { map: self, source, plane, candidates: run.active, transformed });
        });
        let chunks = to.div_ceil(PLANES);
        run.tasks(S::SUMS * chunks, |_, task| {
            let first = task % chunks * PLANES;
            let planes = [first, to.min(first + PLANES)];
            run.instructions.run(Multiply { map: self, sum: task / chunks, planes, transformed, sums });
        });
        let blocks = room / LANES;
        run.tasks(to * blocks, |worker, task| {
            // SAFETY: behind the sums, the scratch memory has a block for each worker.
            let memory = unsafe { run.scratch.add(source_len + sums_len + worker * S::SUMS * FINISHED) };
            let [plane, block] = [task / blocks, task % blocks];
            let tiles = self.tiles.of_candidates(run.active);
            run.instructions.run(Finish { map: self, plane, block, tiles, sums, memory, target });
        });
    }

    fn scratch(&self, batch: usize, workers: usize) -> usize {
        self.lengths(batch).iter().sum::<usize>() + workers * S::SUMS * FINISHED
    }
}

/// Transposes a block of sixteen vectors, and multiplies it.
///
/// # Safety
/// Both must be blocks in memory, the second writable, and the processor have the instruction set of `L`.
#[inline(always)]
unsafe fn transpose<L: Lanes>(from: *const f32, to: *mut f32, scale: f32) {
    // SAFETY: the caller has both blocks, the second writable, and the instruction set.
    unsafe {
        let columns = L::transpose(load::<L, LANES>(from, LANES));
        for (i, column) in columns.into_iter().enumerate() {
            column.mul(L::splat(scale)).store(to.add(i * LANES));
        }
    }
}

/// One plane of the source, transformed, with the tiles in the lanes.
struct Turn<'a, S> {
    map: &'a Adjoint<S>,
    source: &'a Source,
    plane: usize,
    candidates: usize,
    transformed: Transformed,
}

impl<S: Scheme> Vectorized for Turn<'_, S> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { map, source, plane, candidates, transformed } = self;
        let range = [0, map.tiles.of_candidates(candidates)];
        // SAFETY: the plane's place in the scratch memory is this task's alone; it has whole blocks.
        unsafe {
            Transform::<S>::new(map.tiles, source, plane, range, transformed).run::<L>();
            let start = transformed.data.add(plane * transformed.tiles * LANES);
            // What goes into several products is scaled where it comes out.
            let scale = |input: usize| {
                let place = map.nested.products.iter().position(|product| product.input == input);
                place.filter(|_| map.scales_inputs()).map_or(1.0, |place| map.terms[place].scale)
            };
            for input in 0..S::INPUTS {
                let scale = scale(input);
                for block in 0..transformed.tiles / LANES {
                    let at = start.add(input * transformed.stride + block * BLOCK);
                    transpose::<L>(at, at, scale);
                }
            }
        }
    }
}

/// One sum, for some planes of the target and all tiles.
struct Multiply<'a, S> {
    map: &'a Adjoint<S>,
    sum: usize,
    planes: [usize; 2],
    transformed: Transformed,
    sums: Transformed,
}

impl<S: Scheme> Vectorized for Multiply<'_, S> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let blocks = self.sums.tiles / LANES;
        let pairs = if self.map.vectors > 1 { blocks / 2 } else { 0 };
        // SAFETY: `run` is called where the instruction set is; the blocks are those that there are.
        unsafe {
            for pair in 0..pairs {
                self.blocks::<L, 2>(2 * pair);
            }
            for block in 2 * pairs..blocks {
                self.blocks::<L, 1>(block);
            }
        }
    }
}

impl<S: Scheme> Multiply<'_, S> {
    /// `V` blocks of tiles from one on. The factors lie group after group, so the sums are taken up again for each few
    /// groups.
    ///
    /// # Safety
    /// The source must have been transformed, the blocks be this task's, and the processor have the instruction set of `L`.
    #[inline(always)]
    unsafe fn blocks<L: Lanes, const V: usize>(&self, block: usize) {
        /// Planes of the source whose factors are read side by side.
        const PLANES: usize = 4;
        let Self { map, sum, planes: [first, end], transformed, sums } = *self;
        let side = map.vectors * LANES;
        let rows = map.planes[1] * LANES;
        let groups = map.planes[0].div_ceil(map.vectors);
        let plane = transformed.tiles * LANES;
        let mut begins = true;
        let at_once = PLANES / map.vectors;
        for group in (0..groups).step_by(at_once) {
            for product in map.nested.of_sum(sum) {
                let place = group * map.places + map.terms[product].place;
                let of_group = group * map.vectors;
                let planes = (at_once * map.vectors).min(map.planes[0] - of_group);
                // SAFETY: the planes, blocks and factors are those that there are; the sums are this task's alone.
                unsafe {
                    let input = transformed.data.add(map.nested.products[product].input * transformed.stride);
                    let tiles = Operand { data: input.add(of_group * plane + block * BLOCK), plane, planes };
                    for channel in (first * LANES..end * LANES).step_by(rows_at_once::<L>()) {
                        let data = map.factors.as_ptr().add((place * rows + channel) * side);
                        let factors = Rows { data, vectors: map.vectors, group: map.places * rows * side };
                        let to = sums.data.add(sum * sums.stride + channel / LANES * sums.tiles * LANES);
                        let to = to.add(block * BLOCK + channel % LANES * LANES);
                        if rows_at_once::<L>() == 8 {
                            multiply::<L, V, 8>(&factors, &tiles, begins, to);
                        } else {
                            multiply::<L, V, 4>(&factors, &tiles, begins, to);
                        }
                    }
                }
                begins = false;
            }
        }
    }
}

/// How many channels' sums are in registers.
#[inline(always)]
const fn rows_at_once<L: Lanes>() -> usize {
    if L::PIXELS > 8 { 8 } else { 4 }
}

/// Blocks of transformed tiles, one for each of some planes.
struct Operand {
    data: *const f32,
    /// Floats between a plane and the next.
    plane: usize,
    planes: usize,
}

/// Factors of some channels of the target.
struct Rows {
    data: *const f32,
    /// Planes of the source in a group.
    vectors: usize,
    /// Floats between a group and the next.
    group: usize,
}

/// Factors are fetched so many times `N` channels before they are needed: they come from as many places as there are
/// planes, a few lines each, of which processors make less than of one long run.
const AHEAD: usize = 2;

/// `to[n] += Σ factors[n, c] tiles[c]`, or `=` where it begins, for `N` channels of the target and `V` blocks of tiles.
///
/// # Safety
/// The factors of `N` channels and the tiles must be there for every plane, `to` be writable, and the processor have the
/// instruction set of `L`.
#[inline(always)]
unsafe fn multiply<L: Lanes, const V: usize, const N: usize>(
    factors: &Rows,
    tiles: &Operand,
    begins: bool,
    to: *mut f32,
) {
    let side = factors.vectors * LANES;
    // SAFETY: the caller has the factors of `N` channels, the tiles of every plane, `V` blocks of `N` sums, and the
    // instruction set.
    unsafe {
        let mut sums = [[L::splat(0.0); V]; N];
        if !begins {
            for n in 0..N {
                for v in 0..V {
                    sums[n][v] = L::load(to.add(v * BLOCK + n * LANES));
                }
            }
        }
        for plane in 0..tiles.planes {
            let mut x = tiles.data.add(plane * tiles.plane);
            let of_group = plane / factors.vectors * factors.group + plane % factors.vectors * LANES;
            let mut factor = factors.data.add(of_group);
            for n in 0..N {
                prefetch(factor.wrapping_add((AHEAD * N + n) * side));
            }
            for _ in 0..LANES {
                let mut numbers = [L::splat(0.0); V];
                for v in 0..V {
                    numbers[v] = L::load(x.add(v * BLOCK));
                }
                for n in 0..N {
                    let factor = L::splat(*factor.add(n * side));
                    for v in 0..V {
                        sums[n][v] = numbers[v].mul_add(factor, sums[n][v]);
                    }
                }
                x = x.add(LANES);
                factor = factor.add(1);
            }
        }
        for n in 0..N {
            for v in 0..V {
                sums[n][v].store(to.add(v * BLOCK + n * LANES));
            }
        }
    }
}

/// The target's tiles of one plane and one block.
struct Finish<'a, S> {
    map: &'a Adjoint<S>,
    plane: usize,
    block: usize,
    /// How many tiles there are in all.
    tiles: usize,
    sums: Transformed,
    memory: *mut f32,
    target: &'a Target<'a>,
}

impl<S: Scheme> Vectorized for Finish<'_, S> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { map, plane, block, tiles, sums, memory, target } = self;
        let mut square = Square::default();
        // SAFETY: the sums of the block have been taken, the memory is this worker's, the tiles this task's.
        unsafe {
            let start = sums.data.add((plane * sums.tiles + block * LANES) * LANES);
            for sum in 0..S::SUMS {
                let scale = if map.scales_inputs() { 1.0 } else { map.terms[sum].scale };
                transpose::<L>(start.add(sum * sums.stride), memory.add(sum * FINISHED), scale);
            }
            for tile in block * LANES..tiles.min((block + 1) * LANES) {
                let from = memory.add((tile - block * LANES) * LANES);
                map.tiles.finish::<L, S>(target, [plane, tile], from, FINISHED, &mut square);
            }
        }
    }
}
