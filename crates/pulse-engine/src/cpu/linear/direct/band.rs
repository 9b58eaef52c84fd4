//! A separable filter over bands of rows, with what comes before and after it done on the way.

#![allow(unsafe_code)]

use crate::cpu::lanes::{LANES, Lanes, Run, Vectorized};
use crate::cpu::linear::source::Source;
use crate::cpu::linear::target::Target;
use crate::{Fir, FirTaps};

/// Rows of a band: the more of them, the fewer are read twice.
const ROWS: usize = 32;

/// Taps along an axis.
const MOST: usize = 8;

/// Pixels that are written at a time.
const PIXELS: usize = 64;

/// `y[i, j] = Σ_k,l vertical[k] horizontal[l] x[i + k − before_y, j + l − before_x]` for every channel of blocked maps.
pub(crate) struct Band {
    vertical: Vec<f32>,
    horizontal: Vec<f32>,
    before: [isize; 2],
}

impl Band {
    /// Whether a filter is of this kind, and short.
    pub(crate) fn suits(fir: &Fir) -> bool {
        let FirTaps::Separable { vertical, horizontal } = &fir.taps else { return false };
        let short = |taps: &[f32]| (1..=MOST).contains(&taps.len());
        // A row has room for as many pixels on both sides as there are taps, for the filter and for its adjoint.
        let near = fir.padding_x.iter().all(|&padding| (-1..=horizontal.len() as isize).contains(&padding));
        (fir.up, fir.down) == (1, 1) && near && short(vertical) && short(horizontal)
    }

    /// A [suitable](Self::suits) filter and its adjoint.
    pub(crate) fn pair(fir: &Fir) -> [Self; 2] {
        let FirTaps::Separable { vertical, horizontal } = &fir.taps else { unreachable!("a suitable filter") };
        let turned = |taps: &[f32]| taps.iter().rev().copied().collect::<Vec<_>>();
        let after = |taps: &[f32], before: isize| taps.len() as isize - 1 - before;
        let before = [fir.padding_y[0], fir.padding_x[0]];
        let forward = Self { vertical: vertical.to_vec(), horizontal: horizontal.to_vec(), before };
        let before = [after(vertical, before[0]), after(horizontal, before[1])];
        [forward, Self { vertical: turned(vertical), horizontal: turned(horizontal), before }]
    }

    /// How large a piece of the target is written at a time.
    pub(crate) fn piece() -> [usize; 2] {
        [1, PIXELS]
    }

    /// Floats of a row of the source with room for the taps on both sides.
    fn row(&self, source_width: usize) -> usize {
        (source_width + 2 * self.horizontal.len()) * LANES
    }

    /// Floats that it needs while it runs.
    pub(crate) fn scratch(&self, source_width: usize, workers: usize) -> usize {
        workers * (self.vertical.len() + 1) * self.row(source_width)
    }

    pub(crate) fn apply(&self, run: &Run, source: &Source, target: &Target) {
        let layout = target.tensor.layout;
        let bands = layout.height.div_ceil(ROWS);
        run.tasks(run.active * layout.planes * bands, |worker, task| {
            let first = task % bands * ROWS;
            // SAFETY: every worker has memory of its own.
            let rows = unsafe { run.scratch.add(self.scratch(source.tensor.layout.width, worker)) };
            run.instructions.run(Rows {
                band: self,
                source,
                target,
                candidate: task / (bands * layout.planes),
                plane: task / bands % layout.planes,
                first,
                end: layout.height.min(first + ROWS),
                memory: rows,
            });
        });
    }
}

struct Rows<'a> {
    band: &'a Band,
    source: &'a Source,
    target: &'a Target<'a>,
    candidate: usize,
    plane: usize,
    first: usize,
    end: usize,
    /// As many rows of the source as there are vertical taps, and one for their sum.
    memory: *mut f32,
}

impl Vectorized for Rows<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { band, source, first, end, memory, .. } = self;
        let width = source.tensor.layout.width;
        let (taps, row) = (band.vertical.len(), band.row(width));
        // SAFETY: the rows are this worker's, and long enough for the source's.
        unsafe {
            let top = first as isize - band.before[0];
            for y in top..top + taps as isize - 1 {
                self.read::<L>(y);
            }
            let sum = memory.add(taps * row);
            for i in 0..row / LANES {
                L::splat(0.0).store(sum.add(i * LANES));
            }
            // Zeros before and behind it stand for what is outside.
            let sum = sum.add(band.horizontal.len() * LANES);
            for y in first..end {
                let top = y as isize - band.before[0];
                self.read::<L>(top + taps as isize - 1);
                let mut lines = [(std::ptr::null::<f32>(), 0.0); MOST];
                for (k, (line, &tap)) in lines.iter_mut().zip(&band.vertical).enumerate() {
                    *line = (self.place(top + k as isize).cast_const(), tap);
                }
                for x in 0..width {
                    let mut value = L::splat(0.0);
                    for &(line, tap) in &lines[..taps] {
                        value = L::load(line.add(x * LANES)).mul_add(L::splat(tap), value);
                    }
                    value.store(sum.add(x * LANES));
                }
                self.write::<L>(y, sum);
            }
        }
    }
}

impl Rows<'_> {
    /// Where a row of the source is kept, until as many more have been read as there are taps.
    ///
    /// # Safety
    /// The memory must be this worker's.
    #[inline(always)]
    unsafe fn place(&self, y: isize) -> *mut f32 {
        let taps = self.band.vertical.len();
        let row = self.band.row(self.source.tensor.layout.width);
        // SAFETY: the caller gives a worker its own memory, which has room for as many rows as there are taps.
        unsafe { self.memory.add(y.rem_euclid(taps as isize) as usize * row) }
    }

    /// Reads a row of the source.
    ///
    /// # Safety
    /// As for [`place`](Self::place); the processor must have the instruction set of `L`.
    #[inline(always)]
    unsafe fn read<L: Lanes>(&self, y: isize) {
        let Self { source, candidate, plane, .. } = *self;
        let width = source.tensor.layout.width;
        // SAFETY: the place has room for a row, and the memory is this worker's, as the caller says.
        unsafe { source.read::<L>(candidate, plane, [y, 0], [1, width], self.place(y)) }
    }

    /// Writes a row of the target from the vertical sum.
    ///
    /// # Safety
    /// The row must be this task's, the sum as long as a row of the source with the taps beyond it, and the processor must
    /// have the instruction set of `L`.
    #[inline(always)]
    unsafe fn write<L: Lanes>(&self, y: usize, sum: *const f32) {
        let Self { band, target, candidate, plane, .. } = *self;
        let width = target.tensor.layout.width;
        let mut piece = [0.0f32; PIXELS * LANES];
        for first in (0..width).step_by(PIXELS) {
            let count = PIXELS.min(width - first);
            // SAFETY: a pixel of the target has its taps within the sum, and the row of the target is this task's, as the caller says.
            unsafe {
                let from = sum.offset((first as isize - band.before[1]) * LANES as isize);
                for x in 0..count {
                    let mut value = L::splat(0.0);
                    for (l, &tap) in band.horizontal.iter().enumerate() {
                        value = L::load(from.add((x + l) * LANES)).mul_add(L::splat(tap), value);
                    }
                    value.store(piece.as_mut_ptr().add(x * LANES));
                }
                target.write::<L>(candidate, plane, [y, first], [1, count], piece.as_mut_ptr(), PIXELS * LANES);
            }
        }
    }
}
