//! A map by a scheme.

use std::marker::PhantomData;

use super::factors::Factors;
use super::products::Products;
use super::scheme::Scheme;
use super::tiles::{Finish, Tiles, Transform, Transformed, stride};
use crate::cpu::lanes::Run;
use crate::cpu::linear::map::LinearMap;
use crate::cpu::linear::source::{Reads, Source};
use crate::cpu::linear::target::Target;

/// A convolution or transposed convolution between blocked maps, whose scheme says of what kind.
pub(crate) struct Winograd<S> {
    factors: Factors,
    tiles: Tiles,
    /// How many tiles a task takes from the source to the target; none where the whole source is transformed
    /// before anything else.
    at_once: Option<usize>,
    scheme: PhantomData<S>,
}

impl<S: Scheme> Winograd<S> {
    /// `size` is that of the target; `at_once` says how many tiles a task takes from the source to the target, or none
    /// where the whole source is transformed before anything else.
    pub(crate) fn new(factors: Factors, size: [usize; 2], at_once: Option<usize>) -> Self {
        Self { tiles: Tiles::of::<S>(size), factors, at_once, scheme: PhantomData }
    }

    pub(crate) fn factors(&self) -> &Factors {
        &self.factors
    }

    pub(crate) fn at_once(&self) -> Option<usize> {
        self.at_once
    }

    /// Transformed tiles of the source, and the sums of so many planes of the target, at the start of this memory.
    fn memory(&self, start: *mut f32, [first, tiles]: [usize; 2], planes: usize) -> [Transformed; 2] {
        let at = |data: *mut f32, planes: usize| Transformed { data, first, tiles, stride: stride(planes, tiles) };
        let transformed = at(start, self.factors.in_planes);
        [transformed, at(start.wrapping_add(S::INPUTS * transformed.stride), planes)]
    }

    /// Floats of the same.
    fn memory_len(&self, tiles: usize, planes: usize) -> usize {
        S::INPUTS * stride(self.factors.in_planes, tiles) + S::SUMS * stride(planes, tiles)
    }

    /// A task takes some tiles from the source to the target.
    fn apply_locally(&self, run: &Run, source: &Source, target: &Target, chunk: usize) {
        let count = self.tiles.of_candidates(run.active);
        run.tasks(count.div_ceil(chunk), |worker, task| {
            let first = task * chunk;
            let tiles = [first, count.min(first + chunk)];
            let start = run.scratch.wrapping_add(worker * self.memory_len(chunk, self.factors.vectors));
            let [transformed, sums] = self.memory(start, [first, chunk], self.factors.vectors);
            for plane in 0..self.factors.in_planes {
                run.instructions.run(Transform::<S>::new(self.tiles, source, plane, tiles, transformed));
            }
            for group in 0..self.factors.groups() {
                let groups = [group, group + 1];
                run.instructions.run(Products {
                    factors: &self.factors,
                    groups,
                    sums: [0, S::SUMS],
                    tiles,
                    transformed,
                    to: sums,
                });
                let planes =
                    [group * self.factors.vectors, self.factors.out_planes().min((group + 1) * self.factors.vectors)];
                run.instructions.run(Finish::<S>::new(self.tiles, target, planes, tiles, sums, planes[0]));
            }
        });
    }

    /// The whole source is transformed before anything else, and all sums are taken before any tile is made of them: so
    /// factors are read once.
    fn apply_in_turn(&self, run: &Run, source: &Source, target: &Target) {
        let count = self.tiles.of_candidates(run.active);
        let planes = self.factors.groups() * self.factors.vectors;
        let [transformed, sums] = self.memory(run.scratch, [0, count], planes);
        let one = self.tiles.of_candidates(1);
        run.tasks(run.active * self.factors.in_planes, |_, task| {
            let (candidate, plane) = (task / self.factors.in_planes, task % self.factors.in_planes);
            let range = [candidate * one, (candidate + 1) * one];
            run.instructions.run(Transform::<S>::new(self.tiles, source, plane, range, transformed));
        });
        let chunks = count.div_ceil(S::TILES);
        let chunk = count.div_ceil(chunks);
        let tiles = |task: usize| [task % chunks * chunk, count.min((task % chunks + 1) * chunk)];
        run.tasks(S::SUMS * chunks, |_, task| {
            let sum = task / chunks;
            let [groups, each] = [[0, self.factors.groups()], [sum, sum + 1]];
            run.instructions.run(Products {
                factors: &self.factors,
                groups,
                sums: each,
                tiles: tiles(task),
                transformed,
                to: sums,
            });
        });
        run.tasks(self.factors.out_planes() * chunks, |_, task| {
            let planes = [task / chunks, task / chunks + 1];
            run.instructions.run(Finish::<S>::new(self.tiles, target, planes, tiles(task), sums, 0));
        });
    }
}

impl<S: Scheme> LinearMap for Winograd<S> {
    fn describe(&self) -> String {
        S::NAME.into()
    }

    fn reads(&self) -> Reads {
        Reads::Descending
    }

    fn piece(&self) -> Option<[usize; 2]> {
        Some([S::SIDES[1]; 2])
    }

    fn weights(&self) -> usize {
        self.factors.len()
    }

    fn apply(&self, run: &Run, source: &Source, target: &Target) {
        match self.at_once {
            Some(chunk) => self.apply_locally(run, source, target, chunk),
            None => self.apply_in_turn(run, source, target),
        }
    }

    fn scratch(&self, batch: usize, workers: usize) -> usize {
        match self.at_once {
            Some(chunk) => workers * self.memory_len(chunk, self.factors.vectors),
            None => self.memory_len(self.tiles.of_candidates(batch), self.factors.groups() * self.factors.vectors),
        }
    }
}
