//! Random numbers for the making of problems.

use pulse::random::Stream;

/// Standard normal numbers, one after the other, of one named stream.
pub(crate) struct Draws {
    stream: Stream,
}

impl Draws {
    /// Other streams than those of candidates: their input is the last one.
    pub(crate) fn new(seed: u64) -> Self {
        Self { stream: Stream { seed, candidate: 0, draw: 0, input: u16::MAX } }
    }

    pub(crate) fn normals(&mut self, count: usize) -> Vec<f64> {
        let mut numbers = vec![0.0; count];
        self.stream.fill_normal(&mut numbers);
        self.stream.candidate += 1;
        numbers.into_iter().map(f64::from).collect()
    }

    /// Positive weights that sum to 1 (Dirichlet, each of 2).
    pub(crate) fn weights(&mut self, count: usize) -> Vec<f64> {
        let sums: Vec<f64> = (0..count).map(|_| self.normals(4).iter().map(|n| n * n).sum()).collect();
        let all: f64 = sums.iter().sum();
        sums.into_iter().map(|sum| sum / all).collect()
    }

    /// A place in a list of weights, by their sizes.
    pub(crate) fn choice(&mut self, weights: &[f64]) -> usize {
        // The angle of two normal numbers is uniform.
        let pair = self.normals(2);
        let mut left = pair[0].atan2(pair[1]) / std::f64::consts::TAU + 0.5;
        for (place, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return place;
            }
        }
        weights.len() - 1
    }
}
