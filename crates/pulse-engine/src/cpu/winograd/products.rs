//! The products: tiles in registers, output channels in lanes.

#![allow(unsafe_code)]

use super::tiles::Square;
use super::{LANES, Lanes, Scheme, Target, Transformed, Winograd};
use crate::cpu::simd::Vectorized;

/// The products of some tiles with one group of output channels, and the target's tiles from them.
pub(super) struct Products<'a, S> {
    pub(super) map: &'a Winograd<S>,
    pub(super) group: usize,
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) transformed: Transformed,
    pub(super) sums: *mut f32,
    pub(super) target: &'a Target<'a>,
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
        let (plane, input) = (transformed.tiles * LANES, transformed.stride);
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
            let mut square = Square::default();
            for v in 0..V.min(map.out_channels.div_ceil(LANES) - self.group * V) {
                for tile in self.first..self.end {
                    let from = sums.add((v * map.chunk() + tile - self.first) * LANES);
                    map.tiles.finish::<L, S>(target, [self.group * V + v, tile], from, stride, &mut square);
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
