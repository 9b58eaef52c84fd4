//! Curves and paths through the consistent pictures.

mod between;

use std::ops::ControlFlow;

use pulse_engine::Engine;

use super::coordinates::{Coordinates, Point};
use super::corrector::{Corrector, Frame};
use super::curve::Curve;
use super::extent::Extent;
use super::nullspace::{Direction, Region};
use super::path;
use crate::generator::InputSpec;
use crate::image::mean_squared_error;
use crate::inputs::Inputs;
use crate::latent::Geometry;
use crate::search::{Problem, SearchConfig};
use crate::{Error, ErrorKind, Result};

/// How to look for directions and to follow them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DirectionSettings {
    /// How many directions, at most [`MOST_DIRECTIONS`].
    pub count: usize,
    /// How many frames a strip has, the candidate in the middle: an odd number from 3; at most [`MOST_FRAMES`] in all.
    pub frames: usize,
    /// How far the last frames are from the candidate.
    pub extent: Extent,
    /// Seed of the first guesses.
    pub seed: u64,
}

/// The most directions.
pub const MOST_DIRECTIONS: usize = 64;

/// The most frames of a path, or of all strips together. All are in memory.
pub const MOST_FRAMES: usize = 999;

/// How many frames a path has by default.
pub const PATH_FRAMES: usize = 24;

impl Default for DirectionSettings {
    fn default() -> Self {
        Self { count: 6, frames: 9, extent: Extent::default(), seed: 0 }
    }
}

impl DirectionSettings {
    /// Names a setting that is invalid.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`].
    pub fn validate(&self) -> Result<()> {
        let problem = if self.count == 0 || self.count > MOST_DIRECTIONS {
            format!("{} directions: ask for 1 to {MOST_DIRECTIONS}", self.count)
        } else if self.frames < 3 || self.frames > MOST_FRAMES || self.frames.is_multiple_of(2) {
            let way_out = format!("ask for an odd number from 3 to {MOST_FRAMES}");
            format!("{} frames in a strip, which has the candidate in its middle: {way_out}", self.frames)
        } else if self.count * self.frames > MOST_FRAMES {
            let way_out = format!("ask for at most {MOST_FRAMES} frames in all");
            format!("{} directions of {} frames: {way_out}", self.count, self.frames)
        } else {
            return self.extent.validate();
        };
        Err(Error::new(ErrorKind::Setting, problem))
    }
}

/// The pictures between two candidates.
#[derive(Clone, Debug)]
pub struct Passage {
    /// From the one to the other; the first and the last are the candidates themselves.
    pub frames: Vec<Frame>,
    /// The root mean squared distance from each frame to the next.
    pub jumps: Vec<f64>,
}

/// Receives the share that is done, from 0 to 1, and may stop the walk.
pub type Watch<'a> = &'a mut dyn FnMut(f64) -> ControlFlow<()>;

/// Walks through the pictures that are consistent with one target.
pub struct Explorer<'a> {
    pub(super) corrector: Corrector<'a>,
    pub(super) specs: Vec<InputSpec>,
    tolerance: f64,
}

impl<'a> Explorer<'a> {
    /// Compiles what it runs.
    ///
    /// # Errors
    /// As [`search`](crate::search::search).
    pub fn new(problem: &Problem<'a>, specs: &[InputSpec], config: &SearchConfig, engine: &dyn Engine) -> Result<Self> {
        let batch = config.batch.min(at_a_time(problem.picture_numbers()));
        let corrector = Corrector::new(problem, config, engine, batch)?;
        Ok(Self { corrector, specs: specs.to_vec(), tolerance: config.epsilon.sqrt() })
    }

    /// The point of one row of `inputs`; what they do not name is zero.
    pub fn point(&self, inputs: &Inputs, row: usize) -> Point {
        let numbers = |spec: &InputSpec| inputs.row(spec, row).map_or(vec![0.0; spec.shape.len()], <[f32]>::to_vec);
        self.specs.iter().map(numbers).collect()
    }

    /// The directions from a point, as [`find`](Self::find) has them, and the curve that each leads along. For each frame of a curve:
    /// a step along the direction on a great circle, the correction of the frame before it, and a correction of its own
    /// ([`Corrector`]). Nothing when it was stopped.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for invalid settings, and for a generator whose latent is not searched.
    pub fn directions(
        &mut self,
        from: &Point,
        settings: &DirectionSettings,
        watch: Watch<'_>,
    ) -> Result<Option<Vec<Curve>>> {
        settings.validate()?;
        let DirectionSettings { count, frames, extent, seed } = *settings;
        let Some(found) = self.find(from, count, seed, &mut |share| watch(0.2 * share))? else { return Ok(None) };
        self.follow(from, found, (extent, frames / 2), &mut |share| watch(0.2 + 0.8 * share))
    }

    /// The directions from a point alone, the best first: those of the [`Region`] of the run's epsilon and of the radius of the
    /// sphere. [`step`](Self::step) goes along one. Nothing when it was stopped.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for none, for more than [`MOST_DIRECTIONS`], and for more than the inputs that were searched have.
    pub fn find(&mut self, from: &Point, count: usize, seed: u64, watch: Watch<'_>) -> Result<Option<Vec<Direction>>> {
        DirectionSettings { count, frames: 3, ..DirectionSettings::default() }.validate()?;
        let coordinates = Coordinates::latent(&self.specs);
        let most = coordinates.tangents(from);
        if count > most {
            let message = format!("{count} directions: the inputs that were searched have {most}: ask for fewer");
            return Err(Error::new(ErrorKind::Setting, message));
        }
        let region = Region { tolerance: self.tolerance, reach: coordinates.radius(from) };
        Ok(self.corrector.derivatives.null_directions(&coordinates, from, region, count, seed, watch))
    }

