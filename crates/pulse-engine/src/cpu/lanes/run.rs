//! How a kernel runs: threads, instruction set, memory of its own.

#![allow(unsafe_code)]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::layout::Layout;
use super::simd::InstructionSet;

/// How a step runs: on what, for how many candidates, with what memory of its own.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) instructions: InstructionSet,
    pub(crate) workers: usize,
    /// Candidates.
    pub(crate) active: usize,
    /// [`Kernel::scratch`] floats that live for this step alone.
    pub(crate) scratch: *mut f32,
    /// [`Kernel::saved`] floats a candidate that live from forward to backward.
    pub(crate) saved: *mut f32,
}

// SAFETY: addresses, as in `Tensor`.
unsafe impl Send for Run {}
// SAFETY: as for `Send`.
unsafe impl Sync for Run {}

impl Run {
    /// Runs `body(worker, task)` for every task, on as many threads as there are workers. A worker is on one
    /// thread at a time.
    pub(crate) fn tasks(&self, tasks: usize, body: impl Fn(usize, usize) + Sync) {
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
    pub(crate) fn rows(&self, layout: &Layout, body: impl Fn(usize, usize, usize) + Sync) {
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
    pub(crate) fn planes(&self, layout: &Layout, body: impl Fn(usize, usize) + Sync) {
        self.tasks(self.active * layout.planes, |_, task| {
            self.instructions.call(
                #[inline(always)]
                || body(task / layout.planes, task % layout.planes),
            );
        });
    }

    /// Runs plain loops over every candidate.
    pub(crate) fn candidates(&self, body: impl Fn(usize) + Sync) {
        self.tasks(self.active, |_, task| {
            self.instructions.call(
                #[inline(always)]
                || body(task),
            );
        });
    }
}

/// Stores past the caches are in no order with others. The fence makes them visible before other tasks read them.
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
