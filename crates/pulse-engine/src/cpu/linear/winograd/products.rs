//! The products: tiles in registers, output channels in lanes.

#![allow(unsafe_code)]

use super::factors::Factors;
use super::tiles::Transformed;
use crate::cpu::lanes::{LANES, Lanes, Vectorized, prefetch};

/// Some sums of some groups of output channels, for some tiles. Ranges are a first and an end.
pub(crate) struct Products<'a> {
    pub(crate) factors: &'a Factors,
    pub(crate) groups: [usize; 2],
    pub(crate) sums: [usize; 2],
    pub(crate) tiles: [usize; 2],
    pub(crate) transformed: Transformed,
    /// Where the sums go, those of the first group first.
    pub(crate) to: Transformed,
}

impl Vectorized for Products<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        // SAFETY: `run` is called where the instruction set is.
        unsafe {
            match self.factors.vectors {
                1 => self.all::<L, 1>(),
                _ => self.all::<L, 2>(),
            }
        }
    }
}

impl Products<'_> {
    /// The factors that are needed after those of a group and sum.
    fn next(&self, [group, sum]: [usize; 2]) -> *const f32 {
        let [group, sum] = match (group + 1 < self.groups[1], sum + 1 < self.sums[1]) {
            (_, true) => [group, sum + 1],
            (true, false) => [group + 1, self.sums[0]],
            (false, false) => [self.groups[0], self.sums[1]],
        };
        self.factors.of(group, sum)
    }

    /// All of it, for groups of `V` vectors.
    ///
    /// # Safety
    /// The source must have been transformed for all the tiles, the sums be this task's alone, and the processor have the
    /// instruction set of `L`.
    #[inline(always)]
    unsafe fn all<L: Lanes, const V: usize>(&self) {
        let Self { factors, groups, sums, tiles: [first, end], transformed, to } = *self;
        let [plane, vector] = [transformed.tiles, to.tiles].map(|tiles| tiles * LANES);
        let blocks = (end - first).div_ceil(L::PIXELS);
        let lines = (V * LANES).div_ceil(blocks);
        // SAFETY: the sums are this task's; the factors are as many as the loops read.
        unsafe {
            for group in groups[0]..groups[1] {
                let of_group = to.data.add((group - groups[0]) * V * vector);
                for sum in sums[0]..sums[1] {
                    let products = factors.nested.of_sum(sum);
                    let mut cursor = Cursor { data: factors.of(group, sum), next: self.next([group, sum]), lines };
                    let mut tile = first;
                    for left in (1..=blocks).rev() {
                        let n = (end - tile).div_ceil(left);
                        let mut inputs = [std::ptr::null(); 4];
                        for (pointer, product) in inputs.iter_mut().zip(&factors.nested.products[products.clone()]) {
                            let at = product.input * transformed.stride + (tile - transformed.first) * LANES;
                            *pointer = transformed.data.add(at).cast_const();
                        }
                        let to = of_group.add(sum * to.stride + (tile - to.first) * LANES);
                        block::<L, V>(n, &cursor, &inputs[..products.len()], factors.in_planes, plane, to, vector);
                        cursor.next = cursor.next.wrapping_add(products.len() * factors.in_planes * lines * LANES);
                        tile += n;
                    }
                }
            }
        }
    }
}

/// Factors of a group and sum, and what is to be fetched meanwhile. The memory is slow to begin with, and each
/// group's are read from it once and then for every few tiles again: what is read on demand comes in bursts.
pub(crate) struct Cursor {
    pub(crate) data: *const f32,
    /// The factors that come next.
    pub(crate) next: *const f32,
    /// How many lines of the cache to fetch of them while a plane is multiplied.
    pub(crate) lines: usize,
}

/// `N` tiles' sums over terms and input channels, for `V` vectors of output channels.
///
/// # Safety
/// There must be factors and `N` tiles for every input and plane, `V` by `N` writable vectors of sums, and the processor must
/// have the instruction set of `L`.
#[inline(always)]
unsafe fn sums<L: Lanes, const V: usize, const N: usize>(
    cursor: &Cursor,
    inputs: &[*const f32],
    planes: usize,
    plane: usize,
    to: *mut f32,
    vector: usize,
) {
    let &Cursor { data: mut factors, mut next, lines } = cursor;
    // SAFETY: the caller has the factors, the tiles, the sums and the instruction set; a prefetch may have any address.
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

/// [`sums`] for `n` tiles.
///
/// # Safety
/// As for [`sums`], with `n` tiles.
#[inline(always)]
pub(crate) unsafe fn block<L: Lanes, const V: usize>(
    n: usize,
    cursor: &Cursor,
    inputs: &[*const f32],
    planes: usize,
    plane: usize,
    to: *mut f32,
    vector: usize,
) {
    // SAFETY: the caller has what `sums` asks for.
    unsafe {
        match n {
            1 => sums::<L, V, 1>(cursor, inputs, planes, plane, to, vector),
            2 => sums::<L, V, 2>(cursor, inputs, planes, plane, to, vector),
            3 => sums::<L, V, 3>(cursor, inputs, planes, plane, to, vector),
            4 => sums::<L, V, 4>(cursor, inputs, planes, plane, to, vector),
            5 => sums::<L, V, 5>(cursor, inputs, planes, plane, to, vector),
            6 => sums::<L, V, 6>(cursor, inputs, planes, plane, to, vector),
            7 => sums::<L, V, 7>(cursor, inputs, planes, plane, to, vector),
            8 => sums::<L, V, 8>(cursor, inputs, planes, plane, to, vector),
            9 => sums::<L, V, 9>(cursor, inputs, planes, plane, to, vector),
            10 => sums::<L, V, 10>(cursor, inputs, planes, plane, to, vector),
            11 => sums::<L, V, 11>(cursor, inputs, planes, plane, to, vector),
            _ => sums::<L, V, 12>(cursor, inputs, planes, plane, to, vector),
        }
    }
}
