//! How near candidates are to the truth, and whether they say so themselves.

use pulse::image::Image;

/// Half the width of a 90% interval of Student's distribution with 7 degrees of freedom, in standard deviations: for the next of
/// eight candidates.
const STUDENT_7: f64 = 1.895;

/// What is known exactly is held, though single precision rounds it.
const ROUNDING: f64 = 1e-5;

/// Figures of one truth's candidates. Errors are in levels of 255.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Score {
    /// The share of the truth's numbers within the interval of the candidates.
    pub(crate) held: f64,
    /// The root mean square error of the candidates' mean.
    pub(crate) mean_error: f64,
    /// That of one candidate, on average.
    pub(crate) error: f64,
    /// The mean distance between two candidates.
    pub(crate) distance: f64,
    /// The energy score: the mean error of one, less half the mean distance.
    pub(crate) energy: f64,
}

impl Score {
    pub(crate) fn of(truth: &Image, candidates: &[&Image]) -> Self {
        let count = candidates.len() as f64;
        let numbers = truth.values().len();
        let (mut held, mut mean_squares) = (0usize, 0.0);
        for place in 0..numbers {
            let own = |candidate: &&Image| f64::from(candidate.values()[place]);
            let mean = candidates.iter().map(own).sum::<f64>() / count;
            let variance = candidates.iter().map(|c| (own(c) - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
            let off = (f64::from(truth.values()[place]) - mean).abs();
            held += usize::from(off <= STUDENT_7 * (variance * (1.0 + 1.0 / count)).sqrt() + ROUNDING);
            mean_squares += off * off;
        }
        let error = candidates.iter().map(|candidate| distance(truth, candidate)).sum::<f64>() / count;
        let pairs = (0..candidates.len()).flat_map(|i| (0..i).map(move |k| (i, k)));
        let distances: Vec<f64> = pairs.map(|(i, k)| distance(candidates[i], candidates[k])).collect();
        let apart = distances.iter().sum::<f64>() / distances.len().max(1) as f64;
        Self {
            held: held as f64 / numbers as f64,
            mean_error: 255.0 * (mean_squares / numbers as f64).sqrt(),
            error,
            distance: apart,
            energy: error - 0.5 * apart,
        }
    }

    /// The mean of several, but the root mean square of the mean's errors, as of all pictures together.
    pub(crate) fn mean(scores: &[Self]) -> Self {
        let count = scores.len().max(1) as f64;
        let mean = |of: fn(&Self) -> f64| scores.iter().map(of).sum::<f64>() / count;
        Self {
            held: mean(|s| s.held),
            mean_error: mean(|s| s.mean_error.powi(2)).sqrt(),
            error: mean(|s| s.error),
            distance: mean(|s| s.distance),
            energy: mean(|s| s.energy),
        }
    }
}

/// The root mean squared difference, in levels.
pub(crate) fn distance(a: &Image, b: &Image) -> f64 {
    255.0 * a.mean_squared_difference(b).sqrt()
}
