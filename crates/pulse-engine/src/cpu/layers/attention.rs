//! Every pixel looks at every other.

#![allow(unsafe_code)]

use crate::cpu::lanes::{Kernel, Needs, Run, Tensor, Values};
use crate::cpu::pointwise::exp;

/// `y[c,p] = Σ_q softmax_q(Σ_i query[i,p] key[i,q] / sqrt(d)) value[c,q]`; leaves the weights for backward.
pub(crate) struct Attention {
    heads: usize,
    /// Pixels.
    pixels: usize,
    /// Channels of a head.
    depth: usize,
}

impl Attention {
    pub(crate) fn new(heads: usize, shape: crate::Shape) -> Self {
        Self { heads, pixels: shape.len() / shape.channels(), depth: shape.channels() / heads }
    }

    /// A channel of a head at a pixel.
    ///
    /// # Safety
    /// The candidate must exist, and the task must be alone with the number.
    #[inline(always)]
    unsafe fn at(&self, tensor: &Tensor, candidate: usize, channel: usize, pixel: usize) -> *mut f32 {
        // SAFETY: the element is inside of the tensor.
        unsafe { tensor.candidate(candidate).add(tensor.layout.offset(channel * self.pixels + pixel)) }
    }

    /// The weights of a head.
    ///
    /// # Safety
    /// One task at a time may have them.
    unsafe fn weights<'a>(&self, run: &Run, task: usize) -> &'a mut [f32] {
        let length = self.pixels * self.pixels;
        // SAFETY: `saved` floats a candidate are there.
        unsafe { std::slice::from_raw_parts_mut(run.saved.add(task * length), length) }
    }
}

impl Kernel for Attention {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let (pixels, depth) = (self.pixels, self.depth);
        let scale = 1.0 / (depth as f32).sqrt();
        run.tasks(run.active * self.heads, |_, task| {
            let (candidate, first) = (task / self.heads, task % self.heads * depth);
            // SAFETY: a task has the channels of its head.
            unsafe {
                let weights = self.weights(run, task);
                let get = |which: usize, c: usize, p: usize| *self.at(&arguments[which], candidate, first + c, p);
                for (p, weights) in weights.chunks_exact_mut(pixels).enumerate() {
                    for (q, weight) in weights.iter_mut().enumerate() {
                        *weight = scale * (0..depth).map(|c| get(0, c, p) * get(1, c, q)).sum::<f32>();
                    }
                    let largest = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    weights.iter_mut().for_each(|weight| *weight = exp(*weight - largest));
                    let sum: f32 = weights.iter().sum();
                    weights.iter_mut().for_each(|weight| *weight /= sum);
                    for c in 0..depth {
                        let mixed = weights.iter().enumerate().map(|(q, weight)| weight * get(2, c, q)).sum();
                        *self.at(&result, candidate, first + c, p) = mixed;
                    }
                }
            }
        });
    }

    fn backward(&self, run: &Run, which: usize, values: &Values, gradient: Tensor, target: Tensor) {
        let (pixels, depth) = (self.pixels, self.depth);
        let scale = 1.0 / (depth as f32).sqrt();
        run.candidates(|candidate| {
            // SAFETY: a task has the candidate.
            unsafe { target.all_mut(candidate).fill(0.0) };
        });
        run.tasks(run.active * self.heads, |_, task| {
            let (candidate, first) = (task / self.heads, task % self.heads * depth);
            // SAFETY: a task has the channels of its head.
            unsafe {
                let get =
                    |which: usize, c: usize, p: usize| *self.at(&values.arguments[which], candidate, first + c, p);
                let g = |c: usize, p: usize| *self.at(&gradient, candidate, first + c, p);
                for (p, weights) in self.weights(run, task).chunks_exact(pixels).enumerate() {
                    let along = |q: usize| (0..depth).map(|c| g(c, p) * get(2, c, q)).sum::<f32>();
                    let mean: f32 = weights.iter().enumerate().map(|(q, weight)| weight * along(q)).sum();
                    for (q, weight) in weights.iter().enumerate() {
                        let slope = weight * (along(q) - mean) * scale;
                        for c in 0..depth {
                            match which {
                                0 => *self.at(&target, candidate, first + c, p) += slope * get(1, c, q),
                                1 => *self.at(&target, candidate, first + c, q) += slope * get(0, c, p),
                                _ => *self.at(&target, candidate, first + c, q) += weight * g(c, p),
                            }
                        }
                    }
                }
            }
        });
    }

    fn needs(&self) -> Needs {
        Needs::ARGUMENTS
    }

    fn saved(&self) -> usize {
        self.heads * self.pixels * self.pixels
    }
}
