//! Candidates that are plainly worse than the others of their run, and are searched for again.
//!
//! One candidate in twenty or so ends in a basin from which its details cannot make up for its latent: before the exact end it is 5 to
//! 12 dB further from the target than the others, and it looks broken. A fresh start is all that it needs.

use crate::candidate::Candidate;

/// The candidates that all are compared with: the first ones, so that more of them change nothing for those that are found.
const COMPARED: usize = 8;

/// A candidate that is further than this below the median of those, in dB before the exact end, is broken.
const BROKEN_DB: f64 = 5.0;

/// At most one in so many is searched for again: of the time that the search takes without it, at most that share more.
const ONE_IN: usize = 4;

/// Which candidates are to be searched for again.
#[derive(Debug)]
pub(super) struct Again {
    /// What a candidate has to reach, in dB before the exact end: no number before the first ones are found.
    pub(super) least: f64,
    /// Of how many it is decided.
    pub(super) decided: usize,
    /// How many of those are searched for again.
    pub(super) chosen: usize,
    /// Those that have not begun, by their numbers.
    pub(super) waiting: Vec<usize>,
}

impl Default for Again {
    fn default() -> Self {
        Self { least: f64::NAN, decided: 0, chosen: 0, waiting: Vec::new() }
    }
}

impl Again {
    /// Decides about those candidates that are new. All are there that have a number below `found.len()`.
    pub(super) fn decide(&mut self, found: &[Candidate]) {
        if found.len() < COMPARED {
            return;
        }
        let mut by_number = vec![0.0; found.len()];
        for candidate in found {
            by_number[candidate.index] = candidate.searched_db;
        }
        if self.least.is_nan() {
            self.least = median(&by_number[..COMPARED]) - BROKEN_DB;
        }
        for (number, db) in by_number.iter().enumerate().skip(self.decided) {
            if *db < self.least && ONE_IN * self.chosen < number + 1 {
                self.chosen += 1;
                self.waiting.push(number);
            }
        }
        self.decided = found.len();
    }
}

/// Whether each of a set of candidates is broken, beside the others.
pub(super) fn broken(found: &[Candidate]) -> Vec<bool> {
    let all: Vec<_> = found.iter().map(|candidate| candidate.searched_db).collect();
    let least = if all.len() < COMPARED { f64::NEG_INFINITY } else { median(&all) - BROKEN_DB };
    all.into_iter().map(|db| db < least).collect()
}

fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Image;

    fn found(searched: &[f64]) -> Vec<Candidate> {
        let dot = Image::new(1, 1, 1, vec![0.0]).unwrap();
        let candidate =
            |(index, &searched_db): (usize, &f64)| Candidate { index, searched_db, ..Candidate::blank(&dot) };
        searched.iter().enumerate().map(candidate).collect()
    }

    fn chosen(searched: &[f64]) -> Vec<usize> {
        let mut again = Again::default();
        again.decide(&found(searched));
        again.waiting
    }

    #[test]
    fn what_is_far_below_the_others_is_searched_for_again() {
        let mut searched = [44.0, 45.0, 45.2, 33.0, 44.5, 45.0, 41.0, 45.1];
        assert_eq!(chosen(&searched), [3]);
        // A hard target is hard for all.
        searched = [30.0, 31.0, 28.0, 29.0, 33.0, 30.5, 27.0, 30.0];
        assert_eq!(chosen(&searched), [0; 0]);
        // Too few to tell.
        assert_eq!(chosen(&searched[..4]), [0; 0]);
    }

    #[test]
    fn at_most_one_in_four_is() {
        let searched: Vec<_> = (0..40).map(|number| if number < 8 { 45.0 } else { 30.0 }).collect();
        assert_eq!(chosen(&searched).len(), 10);
    }

    #[test]
    fn more_candidates_change_nothing_for_those_that_are_there() {
        let searched: Vec<_> = (0..32).map(|number| 45.0 - f64::from(number * 7 % 11)).collect();
        let whole = chosen(&searched);
        for first in 8..32 {
            let mut again = Again::default();
            again.decide(&found(&searched[..first]));
            assert_eq!(again.waiting, whole.iter().copied().filter(|&number| number < first).collect::<Vec<_>>());
        }
    }
}
