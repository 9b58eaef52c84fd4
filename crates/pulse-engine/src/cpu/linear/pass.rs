//! Runs a linear map. What its kernel cannot do on the way (the style of the source; bias, noise, activation and sums of the
//! target) is done in passes of their own before and after it.

#![allow(unsafe_code)]

use super::map::LinearMap;
use super::source::{Reads, Source};
use super::target::{Moments, Target, Writing};
use crate::Shape;
use crate::cpu::lanes::{LANES, Lanes, Layout, Run, Tensor, Vectorized, clear_border};

/// A linear map from any source to any target.
pub(crate) struct Pass {
    map: Box<dyn LinearMap>,
    from: Layout,
    to: Layout,
    /// Whether the target's sums are wanted.
    moments: bool,
    /// Whether the source may be one that the map cannot read.
    converts: bool,
}

impl Pass {
    /// With `moments`, the target is the gradient of a styled map, or a map that is to be normalised: the
    /// sums over it are taken.
    pub(crate) fn new(map: Box<dyn LinearMap>, [from, to]: [Shape; 2], source: Reads, moments: bool) -> Self {
        let converts = source > map.reads();
        Self { map, from: Layout::new(from, 0), to: Layout::new(to, 0), moments, converts }
    }

    pub(crate) fn describe(&self) -> String {
        self.map.describe()
    }

    /// Floats of its weights.
    pub(crate) fn weights(&self) -> usize {
        self.map.weights()
    }

    pub(crate) fn gives_moments(&self) -> bool {
        self.moments
    }

    /// How wide a border a plain source must have.
    pub(crate) fn border(&self) -> usize {
        if self.converts { 0 } else { self.map.border() }
    }

    /// The pieces over which sums are taken.
    pub(crate) fn piece(&self) -> [usize; 2] {
        self.map.piece().unwrap_or([1, self.to.width.min(64)])
    }

    fn read_layout(&self) -> Layout {
        Layout { border: self.map.border(), ..self.from }
    }

    fn moments_len(&self, batch: usize) -> usize {
        let size = [self.to.height, self.to.width];
        if self.moments { Moments::len(self.to.planes, size, self.piece(), batch) } else { 0 }
    }

    fn converted_len(&self, batch: usize) -> usize {
        if self.converts { batch * self.read_layout().len() } else { 0 }
    }

    /// Writes `target = W source`. With moments, `with` is the map whose gradient the target is. Gives where the
    /// moments are, until the scratch memory is used again.
    pub(crate) fn apply(&self, run: &Run, source: &Source, target: &Target, with: Option<Tensor>) -> Option<Moments> {
        let batch = run.active;
        let mut rest = *run;
        let mut take = |len: usize| {
            let start = rest.scratch;
            rest.scratch = rest.scratch.wrapping_add(len);
            start
        };
        let moments = self.moments.then(|| Moments { data: take(self.moments_len(batch)), piece: self.piece(), with });
        let source = if source.reading.kind() <= self.map.reads() {
            *source
        } else {
            let layout = self.read_layout();
            let converted = Tensor { data: take(self.converted_len(batch)), stride: layout.len(), layout };
            convert(run, source, converted);
            Source::plain(converted)
        };
        let writing = Writing { moments, ..target.writing };
        let target = Target::new(target.tensor, &writing);
        if self.map.piece().is_some() || target.is_simple(self.map.adds()) {
            self.map.apply(&rest, &source, &target);
        } else {
            self.map.apply(&rest, &source, &Target::plain(target.tensor));
            target.finish(run);
        }
        if let (Some(moments), true) = (moments, target.tensor.layout.styled && with.is_some()) {
            keep_sums(run, &moments, target.tensor);
        }
        moments
    }

    /// Floats that it needs while it runs.
    pub(crate) fn scratch(&self, batch: usize, workers: usize) -> usize {
        self.moments_len(batch) + self.converted_len(batch) + self.map.scratch(batch, workers)
    }
}

/// Writes the sums over the gradient of a styled map behind it.
fn keep_sums(run: &Run, moments: &Moments, gradient: Tensor) {
    run.planes(
        &gradient.layout,
        #[inline(always)]
        |candidate, plane| {
            // SAFETY: all pieces have been written, and one task has the plane's sums.
            unsafe {
                let sums = moments.sums(&gradient, candidate, plane);
                for (kind, sums) in [sums.first, sums.second].into_iter().enumerate() {
                    let to = gradient.coefficients().of(candidate, kind, plane);
                    to.cast::<[f32; LANES]>().write(sums.map(|sum| sum as f32));
                }
            }
        },
    );
}

/// Writes a source as a plain map with a border of zeros.
pub(crate) fn convert(run: &Run, source: &Source, to: Tensor) {
    /// Rows of a task.
    const ROWS: usize = 8;
    clear_border(run, to);
    let layout = to.layout;
    let tasks = layout.height.div_ceil(ROWS);
    run.tasks(run.active * layout.planes * tasks, |_, task| {
        let (plane, first) = (task / tasks, task % tasks * ROWS);
        let end = layout.height.min(first + ROWS);
        let (candidate, plane) = (plane / layout.planes, plane % layout.planes);
        run.instructions.run(Rows { source, to, candidate, plane, lines: first..end });
    });
}

struct Rows<'a> {
    source: &'a Source,
    to: Tensor,
    candidate: usize,
    plane: usize,
    lines: std::ops::Range<usize>,
}

impl Vectorized for Rows<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { source, to, candidate, plane, lines } = self;
        for y in lines {
            // SAFETY: one task has the row, and it is as long as the source's.
            unsafe {
                let row = to.candidate(candidate).add(to.layout.row(plane, y));
                source.read::<L>(candidate, plane, [y as isize, 0], [1, to.layout.width], row);
            }
        }
    }
}
