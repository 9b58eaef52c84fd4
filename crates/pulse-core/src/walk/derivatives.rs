//! How the picture and its measurement change with the inputs, without a matrix.

use pulse_engine::{Engine, InputId, OutputId};

use super::coordinates::{Coordinates, Point};
use crate::Result;
use crate::generator::Space;
use crate::judge::{offsets, stages};
use crate::latent::Geometry;
use crate::search::{Port, Problem, SearchProgram};
use crate::vector::dot;

/// The picture of a point, the generator's own values, nominally in [-1, 1], and `A` of it in [0, 1].
#[derive(Clone, Debug)]
pub struct Seen {
    /// `[channels, height, width]`.
    pub image: Vec<f32>,
    /// Of the target's shape.
    pub measured: Vec<f32>,
}

/// `J v` and `Jᵀ u`, where `J` is the derivative of the picture `x` in [0, 1], or of its measurement `A x`, with respect to
/// the [`Coordinates`] of a point.
pub struct Derivatives {
    network: SearchProgram,
    pixels: usize,
    numbers: usize,
    known: usize,
}

/// The length of a step of central differences, as a part of the radius of what is moved. Shorter ones drown in single
/// precision's rounding, longer ones meet the network's kinks.
const STEP: f64 = 2e-3;

impl Derivatives {
    /// Compiles what a search of `problem` runs, for up to `batch` points at a time.
    ///
    /// # Errors
    /// As [`search`](crate::search::search).
    pub fn new(problem: &Problem<'_>, space: &Space, engine: &dyn Engine, batch: usize) -> Result<Self> {
        let network = SearchProgram::compile(problem, space, engine, batch)?;
        let (numbers, known) = (problem.target.values().len(), problem.measurement.known());
        Ok(Self { network, pixels: problem.picture_numbers(), numbers, known })
    }

    /// The pictures of points, and what they measure.
    pub fn see(&mut self, points: &[Point]) -> Vec<Seen> {
        self.read(points, &[self.network.image, self.network.measured], |this, row| Seen {
            image: this.image(row).to_vec(),
            measured: this.measured(row).to_vec(),
        })
    }

