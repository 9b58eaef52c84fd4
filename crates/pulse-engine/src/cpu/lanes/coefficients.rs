//! What a map is multiplied by and what is added to it, channel by channel.

#![allow(unsafe_code)]

use super::simd::LANES;

/// Three numbers for each channel of each candidate.
#[derive(Clone, Copy)]
pub(crate) struct Coefficients {
    pub(crate) data: *mut f32,
    /// Floats between a candidate and the next.
    pub(crate) stride: usize,
    /// Planes of the map.
    pub(crate) planes: usize,
}

// SAFETY: an address. What reads or writes through it is unsafe, and keeps the tasks apart.
unsafe impl Send for Coefficients {}
// SAFETY: as for `Send`.
unsafe impl Sync for Coefficients {}

impl Coefficients {
    /// How many there are for a channel.
    pub(crate) const KINDS: usize = 3;

    /// Floats for so many candidates of so many planes.
    pub(crate) fn len(planes: usize, candidates: usize) -> usize {
        Self::KINDS * planes * LANES * candidates
    }

    /// The coefficients of one kind for the channels of a plane.
    ///
    /// # Safety
    /// The candidate and the plane must exist, and the kind be below [`KINDS`](Self::KINDS).
    #[inline(always)]
    pub(crate) unsafe fn of(&self, candidate: usize, kind: usize, plane: usize) -> *mut f32 {
        // SAFETY: the caller says that the candidate and the plane exist, and a kind is one of three.
        unsafe { self.data.add(candidate * self.stride + (kind * self.planes + plane) * LANES) }
    }
}
