//! Back to the pictures that shrink to the target: in the inputs first, and exactly at the end.

use std::ops::ControlFlow;

use pulse_engine::Engine;

use super::coordinates::{Coordinates, Point};
use super::derivatives::{Cotangent, Derivatives, Seen};
use super::explorer::Watch;
use crate::Result;
use crate::candidate::consistency_db;
use crate::image::Image;
use crate::search::{Ended, ExactEnd, Problem, SearchConfig, Weights};
use crate::vector::dot;

/// A picture that shrinks to the target, with its inputs.
#[derive(Clone, Debug)]
pub struct Frame {
    /// All inputs, in the order of the network's; they make the picture again.
    pub point: Point,
    /// The picture, in [0, 1].
    pub image: Image,
    /// `A(image)`, clipped to [0, 1].
    pub measured: Image,
    /// Its consistency, in dB.
    pub db: f64,
    /// The same before the exact projection: of the generator's own picture.
    pub own_db: f64,
}

/// Moves points onto the set of those whose pictures are consistent with the target.
///
/// First in the inputs, by Gauss and Newton's method with the damping of Levenberg (1944): each step is the `d` that
/// minimises `|J d + r|² / n τ² + |d|²`, where `r = A(x) − y` of `n` numbers, `τ² = ε`, and a unit of `d` is one standard
/// deviation of the prior, or the radius of a feature's ball. It is found by conjugate gradients on the normal equations
/// (CGLS: Hestenes, Stiefel 1952), and so without a matrix. Then the picture is projected as a search does it
/// ([`Projection`](crate::measurement::Projection)), and the move kept as the offset of the picture.
pub struct Corrector<'a> {
    problem: Problem<'a>,
    /// What it evaluates points with.
    pub derivatives: Derivatives,
    /// Stands at the points while the other looks ahead.
    standing: Derivatives,
    end: ExactEnd,
    batch: usize,
    /// `√n τ`.
    tolerance: f64,
    /// What each number's error is multiplied by: `1 / √n τ`, and its weight.
    units: Vec<f32>,
}

/// A point that is on its way, and what is seen there.
struct Near {
    at: Point,
    seen: Seen,
    error: f64,
}

/// The conjugate gradients of one point.
struct Least {
    d: Vec<f32>,
    /// `−r − J d`.
    rest: Vec<f32>,
    direction: Vec<f32>,
    /// The square of the gradient `Jᵀ rest − d`.
    slope: f64,
}

impl Least {
    fn new(numbers: usize, rest: Vec<f32>) -> Self {
        Self { d: vec![0.0; numbers], rest, direction: vec![0.0; numbers], slope: 0.0 }
    }

    /// The next direction, from the gradient here.
    fn turn(&mut self, gradient: Vec<f32>) {
        let slope = dot(&gradient, &gradient);
        let keep = if self.slope > 0.0 { (slope / self.slope) as f32 } else { 0.0 };
        self.slope = slope;
        for (direction, gradient) in self.direction.iter_mut().zip(gradient) {
            *direction = gradient + keep * *direction;
        }
    }

    /// To the least of the sum along the direction, which changes the measurement so.
    fn advance(&mut self, change: &[f32]) {
        let curvature = dot(change, change) + dot(&self.direction, &self.direction);
        if curvature <= 0.0 {
            return;
        }
        let length = (self.slope / curvature) as f32;
        self.d.iter_mut().zip(&self.direction).for_each(|(d, direction)| *d += length * direction);
        self.rest.iter_mut().zip(change).for_each(|(rest, change)| *rest -= length * change);
    }
}

/// Steps of Gauss and Newton, each with so many of conjugate gradients.
const STEPS: usize = 6;
const INNER_STEPS: usize = 5;
/// The part of epsilon that is near enough: the rest is left to the projection.
const NEAR: f64 = 0.5;
/// The longest of these steps, in units of `d`.
const LONGEST: f64 = 1.5;

impl<'a> Corrector<'a> {
    /// Compiles what it runs, for up to `batch` points at a time.
    ///
    /// # Errors
    /// As [`search`](crate::search::search).
    pub fn new(problem: &Problem<'a>, config: &SearchConfig, engine: &dyn Engine, batch: usize) -> Result<Self> {
        let tolerance = (config.epsilon * problem.measurement.known() as f64).sqrt();
        let (unit, target) = ((1.0 / tolerance) as f32, problem.target.values());
        let weights = Weights::of(&*problem.measurement, target, config.sigma);
        Ok(Self {
            derivatives: Derivatives::new(problem, &config.space, engine, batch)?,
            standing: Derivatives::new(problem, &config.space, engine, batch)?,
            end: ExactEnd::new(problem, None, config, engine, batch)?.always(),
            batch,
            units: weights.get().map_or_else(|| vec![unit; target.len()], |of| of.iter().map(|w| w * unit).collect()),
            tolerance,
            problem: problem.clone(),
        })
    }

    /// Brings points near to the target, by moving what `coordinates` names: to within half of epsilon, or as near as a few
    /// steps lead.
    pub fn approach(&mut self, coordinates: &Coordinates, points: &mut [Point], watch: Watch<'_>) -> ControlFlow<()> {
        let (all, batch) = (points.len(), self.derivatives.batch());
        for (index, points) in points.chunks_mut(batch).enumerate() {
            let mut share =
                |part: f64| watch((batch * index) as f64 / all as f64 + part * points.len() as f64 / all as f64);
            share(0.0)?;
            let mut near = Vec::with_capacity(points.len());
            for (point, seen) in points.iter().zip(self.derivatives.see(points)) {
                near.push(Near { at: point.clone(), error: self.error(&seen), seen });
            }
            for step in 0..STEPS {
                let far: Vec<usize> = (0..near.len()).filter(|&row| near[row].error > NEAR).collect();
                if far.is_empty() {
                    break;
                }
                self.step(coordinates, &mut near, &far, &mut |part| share((step as f64 + part) / STEPS as f64))?;
            }
            for (point, near) in points.iter_mut().zip(near) {
                *point = near.at;
            }
        }
        ControlFlow::Continue(())
    }

