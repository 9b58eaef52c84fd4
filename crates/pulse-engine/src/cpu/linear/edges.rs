//! The correction at a doubled map's edges: what the pixels would add that the convolution's padding cuts off.
//!
//! A convolution `K` of 4 x 4 pixels, stride 2 and padding 1 makes `u` of `2 n` pixels along each axis, and a filter
//! `f` of 3 x 3 takes zeros for what is outside of it. Both as one kernel would see one more pixel of `u` on every
//! side. What these add to the first and last rows and columns is computed here, to be taken away: a convolution
//! along one row or column of the source, and a filter along it. The corners go with the rows.

#![allow(unsafe_code)]

use super::axis::Axis;
use super::map::LinearMap;
use super::source::Source;
use super::target::{EDGES, EdgeValues, Target};
use crate::Shape;
use crate::cpu::lanes::{LANES, Lanes, Layout, Run, Tensor, Vectorized};
use crate::cpu::linear::direct::Correlation;
use crate::cpu::settings::Settings;

/// The edges of the doubling map, or of its adjoint.
pub(crate) struct Edges {
    each: Vec<Edge>,
    adjoint: bool,
    source: Layout,
    target: Layout,
}

struct Edge {
    correlation: Correlation,
    /// The line of `u`, and what the correlation reads and writes.
    line: Layout,
    from: Layout,
    to: Layout,
    /// Along the edge, times the one tap across it.
    taps: [f32; 3],
    /// How far a line of `u` reaches beyond the target's pixels, which is where it begins.
    beyond: usize,
}

impl Edges {
    /// `weight(o, i, k, l)` as for a transposed convolution from `i` to `o`, for the doubling map; for its adjoint
    /// `o` and `i` change places. `source` and `target` are those of the map.
    pub(crate) fn new(
        settings: Settings,
        [source, target]: [Layout; 2],
        adjoint: bool,
        [vertical, horizontal]: [[f32; 3]; 2],
        weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    ) -> Self {
        let channels = [target.shape.channels(), source.shape.channels()];
        let edge = |edge: usize| {
            let (last, column) = (edge % 2 == 1, edge >= 2);
            let (across, along) = if column { (horizontal, vertical) } else { (vertical, horizontal) };
            let length = |layout: &Layout| if column { layout.height } else { layout.width };
            let (small, large) =
                if adjoint { (length(&target), length(&source)) } else { (length(&source), length(&target)) };
            // A row takes the corners with it.
            let beyond = usize::from(!column);
            let line = large + 2 * beyond;
            let padding = 1 - beyond as isize;
            let tap = if last { 3 } else { 0 };
            let axes = |inputs, outputs, factors, before| {
                [Axis::new(1, 1, 1, [1, 1], 0), Axis::new(inputs, outputs, 4, factors, before)]
            };
            let taps = |l: usize| if column { (l, tap) } else { (tap, l) };
            let [from, to] = if adjoint { [line, small] } else { [small, line] };
            let [from, to] = [(channels[1], from), (channels[0], to)]
                .map(|(channels, width)| Layout::new(Shape::map(channels, 1, width), 0));
            let correlation = if adjoint {
                let axes = axes(line, small, [1, 2], padding);
                let weight = |o, i, _, l| {
                    let (k, l) = taps(l);
                    weight(o, i, k, l)
                };
                Correlation::of_map(settings, &axes, channels, &from, weight)
            } else {
                let axes = axes(small, line, [2, 1], 3 - padding);
                let weight = |o, i, _, l: usize| {
                    let (k, l) = taps(3 - l);
                    weight(o, i, k, l)
                };
                Correlation::of_map(settings, &axes, channels, &from, weight)
            };
            let from = Layout { border: correlation.border(), ..from };
            let line = if adjoint { from } else { to };
            // The filter's tap across the edge that meets the pixel outside of it.
            let factor = -across[if last { 2 } else { 0 }];
            Edge { correlation, line, from, to, taps: along.map(|tap| tap * factor), beyond }
        };
        Self { each: (0..EDGES).map(edge).collect(), adjoint, source, target }
    }

    /// Floats for the values, and for what they are made from.
    pub(crate) fn scratch(&self, batch: usize) -> usize {
        let values = EDGES * batch * self.values_len();
        let lines = self.each.iter().map(|edge| batch * (edge.from.len() + edge.to.len() + self.source_len()));
        values + lines.max().unwrap_or(0)
    }

    /// Floats of one edge of the target.
    fn values_len(&self) -> usize {
        self.target.planes * self.target.height.max(self.target.width) * LANES
    }

    /// Floats of one edge of the source.
    fn source_len(&self) -> usize {
        self.source.planes * self.source.height.max(self.source.width) * LANES
    }

