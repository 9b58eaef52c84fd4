//! Maps laid behind each other, and channels taken out of them: whole rows where blocks of sixteen channels fit, lanes
//! where they do not.

#![allow(unsafe_code)]

use std::ops::Range;

use crate::cpu::lanes::{Kernel, Layout, Run, Tensor, Values};

/// Channels from one on, of a map.
pub(crate) struct TakeChannels {
    pub(crate) start: usize,
}

impl Kernel for TakeChannels {
    fn describe(&self) -> String {
        "rows of channels".into()
    }

    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        copy_channels(run, arguments, &[-(self.start as isize)], result);
    }

    fn backward(&self, run: &Run, _: usize, _: &Values, gradient: Tensor, target: Tensor) {
        copy_channels(run, &[gradient], &[self.start as isize], target);
    }
}

/// Maps of one size, the channels of each behind those of the one before.
pub(crate) struct JoinChannels {
    /// The first channel of each argument in the result.
    pub(crate) starts: Vec<isize>,
}

impl Kernel for JoinChannels {
    fn describe(&self) -> String {
        "rows of channels".into()
    }

    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        copy_channels(run, arguments, &self.starts, result);
    }

    fn backward(&self, run: &Run, which: usize, _: &Values, gradient: Tensor, target: Tensor) {
        copy_channels(run, &[gradient], &[-self.starts[which]], target);
    }
}

/// Writes a map whose channels are those of the sources, each from a channel of the target on; zeros where there is none.
fn copy_channels(run: &Run, sources: &[Tensor], starts: &[isize], target: Tensor) {
    let layout = target.layout;
    run.rows(
        &layout,
        #[inline(always)]
        |candidate, plane, y| {
            // SAFETY: one task has the row of `target`; no task writes the sources.
            let row = unsafe { target.row_mut(candidate, plane, y) };
            let first = (plane * layout.lanes) as isize;
            let whole = |source: &Tensor, start: isize| {
                let inner = source.layout.lanes == layout.lanes && (first - start) % layout.lanes as isize == 0;
                let channels = source.layout.shape.channels() as isize;
                inner && start <= first && first + layout.channels_of(plane) as isize <= start + channels
            };
            for (source, &start) in sources.iter().zip(starts).filter(|(source, start)| whole(source, **start)) {
                let from = (first - start) as usize / layout.lanes;
                let filled = layout.channels_of(plane) == source.layout.channels_of(from);
                if filled {
                    // SAFETY: as above; the source has the plane.
                    return row.copy_from_slice(unsafe { source.row(candidate, from, y) });
                }
            }
            row.fill(0.0);
            for (source, &start) in sources.iter().zip(starts) {
                let channels = source.layout.shape.channels() as isize;
                let range = first.max(start)..(first + layout.channels_of(plane) as isize).min(start + channels);
                for (to, from, count) in runs(range, first, start, &source.layout) {
                    // SAFETY: as above; the source has the channels.
                    let source_row = unsafe { source.row(candidate, from / source.layout.lanes, y) };
                    let from = from % source.layout.lanes;
                    let pixels = row.chunks_exact_mut(layout.lanes).zip(source_row.chunks_exact(source.layout.lanes));
                    for (pixel, source) in pixels {
                        for (to, from) in pixel[to..to + count].iter_mut().zip(&source[from..from + count]) {
                            *to = *from;
                        }
                    }
                }
            }
        },
    );
}

/// Parts of a range of the target's channels that lie in one plane of the source: the lane of the target, the channel of the
/// source, and how many.
fn runs(
    range: Range<isize>,
    first: isize,
    start: isize,
    source: &Layout,
) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
    let (lanes, mut at) = (source.lanes as isize, range.start);
    std::iter::from_fn(move || {
        let from = at - start;
        let count = (range.end - at).min(lanes - from.rem_euclid(lanes));
        let next = (at < range.end).then(|| ((at - first) as usize, from as usize, count as usize));
        at += count;
        next
    })
}
