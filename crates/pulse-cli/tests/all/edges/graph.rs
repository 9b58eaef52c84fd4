//! A graph of names, and the circles in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

/// Where an edge is seen in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: usize,
}

/// Edges from name to name, each with one place that makes it.
#[derive(Debug, Default)]
pub(super) struct Graph(BTreeMap<String, BTreeMap<String, Place>>);

impl Graph {
    pub(super) fn add(&mut self, from: &str, to: &str, place: &Place) {
        self.0.entry(to.to_owned()).or_default();
        self.0.entry(from.to_owned()).or_default().entry(to.to_owned()).or_insert_with(|| place.clone());
    }

    /// For each set of names that reach each other: who they are, and a shortest circle among them, edge by edge.
    pub(super) fn circles(&self) -> Vec<String> {
        let mut told = BTreeSet::new();
        let mut circles = Vec::new();
        for start in self.0.keys() {
            let knot: BTreeSet<_> =
                self.reached(start).into_iter().filter(|name| self.reached(name).contains(start.as_str())).collect();
            if knot.is_empty() || !told.insert(knot.clone()) {
                continue;
            }
            let shortest = knot.iter().filter_map(|name| self.circle(name)).min_by_key(Vec::len).unwrap_or_default();
            let names: Vec<_> = knot.into_iter().collect();
            let mut text = format!("{} reach each other:", names.join(", "));
            for (from, to) in shortest.iter().zip(&shortest[1..]) {
                let Place { file, line } = &self.0[*from][*to];
                _ = write!(text, "\n  {from} -> {to}: {file}:{line}");
            }
            circles.push(text);
        }
        circles
    }

    /// The names that lie behind one or more edges of `start`.
    fn reached<'g>(&'g self, start: &'g str) -> BTreeSet<&'g str> {
        self.steps(start).into_keys().collect()
    }

    /// The names of a shortest circle through `start`, which begins and ends it.
    fn circle<'g>(&'g self, start: &'g str) -> Option<Vec<&'g str>> {
        let steps = self.steps(start);
        let mut names = vec![start, *steps.get(start)?];
        while let Some(&last) = names.last()
            && last != start
        {
            names.push(steps[last]);
        }
        names.reverse();
        Some(names)
    }

    /// The names that can be reached from `start`, each with the one before it on a shortest way.
    fn steps<'g>(&'g self, start: &'g str) -> BTreeMap<&'g str, &'g str> {
        let (mut steps, mut next) = (BTreeMap::new(), VecDeque::from([start]));
        while let Some(name) = next.pop_front() {
            for to in self.0[name].keys() {
                if !steps.contains_key(to.as_str()) {
                    steps.insert(to.as_str(), name);
                    next.push_back(to);
                }
            }
        }
        steps
    }
}
