//! How many pictures are done, and how long the others take.

use std::time::Instant;

/// The place of one search among all of them.
#[derive(Clone, Copy)]
pub(super) struct Course {
    /// When the first one began.
    pub(super) started: Instant,
    /// The picture's number among all, from 1.
    pub(super) number: usize,
    /// How many there are, those among them that earlier runs finished.
    pub(super) of: usize,
    /// How many pictures are done, of those to be searched for.
    pub(super) behind: f64,
    /// What part of a picture's search this one is: less than 1 where it has several faces.
    pub(super) share: f64,
    /// How many pictures are to be searched for.
    pub(super) open: usize,
}

impl Course {
    /// The time left for all, when the present search is done to this `fraction` and the others go as those so far;
    /// nothing when it has only begun.
    pub(super) fn seconds_left(&self, fraction: f64) -> Option<f64> {
        left(self.started.elapsed().as_secs_f64(), self.behind + fraction * self.share, self.open as f64)
    }

    /// The search for one of `count` faces in the picture, counted from 0.
    pub(super) fn face(self, index: usize, count: usize) -> Self {
        let share = self.share / count as f64;
        Self { behind: self.behind + index as f64 * share, share, ..self }
    }
}

/// What is left of `all` when `done` of it took `elapsed` seconds.
fn left(elapsed: f64, done: f64, all: f64) -> Option<f64> {
    (done > 0.01).then(|| elapsed * (all - done).max(0.0) / done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_takes_as_long_as_what_was() {
        assert_eq!(left(10.0, 2.5, 10.0), Some(30.0));
        assert_eq!(left(10.0, 10.0, 10.0), Some(0.0));
        assert_eq!(left(10.0, 0.001, 10.0), None);
    }
}
