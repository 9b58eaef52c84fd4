//! What an attention does for a few pixels of a head.

#![allow(unsafe_code)]

use super::attention::Attention;
use super::heads::{Heads, Packed, ROWS as BLOCK, product};
use crate::cpu::lanes::{LANES, Lanes, Tensor, Vectorized};
use crate::cpu::pointwise::exp_lanes;

/// A few pixels of a head, and memory for their scores.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) attention: &'a Attention,
    pub(super) candidate: usize,
    pub(super) head: usize,
    pub(super) first: usize,
    /// How many pixels.
    pub(super) rows: usize,
    pub(super) memory: *mut f32,
    /// Of all pixels of the head, and their means behind them.
    pub(super) logarithms: *mut f32,
}

// SAFETY: addresses. What reads or writes through them is unsafe, and keeps the tasks apart.
unsafe impl Sync for Block<'_> {}

impl<'a> Block<'a> {
    /// The logarithms and the means.
    ///
    /// # Safety
    /// No task may write them.
    #[inline(always)]
    unsafe fn kept(&self) -> [&'a [f32]; 2] {
        let room = self.attention.heads.room;
        // SAFETY: `saved` floats are there, and the caller says that nobody writes them.
        unsafe { [0, room].map(|from| std::slice::from_raw_parts(self.logarithms.add(from), room)) }
    }

    /// `to = scale rows · columns` for every pixel of the block and every other.
    ///
    /// # Safety
    /// Both must have been packed, `to` have room, and the processor have the instruction set of `L`.
    #[inline(always)]
    unsafe fn scores<L: Lanes>(&self, rows: &Packed, columns: &Packed, scale: f32, to: *mut f32) {
        let heads = self.attention.heads;
        // SAFETY: the caller says that both were packed; a row of scores has room for all blocks of sixteen.
        unsafe {
            let rows = rows.row(self.candidate, self.head, self.first);
            let columns = columns.head(self.candidate, self.head);
            for q in (0..heads.room).step_by(LANES) {
                let sums = product::<L>(self.rows, heads.depth, [rows, columns.add(q)], [heads.width, heads.room]);
                for (row, sum) in sums.into_iter().enumerate().take(self.rows) {
                    sum.times(scale).store(to.add(row * heads.room + q));
                }
            }
        }
    }

    /// `target[c, p] = Σ_q weights[p, q] rows[q, c]` for the pixels of the block.
    ///
    /// # Safety
    /// The rows must have been packed; the pixels of the target are this task's alone; the processor must have the
    /// instruction set of `L`.
    #[inline(always)]
    unsafe fn mix<L: Lanes>(&self, weights: *const f32, rows: &Packed, target: &Tensor) {
        let heads = self.attention.heads;
        // SAFETY: the caller says that the rows were packed, and that the target's pixels are its own.
        unsafe {
            let from = rows.head(self.candidate, self.head);
            for c in (0..heads.depth).step_by(LANES) {
                let sums = product::<L>(self.rows, heads.pixels, [weights, from.add(c)], [heads.room, heads.width]);
                for (row, sum) in sums.into_iter().enumerate().take(self.rows) {
                    heads.write(target, self.candidate, [self.head, c], self.first + row, sum);
                }
            }
        }
    }
}

/// `1 / sqrt(d)`.
fn scale(depth: usize) -> f32 {
    1.0 / (depth as f32).sqrt()
}

/// The result for a block of pixels.
pub(super) struct Looked<'a> {
    pub(super) block: Block<'a>,
    pub(super) queries: Packed,
    pub(super) keys_across: Packed,
    pub(super) values: Packed,
    pub(super) result: Tensor,
}

impl Vectorized for Looked<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { block, queries, keys_across, values, result } = self;
        let Heads { depth, room, pixels, .. } = block.attention.heads;
        // SAFETY: all was packed; the memory is the worker's, and the pixels are the task's.
        unsafe {
            block.scores::<L>(&queries, &keys_across, scale(depth), block.memory);
            for row in 0..block.rows {
                let weights = std::slice::from_raw_parts_mut(block.memory.add(row * room), room);
                *block.logarithms.add(block.first + row) = soften::<L>(weights, pixels);
            }
            block.mix::<L>(block.memory, &values, &result);
        }
    }
}

/// Makes weights of scores, of which the first `pixels` count, and gives the logarithm of the sum of their exponentials.
///
/// # Safety
/// The processor must have the instruction set of `L`.
#[inline(always)]
unsafe fn soften<L: Lanes>(scores: &mut [f32], pixels: usize) -> f32 {
    let (scores, _) = scores.as_chunks_mut::<LANES>();
    let (last, filling) = (scores.len() - 1, pixels - (pixels - 1) / LANES * LANES);
    scores[last][filling..].fill(f32::NEG_INFINITY);
    let mut largest = [f32::NEG_INFINITY; LANES];
    for scores in &*scores {
        for lane in 0..LANES {
            largest[lane] = if scores[lane] > largest[lane] { scores[lane] } else { largest[lane] };
        }
    }
    let largest = largest.into_iter().fold(f32::NEG_INFINITY, f32::max);
    for scores in &mut *scores {
        // SAFETY: the caller has the instruction set, and a block has sixteen numbers.
        unsafe { exp_lanes(L::load(scores.as_ptr()).sub(L::splat(largest))).store(scores.as_mut_ptr()) };
    }
    scores[last][filling..].fill(0.0);
    let mut sums = [0.0f32; LANES];
    for scores in &*scores {
        for lane in 0..LANES {
            sums[lane] += scores[lane];
        }
    }
    let sum: f32 = sums.iter().sum();
    let inverse = 1.0 / sum;
    for scores in &mut *scores {
        *scores = scores.map(
            #[inline(always)]
            |score| score * inverse,
        );
    }
    largest + sum.ln()
}

