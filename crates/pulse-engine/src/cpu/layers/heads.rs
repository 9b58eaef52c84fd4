//! The heads of an attention: where their channels are, and the packed forms that products read.

#![allow(unsafe_code)]

use crate::Shape;
use crate::cpu::lanes::{LANES, Lanes, Layout, Run, Tensor, Vectorized};

/// How the channels of a map are heads.
#[derive(Clone, Copy)]
pub(super) struct Heads {
    pub(super) count: usize,
    pub(super) pixels: usize,
    /// Channels of a head.
    pub(super) depth: usize,
    /// The same, with what fills the last vector.
    pub(super) width: usize,
    /// Pixels, with those that fill the last vector.
    pub(super) room: usize,
}

impl Heads {
    pub(super) fn new(count: usize, shape: Shape) -> Self {
        let (pixels, depth) = (shape.len() / shape.channels(), shape.channels() / count);
        let [width, room] = [depth, pixels].map(|n| n.next_multiple_of(LANES));
        Self { count, pixels, depth, width, room }
    }

    /// Floats of a packed candidate.
    pub(super) fn len(&self) -> usize {
        self.count * self.width * self.room
    }

    /// Whether a head's channels are whole planes of a map.
    fn is_aligned(&self, layout: &Layout) -> bool {
        layout.lanes == LANES && self.depth.is_multiple_of(LANES)
    }

    /// Where a channel is at a pixel.
    fn place(layout: &Layout, channel: usize, pixel: usize) -> usize {
        let (y, x) = (pixel / layout.width, pixel % layout.width);
        layout.row(channel / layout.lanes, y) + x * layout.lanes + channel % layout.lanes
    }

    /// Sixteen channels of a head from `c` on at a pixel; zeros behind its last.
    ///
    /// # Safety
    /// The candidate, the head and the pixel must exist, no task may write the tensor, and the processor must have the
    /// instruction set of `L`.
    #[inline(always)]
    unsafe fn read<L: Lanes>(&self, tensor: &Tensor, candidate: usize, [head, c]: [usize; 2], pixel: usize) -> L {
        let (layout, first) = (&tensor.layout, head * self.depth + c);
        // SAFETY: only channels of the head are read.
        unsafe {
            let start = tensor.candidate(candidate);
            if self.is_aligned(layout) {
                return L::load(start.add(Self::place(layout, first, pixel)));
            }
            let mut channels = [0.0; LANES];
            for (lane, channel) in channels.iter_mut().enumerate().take(self.depth - c) {
                *channel = *start.add(Self::place(layout, first + lane, pixel));
            }
            L::load(channels.as_ptr())
        }
    }

    /// Writes as many channels.
    ///
    /// # Safety
    /// The task must have them alone.
    #[inline(always)]
    pub(super) unsafe fn write<L: Lanes>(
        &self,
        tensor: &Tensor,
        candidate: usize,
        [head, c]: [usize; 2],
        pixel: usize,
        numbers: L,
    ) {
        let (layout, first) = (&tensor.layout, head * self.depth + c);
        // SAFETY: only channels of the head are written, and the caller has them alone.
        unsafe {
            let start = tensor.candidate(candidate);
            if self.is_aligned(layout) {
                return numbers.store(start.add(Self::place(layout, first, pixel)));
            }
            for (lane, number) in numbers.to_array().into_iter().enumerate().take(self.depth - c) {
                *start.add(Self::place(layout, first + lane, pixel)) = number;
            }
        }
    }
}

/// A tensor's heads: for each pixel its channels (rows), or for each channel its pixels (columns).
#[derive(Clone, Copy)]
pub(super) struct Packed {
    pub(super) heads: Heads,
    pub(super) data: *mut f32,
    pub(super) columns: bool,
}

// SAFETY: an address. What reads or writes through it is unsafe, and keeps the tasks apart.
unsafe impl Send for Packed {}
// SAFETY: as for `Send`.
unsafe impl Sync for Packed {}

