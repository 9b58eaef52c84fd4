//! The zeros round a map.

#![allow(unsafe_code)]

use super::run::Run;
use super::tensor::Tensor;

/// Zeroes the border round every plane.
pub(crate) fn clear_border(run: &Run, tensor: Tensor) {
    let layout = tensor.layout;
    if layout.border == 0 {
        return;
    }
    run.planes(
        &layout,
        #[inline(always)]
        |candidate, plane| {
            let (origin, row) = (layout.origin(), layout.row_stride());
            let sides = 2 * layout.border * layout.lanes;
            // SAFETY: one task has the plane, and all is inside it.
            let plane = unsafe {
                let start = tensor.candidate(candidate).add(plane * layout.plane_stride());
                std::slice::from_raw_parts_mut(start, layout.plane_stride())
            };
            plane[..origin].fill(0.0);
            for y in 1..=layout.height {
                let end = origin + y * row;
                let from = end + layout.row_len() - row;
                let to = if y == layout.height { plane.len() } else { from + sides };
                plane[from..to].fill(0.0);
            }
        },
    );
}
