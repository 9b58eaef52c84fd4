//! The ends of the engine: row-major numbers to and from the layouts inside.

#![allow(unsafe_code)]

use crate::cpu::lanes::{LANES, Lanes, Run, Tensor, Vectorized};

/// Writes `target = source`, or `target += source`; `source` has rows of the shape, row-major.
pub(crate) fn import(run: &Run, source: &[f32], target: Tensor, add: bool) {
    let layout = target.layout;
    let length = layout.shape.len();
    run.tasks(run.active * layout.planes, |_, task| {
        let (candidate, plane) = (task / layout.planes, task % layout.planes);
        let source = &source[candidate * length..][..length];
        run.instructions.run(Import { source, target, candidate, plane, add });
    });
}

struct Import<'a> {
    source: &'a [f32],
    target: Tensor,
    candidate: usize,
    plane: usize,
    add: bool,
}

impl Vectorized for Import<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { source, target, candidate, plane, add } = self;
        let layout = target.layout;
        if layout.lanes == 1 {
            let source = &source[plane * layout.height * layout.width..];
            for (y, from) in source.chunks_exact(layout.width).enumerate().take(layout.height) {
                // SAFETY: one task has the plane.
                let row = unsafe { target.row_mut(candidate, plane, y) };
                row.iter_mut().zip(from).for_each(|(to, from)| *to = if add { *to + from } else { *from });
            }
            return;
        }
        let pixels = layout.height * layout.width;
        let real = layout.channels_of(plane);
        let source = &source[plane * LANES * pixels..][..real * pixels];
        for first in (0..pixels).step_by(LANES) {
            let count = LANES.min(pixels - first);
            // SAFETY: a channel's pixels are read inside the source, and one task has the plane of the target.
            unsafe {
                let mut channels = [L::splat(0.0); LANES];
                for (channel, vector) in channels.iter_mut().enumerate().take(real) {
                    let from = source.as_ptr().add(channel * pixels + first);
                    *vector = load_some(from, count);
                }
                for (k, mut vector) in L::transpose(channels).into_iter().enumerate().take(count) {
                    let (y, x) = ((first + k) / layout.width, (first + k) % layout.width);
                    let to = target.candidate(candidate).add(layout.row(plane, y) + x * LANES);
                    if add {
                        vector = vector.add(L::load(to));
                    }
                    vector.store(to);
                }
            }
        }
    }
}

/// Loads `count` lanes; the others are zero.
///
/// # Safety
/// As for [`Lanes::load`], but only `count` floats need be readable.
#[inline(always)]
unsafe fn load_some<L: Lanes>(from: *const f32, count: usize) -> L {
    // SAFETY: the caller has `count` readable floats and the instruction set; the array has sixteen.
    unsafe {
        if count == LANES {
            return L::load(from);
        }
        let mut lanes = [0.0; LANES];
        std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count);
        L::load(lanes.as_ptr())
    }
}

/// Writes the numbers of `source` to `target` in row-major order.
pub(crate) fn export(run: &Run, source: Tensor, target: &mut [f32]) {
    let layout = source.layout;
    let start = Start(target[..run.active * layout.shape.len()].as_mut_ptr());
    run.tasks(run.active * layout.planes, |_, task| {
        let (candidate, plane) = (task / layout.planes, task % layout.planes);
        run.instructions.run(Export { source, start, candidate, plane });
    });
}

struct Export {
    source: Tensor,
    start: Start,
    candidate: usize,
    plane: usize,
}

impl Vectorized for Export {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { source, start, candidate, plane } = self;
        let layout = source.layout;
        let pixels = layout.height * layout.width;
        // SAFETY: the target has a row of the shape for every candidate, and this task alone has the plane's
        // channels there; no task writes the source.
        unsafe {
            let to = start.0.add(candidate * layout.shape.len() + plane * layout.lanes * pixels);
            if layout.lanes == 1 {
                for y in 0..layout.height {
                    let row = source.row(candidate, plane, y);
                    std::ptr::copy_nonoverlapping(row.as_ptr(), to.add(y * layout.width), row.len());
                }
                return;
            }
            for first in (0..pixels).step_by(LANES) {
                let count = LANES.min(pixels - first);
                let mut vectors = [L::splat(0.0); LANES];
                for (k, vector) in vectors.iter_mut().enumerate().take(count) {
                    let (y, x) = ((first + k) / layout.width, (first + k) % layout.width);
                    *vector = L::load(source.candidate(candidate).add(layout.row(plane, y) + x * LANES));
                }
                let channels = L::transpose(vectors);
                for (channel, vector) in channels.into_iter().enumerate().take(layout.channels_of(plane)) {
                    let to = to.add(channel * pixels + first);
                    if count == LANES {
                        vector.store(to);
                    } else {
                        std::ptr::copy_nonoverlapping(vector.to_array().as_ptr(), to, count);
                    }
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Start(*mut f32);

// SAFETY: an address; the tasks write to places apart.
unsafe impl Sync for Start {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;
    use crate::cpu::lanes::{Floats, InstructionSet, Layout, clear_border};

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
