//! Every pixel looks at every other.
//!
//! A head's pixels are packed once, in rows (its channels side by side) and in columns (its pixels side by side). All
//! that follows are products of a few rows with columns or rows, sixteen lanes at a time, for a few pixels from scores to
//! result while they lie in a near cache. The weights of all pairs are never in memory together: for the gradient they
//! are made again from the scores and one number for each pixel.

#![allow(unsafe_code)]

use super::heads::{Heads, Packed, ROWS as BLOCK, product};
use crate::cpu::lanes::{Kernel, LANES, Lanes, Needs, Run, Tensor, Values, Vectorized};
use crate::cpu::pointwise::{clear_filling, exp};

/// `y[c,p] = Σ_q softmax_q(Σ_i query[i,p] key[i,q] / sqrt(d)) value[c,q]`; leaves the logarithm of each pixel's sum.
pub(crate) struct Attention {
    heads: Heads,
}

impl Attention {
    pub(crate) fn new(heads: usize, shape: crate::Shape) -> Self {
        Self { heads: Heads::new(heads, shape) }
    }

    /// For each pixel of a head, the logarithm of the sum of the exponentials of its scores; behind them, the mean of the
    /// gradient of its weights.
    fn logarithms(&self, run: &Run, candidate: usize, head: usize) -> *mut f32 {
        run.saved.wrapping_add((candidate * self.heads.count + head) * 2 * self.heads.room)
    }

    /// Runs a block of pixels of a head.
    fn blocks(&self, run: &Run, body: impl Fn(Block) + Sync) {
        let Heads { count, pixels, .. } = self.heads;
        let blocks = pixels.div_ceil(BLOCK);
        run.tasks(run.active * count * blocks, |worker, task| {
            let first = task % blocks * BLOCK;
            body(Block {
                attention: self,
                candidate: task / blocks / count,
                head: task / blocks % count,
                first,
                rows: BLOCK.min(pixels - first),
                memory: run.scratch.wrapping_add(worker * self.memory()),
                logarithms: self.logarithms(run, task / blocks / count, task / blocks % count),
            });
        });
    }

    /// Floats of a worker: scores, and their gradient.
    fn memory(&self) -> usize {
        2 * BLOCK * self.heads.room
    }

    /// Packs tensors behind the workers' memory and so many others, rows or columns as is said.
    fn pack<const N: usize>(&self, run: &Run, others: usize, tensors: [(&Tensor, bool); N]) -> [Packed; N] {
        let each = run.active * self.heads.len();
        let mut next = run.scratch.wrapping_add(run.workers * self.memory() + others * each);
        tensors.map(|(tensor, columns)| {
            let packed = Packed { heads: self.heads, data: next, columns };
            packed.fill(run, tensor);
            next = next.wrapping_add(each);
            packed
        })
    }

    /// Leaves the mean of each pixel beside its logarithm.
    fn means(&self, run: &Run, results: Packed, gradients: Packed) {
        let Heads { count, room, .. } = self.heads;
        run.tasks(run.active * count, |_, task| {
            let (candidate, head) = (task / count, task % count);
            let to = self.logarithms(run, candidate, head).wrapping_add(room);
            run.instructions.run(Means { results, gradients, candidate, head, to });
        });
    }

    /// The gradient of the queries: for each pixel, of what it looked at.
    fn query_gradient(&self, run: &Run, values: &Values, gradient: Tensor, target: Tensor) {
        let [query, key, value] = [0, 1, 2].map(|which| &values.arguments[which]);
        let result = &values.result;
        let rows = self.pack(run, 0, [(query, false), (&gradient, false), (key, false), (result, false)]);
        let across = self.pack(run, rows.len(), [(key, true), (value, true)]);
        let [queries, gradients, keys, results] = rows;
        self.means(run, results, gradients);
        self.blocks(run, |block| {
            let rows = [queries, gradients];
            run.instructions.run(Descent { block, rows, across, with: keys, looks: true, target });
        });
    }