    /// The pictures between two points, `frames` with both of them: spheres along great circles, all else in straight
    /// lines, and each of them corrected. Nothing when it was stopped.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for fewer than 2 frames, or more than [`MOST_FRAMES`].
    pub fn path(&mut self, from: &Point, to: &Point, frames: usize, watch: Watch<'_>) -> Result<Option<Passage>> {
        if !(2..=MOST_FRAMES).contains(&frames) {
            let message =
                format!("a path of {frames} frames: ask for 2 to {MOST_FRAMES}, the two candidates among them");
            return Err(Error::new(ErrorKind::Setting, message));
        }
        let middle = path::between(&self.specs, from, to, 0.5);
        let radii = self.corrector.derivatives.radii(&middle);
        let corrected = Coordinates::latent_and_features(&self.specs, &radii);
        let Some(paces) = self.paces(from, to, frames, &mut |share| watch(0.1 * share)) else { return Ok(None) };
        let at = |&share: &f64| path::between(&self.specs, from, to, share);
        let mut points: Vec<Point> = paces[1..frames - 1].iter().map(at).collect();
        if self.corrector.approach(&corrected, &mut points, &mut |share| watch(0.1 + 0.9 * share)).is_break() {
            return Ok(None);
        }
        let mut all = vec![self.corrector.look(from)?];
        all.extend(self.corrector.finish(&points)?);
        all.push(self.corrector.look(to)?);
        let jumps = all.windows(2).map(|pair| pair[0].image.mean_squared_difference(&pair[1].image).sqrt()).collect();
        Ok(Some(Passage { frames: all, jumps }))
    }
}

impl Explorer<'_> {
    /// How well the generator fits the target at each frame without its features, in dB: what
    /// [`Candidate::latent_db`](crate::candidate::Candidate::latent_db) is of a candidate. Nothing where no features are moved.
    pub fn latent_db(&mut self, frames: &[&Frame]) -> Option<Vec<f64>> {
        let is_ball = |spec: &InputSpec| matches!(spec.geometry, Geometry::Ball { .. });
        if !self.specs.iter().any(is_ball) {
            return None;
        }
        let without = |frame: &&Frame| {
            let mut point = frame.point.clone();
            let offsets = point.iter_mut().zip(&self.specs).filter(|(_, spec)| spec.stage.is_some());
            offsets.for_each(|(offset, _)| offset.fill(0.0));
            point
        };
        let points: Vec<Point> = frames.iter().map(without).collect();
        let seen = self.corrector.derivatives.see(&points);
        Some(seen.iter().map(|seen| self.corrector.db(seen)).collect())
    }

    /// The shares of the way at which the pictures, as they are before they are corrected, have gone on by as much as each
    /// other. Nothing when it was stopped.
    fn paces(&mut self, from: &Point, to: &Point, frames: usize, watch: Watch<'_>) -> Option<Vec<f64>> {
        let fine = (FINER * frames).min(MOST_LOOKS);
        let points: Vec<Point> =
            (0..=fine).map(|index| path::between(&self.specs, from, to, index as f64 / fine as f64)).collect();
        let mut gone = vec![0.0];
        let mut before: Option<Vec<f32>> = None;
        for points in points.chunks(self.corrector.derivatives.batch()) {
            if watch((gone.len() - 1) as f64 / fine as f64).is_break() {
                return None;
            }
            for seen in self.corrector.derivatives.see(points) {
                if let Some(before) = &before {
                    gone.push(gone[gone.len() - 1] + mean_squared_error(before, &seen.image).sqrt());
                }
                before = Some(seen.image);
            }
        }
        Some(path::evenly(&gone, frames))
    }
}

/// Looks for each frame, to find an even pace, and the most in all.
const FINER: usize = 3;
const MOST_LOOKS: usize = 120;

impl Passage {
    /// The largest of the jumps from frame to frame, as a multiple of their mean; 1 where all are the same.
    pub fn roughness(&self) -> f64 {
        let mean = self.jumps.iter().sum::<f64>() / self.jumps.len() as f64;
        let largest = self.jumps.iter().copied().fold(0.0, f64::max);
        if mean > 0.0 { largest / mean } else { 1.0 }
    }

    /// The consistency of its worst frame, in dB.
    pub fn worst_db(&self) -> f64 {
        self.frames.iter().map(|frame| frame.db).fold(f64::INFINITY, f64::min)
    }
}

/// More points at a time do not go any faster, and more numbers of their pictures only take memory: of a StyleGAN, some 350
/// bytes for each.
const LARGEST_BATCH: usize = 16;
const MOST_NUMBERS: usize = 8 * 3 * 256 * 256;

/// How many points run together, by the numbers of a picture.
fn at_a_time(numbers: usize) -> usize {
    (MOST_NUMBERS / numbers).clamp(1, LARGEST_BATCH)
}
