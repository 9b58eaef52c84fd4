//! Numbers taken from elsewhere.

#![allow(unsafe_code)]

use crate::cpu::lanes::{Kernel, Layout, Run, Tensor, Values};
use crate::{Gather, Shape};

/// `y[i] = x[index[i]]`.
pub(crate) struct Gathered {
    /// Pairs of places, in the result and in the argument, both without borders, for all that is taken from somewhere.
    places: Vec<[u32; 2]>,
    /// The two layouts that they are places of.
    layouts: [Layout; 2],
}

impl Gathered {
    pub(crate) fn new(gather: &Gather, argument: Shape) -> Self {
        let [to, from] = [gather.shape, argument].map(|shape| Layout::new(shape, 0));
        let taken = gather.index.iter().enumerate().filter(|&(_, &index)| index != Gather::NOTHING);
        let places = taken.map(|(i, &index)| [to.offset(i) as u32, from.offset(index as usize) as u32]).collect();
        Self { places, layouts: [to, from] }
    }

    /// Visits every pair of places as the two tensors have them, which may have borders.
    #[inline(always)]
    fn each(&self, [to, from]: [&Layout; 2], mut visit: impl FnMut(usize, usize)) {
        if to.border == 0 && from.border == 0 {
            for &[to, from] in &self.places {
                visit(to as usize, from as usize);
            }
            return;
        }
        let within = |layout: &Layout, place: u32, bare: &Layout| {
            let (row, at) = (place as usize / bare.row_stride(), place as usize % bare.row_stride());
            layout.row(row / bare.height, row % bare.height) + at
        };
        for &[result, argument] in &self.places {
            visit(within(to, result, &self.layouts[0]), within(from, argument, &self.layouts[1]));
        }
    }
}

impl Kernel for Gathered {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        run.candidates(
            #[inline(always)]
            |candidate| {
                // SAFETY: one task has the candidate of `result`; the places lie in the two tensors.
                unsafe {
                    result.all_mut(candidate).fill(0.0);
                    let (to, from) = (result.candidate(candidate), arguments[0].candidate(candidate));
                    self.each([&result.layout, &arguments[0].layout], |i, index| *to.add(i) = *from.add(index));
                }
            },
        );
    }

    fn backward(&self, run: &Run, _: usize, _: &Values, gradient: Tensor, target: Tensor) {
        run.candidates(
            #[inline(always)]
            |candidate| {
                // SAFETY: as in `forward`, with `target` written.
                unsafe {
                    target.all_mut(candidate).fill(0.0);
                    let (to, from) = (target.candidate(candidate), gradient.candidate(candidate));
                    self.each([&gradient.layout, &target.layout], |i, index| *to.add(index) += *from.add(i));
                }
            },
        );
    }

    fn weights(&self) -> usize {
        self.places.len() * size_of::<[u32; 2]>() / size_of::<f32>()
    }
}
