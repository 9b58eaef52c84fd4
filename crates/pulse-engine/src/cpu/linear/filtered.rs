//! A linear map with a filter behind it, or before it.

use super::map::LinearMap;
use super::source::{Reads, Source};
use super::target::Target;
use crate::cpu::lanes::{Layout, Run, Tensor, clear_border};
use crate::cpu::linear::direct::Band;
use crate::{Fir, Shape};

/// A map with a filter behind it, or before it.
pub(crate) struct Filtered {
    map: Box<dyn LinearMap>,
    band: Band,
    /// What lies between the two.
    between: Layout,
    /// Width of what the filter reads.
    width: usize,
    after: bool,
}

/// A map and its adjoint with a filter behind it, which takes a map of the first shape to the second.
pub(crate) fn filtered(
    maps: [Box<dyn LinearMap>; 2],
    fir: &Fir,
    [between, result]: [Shape; 2],
) -> [Box<dyn LinearMap>; 2] {
    let [band, adjoint] = Band::pair(fir);
    let [forward, backward] = maps;
    let (layout, width) = (Layout::new(between, 0), |shape| Layout::new(shape, 0).width);
    let bordered = Layout { border: backward.border(), ..layout };
    [
        Box::new(Filtered { map: forward, band, between: layout, width: width(between), after: true }),
        Box::new(Filtered { map: backward, band: adjoint, between: bordered, width: width(result), after: false }),
    ]
}

impl LinearMap for Filtered {
    fn describe(&self) -> String {
        let map = self.map.describe();
        if self.after { format!("{map}, filter") } else { format!("filter, {map}") }
    }

    fn apply(&self, run: &Run, source: &Source, target: &Target) {
        let between = Tensor { data: run.scratch, stride: self.between.len(), layout: self.between };
        let rest = Run { scratch: run.scratch.wrapping_add(run.active * self.between.len()), ..*run };
        if self.after {
            self.map.apply(&rest, source, &Target::plain(between));
            self.band.apply(&rest, &Source::plain(between), target);
        } else {
            clear_border(run, between);
            self.band.apply(&rest, source, &Target::plain(between));
            self.map.apply(&rest, &Source::plain(between), target);
        }
    }

    fn reads(&self) -> Reads {
        if self.after { self.map.reads() } else { Reads::Descending }
    }

    fn piece(&self) -> Option<[usize; 2]> {
        if self.after { Some(Band::piece()) } else { self.map.piece() }
    }

    fn weights(&self) -> usize {
        self.map.weights()
    }

    fn border(&self) -> usize {
        if self.after { self.map.border() } else { 0 }
    }

    fn scratch(&self, batch: usize, workers: usize) -> usize {
        let rest = self.map.scratch(batch, workers).max(self.band.scratch(self.width, workers));
        batch * self.between.len() + rest
    }
}
