//! What every operator offers to the program, and how a kernel sees memory and threads.

#![allow(unsafe_code)]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::layout::Layout;
use super::simd::InstructionSet;
use super::source::Coefficients;

/// A value or a gradient in memory: the rows of a batch, `stride` floats apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tensor {
    pub(super) data: *mut f32,
    pub(super) stride: usize,
    pub(super) layout: Layout,
}

// SAFETY: a tensor is an address. Who reads and writes through it keeps the tasks apart.
unsafe impl Send for Tensor {}
// SAFETY: as above.
unsafe impl Sync for Tensor {}

impl Tensor {
    /// The start of a candidate.
    ///
    /// # Safety
    /// The candidate must be one of the batch that the memory was planned for.
    #[inline(always)]
    pub(super) unsafe fn candidate(&self, candidate: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.data.add(candidate * self.stride) }
    }

    /// The coefficients of a styled map.
    pub(super) fn coefficients(&self) -> Coefficients {
        debug_assert!(self.layout.styled);
        // A candidate's lie behind its planes.
        let data = self.data.wrapping_add(self.layout.coefficients());
        Coefficients { data, stride: self.stride, planes: self.layout.planes }
    }

    /// A row of a plane without its border.
    ///
    /// # Safety
    /// The row must exist, and nobody may write it while the slice lives.
    #[inline(always)]
    pub(super) unsafe fn row<'a>(&self, candidate: usize, plane: usize, y: usize) -> &'a [f32] {
        // SAFETY: the caller's promise.
        unsafe {
            let start = self.candidate(candidate).add(self.layout.row(plane, y));
            std::slice::from_raw_parts(start, self.layout.row_len())
        }
    }

    /// A row of a plane without its border, to be written.
    ///
    /// # Safety
    /// The row must exist, and nobody else may use it while the slice lives.
    #[inline(always)]
    pub(super) unsafe fn row_mut<'a>(&self, candidate: usize, plane: usize, y: usize) -> &'a mut [f32] {
        // SAFETY: the caller's promise.
        unsafe {
            let start = self.candidate(candidate).add(self.layout.row(plane, y));
            std::slice::from_raw_parts_mut(start, self.layout.row_len())
        }
    }

    /// A row of `self` with the numbers of the same row of `source`, which may be the same memory.
    ///
    /// # Safety
    /// As for [`row_mut`](Self::row_mut); `source` has rows of the same length.
    #[inline(always)]
    pub(super) unsafe fn row_from<'a>(&self, source: &Self, candidate: usize, plane: usize, y: usize) -> &'a mut [f32] {
        // SAFETY: the caller's promise; two rows are either the same or apart.
        unsafe {
            let from = source.candidate(candidate).add(source.layout.row(plane, y));
            let row = self.row_mut(candidate, plane, y);
            if from != row.as_mut_ptr() {
                std::ptr::copy_nonoverlapping(from, row.as_mut_ptr(), row.len());
            }
            row
        }
    }

    /// The memory of a candidate, border and filling included.
    ///
    /// # Safety
    /// As for [`row_mut`](Self::row_mut), for all rows.
    #[inline(always)]
    pub(super) unsafe fn all_mut<'a>(&self, candidate: usize) -> &'a mut [f32] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.candidate(candidate), self.layout.len()) }
    }
}

/// How a step runs: on what, for how many candidates, with what memory of its own.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) instructions: InstructionSet,
    pub(super) workers: usize,
    /// Candidates.
    pub(super) active: usize,
    /// [`Kernel::scratch`] floats that live for this step alone.
    pub(super) scratch: *mut f32,
    /// [`Kernel::saved`] floats a candidate that live from forward to backward.
    pub(super) saved: *mut f32,
}

// SAFETY: addresses, as in `Tensor`.
unsafe impl Send for Run {}
// SAFETY: as above.
unsafe impl Sync for Run {}

impl Run {
    /// Runs `body(worker, task)` for every task, on as many threads as there are workers. A worker is on one
    /// thread at a time.
    pub(super) fn tasks(&self, tasks: usize, body: impl Fn(usize, usize) + Sync) {
        let workers = self.workers.min(tasks);
        if workers <= 1 {
            (0..tasks).for_each(|task| body(0, task));
            fence();
            return;
        }
        let next = AtomicUsize::new(0);
        let work = |worker| {
            loop {
                let task = next.fetch_add(1, Ordering::Relaxed);
                if task >= tasks {
                    break;
                }
                body(worker, task);
            }
            fence();
        };
        share(0, workers, &work);
    }

