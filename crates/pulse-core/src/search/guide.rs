//! Forces on the details of candidates, added to the loss: repulsion from each other, and attraction to examples.

use super::Repulsion;
use super::steering::Attraction;
use crate::Result;
use crate::tape::Tape;

/// The part of a push along a candidate's own detail that is left. Without any, a candidate would never get more or less
/// detail by it, only other detail; with all of it, candidates drift apart by their contrast.
const ALONG: f64 = 0.2;

/// The mean squared error up to which candidates fit well: 30 dB.
const WELL: f64 = 1e-3;

/// Two candidates nearer than this, a root mean square, push each other no harder.
const NEAREST: f64 = 1e-3;

/// The forces on candidates in the space of a [`View`](super::steering::View), of `numbers` numbers `f`.
///
/// - Repulsion: candidate `i` goes down the energy `−w(t) h(i) / (N − 1) Σ_j d(i, j)`, `d(i, j) = sqrt(mean (f_i − f_j)²)`, where
///   `f_j` are the others' details of the step before, `h` is the [`hardness`], and most of the force along `f_i` itself is taken
///   away.
/// - Attraction: the energy `w(t) mean m (f_i − e)²` for an example of details `e` and a mask `m`; `w` is constant for a region
///   that is kept, because that is consistent, and falls to 0 for any other example.
///
/// The others count as they were a step before, so that a set is the same in any batch: no candidate has to be run again to know
/// where the others are. All memory is allocated when it is made.
pub(super) struct Guide {
    spread: Option<Repulsion>,
    attractions: Vec<Attraction>,
    schedule: Schedule,
    candidates: usize,
    numbers: usize,
    /// The details of the step before, a row a candidate.
    before: Vec<f32>,
    /// Those of the step under way.
    now: Vec<f32>,
    /// Which candidates there were in the step before.
    there: Vec<bool>,
    /// Which have been in the step under way.
    came: Vec<bool>,
    gradient: Vec<f32>,
}

/// The factor on the repulsion of a candidate that fits badly: `max(1, misfit / 10⁻³)`. The gradient of the loss grows with the
/// misfit, and would leave nothing of a constant push where the generator hardly fits.
fn hardness(misfit: f64) -> f64 {
    (misfit / WELL).max(1.0)
}

/// When forces act, in steps.
#[derive(Clone, Copy)]
pub(super) struct Schedule {
    /// From here on they weaken.
    pub(super) weaken: usize,
    /// From here on there are none.
    pub(super) end: usize,
}

impl Schedule {
    /// Forces fall while features move, or in the second half of their time where none do.
    pub(super) fn new(steps: usize, features_from: usize, until: f64) -> Self {
        let end = (until * steps as f64) as usize;
        Self { weaken: if features_from < end { features_from } else { end / 2 }, end }
    }

    /// The factor on all forces while features move: 1, then linearly down to 0 at the end.
    fn late(self, step: usize) -> Option<f64> {
        (step >= self.weaken).then(|| match self.end.checked_sub(step) {
            Some(left) if left > 0 => left as f64 / (self.end - self.weaken) as f64,
            _ => 0.0,
        })
    }
}

impl Guide {
    pub(super) fn new(
        spread: Option<Repulsion>,
        attractions: Vec<Attraction>,
        schedule: Schedule,
        [candidates, numbers]: [usize; 2],
    ) -> Self {
        let memory = if spread.is_some() { candidates * numbers } else { 0 };
        Self {
            spread,
            attractions,
            schedule,
            candidates,
            numbers,
            before: vec![0.0; memory],
            now: vec![0.0; memory],
            there: vec![false; candidates],
            came: vec![false; candidates],
            gradient: vec![0.0; numbers],
        }
    }

    /// Whether any force acts in this step.
    pub(super) fn acts(&self, step: usize) -> bool {
        step < self.schedule.end
    }

    /// The gradient of all energies of one candidate, of this mean squared error beside the noise, with respect to its details.
    pub(super) fn gradient(&mut self, candidate: usize, step: usize, misfit: f64, details: &[f32]) -> &[f32] {
        self.gradient.fill(0.0);
        if let Some(spread) = self.spread {
            self.now[candidate * self.numbers..][..self.numbers].copy_from_slice(details);
            self.came[candidate] = true;
            let weight = match self.schedule.late(step) {
                Some(late) => late * spread.feature_weight,
                None => spread.weight,
            } * hardness(misfit);
            if weight > 0.0 {
                self.repel(candidate, details, weight);
                self.turn_aside(details);
            }
        }
        let late = self.schedule.late(step).unwrap_or(1.0);
        for attraction in &self.attractions {
            let weight = if attraction.lasts { attraction.weight } else { late * attraction.weight };
            let factor = 2.0 * weight / self.numbers as f64;
            let pairs = details.iter().zip(&attraction.details).zip(&attraction.mask);
            for (gradient, ((&own, &example), &mask)) in self.gradient.iter_mut().zip(pairs) {
                *gradient += factor as f32 * mask * (own - example);
            }
        }
        &self.gradient
    }

