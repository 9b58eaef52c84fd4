//! A transposed convolution of stride 2 and the filter behind it as one map.

use super::edges::Edges;
use super::map::LinearMap;
use super::source::{Reads, Source};
use super::target::{Target, Writing};
use super::winograd::{Scheme, Winograd};
use crate::cpu::lanes::Run;

/// One of the two directions.
pub(super) struct Doubled<S> {
    pub(super) map: Winograd<S>,
    /// The correction at the map's edges: what the pixels would add that the convolution's padding cuts off.
    pub(super) edges: Option<Edges>,
}

/// The weights of a transposed convolution from `i` to `o` with a filter of these taps behind it, as of one of 6 x 6 pixels.
pub(super) fn combined<'a>(
    weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync + 'a,
    [vertical, horizontal]: [&'a [f32]; 2],
    kernel: usize,
    padding: usize,
) -> impl Fn(usize, usize, usize, usize) -> f32 + Sync + 'a {
    // Tap `d + 2` of the whole is `Σ_m f[m] K[d + m − 1 + padding]`.
    move |o, i, k, l| {
        let pairs = |at: usize| (0..vertical.len()).filter_map(move |m| Some((m, (at + m + padding).checked_sub(3)?)));
        let mut sum = 0.0;
        for (m, k) in pairs(k).filter(|pair| pair.1 < kernel) {
            for (n, l) in pairs(l).filter(|pair| pair.1 < kernel) {
                sum += vertical[m] * horizontal[n] * weight(o, i, k, l);
            }
        }
        sum
    }
}

impl<S: Scheme> LinearMap for Doubled<S> {
    fn describe(&self) -> String {
        self.map.describe()
    }

    fn apply(&self, run: &Run, source: &Source, target: &Target) {
        let Some(edges) = &self.edges else { return self.map.apply(run, source, target) };
        let values = edges.apply(run, source);
        let rest = Run { scratch: run.scratch.wrapping_add(edges.scratch(run.active)), ..*run };
        let writing = Writing { edges: Some(values), ..target.writing };
        self.map.apply(&rest, source, &Target::new(target.tensor, &writing));
    }

    fn reads(&self) -> Reads {
        self.map.reads()
    }

    fn piece(&self) -> Option<[usize; 2]> {
        self.map.piece()
    }

    fn weights(&self) -> usize {
        self.map.weights()
    }

    fn border(&self) -> usize {
        self.map.border()
    }

    fn scratch(&self, batch: usize, workers: usize) -> usize {
        self.edges.as_ref().map_or(0, |edges| edges.scratch(batch)) + self.map.scratch(batch, workers)
    }
}