/// Makes the weights of a pixel again from its scores; `logarithm(q)` is that of the pair with the pixel `q`.
///
/// # Safety
/// The processor must have the instruction set of `L`.
#[inline(always)]
unsafe fn weigh<L: Lanes>(scores: &mut [f32], logarithm: impl Fn(usize) -> f32) {
    for (block, scores) in scores.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        for lane in 0..LANES {
            scores[lane] -= logarithm(block * LANES + lane);
        }
        // SAFETY: the caller has the instruction set, and a block has sixteen numbers.
        unsafe { exp_lanes(L::load(scores.as_ptr())).store(scores.as_mut_ptr()) };
    }
}

/// Makes the gradient of scores of that of weights; `mean(q)` is the weights' mean of it for the pair with `q`.
#[inline(always)]
fn descend(gradient: &mut [f32], weights: &[f32], scale: f32, mean: impl Fn(usize) -> f32) {
    let pairs = gradient.as_chunks_mut::<LANES>().0.iter_mut().zip(weights.as_chunks::<LANES>().0);
    for (block, (gradient, weights)) in pairs.enumerate() {
        for lane in 0..LANES {
            gradient[lane] = weights[lane] * (gradient[lane] - mean(block * LANES + lane)) * scale;
        }
    }
}

/// The gradient of the queries, or of the keys, for a block of pixels.
pub(super) struct Descent<'a> {
    pub(super) block: Block<'a>,
    /// The pixels' own side of the scores, and of the products of gradients and values.
    pub(super) rows: [Packed; 2],
    /// The other side of both.
    pub(super) across: [Packed; 2],
    /// What the gradient of the scores is multiplied by.
    pub(super) with: Packed,
    /// Whether the pixels are those that look, or those that are looked at.
    pub(super) looks: bool,
    pub(super) target: Tensor,
}

impl Vectorized for Descent<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { block, rows, across, with, looks, target } = self;
        let Heads { depth, room, .. } = block.attention.heads;
        let slopes = block.memory.wrapping_add(BLOCK * room);
        // SAFETY: all was packed; the memory is the worker's, and the pixels are the task's. A logarithm and a mean were left
        // for every pixel; what stands for those behind the last is read, and comes to nothing.
        unsafe {
            block.scores::<L>(&rows[0], &across[0], scale(depth), block.memory);
            block.scores::<L>(&rows[1], &across[1], 1.0, slopes);
            let [logarithms, means] = block.kept();
            for row in 0..block.rows {
                let weights = std::slice::from_raw_parts_mut(block.memory.add(row * room), room);
                let slopes = std::slice::from_raw_parts_mut(slopes.add(row * room), room);
                if looks {
                    let [logarithm, mean] = [logarithms, means].map(|of| of[block.first + row]);
                    weigh::<L>(
                        weights,
                        #[inline(always)]
                        |_| logarithm,
                    );
                    descend(
                        slopes,
                        weights,
                        scale(depth),
                        #[inline(always)]
                        |_| mean,
                    );
                } else {
                    weigh::<L>(
                        weights,
                        #[inline(always)]
                        |q| logarithms[q],
                    );
                    descend(
                        slopes,
                        weights,
                        scale(depth),
                        #[inline(always)]
                        |q| means[q],
                    );
                }
            }
            block.mix::<L>(slopes, &with, &target);
        }
    }
}

/// The gradient of the values for a block of pixels.
pub(super) struct Gathered<'a> {
    pub(super) block: Block<'a>,
    pub(super) keys: Packed,
    pub(super) queries_across: Packed,
    pub(super) gradients: Packed,
    pub(super) target: Tensor,
}

impl Vectorized for Gathered<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { block, keys, queries_across, gradients, target } = self;
        let Heads { depth, room, .. } = block.attention.heads;
        // SAFETY: as for `Descent`.
        unsafe {
            block.scores::<L>(&keys, &queries_across, scale(depth), block.memory);
            let [logarithms, _] = block.kept();
            for row in 0..block.rows {
                let weights = std::slice::from_raw_parts_mut(block.memory.add(row * room), room);
                weigh::<L>(
                    weights,
                    #[inline(always)]
                    |q| logarithms[q],
                );
            }
            block.mix::<L>(block.memory, &gradients, &target);
        }
    }
}

/// For each pixel of a head the product of the result and its gradient: the weights' mean of their gradients.
pub(super) struct Means {
    pub(super) results: Packed,
    pub(super) gradients: Packed,
    pub(super) candidate: usize,
    pub(super) head: usize,
    pub(super) to: *mut f32,
}

impl Vectorized for Means {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { results, gradients, candidate, head, to } = self;
        let Heads { pixels, width, .. } = results.heads;
        // SAFETY: both were packed, and one task has the numbers of a head.
        unsafe {
            for pixel in 0..pixels {
                let [result, gradient] = [results, gradients].map(|packed| packed.row(candidate, head, pixel));
                let mut sum = L::splat(0.0);
                for c in (0..width).step_by(LANES) {
                    sum = L::load(result.add(c)).mul_add(L::load(gradient.add(c)), sum);
                }
                *to.add(pixel) = sum.sum();
            }
        }
    }
}
