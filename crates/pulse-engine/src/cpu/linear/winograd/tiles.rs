//! Tiles: where they lie, how those of the source become transformed numbers, and how sums become those of the target.

#![allow(unsafe_code)]

use std::marker::PhantomData;

use super::scheme::Scheme;
use crate::cpu::lanes::{LANES, Lanes, Vectorized};
use crate::cpu::linear::source::Source;
use crate::cpu::linear::target::Target;

/// The tiles of a candidate, in rows and columns.
#[derive(Clone, Copy)]
pub(crate) struct Tiles {
    rows: usize,
    columns: usize,
}

impl Tiles {
    /// Those of a target of this size.
    pub(crate) fn of<S: Scheme>([height, width]: [usize; 2]) -> Self {
        Self { rows: height.div_ceil(S::SIDES[1]), columns: width.div_ceil(S::SIDES[1]) }
    }

    /// How many so many candidates have.
    pub(crate) fn of_candidates(&self, candidates: usize) -> usize {
        candidates * self.rows * self.columns
    }

    /// The candidate of a tile, and its row and column.
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let Self { rows, columns } = *self;
        (tile / (rows * columns), tile / columns % rows, tile % columns)
    }

    /// Makes a tile of a plane of the target from its sums, which are `stride` apart.
    ///
    /// # Safety
    /// The sums must be readable. The tile must be one of the target and this task's alone. The processor must have the
    /// instruction set of `L`.
    #[inline(always)]
    pub(crate) unsafe fn finish<L: Lanes, S: Scheme>(
        &self,
        target: &Target,
        [plane, tile]: [usize; 2],
        sums: *const f32,
        stride: usize,
        square: &mut Square,
    ) {
        let side = S::SIDES[1];
        let layout = &target.tensor.layout;
        let square = square.0.as_mut_ptr();
        let (candidate, y, x) = self.place(tile);
        let (y, x) = (y * side, x * side);
        // SAFETY: the caller has the sums, and has the tile alone; the square has room for the largest tile.
        unsafe {
            S::finish::<L>(sums, stride, square);
            if let Some(edges) = target.writing.edges {
                edges.add::<L>(candidate, plane, [y, x], side, square);
            }
            let size = [side.min(layout.height - y), side.min(layout.width - x)];
            target.write::<L>(candidate, plane, [y, x], size, square, side * LANES);
        }
    }
}

/// Floats from a number of some tiles of a map to the next number: a vector for each plane and tile. One more than
/// there are, so that they do not all compete for one place in the caches.
pub(crate) fn stride(planes: usize, tiles: usize) -> usize {
    (planes * tiles + 1) * LANES
}

/// Transformed tiles, from the one called `first` on.
#[derive(Clone, Copy)]
pub(crate) struct Transformed {
    pub(crate) data: *mut f32,
    pub(crate) first: usize,
    /// Room for so many tiles.
    pub(crate) tiles: usize,
    /// Floats between a number and the next.
    pub(crate) stride: usize,
}

// SAFETY: an address. What reads or writes through it is unsafe, and keeps the tasks apart.
unsafe impl Sync for Transformed {}
// SAFETY: as for `Sync`.
unsafe impl Send for Transformed {}

/// The transform of some tiles of one plane.
pub(crate) struct Transform<'a, S> {
    tiles: Tiles,
    source: &'a Source,
    plane: usize,
    range: [usize; 2],
    transformed: Transformed,
    scheme: PhantomData<S>,
}

impl<'a, S> Transform<'a, S> {
    /// Of the tiles from the first of a range to before the second.
    pub(crate) fn new(
        tiles: Tiles,
        source: &'a Source,
        plane: usize,
        range: [usize; 2],
        transformed: Transformed,
    ) -> Self {
        Self { tiles, source, plane, range, transformed, scheme: PhantomData }
    }
}

/// Floats of the largest tile with its surroundings.
const SQUARE: usize = 12 * 12 * LANES;

#[repr(align(64))]
pub(crate) struct Square([f32; SQUARE]);

impl Default for Square {
    #[inline(always)]
    fn default() -> Self {
        Self([0.0; SQUARE])
    }
}

impl<S: Scheme> Vectorized for Transform<'_, S> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { tiles, source, plane, range, transformed, .. } = self;
        let stride = transformed.stride;
        let side = S::SIDES[0];
        let layout = &source.tensor.layout;
        let mut square = Square::default();
        for tile in range[0]..range[1] {
            let (candidate, y, x) = tiles.place(tile);
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
                    let corner = [y as isize - margin as isize, x as isize - margin as isize];
                    let square = square.0.as_mut_ptr();
                    source.read::<L>(candidate, plane, corner, [side + 2 * margin; 2], square);
                    let row = (side + 2 * margin) * LANES;
                    S::transform::<L>(square.add(margin * (row + LANES)), row, to, stride);
                }
            }
        }
    }
}

/// The target's tiles of some planes, from their sums.
pub(crate) struct Finish<'a, S> {
    tiles: Tiles,
    target: &'a Target<'a>,
    planes: [usize; 2],
    range: [usize; 2],
    /// The sums of the planes from one on.
    sums: Transformed,
    from: usize,
    scheme: PhantomData<S>,
}

impl<'a, S> Finish<'a, S> {
    /// Of the planes and of the tiles from the first of a range to before the second. The first plane of the sums is
    /// `from`.
    pub(crate) fn new(
        tiles: Tiles,
        target: &'a Target<'a>,
        planes: [usize; 2],
        range: [usize; 2],
        sums: Transformed,
        from: usize,
    ) -> Self {
        Self { tiles, target, planes, range, sums, from, scheme: PhantomData }
    }
}

impl<S: Scheme> Vectorized for Finish<'_, S> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { tiles, target, planes, range, sums, from, .. } = self;
        let mut square = Square::default();
        for plane in planes[0]..planes[1] {
            for tile in range[0]..range[1] {
                let at = ((plane - from) * sums.tiles + tile - sums.first) * LANES;
                // SAFETY: the sums have been taken; the tile is in the target, and this task's alone.
                unsafe {
                    let numbers = sums.data.add(at);
                    tiles.finish::<L, S>(target, [plane, tile], numbers, sums.stride, &mut square);
                }
            }
        }
    }
}