impl Packed {
    /// Where a head begins.
    pub(super) fn head(&self, candidate: usize, head: usize) -> *mut f32 {
        let Heads { count, width, room, .. } = self.heads;
        self.data.wrapping_add((candidate * count + head) * width * room)
    }

    /// Where a pixel's row begins.
    pub(super) fn row(&self, candidate: usize, head: usize, pixel: usize) -> *mut f32 {
        self.head(candidate, head).wrapping_add(pixel * self.heads.width)
    }

    /// Packs all candidates.
    pub(super) fn fill(&self, run: &Run, tensor: &Tensor) {
        let Heads { count, room, .. } = self.heads;
        let chunks = room / LANES;
        run.tasks(run.active * count * chunks, |_, task| {
            let (candidate, head, first) = (task / chunks / count, task / chunks % count, task % chunks * LANES);
            run.instructions.run(Chunk { packed: *self, tensor, candidate, head, first });
        });
    }
}

/// Sixteen pixels of a head, to be packed.
struct Chunk<'a> {
    packed: Packed,
    tensor: &'a Tensor,
    candidate: usize,
    head: usize,
    first: usize,
}

impl Vectorized for Chunk<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { packed, tensor, candidate, head, first } = self;
        let Heads { pixels, width, room, .. } = packed.heads;
        let count = LANES.min(pixels - first);
        for c in (0..width).step_by(LANES) {
            // SAFETY: `run` is called where the instruction set is; the pixels exist, and one task has their places.
            unsafe {
                let mut vectors = [L::splat(0.0); LANES];
                for (k, vector) in vectors.iter_mut().enumerate().take(count) {
                    *vector = packed.heads.read(tensor, candidate, [head, c], first + k);
                }
                if packed.columns {
                    let to = packed.head(candidate, head).add(c * room + first);
                    for (k, vector) in L::transpose(vectors).into_iter().enumerate() {
                        vector.store(to.add(k * room));
                    }
                } else {
                    let to = packed.row(candidate, head, first).add(c);
                    for (k, vector) in vectors.into_iter().enumerate() {
                        vector.store(to.add(k * width));
                    }
                }
            }
        }
    }
}

/// The most rows of a product.
pub(super) const ROWS: usize = 6;

/// `Σ_k a[row, k] b[k, lane]` for some rows of `a` and sixteen columns of `b`. How many floats lie between rows is said of
/// both.
///
/// # Safety
/// There must be as many numbers in both, and the processor must have the instruction set of `L`.
#[inline(always)]
pub(super) unsafe fn product<L: Lanes>(
    rows: usize,
    terms: usize,
    factors: [*const f32; 2],
    strides: [usize; 2],
) -> [L; ROWS] {
    // SAFETY: the caller has the numbers and the instruction set.
    unsafe {
        match rows {
            1 => of_rows::<L, 1>(terms, factors, strides),
            2 => of_rows::<L, 2>(terms, factors, strides),
            3 => of_rows::<L, 3>(terms, factors, strides),
            4 => of_rows::<L, 4>(terms, factors, strides),
            5 => of_rows::<L, 5>(terms, factors, strides),
            _ => of_rows::<L, ROWS>(terms, factors, strides),
        }
    }
}

/// [`product`] for `N` rows.
///
/// # Safety
/// As for [`product`].
#[inline(always)]
unsafe fn of_rows<L: Lanes, const N: usize>(
    terms: usize,
    [a, mut b]: [*const f32; 2],
    [row, step]: [usize; 2],
) -> [L; ROWS] {
    // SAFETY: the caller has the numbers and the instruction set.
    unsafe {
        let mut sums = [L::splat(0.0); N];
        for k in 0..terms {
            let right = L::load(b);
            for (n, sum) in sums.iter_mut().enumerate() {
                *sum = right.mul_add(L::splat(*a.add(n * row + k)), *sum);
            }
            b = b.add(step);
        }
        let mut all = [L::splat(0.0); ROWS];
        all[..N].copy_from_slice(&sums);
        all
    }
}