    fn repel(&mut self, candidate: usize, details: &[f32], weight: f64) {
        let share = weight / (self.candidates.max(2) - 1) as f64 / self.numbers as f64;
        for other in (0..self.candidates).filter(|&other| other != candidate && self.there[other]) {
            let others = &self.before[other * self.numbers..][..self.numbers];
            let squares: f64 =
                details.iter().zip(others).map(|(&own, &other)| (f64::from(own) - f64::from(other)).powi(2)).sum();
            // A candidate whose numbers are not finite must not spoil the others.
            if !squares.is_finite() {
                continue;
            }
            let factor = (share / (squares / self.numbers as f64).sqrt().max(NEAREST)) as f32;
            for ((gradient, own), other) in self.gradient.iter_mut().zip(details).zip(others) {
                *gradient -= factor * (own - other);
            }
        }
    }

    /// Takes away most of the gradient along the details themselves.
    fn turn_aside(&mut self, details: &[f32]) {
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
        let along = product(&self.gradient, details) / product(details, details).max(f64::MIN_POSITIVE);
        let taken = ((1.0 - ALONG) * along) as f32;
        for (gradient, own) in self.gradient.iter_mut().zip(details) {
            *gradient -= taken * own;
        }
    }

    /// The step under way is done, for all candidates.
    pub(super) fn turn(&mut self) {
        self.before.copy_from_slice(&self.now);
        self.there.copy_from_slice(&self.came);
    }

    /// What it remembers between two steps, to a tape or from there.
    pub(super) fn pass(&mut self, tape: &mut Tape) -> Result<()> {
        tape.numbers(&mut self.now)?;
        self.came.iter_mut().try_for_each(|came| tape.flag(came))?;
        self.turn();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPREAD: Repulsion = Repulsion { weight: 2.0, feature_weight: 1.0, until: 0.8 };

    fn guide(candidates: usize) -> Guide {
        Guide::new(Some(SPREAD), Vec::new(), Schedule::new(10, 4, 0.8), [candidates, 3])
    }

    #[test]
    fn nobody_is_pushed_by_who_was_not_there() {
        let mut guide = guide(2);
        assert_eq!(guide.gradient(0, 0, WELL, &[1.0, 0.0, 0.0]), [0.0; 3]);
        assert_eq!(guide.gradient(1, 0, WELL, &[0.0, 1.0, 0.0]), [0.0; 3], "the other one is of this step");
        guide.turn();
        assert_ne!(guide.gradient(1, 1, WELL, &[0.0, 1.0, 0.0]), [0.0; 3]);
    }

    #[test]
    fn down_the_gradient_is_away_from_the_other_and_hardly_along_oneself() {
        let mut guide = guide(2);
        guide.gradient(0, 0, WELL, &[1.0, 0.0, 0.0]);
        guide.turn();
        let own = [0.0, 2.0, 0.0];
        let gradient = guide.gradient(1, 1, WELL, &own).to_vec();
        assert!(gradient[0] > 0.0 && gradient[1] < 0.0 && gradient[2] == 0.0, "{gradient:?}");
        // Without turning aside the two would be as the difference is, 1 to 2.
        assert!((gradient[1] / gradient[0] + 2.0 * ALONG as f32).abs() < 1e-5, "{gradient:?}");
    }

    #[test]
    fn it_weakens_while_features_move_and_ends() {
        let mut guide = guide(2);
        guide.gradient(0, 0, WELL, &[1.0, 0.0, 0.0]);
        guide.turn();
        let force: Vec<_> = (1..10).map(|step| guide.gradient(1, step, WELL, &[0.0, 1.0, 0.0])[0]).collect();
        assert_eq!(force[0], force[2]);
        assert!((force[3] - force[0] / 2.0).abs() < 1e-6, "features have a weight of their own");
        assert!(force[3] > force[4] && force[6] > 0.0);
        assert_eq!(force[7..], [0.0; 2]);
        assert!(guide.acts(7) && !guide.acts(8));
    }

    #[test]
    fn who_fits_badly_is_pushed_harder() {
        let mut guide = guide(2);
        guide.gradient(0, 0, WELL, &[1.0, 0.0, 0.0]);
        guide.turn();
        let mut force = |misfit: f64| guide.gradient(1, 1, misfit, &[0.0, 1.0, 0.0])[0];
        let [none, well, badly] = [0.0, WELL, 3.0 * WELL].map(&mut force);
        assert!(none > 0.0 && none == well && (badly / well - 3.0).abs() < 1e-5, "{none}, {well} and {badly}");
    }

    #[test]
    fn who_is_no_number_pushes_nobody() {
        let mut guide = guide(2);
        guide.gradient(0, 0, WELL, &[f32::NAN, 0.0, 0.0]);
        guide.turn();
        assert_eq!(guide.gradient(1, 1, WELL, &[0.0, 1.0, 0.0]), [0.0; 3]);
    }

    #[test]
    fn an_example_attracts_within_its_mask() {
        let attraction = Attraction { details: vec![1.0; 3], mask: vec![1.0, 0.5, 0.0], weight: 3.0, lasts: false };
        let mut guide = Guide::new(None, vec![attraction], Schedule::new(10, usize::MAX, 1.0), [1, 3]);
        assert_eq!(guide.gradient(0, 0, WELL, &[0.0; 3]), [-2.0, -1.0, 0.0]);
        assert_eq!(guide.gradient(0, 0, WELL, &[1.0; 3]), [0.0; 3]);
    }
}