    /// The gradient of the keys: for each pixel, of those that looked at it.
    fn key_gradient(&self, run: &Run, values: &Values, gradient: Tensor, target: Tensor) {
        let [query, key, value] = [0, 1, 2].map(|which| &values.arguments[which]);
        let result = &values.result;
        let rows = [(key, false), (value, false), (query, false), (&gradient, false), (result, false)];
        let rows = self.pack(run, 0, rows);
        let across = self.pack(run, rows.len(), [(query, true), (&gradient, true)]);
        let [keys, value_rows, queries, gradients, results] = rows;
        self.means(run, results, gradients);
        self.blocks(run, |block| {
            let rows = [keys, value_rows];
            run.instructions.run(Descent { block, rows, across, with: queries, looks: false, target });
        });
    }

    fn value_gradient(&self, run: &Run, values: &Values, gradient: Tensor, target: Tensor) {
        let [query, key] = [0, 1].map(|which| &values.arguments[which]);
        let [keys, queries_across, gradients] = self.pack(run, 0, [(key, false), (query, true), (&gradient, false)]);
        self.blocks(run, |block| {
            run.instructions.run(Gathered { block, keys, queries_across, gradients, target });
        });
    }
}

impl Kernel for Attention {
    fn describe(&self) -> String {
        "blocks of pixels".into()
    }

    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let [queries, keys_across, values] =
            self.pack(run, 0, [(&arguments[0], false), (&arguments[1], true), (&arguments[2], false)]);
        clear_filling(run, result);
        self.blocks(run, |block| {
            run.instructions.run(Looked { block, queries, keys_across, values, result });
        });
    }

    fn backward(&self, run: &Run, which: usize, values: &Values, gradient: Tensor, target: Tensor) {
        clear_filling(run, target);
        match which {
            0 => self.query_gradient(run, values, gradient, target),
            1 => self.key_gradient(run, values, gradient, target),
            _ => self.value_gradient(run, values, gradient, target),
        }
    }

    fn needs(&self) -> Needs {
        Needs { arguments: true, result: true }
    }

    fn scratch(&self, batch: usize, workers: usize) -> [usize; 2] {
        // Of keys, the most: five in rows and two in columns.
        [3, 7].map(|packed| workers * self.memory() + packed * batch * self.heads.len())
    }

    fn saved(&self) -> usize {
        2 * self.heads.count * self.heads.room
    }
}

/// A few pixels of a head, and memory for their scores.
#[derive(Clone, Copy)]
struct Block<'a> {
    attention: &'a Attention,
    candidate: usize,
    head: usize,
    first: usize,
    /// How many pixels.
    rows: usize,
    memory: *mut f32,
    /// Of all pixels of the head, and their means behind them.
    logarithms: *mut f32,
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
struct Looked<'a> {
    block: Block<'a>,
    queries: Packed,
    keys_across: Packed,
    values: Packed,
    result: Tensor,
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
                *block.logarithms.add(block.first + row) = soften(weights, pixels);
            }
            block.mix::<L>(block.memory, &values, &result);
        }
    }
}

/// Makes weights of scores, of which the first `pixels` count, and gives the logarithm of the sum of their exponentials.
#[inline(always)]
fn soften(scores: &mut [f32], pixels: usize) -> f32 {
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
        *scores = scores.map(
            #[inline(always)]
            |score| exp(score - largest),
        );
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
#[inline(always)]
fn weigh(scores: &mut [f32], logarithm: impl Fn(usize) -> f32) {
    for (block, scores) in scores.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        for lane in 0..LANES {
            scores[lane] = exp(scores[lane] - logarithm(block * LANES + lane));
        }
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
struct Descent<'a> {
    block: Block<'a>,
    /// The pixels' own side of the scores, and of the products of gradients and values.
    rows: [Packed; 2],
    /// The other side of both.
    across: [Packed; 2],
    /// What the gradient of the scores is multiplied by.
    with: Packed,
    /// Whether the pixels are those that look, or those that are looked at.
    looks: bool,
    target: Tensor,
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
                    weigh(
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
                    weigh(
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
struct Gathered<'a> {
    block: Block<'a>,
    keys: Packed,
    queries_across: Packed,
    gradients: Packed,
    target: Tensor,
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
                weigh(
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
struct Means {
    results: Packed,
    gradients: Packed,
    candidate: usize,
    head: usize,
    to: *mut f32,
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
