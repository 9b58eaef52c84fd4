//! Aligned memory, and which buffers may share it.

#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// Zeroed floats, aligned to a cache line.
pub(super) struct Floats {
    data: NonNull<f32>,
    len: usize,
}

// SAFETY: it owns its memory, as a `Vec` does.
unsafe impl Send for Floats {}
// SAFETY: as above.
unsafe impl Sync for Floats {}

impl Floats {
    pub(super) fn zeroed(len: usize) -> Self {
        let layout = Self::layout(len);
        // SAFETY: the layout is not empty.
        let data = unsafe { alloc(layout) };
        let Some(data) = NonNull::new(data) else { handle_alloc_error(layout) };
        // Before the memory is touched for the first time.
        prefer_large_pages(data.as_ptr(), layout.size());
        // SAFETY: it has just been allocated, with as many bytes.
        unsafe { data.write_bytes(0, layout.size()) };
        Self { data: data.cast(), len }
    }

    /// The start, for those who share the memory out.
    pub(super) fn start(&self) -> *mut f32 {
        self.data.as_ptr()
    }

    fn layout(len: usize) -> Layout {
        let array = Layout::array::<f32>(len.max(1));
        let align = |layout: Layout| layout.align_to(if layout.size() >= LARGE_PAGE { LARGE_PAGE } else { 64 });
        array.and_then(align).expect("a network that fits in memory")
    }
}

/// Bytes of a large page, where there are such pages.
const LARGE_PAGE: usize = 1 << 21;

/// Asks for large pages: weights are read once from end to end in every pass, and the processor fetches ahead within
/// a page only.
#[cfg(target_os = "linux")]
fn prefer_large_pages(start: *mut u8, bytes: usize) {
    if bytes >= LARGE_PAGE {
        // SAFETY: the memory is ours, and begins at a page. It is advice; a refusal does no harm.
        unsafe {
            libc::madvise(start.cast(), bytes, libc::MADV_HUGEPAGE);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn prefer_large_pages(_: *mut u8, _: usize) {}

impl Drop for Floats {
    fn drop(&mut self) {
        // SAFETY: allocated in `zeroed` with the same layout.
        unsafe { dealloc(self.data.as_ptr().cast(), Self::layout(self.len)) }
    }
}

impl Deref for Floats {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        // SAFETY: `len` initialised floats that this owns.
        unsafe { std::slice::from_raw_parts(self.data.as_ptr(), self.len) }
    }
}

impl DerefMut for Floats {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.data.as_ptr(), self.len) }
    }
}

/// A buffer that is needed from one step to another, both included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buffer {
    /// Floats.
    pub(super) len: usize,
    /// The first step that writes it.
    pub(super) from: usize,
    /// The last step that reads it.
    pub(super) until: usize,
}

/// Where a buffer was put.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// Its first float in the shared memory.
    pub(super) start: usize,
    /// Whether another buffer has some of the same memory at another time.
    pub(super) shared: bool,
}

/// Puts the buffers into as little memory as a greedy search finds: the largest first, each at the lowest
/// place that is free while it lives. Gives the places and the total.
pub(super) fn place(buffers: &[Buffer]) -> (Vec<Place>, usize) {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(buffers[i].len));
    let mut places = vec![Place::default(); buffers.len()];
    let mut placed: Vec<usize> = Vec::new();
    let mut total = 0;
    for &i in &order {
        let buffer = buffers[i];
        let mut start = 0;
        // `placed` is sorted by start, so the first gap that is wide enough is the lowest.
        for &other in &placed {
            let (begin, end) = (places[other].start, places[other].start + buffers[other].len);
            let together = buffers[other].from <= buffer.until && buffer.from <= buffers[other].until;
            if together && begin < start + buffer.len && start < end {
                start = end;
            }
        }
        places[i].start = start;
        total = total.max(start + buffer.len);
        let position = placed.partition_point(|&other| places[other].start <= start);
        placed.insert(position, i);
    }
    for i in 0..buffers.len() {
        let range = |k: usize| places[k].start..places[k].start + buffers[k].len;
        places[i].shared =
            (0..buffers.len()).any(|k| k != i && range(k).start < range(i).end && range(i).start < range(k).end);
    }
    (places, total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_that_live_together_never_overlap() {
        let mut state = 1u32;
        let mut random = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        let buffers: Vec<_> = (0..60)
            .map(|_| {
                let from = random(40);
                Buffer { len: 16 * (1 + random(50)), from, until: from + random(12) }
            })
            .collect();
        let (places, total) = place(&buffers);
        for (i, a) in buffers.iter().enumerate() {
            assert!(places[i].start + a.len <= total);
            for (k, b) in buffers.iter().enumerate().take(i) {
                let together = a.from <= b.until && b.from <= a.until;
                let overlap = places[i].start < places[k].start + b.len && places[k].start < places[i].start + a.len;
                assert!(!(together && overlap));
                assert!(!overlap || (places[i].shared && places[k].shared));
            }
        }
        assert!(total < buffers.iter().map(|buffer| buffer.len).sum());
    }
}
