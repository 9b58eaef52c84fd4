//! How the loss of each candidate went down, in bounded memory.

use pulse_core::event::{SearchEvent, Step};
use pulse_core::tape::Tape;

use crate::Result;

/// The most steps that are kept of one candidate.
const MOST_POINTS: usize = 128;
/// The most candidates that are kept; more curves than this cannot be told apart.
const MOST_CURVES: usize = 256;

/// The curves of one search. Give it every event.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    curves: Vec<Curve>,
}

/// The course of one candidate, thinned out evenly.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    points: Vec<Point>,
    /// Steps taken so far.
    taken: usize,
    /// One step in so many is kept.
    stride: usize,
}

/// One step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// How many steps were taken before, those before restarts among them.
    pub step: usize,
    /// The weighted sum of the losses.
    pub total: f64,
    /// The consistency in dB.
    pub db: f64,
}

impl Curves {
    /// Takes note of what happened.
    pub fn event(&mut self, event: &SearchEvent<'_>) {
        match event {
            // A search that goes on has some already.
            SearchEvent::Started { candidates, .. } if self.curves.is_empty() => {
                self.curves = vec![Curve { stride: 1, ..Curve::default() }; (*candidates).min(MOST_CURVES)];
            }
            SearchEvent::Step(step) => {
                if let Some(curve) = self.curves.get_mut(step.candidate) {
                    curve.step(step);
                }
            }
            _ => {}
        }
    }

    /// All of them, to a tape or from there.
    ///
    /// # Errors
    /// As those of the tape.
    pub fn pass(&mut self, tape: &mut Tape) -> Result<()> {
        tape.list(&mut self.curves, Curve::default, |tape, curve| {
            tape.count(&mut curve.taken)?;
            tape.count(&mut curve.stride)?;
            tape.list(&mut curve.points, Point::default, |tape, Point { step, total, db }| {
                tape.count(step)?;
                tape.real(total)?;
                tape.real(db)
            })
        })
    }

    /// The curve of each candidate, by its place.
    pub fn all(&self) -> &[Curve] {
        &self.curves
    }
}

impl Curve {
    /// What was kept, in order.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    fn step(&mut self, step: &Step<'_>) {
        if self.taken.is_multiple_of(self.stride) {
            if self.points.len() == MOST_POINTS {
                self.stride *= 2;
                let stride = self.stride;
                self.points.retain(|point| point.step.is_multiple_of(stride));
            }
            if self.taken.is_multiple_of(self.stride) {
                self.points.push(Point { step: self.taken, total: step.total, db: step.db });
            }
        }
        self.taken += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_the_whole_course_is_kept() {
        let mut curves = Curves::default();
        curves.event(&SearchEvent::Started { candidates: 100_000, steps: 1000 });
        assert_eq!(curves.all().len(), MOST_CURVES);
        for taken in 0..10_000 {
            for candidate in [0, 99_999] {
                let (total, db) = (1.0 / (taken + 1) as f64, taken as f64);
                let step = Step::new(candidate, taken, total, db);
                curves.event(&SearchEvent::Step(step));
            }
        }
        let points = curves.all()[0].points();
        assert!((MOST_POINTS / 2..=MOST_POINTS).contains(&points.len()));
        let gap = points[1].step;
        assert!(points.windows(2).all(|pair| pair[1].step - pair[0].step == gap));
        assert!(points[0].step == 0 && points[points.len() - 1].step + gap >= 10_000);
        assert!(points.iter().all(|point| point.db == point.step as f64));
    }
}
