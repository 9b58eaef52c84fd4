//! Normalisation over groups of channels, with what stands round it in a U-Net: a term for each channel before it, a
//! scale and a shift behind it, and SiLU.
//!
//! Statistics are one pass over memory, and all the rest is another. A piece of a plane is summed in `f32` as deviations
//! from a number near its mean, so that nothing is lost far from zero, and pieces are joined in `f64` in one fixed order.
//! What belongs to a channel (the term, the scale, the shift) costs nothing: it is part of that channel's coefficients.

#![allow(unsafe_code)]

use super::normed_rows::{Descent, Rows, Styled, Sums};
use super::pieces::{Statistics, rows_of_piece, statistics, tasks};
use crate::cpu::lanes::{Coefficients, Kernel, LANES, Layout, Needs, Run, Tensor, Values};

/// `y = silu(scale[c] (a[c] (x + term[c] − mean) / sqrt(variance + epsilon) + b[c]) + shift[c])`, as far as there is any of it.
///
/// Arguments: `x`, the term, scale, shift. The gradient of `x` comes first, and leaves those of the others.
pub(crate) struct GroupNorm {
    pub(super) parts: GroupNormParts,
    layout: Layout,
}

/// What a norm is made from.
pub(crate) struct GroupNormParts {
    pub(crate) groups: usize,
    pub(crate) epsilon: f32,
    /// Whether a term is added to each channel before.
    pub(crate) term: bool,
    /// `a` and `b`, one a channel, or none.
    pub(crate) affine: [Vec<f32>; 2],
    /// How many vectors modulate the result: a scale, and a shift.
    pub(crate) modulated: usize,
    pub(crate) silu: bool,
}

/// What is kept for each channel, sixteen numbers a plane: `y = silu(factor (x − center) + shift)`, then what backward
/// needs, and the gradients that it leaves.
#[derive(Clone, Copy)]
pub(super) enum Kept {
    Center,
    Factor,
    Shift,
    /// `1 / sqrt(variance + epsilon)`.
    Deviation,
    /// The factor without the deviation.
    Gamma,
    /// `Σ (x − center)`.
    Rest,
    TermGradient,
    ScaleGradient,
    ShiftGradient,
}

const KEPT: usize = Kept::ShiftGradient as usize + 1;

impl GroupNorm {
    pub(crate) fn new(parts: GroupNormParts, layout: Layout) -> Self {
        Self { parts, layout }
    }

    /// What is kept of the channels of a plane.
    pub(super) fn kept(&self, run: &Run, candidate: usize, kind: Kept, plane: usize) -> *mut f32 {
        run.saved.wrapping_add(((candidate * KEPT + kind as usize) * self.layout.planes + plane) * LANES)
    }

    /// Where a channel's numbers are kept: its plane and lane.
    fn place(&self, channel: usize) -> (usize, usize) {
        (channel / self.layout.lanes, channel % self.layout.lanes)
    }

    /// Keeps a number of a channel; a planar channel has it in all lanes.
    ///
    /// # Safety
    /// One task at a time may have the candidate.
    unsafe fn keep(&self, run: &Run, candidate: usize, kind: Kept, channel: usize, number: f64) {
        let (plane, lane) = self.place(channel);
        let to = self.kept(run, candidate, kind, plane);
        let lanes = if self.layout.lanes == 1 { 0..LANES } else { lane..lane + 1 };
        for lane in lanes {
            // SAFETY: a plane has sixteen numbers of a kind, and the caller's task has them.
            unsafe { *to.add(lane) = number as f32 };
        }
    }

    fn pixels(&self) -> f64 {
        (self.layout.height * self.layout.width) as f64
    }

    fn channels_of_group(&self) -> usize {
        self.layout.shape.channels() / self.parts.groups
    }

    /// A number of one of the vectors among the arguments, of which the first is `x`.
    ///
    /// # Safety
    /// No task may write the arguments.
    unsafe fn of_vector(arguments: &[Tensor], which: Option<usize>, candidate: usize, channel: usize) -> Option<f64> {
        // SAFETY: a vector has an element for each channel.
        which.map(|which| f64::from(unsafe { *arguments[which].candidate(candidate).add(channel) }))
    }

    /// Which arguments are the term, the scale and the shift.
    fn vectors(&self) -> [Option<usize>; 3] {
        let scale = 1 + usize::from(self.parts.term);
        [
            self.parts.term.then_some(1),
            (self.parts.modulated > 0).then_some(scale),
            (self.parts.modulated > 1).then_some(scale + 1),
        ]
    }

    /// `a` and `b` of a channel.
    fn affine(&self, channel: usize) -> [f64; 2] {
        let [a, b] = &self.parts.affine;
        [a.get(channel).map_or(1.0, |&a| f64::from(a)), b.get(channel).map_or(0.0, |&b| f64::from(b))]
    }

