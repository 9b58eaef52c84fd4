//! Back to the pictures that shrink to the target: in the inputs first, and exactly at the end.

use std::ops::ControlFlow;

use pulse_engine::Engine;

use super::coordinates::{Coordinates, Point, dot};
use super::derivatives::{Cotangent, Derivatives, Seen};
use super::explorer::Watch;
use crate::Result;
use crate::candidate::{consistency_db, mean_squared_error};
use crate::image::Image;
use crate::measurement::Projection;
use crate::search::{Problem, SearchConfig};

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
/// ([`Projection`]), and the move kept as the offset of the picture.
pub struct Corrector<'a> {
    problem: &'a Problem<'a>,
    /// What it evaluates points with.
    pub derivatives: Derivatives,
    projection: Projection,
    batch: usize,
    /// `√n τ`.
    tolerance: f64,
}

/// Steps of Gauss and Newton, each with so many of conjugate gradients.
const STEPS: usize = 4;
const INNER_STEPS: usize = 8;
/// The longest of these steps, in units of `d`.
const LONGEST: f64 = 1.5;
/// As in a search.
const ALTERNATIONS: usize = 24;

impl<'a> Corrector<'a> {
    /// Compiles what it runs, for up to `batch` points at a time.
    ///
    /// # Errors
    /// As [`search`](crate::search::search).
    pub fn new(problem: &'a Problem<'a>, config: &SearchConfig, engine: &dyn Engine, batch: usize) -> Result<Self> {
        let mut projection = Projection::new(engine, problem.measurement, batch)?;
        if config.sigma > 0.0 || !problem.measurement.is_well_conditioned() {
            projection = projection.within(config.epsilon.sqrt());
        }
        Ok(Self {
            problem,
            derivatives: Derivatives::new(problem, &config.space, engine, batch)?,
            projection,
            batch,
            tolerance: (config.epsilon * problem.measurement.known() as f64).sqrt(),
        })
    }

    /// Brings points near to the target, by moving what `coordinates` names.
    pub fn approach(&mut self, coordinates: &Coordinates, points: &mut [Point], watch: Watch<'_>) -> ControlFlow<()> {
        let mut best: Vec<f64> = Vec::new();
        let mut kept = points.to_vec();
        for step in 0..=STEPS {
            let seen = self.derivatives.see(points);
            let residuals: Vec<Vec<f32>> = seen.iter().map(|seen| self.residual(seen)).collect();
            let errors: Vec<f64> = residuals.iter().map(|r| dot(r, r)).collect();
            if std::env::var_os("NULLSPACE_DEBUG").is_some() {
                eprintln!("step {step}: {:?}", errors.iter().map(|e| format!("{:.2}", e.sqrt())).collect::<Vec<_>>());
            }
            if step == 0 {
                best.clone_from(&errors);
            } else {
                for (row, &error) in errors.iter().enumerate() {
                    if error < best[row] {
                        best[row] = error;
                        kept[row].clone_from(&points[row]);
                    }
                }
            }
            // Well within epsilon: the rest is left to the projection.
            if step == STEPS || errors.iter().all(|&error| error < 0.1) {
                break;
            }
            watch(step as f64 / STEPS as f64)?;
            let moves = self.solve(coordinates, points, residuals);
            for (point, mut d) in points.iter_mut().zip(moves) {
                let length = dot(&d, &d).sqrt();
                if length > LONGEST {
                    d.iter_mut().for_each(|d| *d *= (LONGEST / length) as f32);
                }
                *point = coordinates.travel(point, &d);
            }
        }
        points.clone_from_slice(&kept);
        ControlFlow::Continue(())
    }

    /// How many numbers are measured.
    pub fn known(&self) -> usize {
        self.problem.measurement.known()
    }

