//! Kernels of 4 x 4 pixels at stride 2 that are one of 3 x 3 pixels at four places: what repeats the pixels of a map and
//! filters the larger one. In the words of [`six`](super::six), their first and last taps of six are none.
//!
//! Along an axis the taps are `w₀, w₀ + w₁, w₁ + w₂, w₂`. Of the [points](super::points), the even phase has the
//! factor zero at infinity, the odd one at 0, and at 1 both have the same. So nine products make eight pixels, where
//! kernels of any taps need ten ([`four`](super::four)); and of the points 0, 1, −1 and infinity five make four, where
//! those need six.

#![allow(unsafe_code)]

use super::points::{GatherFour, GatherTwo, SpreadFour, SpreadSix, factors, factors_of_two};
use super::{LANES, Lanes, Line, Product, Scheme, Taps, along_both, from_each_input, to_each_sum};

/// From the smaller map to the larger, two pixels of the smaller at a time.
pub(in super::super) struct RepeatingByTwo;

/// From the larger map to the smaller, of which it makes two pixels at a time: the gradient of the other.
pub(in super::super) struct PoolingByTwo;

/// From the smaller map to the larger, four pixels of the smaller at a time.
pub(in super::super) struct RepeatingByFour;

/// From the larger map to the smaller, of which it makes four pixels at a time: the gradient of the other.
pub(in super::super) struct PoolingByFour;

/// Whether kernels of 4 x 4 pixels are of this kind: all of their lines then take an alternating one to zero.
pub(in super::super) fn repeats(kernels: &[f32]) -> bool {
    /// Of a kernel's size: its taps are sums of floats, and were rounded.
    const ROUNDED: f32 = 1e-6;
    kernels.chunks_exact(16).all(|kernel| {
        let size: f32 = kernel.iter().map(|tap| tap.abs()).sum();
        let vanishes = |[a, b, c, d]: [f32; 4]| ((a + c) - (b + d)).abs() <= ROUNDED * size;
        let across = [0, 1, 2, 3];
        across
            .iter()
            .all(|k| vanishes(across.map(|l| kernel[4 * k + l])) && vanishes(across.map(|l| kernel[4 * l + k])))
    })
}

/// Beyond so many factors for a tile of two, the definition is faster.
const FACTORS_PER_TILE_OF_TWO: usize = 1 << 21;

/// Beyond so many for a tile of four, tiles of two are faster.
const FACTORS_PER_TILE_OF_FOUR: usize = 1 << 20;

/// Where an even pixel has its taps, among the pixels −1 to 1 of the smaller map, and an odd one.
fn phases(w: Taps) -> [[f64; 3]; 2] {
    [[w[3], w[1], 0.0], [0.0, w[2], w[0]]]
}

impl Scheme for RepeatingByTwo {
    const NAME: &str = "Winograd F(2x2, 3x3) of phases";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [2, 4];
    const TILES: usize = 48;
    const FACTORS_PER_TILE: usize = FACTORS_PER_TILE_OF_TWO;
    // The even phase at 0, 1 and −1, the odd one at −1 and infinity.
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 2, 3]);

    fn factor(product: usize, w: Taps) -> f64 {
        let [even, odd] = phases(w).map(factors_of_two);
        [even[0], even[1], even[2], odd[2], odd[3]][product]
    }

    #[inline(always)]
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            along_both::<L, SpreadFour, 4, 4>(source.sub(row + LANES), [row, LANES], target, [4 * stride, stride]);
        }
    }

    #[inline(always)]
    unsafe fn finish<L: Lanes>(sums: *const f32, stride: usize, square: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { along_both::<L, FourPixels, 5, 4>(sums, [5 * stride, stride], square, [4 * LANES, LANES]) }
    }
}

/// Four pixels of the larger map, the phases in turn.
struct FourPixels;

impl Line<5, 4> for FourPixels {
    #[inline(always)]
    unsafe fn apply<L: Lanes>(m: [L; 5]) -> [L; 4] {
        // SAFETY: the instruction set is the caller's promise.
        unsafe { [m[0].add(m[1]).add(m[2]), m[1].add(m[3]), m[1].sub(m[2]), m[1].sub(m[3]).add(m[4])] }
    }
}

impl Scheme for PoolingByTwo {
    const NAME: &str = "Winograd F(2x2, 3x3) of phases";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [4, 2];
    const TILES: usize = 48;
    const FACTORS_PER_TILE: usize = FACTORS_PER_TILE_OF_TWO;
    const PRODUCTS: &[Product] = &from_each_input([0, 1, 2, 2, 3]);

    fn factor(product: usize, w: Taps) -> f64 {
        let [even, odd] = phases(w).map(|[first, second, third]| factors_of_two([third, second, first]));
        [odd[0], even[1], even[2], odd[2], even[3]][product]
    }