    /// One step of those points that are far; one that leads no nearer is not taken.
    fn step(
        &mut self,
        coordinates: &Coordinates,
        near: &mut [Near],
        far: &[usize],
        watch: Watch<'_>,
    ) -> ControlFlow<()> {
        let from: Vec<&Near> = far.iter().map(|&row| &near[row]).collect();
        let mut moves = self.solve(coordinates, &from, watch)?;
        for d in &mut moves {
            let length = dot(d, d).sqrt();
            if length > LONGEST {
                for d in d {
                    *d *= (LONGEST / length) as f32;
                }
            }
        }
        let moved: Vec<Point> = from.iter().zip(&moves).map(|(near, d)| coordinates.travel(&near.at, d)).collect();
        let seen = self.derivatives.see(&moved);
        for ((&row, at), seen) in far.iter().zip(moved).zip(seen) {
            let error = self.error(&seen);
            if error < near[row].error {
                near[row] = Near { at, seen, error };
            }
        }
        ControlFlow::Continue(())
    }

    /// `|r|² / n τ²`: 1 at epsilon.
    fn error(&self, seen: &Seen) -> f64 {
        let r = self.residual(seen);
        dot(&r, &r)
    }

    /// The consistency of a picture as it is seen, in dB.
    pub(super) fn db(&self, seen: &Seen) -> f64 {
        consistency_db(self.error(seen) * self.tolerance.powi(2) / self.problem.measurement.known() as f64)
    }

    /// The picture of a point as it is.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn look(&mut self, point: &Point) -> Result<Frame> {
        let seen = self.derivatives.see(std::slice::from_ref(point)).remove(0);
        Ok(frame(point.clone(), self.end.look(&self.problem, &seen.image)?))
    }

    /// `r / √n τ`.
    fn residual(&self, seen: &Seen) -> Vec<f32> {
        let target = self.problem.target.values().iter().zip(&self.units);
        seen.measured.iter().zip(target).map(|(a, (b, unit))| (a - b) * unit).collect()
    }

    /// The `d` of each point, by conjugate gradients.
    fn solve(&mut self, coordinates: &Coordinates, from: &[&Near], watch: Watch<'_>) -> ControlFlow<(), Vec<Vec<f32>>> {
        let points: Vec<&Point> = from.iter().map(|near| &near.at).collect();
        let seen: Vec<&Seen> = from.iter().map(|near| &near.seen).collect();
        let mut solutions: Vec<Least> = from
            .iter()
            .map(|near| Least::new(coordinates.numbers(), self.residual(&near.seen).iter().map(|r| -r).collect()))
            .collect();
        self.standing.stand(&points);
        for step in 0..=INNER_STEPS {
            watch(step as f64 / (INNER_STEPS + 1) as f64)?;
            let in_units = |least: &Least| least.rest.iter().zip(&self.units).map(|(r, unit)| r * unit).collect();
            let rest: Vec<Vec<f32>> = solutions.iter().map(in_units).collect();
            let cotangents: Vec<_> =
                rest.iter().map(|rest| Cotangent { image: None, measured: Some(rest.as_slice()) }).collect();
            let gradients = self.standing.backward(coordinates, &cotangents);
            for ((least, mut gradient), point) in solutions.iter_mut().zip(gradients).zip(&points) {
                gradient.iter_mut().zip(&least.d).for_each(|(gradient, d)| *gradient -= d);
                coordinates.project(point, &mut gradient);
                least.turn(gradient);
            }
            if step == INNER_STEPS {
                break;
            }
            let pairs: Vec<(&Point, &[f32])> =
                points.iter().zip(&solutions).map(|(&point, least)| (point, least.direction.as_slice())).collect();
            let changes = self.derivatives.ahead(coordinates, &pairs, &seen);
            for (least, mut change) in solutions.iter_mut().zip(changes) {
                change.iter_mut().zip(&self.units).for_each(|(change, unit)| *change *= unit);
                least.advance(&change);
            }
        }
        ControlFlow::Continue(solutions.into_iter().map(|least| least.d).collect())
    }

    /// The exact end: pictures that shrink to the target, kept in their inputs.
    ///
    /// # Errors
    /// None for points of the problem's generator.
    pub fn finish(&mut self, points: &[Point]) -> Result<Vec<Frame>> {
        let mut frames = Vec::with_capacity(points.len());
        for points in points.chunks(self.batch) {
            let seen = self.derivatives.see(points);
            let own: Vec<&[f32]> = seen.iter().map(|seen| seen.image.as_slice()).collect();
            let ended = self.end.end(&self.problem, &own)?;
            frames.extend(points.iter().cloned().zip(ended).map(|(point, ended)| frame(point, ended)));
        }
        Ok(frames)
    }
}

/// What a picture's end is at a point, whose last input is the offset of the picture.
fn frame(mut point: Point, ended: Ended) -> Frame {
    if let (Some(last), Some(offset)) = (point.last_mut(), &ended.offset) {
        last.iter_mut().zip(offset).for_each(|(last, offset)| *last += offset);
    }
    let (db, own_db) = (consistency_db(ended.error), consistency_db(ended.own_error));
    Frame { point, image: ended.image, measured: ended.measured, db, own_db }
}
