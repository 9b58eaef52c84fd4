//! What a scheme of Winograd's is.

#![allow(unsafe_code)]

use super::nested::{Product, inputs, sums};
use crate::cpu::lanes::Lanes;

/// A line of a kernel, with zeros behind the last where it has fewer.
pub(crate) type Taps = [f64; 6];

/// How tiles are transformed. What is multiplied along both axes is what is multiplied along one, [nested](Nested).
pub(crate) trait Scheme: Send + Sync + 'static {
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
    /// The products along an axis, in the order of their sums.
    const PRODUCTS: &[Product];
    /// How many numbers a tile of the source is transformed to.
    const INPUTS: usize = inputs(Self::PRODUCTS).pow(2);
    /// How many numbers a tile of the target is made from.
    const SUMS: usize = sums(Self::PRODUCTS).pow(2);

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

/// Of each product along an axis, what its factor has of each tap.
pub(crate) fn lines<S: Scheme>() -> Vec<Taps> {
    let of = |product: usize, tap: usize| S::factor(product, std::array::from_fn(|k| if k == tap { 1.0 } else { 0.0 }));
    (0..S::PRODUCTS.len()).map(|product| std::array::from_fn(|tap| of(product, tap))).collect()
}

/// The transforms of a [`Scheme`] from those along one [`Line`](super::axes::Line): the first takes so many pixels, which
/// begin so many before the tile, to the numbers of the transformed source; the second takes sums to pixels of the target.
macro_rules! by_lines {
    (
        $spread:ty: $pixels:literal pixels from $before:literal before to $numbers:literal numbers;
        $gather:ty: $sums:literal sums to $results:literal pixels
    ) => {
        #[inline(always)]
        unsafe fn transform<L: $crate::cpu::lanes::Lanes>(
            source: *const f32,
            row: usize,
            target: *mut f32,
            stride: usize,
        ) {
            use $crate::cpu::lanes::LANES;
            use $crate::cpu::linear::winograd::axes::along_both;
            // SAFETY: the caller's tile has a margin of as many pixels, and room for all the numbers.
            unsafe {
                let from = source.sub($before * (row + LANES));
                along_both::<L, $spread, $pixels, $numbers>(from, [row, LANES], target, [$numbers * stride, stride]);
            }
        }

        #[inline(always)]
        unsafe fn finish<L: $crate::cpu::lanes::Lanes>(sums: *const f32, stride: usize, square: *mut f32) {
            use $crate::cpu::lanes::LANES;
            use $crate::cpu::linear::winograd::axes::along_both;
            // SAFETY: the caller has all the sums, and room for a tile of as many pixels.
            unsafe {
                along_both::<L, $gather, $sums, $results>(
                    sums,
                    [$sums * stride, stride],
                    square,
                    [$results * LANES, LANES],
                );
            }
        }
    };
}
pub(super) use by_lines;