    #[inline(always)]
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize) {
        // SAFETY: the caller's promise.
        unsafe { along_both::<L, BothOfTwo, 6, 5>(source.sub(row + LANES), [row, LANES], target, [5 * stride, stride]) }
    }

    #[inline(always)]
    unsafe fn finish<L: Lanes>(sums: *const f32, stride: usize, square: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { along_both::<L, GatherTwo, 4, 2>(sums, [4 * stride, stride], square, [2 * LANES, LANES]) }
    }
}

/// What both phases need from the pixels −1 to 4 of the larger map.
struct BothOfTwo;

impl Line<6, 5> for BothOfTwo {
    #[inline(always)]
    unsafe fn apply<L: Lanes>(x: [L; 6]) -> [L; 5] {
        // SAFETY: the instruction set is the caller's promise.
        unsafe {
            let [even, odd] = [x[3].add(x[1]), x[4].add(x[2])];
            [x[4].sub(x[0]), even.add(odd), x[3].sub(x[1]), x[4].sub(x[2]), x[5].sub(x[1])]
        }
    }
}

impl Scheme for RepeatingByFour {
    const NAME: &str = "Winograd F(4x4, 3x3) of phases";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [4, 8];
    const TILES: usize = 32;
    const FACTORS_PER_TILE: usize = FACTORS_PER_TILE_OF_FOUR;
    // The even phase at all points but infinity, then the odd one where it has its own product.
    const PRODUCTS: &[Product] = &to_each_sum([0, 1, 2, 3, 4, 2, 3, 4, 5]);

    fn factor(product: usize, w: Taps) -> f64 {
        let [even, odd] = phases(w).map(factors);
        [even[0], even[1], even[2], even[3], even[4], odd[2], odd[3], odd[4], odd[5]][product]
    }

    #[inline(always)]
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize) {
        // SAFETY: the caller's promise.
        unsafe { along_both::<L, SpreadSix, 6, 6>(source.sub(row + LANES), [row, LANES], target, [6 * stride, stride]) }
    }

    #[inline(always)]
    unsafe fn finish<L: Lanes>(sums: *const f32, stride: usize, square: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { along_both::<L, EightPixels, 9, 8>(sums, [9 * stride, stride], square, [8 * LANES, LANES]) }
    }
}

/// Eight pixels of the larger map, the phases in turn.
struct EightPixels;

impl Line<9, 8> for EightPixels {
    #[inline(always)]
    unsafe fn apply<L: Lanes>(m: [L; 9]) -> [L; 8] {
        // SAFETY: the instruction set is the caller's promise.
        unsafe {
            let none = L::splat(0.0);
            let [a, c, e, g] = GatherFour::apply([m[0], m[1], m[2], m[3], m[4], none]);
            let [b, d, f, h] = GatherFour::apply([none, m[1], m[5], m[6], m[7], m[8]]);
            [a, b, c, d, e, f, g, h]
        }
    }
}

impl Scheme for PoolingByFour {
    const NAME: &str = "Winograd F(4x4, 3x3) of phases";
    const CONVOLUTION: [usize; 3] = [4, 2, 1];
    const SIDES: [usize; 2] = [8, 4];
    const TILES: usize = 48;
    const FACTORS_PER_TILE: usize = FACTORS_PER_TILE_OF_FOUR;
    // Both phases at −1, `q` and `1/q`.
    const PRODUCTS: &[Product] = &from_each_input([0, 1, 2, 2, 3, 3, 4, 4, 5]);

    fn factor(product: usize, w: Taps) -> f64 {
        let [even, odd] = phases(w).map(|[first, second, third]| factors([third, second, first]));
        [odd[0], even[1], even[2], odd[2], even[3], odd[3], even[4], odd[4], even[5]][product]
    }

    #[inline(always)]
    unsafe fn transform<L: Lanes>(source: *const f32, row: usize, target: *mut f32, stride: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            along_both::<L, BothOfFour, 10, 9>(source.sub(row + LANES), [row, LANES], target, [9 * stride, stride]);
        }
    }

    #[inline(always)]
    unsafe fn finish<L: Lanes>(sums: *const f32, stride: usize, square: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { along_both::<L, GatherFour, 6, 4>(sums, [6 * stride, stride], square, [4 * LANES, LANES]) }
    }
}

/// What both phases need from the pixels −1 to 8 of the larger map.
struct BothOfFour;

impl Line<10, 9> for BothOfFour {
    #[inline(always)]
    unsafe fn apply<L: Lanes>(x: [L; 10]) -> [L; 9] {
        // SAFETY: the instruction set is the caller's promise.
        unsafe {
            let none = L::splat(0.0);
            let even = SpreadSix::apply([none, x[1], x[3], x[5], x[7], x[9]]);
            let odd = SpreadSix::apply([x[0], x[2], x[4], x[6], x[8], none]);
            let shared = even[1].add(odd[1]);
            [odd[0], shared, even[2], odd[2], even[3], odd[3], even[4], odd[4], even[5]]
        }
    }
}