    /// The coefficients of a candidate from the statistics of its channels, a mean and a sum of squares for each.
    ///
    /// # Safety
    /// The statistics must have been written, and one task at a time may have the candidate.
    unsafe fn coefficients(&self, run: &Run, arguments: &[Tensor], candidate: usize, of: *const [f64; 2]) {
        let [term, scale, shift] = self.vectors();
        let each = self.channels_of_group();
        let numbers = self.pixels() * each as f64;
        // SAFETY: there are statistics and vector elements for every channel; the task has the candidate.
        unsafe {
            for kind in 0..KEPT {
                let start = run.saved.add((candidate * KEPT + kind) * self.layout.planes * LANES);
                std::slice::from_raw_parts_mut(start, self.layout.planes * LANES).fill(0.0);
            }
            for group in 0..self.parts.groups {
                let channels = group * each..(group + 1) * each;
                let statistics = |channel: usize| {
                    let (plane, lane) = self.place(channel);
                    let [mean, squares] = *of.add(plane * LANES + lane);
                    (mean + Self::of_vector(arguments, term, candidate, channel).unwrap_or(0.0), squares)
                };
                let mean = channels.clone().map(|channel| statistics(channel).0).sum::<f64>() / each as f64;
                let squares = channels.clone().map(|channel| {
                    let (own, squares) = statistics(channel);
                    squares + self.pixels() * (own - mean) * (own - mean)
                });
                let deviation = 1.0 / (squares.sum::<f64>() / numbers + f64::from(self.parts.epsilon)).sqrt();
                for channel in channels {
                    let [a, b] = self.affine(channel);
                    let scale = Self::of_vector(arguments, scale, candidate, channel).unwrap_or(1.0);
                    let shift = Self::of_vector(arguments, shift, candidate, channel).unwrap_or(0.0);
                    let (gamma, beta) = (a * scale, b * scale + shift);
                    let center = mean - Self::of_vector(arguments, term, candidate, channel).unwrap_or(0.0);
                    // What the centre loses as it becomes a float is in the shift.
                    let lost = center - f64::from(center as f32);
                    let rest = self.pixels() * (statistics(channel).0 - mean);
                    let kept = [
                        (Kept::Center, center),
                        (Kept::Factor, gamma * deviation),
                        (Kept::Shift, beta - gamma * deviation * lost),
                        (Kept::Deviation, deviation),
                        (Kept::Gamma, gamma),
                        (Kept::Rest, rest),
                    ];
                    for (kind, number) in kept {
                        self.keep(run, candidate, kind, channel, number);
                    }
                }
            }
        }
    }

    /// Writes the gradient before SiLU to `target`, and leaves its sums over each piece, by itself and times `x − center`.
    fn sums(&self, run: &Run, x: Tensor, gradient: Tensor, target: Tensor) {
        tasks(run, &self.layout, |candidate, plane, piece, lines| {
            let rows = Rows { norm: self, run, candidate, plane, lines };
            run.instructions.run(Sums { rows, x, gradient, target, to: self.piece_sums(run, candidate, plane, piece) });
        });
    }

    /// Where the sums over the gradient of a piece are.
    fn piece_sums(&self, run: &Run, candidate: usize, plane: usize, piece: usize) -> *mut f32 {
        let pieces = self.layout.height.div_ceil(rows_of_piece(&self.layout));
        run.scratch.wrapping_add(((candidate * self.layout.planes + plane) * pieces + piece) * 2 * LANES)
    }

    /// Where the sums over the gradient of a plane are; a planar channel has its own in the first lane.
    #[allow(clippy::cast_ptr_alignment)] // Scratch memory begins at a line of the cache, and all parts of it are whole ones.
    fn plane_sums(&self, run: &Run, candidate: usize, plane: usize) -> *mut [[f64; LANES]; 2] {
        let start = run.scratch.wrapping_add(run.active * self.statistics().sums()).cast::<[[f64; LANES]; 2]>();
        start.wrapping_add(candidate * self.layout.planes + plane)
    }

    /// Joins the sums over the pieces of each plane.
    fn join(&self, run: &Run) {
        run.planes(
            &self.layout,
            #[inline(always)]
            |candidate, plane| {
                let mut total = [[0.0; LANES]; 2];
                for piece in 0..self.layout.height.div_ceil(rows_of_piece(&self.layout)) {
                    let from = self.piece_sums(run, candidate, plane, piece).cast::<[[f32; LANES]; 2]>();
                    // SAFETY: the sums of all pieces have been written.
                    let sums = unsafe { from.read() };
                    for (total, sums) in total.iter_mut().zip(&sums) {
                        for (lane, sum) in sums.iter().enumerate() {
                            total[if self.layout.lanes == 1 { 0 } else { lane }] += f64::from(*sum);
                        }
                    }
                }
                // SAFETY: one task has the plane's sums.
                unsafe { self.plane_sums(run, candidate, plane).write(total) };
            },
        );
    }

