//! The products: tiles in registers, output channels in lanes.

#![allow(unsafe_code)]

use super::tiles::{Square, Transformed};
use super::{LANES, Lanes, Scheme, Target, Winograd};
use crate::cpu::simd::{Vectorized, prefetch};

/// Some sums of some groups of output channels, for some tiles. Ranges are a first and an end.
pub(super) struct Products<'a, S> {
    pub(super) map: &'a Winograd<S>,
    pub(super) groups: [usize; 2],
    pub(super) sums: [usize; 2],
    pub(super) tiles: [usize; 2],
    pub(super) transformed: Transformed,
    /// Where the sums go, those of the first group first.
    pub(super) to: Transformed,
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
    /// The factors that are needed after those of a group and sum.
    fn next(&self, [group, sum]: [usize; 2]) -> *const f32 {
        let [group, sum] = match (group + 1 < self.groups[1], sum + 1 < self.sums[1]) {
            (_, true) => [group, sum + 1],
            (true, false) => [group + 1, self.sums[0]],
            (false, false) => [self.groups[0], self.sums[1]],
        };
        self.map.factors_of(group, sum)
    }

    #[inline(always)]
    unsafe fn all<L: Lanes, const V: usize>(&self) {
        let Self { map, groups, sums, tiles: [first, end], transformed, to } = *self;
        let [plane, vector] = [transformed.tiles, to.tiles].map(|tiles| tiles * LANES);
        let blocks = (end - first).div_ceil(L::PIXELS);
        let lines = (V * LANES).div_ceil(blocks);
        // SAFETY: the sums are this task's; the factors are as many as the loops read.
        unsafe {
            for group in groups[0]..groups[1] {
                let of_group = to.data.add((group - groups[0]) * V * vector);
                for sum in sums[0]..sums[1] {
                    let products = map.nested.of_sum(sum);
                    let mut factors =
                        Factors { data: map.factors_of(group, sum), next: self.next([group, sum]), lines };
                    let mut tile = first;
                    for left in (1..=blocks).rev() {
                        let n = (end - tile).div_ceil(left);
                        let mut inputs = [std::ptr::null(); 4];
                        for (pointer, product) in inputs.iter_mut().zip(&map.nested.products[products.clone()]) {
                            let at = product.input * transformed.stride + (tile - transformed.first) * LANES;
                            *pointer = transformed.data.add(at).cast_const();
                        }
                        let to = of_group.add(sum * to.stride + (tile - to.first) * LANES);
                        block::<L, V>(n, &factors, &inputs[..products.len()], map.in_planes, plane, to, vector);
                        factors.next = factors.next.wrapping_add(products.len() * map.in_planes * lines * LANES);
                        tile += n;
                    }
                }
            }
        }
    }
}

/// Factors of a group and sum, and what is to be fetched meanwhile. The memory is slow to begin with, and each
/// group's are read from it once and then for every few tiles again: what is read on demand comes in bursts.
struct Factors {
    data: *const f32,
    /// The factors that come next.
    next: *const f32,
    /// How many lines of the cache to fetch of them while a plane is multiplied.
    lines: usize,
}

/// The target's tiles of some planes, from their sums.
pub(super) struct Finish<'a, S> {
    pub(super) map: &'a Winograd<S>,
    pub(super) planes: [usize; 2],
    pub(super) tiles: [usize; 2],
    /// The sums of the planes from one on.
    pub(super) sums: Transformed,
    pub(super) from: usize,
    pub(super) target: &'a Target<'a>,
}

impl<S: Scheme> Vectorized for Finish<'_, S> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { map, planes, tiles, sums, from, target } = self;
        let mut square = Square::default();
        for plane in planes[0]..planes[1] {
            for tile in tiles[0]..tiles[1] {
                let at = ((plane - from) * sums.tiles + tile - sums.first) * LANES;
                // SAFETY: the sums have been taken; the tile is in the target, and this task's alone.
                unsafe {
                    let numbers = sums.data.add(at);
                    map.tiles.finish::<L, S>(target, [plane, tile], numbers, sums.stride, &mut square);
                }
            }
        }
    }
}

/// `N` tiles' sums over terms and input channels, for `V` vectors of output channels.
#[inline(always)]
unsafe fn sums<L: Lanes, const V: usize, const N: usize>(
    factors: &Factors,
    inputs: &[*const f32],
    planes: usize,
    plane: usize,
    to: *mut f32,
    vector: usize,
) {
    let &Factors { data: mut factors, mut next, lines } = factors;
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [[L::splat(0.0); V]; N];
        for &input in inputs {
            for p in 0..planes {
                for _ in 0..lines {
                    prefetch(next);
                    next = next.wrapping_add(LANES);
                }
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
    factors: &Factors,
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
