//! Every pixel looks at every other.
//!
//! A head's pixels are packed once, in rows (its channels side by side) and in columns (its pixels side by side). All
//! that follows are products of a few rows with columns or rows, sixteen lanes at a time, for a few pixels from scores to
//! result while they lie in a near cache. The weights of all pairs are never in memory together: for the gradient they
//! are made again from the scores and one number for each pixel.

#![allow(unsafe_code)]

use super::heads::{Heads, Packed, ROWS as BLOCK};
use super::looks::{Block, Descent, Gathered, Looked, Means};
use crate::cpu::lanes::{Kernel, Needs, Run, Tensor, Values};
use crate::cpu::pointwise::clear_filling;

/// `y[c,p] = Σ_q softmax_q(Σ_i query[i,p] key[i,q] / sqrt(d)) value[c,q]`; leaves the logarithm of each pixel's sum.
pub(crate) struct Attention {
    pub(super) heads: Heads,
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