    /// How far features are bent at points: [`Plausibility::offsets`](crate::judge::Plausibility::offsets).
    pub fn offsets(&mut self, points: &[Point]) -> Vec<f64> {
        let wanted: Vec<_> = stages(&self.network).collect();
        let mut all = Vec::with_capacity(points.len());
        for points in points.chunks(self.network.program.batch()) {
            self.run(&points.iter().collect::<Vec<_>>(), &wanted);
            let of = |(row, point): (usize, &'_ Point)| offsets(&self.network, row, |place, _| &point[place]);
            all.extend(points.iter().enumerate().map(of));
        }
        all
    }

    /// What `row` makes of each point, given its row in the `wanted` outputs.
    fn read<T>(&mut self, points: &[Point], wanted: &[OutputId], row: impl Fn(&Self, usize) -> T) -> Vec<T> {
        let mut all = Vec::with_capacity(points.len());
        for points in points.chunks(self.network.program.batch()) {
            self.run(&points.iter().collect::<Vec<_>>(), wanted);
            all.extend((0..points.len()).map(|index| row(self, index)));
        }
        all
    }

    /// The radii of the balls in which features may move at a point, one an input; zero for what is no feature.
    pub fn radii(&mut self, point: &Point) -> Vec<f64> {
        let stages: Vec<_> = self.network.ports.iter().filter_map(|port| port.stage).collect();
        self.run(&[point], &stages);
        let radius = |port: &Port| match (port.spec.geometry, port.stage) {
            (Geometry::Ball { relative_radius }, Some(stage)) => {
                let stage = &self.network.program.output(stage)[..port.spec.shape.len()];
                f64::from(relative_radius) * dot(stage, stage).sqrt()
            }
            _ => 0.0,
        };
        self.network.ports.iter().map(radius).collect()
    }

    /// `J v = (f(x + h v) − f(x − h v)) / 2h` of each pair of a point and a vector, for the picture in [0, 1] and for its
    /// measurement.
    pub fn forward(&mut self, coordinates: &Coordinates, pairs: &[(&Point, &[f32])]) -> Vec<Seen> {
        let mut changes = Vec::with_capacity(pairs.len());
        let both = pairs.iter().flat_map(|&(point, v)| {
            // Of one length, whatever that of v is.
            let h = step(coordinates, point, v);
            [coordinates.offset(point, v, h), coordinates.offset(point, v, -h)]
        });
        let seen = self.see(&both.collect::<Vec<_>>());
        for (pair, &(point, v)) in seen.as_chunks::<2>().0.iter().zip(pairs) {
            let h = step(coordinates, point, v);
            let difference = |ahead: &[f32], behind: &[f32], factor: f32| {
                ahead.iter().zip(behind).map(|(a, b)| factor * (a - b) / (2.0 * h)).collect()
            };
            let [ahead, behind] = pair;
            changes.push(Seen {
                image: difference(&ahead.image, &behind.image, 0.5),
                measured: difference(&ahead.measured, &behind.measured, 1.0),
            });
        }
        changes
    }

    /// `J v` of the measurement alone, from what is seen at the points: `(A f(x + h v) − A f(x)) / h`. Half the work of
    /// [`forward`](Self::forward), and exact to first order only.
    pub fn ahead(&mut self, coordinates: &Coordinates, pairs: &[(&Point, &[f32])], seen: &[&Seen]) -> Vec<Vec<f32>> {
        let steps = pairs.iter().map(|&(point, v)| coordinates.offset(point, v, step(coordinates, point, v)));
        let ahead =
            self.read(&steps.collect::<Vec<_>>(), &[self.network.measured], |this, row| this.measured(row).to_vec());
        let changes = ahead.iter().zip(seen).zip(pairs).map(|((ahead, seen), &(point, v))| {
            let h = step(coordinates, point, v);
            ahead.iter().zip(&seen.measured).map(|(ahead, here)| (ahead - here) / h).collect()
        });
        changes.collect()
    }

    /// Stands at these points, at most a batch, for [`backward`](Self::backward).
    ///
    /// # Panics
    /// When there are more points than the batch, or none.
    pub fn stand(&mut self, points: &[&Point]) {
        self.run(points, &[]);
    }

    fn run(&mut self, points: &[&Point], wanted: &[OutputId]) {
        for (row, point) in points.iter().enumerate() {
            for (port, numbers) in self.network.ports.iter().zip(*point) {
                let slot = self.network.program.input_mut(port.id);
                slot[row * numbers.len()..][..numbers.len()].copy_from_slice(numbers);
            }
        }
        self.network.program.forward(points.len(), wanted);
    }

    /// `Jᵀ u` at the first points that it [stands](Self::stand) at, for cotangents of the picture in [0, 1], of the
    /// measurement, or of both.
    ///
    /// # Panics
    /// When there are more cotangents than points, or none.
    pub fn backward(&mut self, coordinates: &Coordinates, cotangents: &[Cotangent<'_>]) -> Vec<Vec<f32>> {
        let wanted: Vec<InputId> =
            coordinates.segments().iter().map(|segment| self.network.ports[segment.input].id).collect();
        let (image, measured) = (self.network.image, self.network.measured);
        for (row, cotangent) in cotangents.iter().enumerate() {
            let slot = &mut self.network.program.cotangent_mut(image)[row * self.pixels..][..self.pixels];
            match cotangent.image {
                // The generator's own values are twice as wide.
                Some(image) => slot.iter_mut().zip(image).for_each(|(slot, u)| *slot = 0.5 * u),
                None => slot.fill(0.0),
            }
            let slot = &mut self.network.program.cotangent_mut(measured)[row * self.numbers..][..self.numbers];
            match cotangent.measured {
                Some(measured) => slot.copy_from_slice(measured),
                None => slot.fill(0.0),
            }
        }
        self.network.program.backward(cotangents.len(), &wanted);
        let gradient = |row: usize| {
            let parts = coordinates.segments().iter().zip(&wanted).flat_map(|(segment, &id)| {
                let gradient = &self.network.program.gradient(id)[row * segment.numbers..][..segment.numbers];
                gradient.iter().map(|g| segment.scale * g)
            });
            parts.collect()
        };
        (0..cotangents.len()).map(gradient).collect()
    }

    /// How many numbers of the measurement are known.
    pub fn known(&self) -> usize {
        self.known
    }

    /// How many points go together.
    pub fn batch(&self) -> usize {
        self.network.program.batch()
    }

    fn image(&self, row: usize) -> &[f32] {
        &self.network.program.output(self.network.image)[row * self.pixels..][..self.pixels]
    }

    fn measured(&self, row: usize) -> &[f32] {
        &self.network.program.output(self.network.measured)[row * self.numbers..][..self.numbers]
    }
}

/// What [`Derivatives::backward`] starts from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cotangent<'a> {
    /// Of the picture.
    pub image: Option<&'a [f32]>,
    /// Of the measurement.
    pub measured: Option<&'a [f32]>,
}

/// The factor on `v` that makes it as long as a step.
fn step(coordinates: &Coordinates, point: &[Vec<f32>], v: &[f32]) -> f32 {
    let length = dot(v, v).sqrt();
    (STEP * coordinates.radius(point) / if length > 0.0 { length } else { 1.0 }) as f32
}
