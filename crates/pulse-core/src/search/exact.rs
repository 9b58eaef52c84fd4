//! The exact end: a picture that shrinks to the target, and the offset that makes it from its inputs.

use pulse_engine::Engine;

use super::steering::{Kept, KeptMeasurement};
use super::{Problem, SearchConfig, Weights};
use crate::Result;
use crate::image::{Image, mean_squared_error};
use crate::measurement::Projection;

/// How often a picture is projected and clipped again. Where a consistent picture in [0, 1] exists, the few
/// clipped pixels leave an error far below any target after these.
const ALTERNATIONS: usize = 24;

/// Brings the generator's own pictures to the target, the only place where that is done.
pub(crate) struct ExactEnd {
    projection: Projection,
    /// Whether pictures are moved at all.
    projects: bool,
    /// What is put back into every picture.
    kept: Option<Kept>,
    /// The share of the target's numbers that say anything.
    known: f64,
    weights: Weights,
    /// Whether the target is grey in all of three channels: so is every picture that is moved then, to the bit.
    is_grey: bool,
}

/// A picture after the exact end.
pub(crate) struct Ended {
    /// In [0, 1].
    pub(crate) image: Image,
    /// `A(image)`, clipped to [0, 1].
    pub(crate) measured: Image,
    /// The mean squared error between the two, over what was measured.
    pub(crate) error: f64,
    /// The same of the generator's own picture.
    pub(crate) own_error: f64,
    /// The root mean square by which the picture was moved, of a value range of 1.
    pub(crate) moved: f64,
    /// What is added to the generator's own values, in [-1, 1], to make the picture; nothing where it was not moved.
    pub(crate) offset: Option<Vec<f32>>,
}

impl ExactEnd {
    /// For up to `batch` pictures at a time.
    pub(crate) fn new(
        problem: &Problem<'_>,
        kept: Option<Kept>,
        config: &SearchConfig,
        engine: &dyn Engine,
        batch: usize,
    ) -> Result<Self> {
        let measurement = &*problem.measurement;
        let mut projection = match &kept {
            Some(kept) => Projection::new(engine, &KeptMeasurement { measurement, kept }, batch)?,
            None => Projection::new(engine, measurement, batch)?,
        };
        if !config.is_exact(measurement) {
            projection = projection.within(config.epsilon.sqrt());
        }
        let weights = Weights::of(measurement, problem.target.values(), config.sigma);
        projection = projection.weighted(weights.get().map(<[f32]>::to_vec));
        let known = measurement.known() as f64 / problem.target.values().len() as f64;
        let is_grey = problem.generator.spec().channels == 3 && problem.target.is_grey_in_colour();
        Ok(Self { projection, projects: config.project, kept, known, weights, is_grey })
    }

    /// The same, but pictures are always moved.
    pub(crate) fn always(self) -> Self {
        Self { projects: true, ..self }
    }

    /// A picture as it is.
    pub(crate) fn look(&mut self, problem: &Problem<'_>, own: &[f32]) -> Result<Ended> {
        let image = picture(problem, own)?;
        let mut measured = vec![0.0; problem.target.values().len()];
        let error = self.measure(problem, image.values(), &mut measured)[0];
        Ok(Ended { measured: small(problem, measured)?, image, error, own_error: error, moved: 0.0, offset: None })
    }

    /// Pictures of the generator's own values, moved to the nearest ones that are consistent.
    pub(crate) fn end(&mut self, problem: &Problem<'_>, own: &[&[f32]]) -> Result<Vec<Ended>> {
        let mut pictures = Vec::new();
        for own in own {
            pictures.extend(picture(problem, own)?.into_values());
        }
        let numbers = problem.target.values().len();
        let mut measured = vec![0.0; own.len() * numbers];
        let own_errors = self.measure(problem, &pictures, &mut measured);
        let before = pictures.clone();
        let mut errors = own_errors.clone();
        let pixels = pictures.len() / own.len();
        if self.projects {
            let targets = problem.target.values().repeat(own.len());
            self.projection.project_inside(&mut pictures, &targets, ALTERNATIONS);
            if self.is_grey {
                pictures.chunks_exact_mut(pixels).for_each(make_grey);
            }
            errors = self.measure(problem, &pictures, &mut measured);
        }
        let moved = self.projects || self.kept.is_some();
        let rows = pictures.chunks_exact_mut(pixels).zip(measured.chunks_exact(numbers)).zip(own).enumerate();
        rows.map(|(row, ((picture, measured), own))| {
            if let Some(kept) = &self.kept {
                kept.put_back(picture);
            }
            let offset = |(&projected, &own): (&f32, &f32)| 2.0 * projected - 1.0 - own;
            let spec = problem.generator.spec();
            Ok(Ended {
                moved: mean_squared_error(picture, &before[row * pixels..(row + 1) * pixels]).sqrt(),
                offset: moved.then(|| picture.iter().zip(own.iter()).map(offset).collect()),
                image: Image::clamped(spec.channels, spec.height, spec.width, picture.to_vec())?,
                measured: small(problem, measured.to_vec())?,
                error: errors[row],
                own_error: own_errors[row],
            })
        })
        .collect()
    }

    /// Measures pictures in [0, 1] and gives the mean squared error of each to the target, over what was measured.
    fn measure(&mut self, problem: &Problem<'_>, pictures: &[f32], measured: &mut [f32]) -> Vec<f64> {
        let target = problem.target.values();
        self.projection.measure(pictures, measured);
        measured
            .chunks_exact(target.len())
            .map(|row| self.weights.mean_squared_error(row, target) / self.known)
            .collect()
    }
}

/// The mean of three planes in all of them. Where each plane shrinks to the same target, so does their mean.
fn make_grey(picture: &mut [f32]) {
    let plane = picture.len() / 3;
    for pixel in 0..plane {
        let mean = (picture[pixel] + picture[plane + pixel] + picture[2 * plane + pixel]) / 3.0;
        for first in [0, plane, 2 * plane] {
            picture[first + pixel] = mean.min(1.0);
        }
    }
}

/// The generator's own values as a picture.
fn picture(problem: &Problem<'_>, own: &[f32]) -> Result<Image> {
    let spec = problem.generator.spec();
    Image::from_network(spec.channels, spec.height, spec.width, own)
}

/// A picture of the target's shape.
fn small(problem: &Problem<'_>, values: Vec<f32>) -> Result<Image> {
    let target = &problem.target;
    Image::clamped(target.channels(), target.height(), target.width(), values)
}
