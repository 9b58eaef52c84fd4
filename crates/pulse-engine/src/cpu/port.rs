//! The border of the engine: row-major numbers to and from the layouts inside, and zeros round them.

#![allow(unsafe_code)]

use super::kernel::{Run, Tensor};
use super::layout::Layout;

/// Writes `target = source`, or `target += source`; `source` has rows of the shape, row-major.
pub(super) fn import(run: &Run, source: &[f32], target: Tensor, add: bool) {
    let layout = target.layout;
    let length = layout.shape.len();
    run.planes(&layout, |candidate, plane| {
        let source = &source[candidate * length..][..length];
        for y in 0..layout.height {
            // SAFETY: one task has the plane.
            let row = unsafe { target.row_mut(candidate, plane, y) };
            if !add {
                row.fill(0.0);
            }
            for lane in 0..layout.channels_of(plane) {
                let from = &source[row_major(&layout, plane * layout.lanes + lane, y)..][..layout.width];
                for (pixel, value) in row.chunks_exact_mut(layout.lanes).zip(from) {
                    pixel[lane] += value;
                }
            }
        }
    });
}

/// Writes the numbers of `source` to `target` in row-major order.
pub(super) fn export(run: &Run, source: Tensor, target: &mut [f32]) {
    let layout = source.layout;
    let length = layout.shape.len();
    let start = Start(target[..run.active * length].as_mut_ptr());
    run.planes(&layout, |candidate, plane| {
        for y in 0..layout.height {
            // SAFETY: nobody writes the source.
            let row = unsafe { source.row(candidate, plane, y) };
            for lane in 0..layout.channels_of(plane) {
                let at = candidate * length + row_major(&layout, plane * layout.lanes + lane, y);
                // SAFETY: inside the target, and of this task alone.
                let to = unsafe { std::slice::from_raw_parts_mut(start.get().add(at), layout.width) };
                for (value, pixel) in to.iter_mut().zip(row.chunks_exact(layout.lanes)) {
                    *value = pixel[lane];
                }
            }
        }
    });
}

/// Where a channel's row begins in row-major order.
fn row_major(layout: &Layout, channel: usize, y: usize) -> usize {
    (channel * layout.height + y) * layout.width
}

#[derive(Clone, Copy)]
struct Start(*mut f32);

// SAFETY: an address; the tasks write to places apart.
unsafe impl Sync for Start {}

impl Start {
    fn get(&self) -> *mut f32 {
        self.0
    }
}

/// Zeroes the border round every plane.
pub(super) fn clear_border(run: &Run, tensor: Tensor) {
    let layout = tensor.layout;
    if layout.border == 0 {
        return;
    }
    run.planes(&layout, |candidate, plane| {
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
    });
}

#[cfg(test)]
mod tests {
    use super::super::memory::Floats;
    use super::super::simd::InstructionSet;
    use super::*;
    use crate::Shape;

    #[test]
    fn what_goes_in_comes_out_and_the_border_is_zero() {
        let run = Run {
            instructions: InstructionSet::detect(),
            workers: 1,
            active: 2,
            scratch: std::ptr::null_mut(),
            saved: std::ptr::null_mut(),
        };
        for shape in [Shape::map(19, 3, 5), Shape::map(3, 4, 2), Shape::Vector(21)] {
            let border = if matches!(shape, Shape::Map { .. }) { 2 } else { 0 };
            let layout = Layout::new(shape, border);
            let mut memory = Floats::zeroed(2 * layout.len());
            memory.fill(f32::NAN);
            let tensor = Tensor { data: memory.start(), stride: layout.len(), layout };
            let given: Vec<f32> = (1..=2 * shape.len()).map(|i| i as f32).collect();
            let mut taken = vec![0.0; given.len()];
            clear_border(&run, tensor);
            import(&run, &given, tensor, false);
            export(&run, tensor, &mut taken);
            assert_eq!(given, taken);
            if border > 0 {
                let sum: f32 = memory[..2 * layout.len()].iter().sum();
                assert_eq!(sum, given.iter().sum(), "{shape}");
            }
        }
    }
}