    /// Makes the gradients of the vectors of the sums over planes, and what becomes of the gradient before SiLU:
    /// `a g + b + c (x − center)`.
    ///
    /// # Safety
    /// The sums must have been written, and one task at a time may have the candidate.
    unsafe fn descent(&self, run: &Run, candidate: usize, to: Coefficients) {
        let (layout, each) = (self.layout, self.channels_of_group());
        let numbers = self.pixels() * each as f64;
        let sums = |channel: usize| {
            let (plane, lane) = self.place(channel);
            // SAFETY: the caller says that the sums of all planes have been written.
            unsafe { [0, 1].map(|kind| (*self.plane_sums(run, candidate, plane))[kind][lane]) }
        };
        // SAFETY: forward has kept the numbers of every channel; the task has the candidate.
        unsafe {
            for kind in 0..Coefficients::KINDS {
                std::slice::from_raw_parts_mut(to.of(candidate, kind, 0), layout.planes * LANES).fill(0.0);
            }
            for group in 0..self.parts.groups {
                let channels = group * each..(group + 1) * each;
                let kept = |kind: Kept, channel: usize| {
                    let (plane, lane) = self.place(channel);
                    f64::from(*self.kept(run, candidate, kind, plane).add(lane))
                };
                let deviation = kept(Kept::Deviation, channels.start);
                let (mut mean, mut along) = (0.0, 0.0);
                for channel in channels.clone() {
                    let [own, products] = sums(channel);
                    let gamma = kept(Kept::Gamma, channel);
                    mean += gamma * own / numbers;
                    along += gamma * products * deviation / numbers;
                    let [a, b] = self.affine(channel);
                    self.keep(run, candidate, Kept::ScaleGradient, channel, a * products * deviation + b * own);
                    self.keep(run, candidate, Kept::ShiftGradient, channel, own);
                }
                for channel in channels {
                    let factors =
                        [kept(Kept::Gamma, channel) * deviation, -deviation * mean, -deviation * deviation * along];
                    let (plane, lane) = self.place(channel);
                    let lanes = if layout.lanes == 1 { 0..LANES } else { lane..lane + 1 };
                    for (kind, factor) in factors.into_iter().enumerate() {
                        lanes.clone().for_each(|lane| *to.of(candidate, kind, plane).add(lane) = factor as f32);
                    }
                    let own = sums(channel)[0];
                    let term = factors[0] * own + factors[1] * self.pixels() + factors[2] * kept(Kept::Rest, channel);
                    self.keep(run, candidate, Kept::TermGradient, channel, term);
                }
            }
        }
    }

    /// Copies a gradient that was left to the vector whose gradient it is.
    fn vector_gradient(&self, run: &Run, kind: Kept, target: Tensor) {
        run.candidates(
            #[inline(always)]
            |candidate| {
                for channel in 0..self.layout.shape.channels() {
                    let (plane, lane) = self.place(channel);
                    // SAFETY: the gradient of `x` came first and left the numbers; one task has the vector.
                    unsafe {
                        *target.candidate(candidate).add(channel) = *self.kept(run, candidate, kind, plane).add(lane);
                    }
                }
            },
        );
    }

    fn statistics(&self) -> Statistics {
        Statistics { layout: self.layout }
    }
}

impl Kernel for GroupNorm {
    fn describe(&self) -> String {
        "statistics, then all the rest".into()
    }

    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let x = arguments[0];
        let channels = statistics(run, &self.statistics(), x);
        run.candidates(|candidate| {
            // SAFETY: the statistics were written, and one task has the candidate.
            unsafe { self.coefficients(run, arguments, candidate, channels.of(candidate)) }
        });
        tasks(run, &self.layout, |candidate, plane, _, lines| {
            run.instructions.run(Styled { rows: Rows { norm: self, run, candidate, plane, lines }, x, result });
        });
    }

    fn backward(&self, run: &Run, which: usize, values: &Values, gradient: Tensor, target: Tensor) {
        let [term, scale, shift] = self.vectors();
        match Some(which) {
            which if which == term => return self.vector_gradient(run, Kept::TermGradient, target),
            which if which == scale => return self.vector_gradient(run, Kept::ScaleGradient, target),
            which if which == shift => return self.vector_gradient(run, Kept::ShiftGradient, target),
            _ => {}
        }
        let x = values.arguments[0];
        self.sums(run, x, gradient, target);
        self.join(run);
        let planes = self.layout.planes;
        let data = self.plane_sums(run, run.active, 0).cast();
        let factors = Coefficients { data, stride: Coefficients::len(planes, 1), planes };
        // SAFETY: the sums were written, and one task has the candidate.
        run.candidates(|candidate| unsafe { self.descent(run, candidate, factors) });
        tasks(run, &self.layout, |candidate, plane, _, lines| {
            run.instructions.run(Descent {
                rows: Rows { norm: self, run, candidate, plane, lines },
                x,
                factors,
                target,
            });
        });
    }

    fn leads(&self) -> bool {
        self.parts.term || self.parts.modulated > 0
    }

    fn needs(&self) -> Needs {
        Needs::ARGUMENTS
    }

    fn in_place(&self) -> bool {
        true
    }

    fn scratch(&self, batch: usize, _: usize) -> [usize; 2] {
        let planes = self.layout.planes;
        let backward = self.statistics().sums() + planes * 4 * LANES + Coefficients::len(planes, 1);
        [batch * self.statistics().len(), batch * backward]
    }

    fn saved(&self) -> usize {
        KEPT * self.layout.planes * LANES
    }
}