    /// Computes what is to be added, into the scratch memory.
    pub(crate) fn apply(&self, run: &Run, source: &Source) -> EdgeValues {
        let Layout { planes, height, width, .. } = self.target;
        let (data, len, size) = (run.scratch, self.values_len(), [height, width]);
        let values = EdgeValues { data, len, planes, size, candidates: run.active };
        let memory = run.scratch.wrapping_add(EDGES * run.active * self.values_len());
        for (index, edge) in self.each.iter().enumerate() {
            let from = Tensor { data: memory, stride: edge.from.len(), layout: edge.from };
            let to = memory.wrapping_add(run.active * edge.from.len());
            let to = Tensor { data: to, stride: edge.to.len(), layout: edge.to };
            // SAFETY: as much memory is there, and no other task uses it.
            unsafe { std::slice::from_raw_parts_mut(memory, run.active * edge.from.len()).fill(0.0) };
            run.tasks(run.active * self.source.planes, |_, task| {
                let (candidate, plane) = (task / self.source.planes, task % self.source.planes);
                // SAFETY: behind the correlation's result, a task has a line of its own.
                let line =
                    unsafe { to.candidate(run.active).add(task * self.source.height.max(self.source.width) * LANES) };
                run.instructions.run(Read { edges: self, edge, index, source, candidate, plane, line, from });
            });
            edge.correlation.apply(run, &Source::plain(from), &Target::plain(to));
            run.tasks(run.active * self.target.planes, |_, task| {
                let (candidate, plane) = (task / self.target.planes, task % self.target.planes);
                run.instructions.run(Write { edges: self, edge, index, candidate, plane, from: to, values });
            });
        }
        values
    }
}

/// Reads an edge of the source; of the adjoint's, filters it.
struct Read<'a> {
    edges: &'a Edges,
    edge: &'a Edge,
    index: usize,
    source: &'a Source,
    candidate: usize,
    plane: usize,
    line: *mut f32,
    from: Tensor,
}

impl Vectorized for Read<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { edges, edge, index, source, candidate, plane, line, from } = self;
        let layout = edges.source;
        let (last, column) = (index % 2 == 1, index >= 2);
        let at = |size: usize| if last { size as isize - 1 } else { 0 };
        let (corner, size) = if column {
            ([0, at(layout.width)], [layout.height, 1])
        } else {
            ([at(layout.height), 0], [1, layout.width])
        };
        let length = size[0] * size[1];
        // SAFETY: the line has room for an edge, and the correlation's source for it and the taps beyond.
        unsafe {
            let to = from.candidate(candidate).add(from.layout.row(plane, 0));
            if !edges.adjoint {
                source.read::<L>(candidate, plane, corner, size, to);
                return;
            }
            source.read::<L>(candidate, plane, corner, size, line);
            filter::<L>(edge, line, length, to, true);
        }
    }
}

/// Writes the values of an edge of the target; of the doubling map's, filters them.
struct Write<'a> {
    edges: &'a Edges,
    edge: &'a Edge,
    index: usize,
    candidate: usize,
    plane: usize,
    from: Tensor,
    values: EdgeValues,
}

impl Vectorized for Write<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { edges, edge, index, candidate, plane, from, values } = self;
        let length = if index >= 2 { edges.target.height } else { edges.target.width };
        // SAFETY: the values of an edge are as many as the target's pixels along it.
        unsafe {
            let to = values.of(index, candidate, plane);
            let line = from.candidate(candidate).add(from.layout.row(plane, 0)).cast_const();
            if edges.adjoint {
                for t in 0..length {
                    L::load(line.add(t * LANES)).store(to.add(t * LANES));
                }
                return;
            }
            filter::<L>(edge, line, length, to, false);
        }
    }
}

/// The filter along a line of `u`, or its adjoint, which makes the line from an edge of `length` pixels.
///
/// # Safety
/// Both must be there, `to` writable, and the processor must have the instruction set of `L`.
#[inline(always)]
unsafe fn filter<L: Lanes>(edge: &Edge, from: *const f32, length: usize, to: *mut f32, adjoint: bool) {
    let (inputs, outputs) = if adjoint { (length, edge.line.width) } else { (edge.line.width, length) };
    // Pixel `j` of the edge meets the pixels `j − 1 + beyond` to `j + 1 + beyond` of the line.
    for t in 0..outputs {
        // SAFETY: only what is inside of the line is read.
        unsafe {
            let mut value = L::splat(0.0);
            for (l, &tap) in edge.taps.iter().enumerate() {
                let at =
                    if adjoint { (t + 1).checked_sub(l + edge.beyond) } else { (t + l + edge.beyond).checked_sub(1) };
                if let Some(at) = at.filter(|&at| at < inputs) {
                    value = L::load(from.add(at * LANES)).mul_add(L::splat(tap), value);
                }
            }
            value.store(to.add(t * LANES));
        }
    }
}
