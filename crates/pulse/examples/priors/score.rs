//! How near candidates are to the truth, and whether they say so themselves.

use std::fmt;

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

/// How wide intervals have to be: what the errors of several pictures are, in half widths of their intervals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calibration {
    pictures: Vec<Vec<f64>>,
}

impl Calibration {
    /// The errors in one picture.
    pub(crate) fn add(&mut self, ratios: Vec<f64>) {
        self.pictures.push(ratios);
    }
}

/// The share that is held, the factor by which the first half of the pictures asks for wider intervals, and the share of the second
/// half that is held then.
impl fmt::Display for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.pictures.split_at(self.pictures.len().div_ceil(2));
        let share = |of: &[Vec<f64>], factor: f64| {
            let all = || of.iter().flatten();
            all().filter(|&&ratio| ratio <= factor).count() as f64 / all().count().max(1) as f64
        };
        let mut sorted: Vec<f64> = first.iter().flatten().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let nine_of_ten = (sorted.len() * 9).div_ceil(10).saturating_sub(1);
        let factor = sorted.get(nine_of_ten).copied().unwrap_or(1.0);
        let held = share(&self.pictures, 1.0);
        write!(
            f,
            "held {held:.3}; a factor of {factor:.2}, from one half, holds {:.3} of the other",
            share(second, factor)
        )
    }
}

impl Score {
    /// How far each number of the truth is from the candidates' mean, in half widths of the interval.
    pub(crate) fn ratios(truth: &Image, candidates: &[&Image]) -> Vec<f64> {
        let count = candidates.len() as f64;
        let ratio = |place: usize| {
            let own = |candidate: &&Image| f64::from(candidate.values()[place]);
            let mean = candidates.iter().map(own).sum::<f64>() / count;
            let variance = candidates.iter().map(|c| (own(c) - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
            let off = ((f64::from(truth.values()[place]) - mean).abs() - ROUNDING).max(0.0);
            if off == 0.0 { 0.0 } else { off / (STUDENT_7 * (variance * (1.0 + 1.0 / count)).sqrt()) }
        };
        (0..truth.values().len()).map(ratio).collect()
    }

    pub(crate) fn of(truth: &Image, candidates: &[&Image]) -> Self {
        let count = candidates.len() as f64;
        let ratios = Self::ratios(truth, candidates);
        let held = ratios.iter().filter(|&&ratio| ratio <= 1.0).count() as f64 / ratios.len() as f64;
        let mean = |place: usize| candidates.iter().map(|c| f64::from(c.values()[place])).sum::<f64>() / count;
        let off = |place: usize| f64::from(truth.values()[place]) - mean(place);
        let mean_squares = (0..ratios.len()).map(|place| off(place).powi(2)).sum::<f64>() / ratios.len() as f64;
        let error = candidates.iter().map(|candidate| distance(truth, candidate)).sum::<f64>() / count;
        let pairs = (0..candidates.len()).flat_map(|i| (0..i).map(move |k| (i, k)));
        let distances: Vec<f64> = pairs.map(|(i, k)| distance(candidates[i], candidates[k])).collect();
        let apart = distances.iter().sum::<f64>() / distances.len().max(1) as f64;
        Self { held, mean_error: 255.0 * mean_squares.sqrt(), error, distance: apart, energy: error - 0.5 * apart }
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
