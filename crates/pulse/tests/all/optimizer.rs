//! The spherical search against PULSE's numbers, for every optimiser and schedule.

use proptest::prelude::*;
use pulse::latent::{Geometry, Retraction};
use pulse::optimizer::{Optimizer, OptimizerKind, Schedule};

use crate::fixture::{Fixture, max_difference};

const STEPS: usize = 25;
const LEARNING_RATE: f64 = 0.4;

/// One input of the search, on its sphere.
struct Searched {
    x: Vec<f32>,
    target: Vec<f32>,
    numbers: usize,
    optimizer: Optimizer,
    retraction: Retraction,
}

impl Searched {
    fn new(kind: OptimizerKind, group: usize, batch: usize, x: Vec<f32>, target: Vec<f32>) -> Self {
        let numbers = x.len() / batch;
        let mut retraction = Retraction::new(Geometry::Sphere { group }, batch, numbers);
        for (slot, x) in x.chunks(numbers).enumerate() {
            retraction.start(slot, x, 0.0);
        }
        Self { x, target, numbers, optimizer: Optimizer::new(kind, batch, numbers), retraction }
    }

    /// One step towards the target, of the loss `|x − target|²`.
    fn step(&mut self, learning_rate: f64) {
        let gradient: Vec<_> = self.x.iter().zip(&self.target).map(|(x, target)| 2.0 * (x - target)).collect();
        for (slot, x) in self.x.chunks_mut(self.numbers).enumerate() {
            let gradient = &gradient[slot * self.numbers..][..self.numbers];
            self.optimizer.step(slot, x, gradient, learning_rate);
            self.retraction.retract(slot, x);
        }
    }
}

/// The two differ by the order of f32 operations alone; 25 steps at numbers of order 1 amplify 1e-7 to
/// well below 1e-4.
#[test]
fn every_step_is_the_references() {
    let fixture = Fixture::open("spherical_optimizer");
    for kind in OptimizerKind::ALL {
        for schedule in Schedule::ALL {
            let case = format!("{kind}.{schedule}");
            let tensor = |name: &str| fixture.f32(&format!("{case}.{name}"));
            let mut latent = Searched::new(kind, 8, 2, tensor("latent0"), tensor("latent_target"));
            let mut noise = Searched::new(kind, 16, 2, tensor("noise0"), tensor("noise_target"));
            let trace = tensor("latent_trace");
            let mut error = 0.0f64;
            for (step, wanted) in trace.chunks(latent.x.len()).enumerate() {
                let learning_rate = LEARNING_RATE * schedule.factor(step, STEPS);
                latent.step(learning_rate);
                noise.step(learning_rate);
                error = error.max(max_difference(&latent.x, wanted));
            }
            let noise_error = max_difference(&noise.x, &tensor("noise_final"));
            println!("{case}: latent {error:.1e}, noise {noise_error:.1e}");
            assert!(error <= 1e-4 && noise_error <= 1e-4, "{case} differs by {error} and {noise_error}");
        }
    }
}

#[test]
fn learning_rates_are_the_references() {
    let fixture = Fixture::open("spherical_optimizer");
    for kind in OptimizerKind::ALL {
        for schedule in Schedule::ALL {
            for (step, wanted) in fixture.f64(&format!("{kind}.{schedule}.learning_rates")).into_iter().enumerate() {
                let found = LEARNING_RATE * schedule.factor(step, STEPS);
                // Both are a handful of f64 operations.
                assert!((found - wanted).abs() <= 1e-15, "{schedule}, step {step}: {found} is not {wanted}");
            }
        }
    }
}

/// One candidate's numbers, its gradients for each step, and the state it is in.
fn run(kind: OptimizerKind, optimizer: &mut Optimizer, slot: usize, x: &mut [f32], steps: usize) {
    assert_eq!(optimizer.steps(slot), 0, "{kind}");
    for _ in 0..steps {
        let gradient: Vec<_> = x.iter().map(|x| x * x - 0.3).collect();
        optimizer.step(slot, x, &gradient, 0.1);
    }
}

proptest! {
    /// Where a candidate sits, who sits beside it, and what its slot was used for before changes nothing.
    #[test]
    fn candidates_do_not_mix(
        kind in prop::sample::select(OptimizerKind::ALL.to_vec()),
        start in prop::collection::vec(-1.0f32..1.0, 5),
        other in prop::collection::vec(-1.0f32..1.0, 5),
        before in 0usize..4,
        after in 1usize..4,
    ) {
        let mut alone = start.clone();
        run(kind, &mut Optimizer::new(kind, 1, 5), 0, &mut alone, before + after);

        let mut optimizer = Optimizer::new(kind, 3, 5);
        let (mut x, mut neighbour) = (start, other);
        run(kind, &mut optimizer, 2, &mut neighbour, 3);
        optimizer.reset(2);
        run(kind, &mut optimizer, 0, &mut neighbour, 2);
        run(kind, &mut optimizer, 2, &mut x, before);
        optimizer.swap(2, 0);
        optimizer.swap(1, 1);
        prop_assert_eq!(optimizer.steps(0), before);
        for _ in 0..after {
            let gradient: Vec<_> = x.iter().map(|x| x * x - 0.3).collect();
            optimizer.step(0, &mut x, &gradient, 0.1);
        }
        prop_assert_eq!(x, alone);
    }

    #[test]
    fn factors_stay_in_range(steps in 1usize..2000, step in 0usize..2000) {
        for schedule in Schedule::ALL {
            let factor = schedule.factor(step, steps);
            prop_assert!(factor > 0.0 && factor <= 1.0, "{} at {} of {}: {}", schedule, step, steps, factor);
        }
    }

    #[test]
    fn schedules_have_no_jump(steps in 20usize..2000) {
        // The steepest part is the drop without cycle: 0.9 over half of nine tenths of the steps.
        let steepest = 2.1 / steps as f64;
        for schedule in Schedule::ALL {
            for step in 1..steps {
                let change = schedule.factor(step, steps) - schedule.factor(step - 1, steps);
                prop_assert!(change.abs() <= steepest, "{} at {} of {}: {}", schedule, step, steps, change);
            }
        }
    }
}

#[test]
fn text_round_trips() {
    for kind in OptimizerKind::ALL {
        assert_eq!(kind.to_string().parse::<OptimizerKind>().unwrap(), kind);
    }
    for schedule in Schedule::ALL {
        assert_eq!(schedule.to_string().parse::<Schedule>().unwrap(), schedule);
    }
    let message = "adamw".parse::<OptimizerKind>().unwrap_err().to_string();
    assert!(OptimizerKind::ALL.iter().all(|kind| message.contains(&kind.to_string())), "{message}");
    let message = "cosine".parse::<Schedule>().unwrap_err().to_string();
    assert!(Schedule::ALL.iter().all(|schedule| message.contains(&schedule.to_string())), "{message}");
}