    /// Runs plain loops over every row of every plane of every candidate: `body(candidate, plane, y)`.
    pub(super) fn rows(&self, layout: &Layout, body: impl Fn(usize, usize, usize) + Sync) {
        const FLOATS_OF_A_TASK: usize = 8192;
        let rows = self.active * layout.rows();
        let chunk = (FLOATS_OF_A_TASK / layout.row_len()).max(1);
        self.tasks(rows.div_ceil(chunk), |_, task| {
            self.instructions.call(
                #[inline(always)]
                || {
                    for row in task * chunk..rows.min((task + 1) * chunk) {
                        let (plane, y) = (row / layout.height, row % layout.height);
                        body(plane / layout.planes, plane % layout.planes, y);
                    }
                },
            );
        });
    }

    /// Runs plain loops over every plane of every candidate: `body(candidate, plane)`.
    pub(super) fn planes(&self, layout: &Layout, body: impl Fn(usize, usize) + Sync) {
        self.tasks(self.active * layout.planes, |_, task| {
            self.instructions.call(
                #[inline(always)]
                || body(task / layout.planes, task % layout.planes),
            );
        });
    }

    /// Runs plain loops over every candidate.
    pub(super) fn candidates(&self, body: impl Fn(usize) + Sync) {
        self.tasks(self.active, |_, task| {
            self.instructions.call(
                #[inline(always)]
                || body(task),
            );
        });
    }
}

/// Stores past the caches are in no order with others; who reads them next must find them.
fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor of this kind has SSE.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

fn share(first: usize, count: usize, work: &(impl Fn(usize) + Sync)) {
    if count == 1 {
        work(first);
    } else {
        let half = count / 2;
        rayon::join(|| share(first, half, work), || share(first + half, count - half, work));
    }
}

/// One operator as this engine runs it.
pub(super) trait Kernel: Send + Sync {
    /// How it computes, in a few words for a profile.
    fn describe(&self) -> String {
        "loops".into()
    }

    /// Writes `result`; its border and filling are zero already, and stay so.
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor);

    /// Writes the gradient of argument `which` to `target`. May write to `gradient`, the gradient of the
    /// result, when `which` is 0, which comes last unless it [leads](Self::leads).
    fn backward(&self, run: &Run, which: usize, values: &Values, gradient: Tensor, target: Tensor);

    /// Whether the gradient of argument 0 is made first, and always, since another's is made of what it leaves in
    /// [`Run::saved`].
    fn leads(&self) -> bool {
        false
    }

    /// Which values `backward` reads.
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    /// Whether `result` may be argument 0's memory in `forward`, and `target` may be `gradient`'s in
    /// `backward` of argument 0.
    fn in_place(&self) -> bool {
        false
    }

    /// How wide a border of zeros `forward` needs round its first argument.
    fn border(&self) -> usize {
        0
    }

    /// How wide a border of zeros `backward` needs round the gradient of the result.
    fn gradient_border(&self) -> usize {
        0
    }

    /// Floats that `forward` and `backward` need while they run, for so many candidates and workers.
    fn scratch(&self, _batch: usize, _workers: usize) -> [usize; 2] {
        [0, 0]
    }

    /// Floats a candidate that `forward` leaves for `backward`.
    fn saved(&self) -> usize {
        0
    }
}

/// What a kernel's backward reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) arguments: bool,
    pub(super) result: bool,
}

impl Needs {
    pub(super) const NOTHING: Self = Self { arguments: false, result: false };
    pub(super) const ARGUMENTS: Self = Self { arguments: true, result: false };
    pub(super) const RESULT: Self = Self { arguments: false, result: true };
}

/// The values of the last forward pass that a kernel may read in backward, as far as it
/// [needs](Kernel::needs) them.
pub(super) struct Values<'a> {
    pub(super) arguments: &'a [Tensor],
    pub(super) result: Tensor,
}