    /// The picture of a point as it is.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn look(&mut self, point: &Point) -> Result<Frame> {
        let spec = self.problem.generator.spec();
        let target = self.problem.target;
        let seen = self.derivatives.see(std::slice::from_ref(point)).remove(0);
        let image = Image::from_network(spec.channels, spec.height, spec.width, &seen.image)?;
        let mut measured = vec![0.0; target.values().len()];
        self.projection.measure(image.values(), &mut measured);
        let share = self.known() as f64 / measured.len() as f64;
        let db = consistency_db(mean_squared_error(&measured, target.values()) / share);
        let measured = Image::clamped(target.channels(), target.height(), target.width(), measured)?;
        Ok(Frame { point: point.clone(), image, measured, db, own_db: db })
    }

    /// `r / √n τ`.
    fn residual(&self, seen: &Seen) -> Vec<f32> {
        let target = self.problem.target.values();
        seen.measured.iter().zip(target).map(|(a, b)| (a - b) / self.tolerance as f32).collect()
    }

    fn solve(&mut self, coordinates: &Coordinates, points: &[Point], residuals: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
        let scale = (1.0 / self.tolerance) as f32;
        let mut rest: Vec<Vec<f32>> = residuals.into_iter().map(|r| r.into_iter().map(|r| -r).collect()).collect();
        let mut x = vec![vec![0.0f32; coordinates.numbers()]; points.len()];
        let mut p: Vec<Vec<f32>> = Vec::new();
        let mut gamma = vec![0.0f64; points.len()];
        for step in 0..=INNER_STEPS {
            // s = Jᵀ r − x
            let scaled: Vec<Vec<f32>> = rest.iter().map(|r| r.iter().map(|r| r * scale).collect()).collect();
            let at: Vec<(&Point, Cotangent<'_>)> = points
                .iter()
                .zip(&scaled)
                .map(|(point, r)| (point, Cotangent { image: None, measured: Some(r) }))
                .collect();
            let mut s = self.derivatives.backward(coordinates, &at);
            for (row, s) in s.iter_mut().enumerate() {
                s.iter_mut().zip(&x[row]).for_each(|(s, x)| *s -= x);
                coordinates.project(&points[row], s);
                let new = dot(s, s);
                if step == 0 {
                    p.push(s.clone());
                } else {
                    let beta = if gamma[row] > 0.0 { (new / gamma[row]) as f32 } else { 0.0 };
                    p[row].iter_mut().zip(s.iter()).for_each(|(p, s)| *p = s + beta * *p);
                }
                gamma[row] = new;
            }
            if step == INNER_STEPS {
                break;
            }
            let pairs: Vec<(&Point, &[f32])> = points.iter().zip(&p).map(|(point, p)| (point, p.as_slice())).collect();
            let q = self.derivatives.forward(coordinates, &pairs);
            for (row, q) in q.iter().enumerate() {
                let curvature = dot(&q.measured, &q.measured) / self.tolerance.powi(2) + dot(&p[row], &p[row]);
                if curvature <= 0.0 {
                    continue;
                }
                let alpha = (gamma[row] / curvature) as f32;
                x[row].iter_mut().zip(&p[row]).for_each(|(x, p)| *x += alpha * p);
                rest[row].iter_mut().zip(&q.measured).for_each(|(r, q)| *r -= alpha * scale * q);
            }
        }
        x
    }

    /// The exact end: pictures that shrink to the target, kept in their inputs.
    ///
    /// # Errors
    /// None that points of the problem's generator can meet.
    pub fn finish(&mut self, points: &[Point]) -> Result<Vec<Frame>> {
        let spec = self.problem.generator.spec();
        let target = self.problem.target;
        let mut frames = Vec::with_capacity(points.len());
        for points in points.chunks(self.batch) {
            let seen = self.derivatives.see(points);
            let mut pictures = Vec::new();
            for seen in &seen {
                pictures
                    .extend(Image::from_network(spec.channels, spec.height, spec.width, &seen.image)?.into_values());
            }
            let targets = target.values().repeat(points.len());
            let mut measured = vec![0.0; targets.len()];
            self.projection.measure(&pictures, &mut measured);
            let share = self.problem.measurement.known() as f64 / target.values().len() as f64;
            let db = |measured: &[f32]| -> Vec<f64> {
                let rows = measured.chunks_exact(target.values().len());
                rows.map(|row| consistency_db(mean_squared_error(row, target.values()) / share)).collect()
            };
            let own_db = db(&measured);
            self.projection.project_inside(&mut pictures, &targets, ALTERNATIONS);
            self.projection.measure(&pictures, &mut measured);
            let db = db(&measured);
            let pixels = pictures.len() / points.len();
            for (row, point) in points.iter().enumerate() {
                let picture = &pictures[row * pixels..][..pixels];
                let mut point = point.clone();
                if let Some(offset) = point.last_mut() {
                    for ((offset, &projected), &own) in offset.iter_mut().zip(picture).zip(&seen[row].image) {
                        *offset += 2.0 * projected - 1.0 - own;
                    }
                }
                let numbers = target.values().len();
                frames.push(Frame {
                    point,
                    image: Image::clamped(spec.channels, spec.height, spec.width, picture.to_vec())?,
                    measured: Image::clamped(
                        target.channels(),
                        target.height(),
                        target.width(),
                        measured[row * numbers..][..numbers].to_vec(),
                    )?,
                    db: db[row],
                    own_db: own_db[row],
                });
            }
        }
        Ok(frames)
    }
}
