//! Aligned memory.

#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// Zeroed floats, aligned to a cache line.
pub(crate) struct Floats {
    data: NonNull<f32>,
    len: usize,
}

// SAFETY: it owns its memory, as a `Vec` does.
unsafe impl Send for Floats {}
// SAFETY: as for `Send`.
unsafe impl Sync for Floats {}

impl Floats {
    /// As [`try_zeroed`](Self::try_zeroed), for what was found to fit already.
    pub(crate) fn zeroed(len: usize) -> Self {
        Self::try_zeroed(len).unwrap_or_else(|| handle_alloc_error(Self::layout(len).unwrap_or(Layout::new::<f32>())))
    }

    /// Nothing where there is no memory for so many.
    pub(crate) fn try_zeroed(len: usize) -> Option<Self> {
        let layout = Self::layout(len)?;
        // SAFETY: the layout is not empty.
        let data = unsafe { alloc(layout) };
        let data = NonNull::new(data)?;
        // Before the memory is touched for the first time.
        prefer_large_pages(data.as_ptr(), layout.size());
        // SAFETY: it has just been allocated, with as many bytes.
        unsafe { data.write_bytes(0, layout.size()) };
        Some(Self { data: data.cast(), len })
    }

    /// The start, from which parts of the memory are handed out.
    pub(crate) fn start(&self) -> *mut f32 {
        self.data.as_ptr()
    }

    fn layout(len: usize) -> Option<Layout> {
        let array = Layout::array::<f32>(len.max(1));
        let align = |layout: Layout| layout.align_to(if layout.size() >= LARGE_PAGE { LARGE_PAGE } else { 64 });
        array.and_then(align).ok()
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
        if let Some(layout) = Self::layout(self.len) {
            // SAFETY: allocated in `try_zeroed` with the same layout.
            unsafe { dealloc(self.data.as_ptr().cast(), layout) }
        }
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

/// Zeros that take no pages until they are written; nothing where there is no memory for so many.
pub(crate) fn untouched_zeros(len: usize) -> Option<Vec<f32>> {
    if len == 0 {
        return Some(Vec::new());
    }
    let layout = Layout::array::<f32>(len).ok()?;
    // SAFETY: the layout is not empty.
    let data = NonNull::new(unsafe { alloc_zeroed(layout) })?;
    #[expect(clippy::same_length_and_capacity, reason = "it was allocated for just as many")]
    // SAFETY: allocated just now by the global allocator with the layout of as many floats, all of them zero.
    let zeros = unsafe { Vec::from_raw_parts(data.as_ptr().cast(), len, len) };
    Some(zeros)
}
