//! How well a generator's own random pictures are fitted: what fits are held against.

use std::ops::ControlFlow;

use pulse_engine::Engine;

use super::lessons::Camera;
use super::random::each_random_picture;
use super::residuals::ResidualMeter;
use crate::Result;
use crate::denoiser::Denoiser;
use crate::event::SearchEvent;
use crate::generator::Embedded;
use crate::image::Image;
use crate::measurement::MeasurementKind;
use crate::search::{Problem, SearchConfig, search};

/// How many own pictures are searched for, to see how well they are fitted. They are not the random pictures of the range.
const SEARCHED: usize = 8;
const FIRST: usize = 1024;

/// How many times the default number of steps own pictures are searched for at most: they are fitted by then.
const LONGEST: usize = 2;

/// Mean and standard deviation of a figure of own pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usual {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
}

impl Usual {
    fn of(numbers: &[f64]) -> Self {
        let count = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
        Self { mean, deviation: (squares / (count - 1.0).max(1.0)).sqrt() }
    }

    fn between(self, other: Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| a + share * (b - a);
        Self { mean: mix(self.mean, other.mean), deviation: mix(self.deviation, other.deviation) }
    }
}

/// How well the generator's own random pictures are fitted, in dB.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OwnFits {
    /// By the latent alone: [`Candidate::latent_db`](crate::candidate::Candidate::latent_db).
    pub latent: Usual,
    /// Before the exact projection: [`Candidate::searched_db`](crate::candidate::Candidate::searched_db).
    pub searched: Usual,
    /// The residuals of what was found, of a denoiser: log₁₀ of the mean squared error with which it denoises them, at four noise
    /// levels.
    pub residuals: Option<[Usual; 4]>,
}

/// [`OwnFits`] of the embedded `faces` with the default search, by the numbers of the target: 4x4, 8x8, 16x16 and 32x32 in
/// colour, shrunk bicubically. Of 40, 60, 60 and 40 pictures.
const FACES: [(f64, OwnFits); 4] = [
    (48.0, fits([31.9, 2.8], [45.6, 0.5])),
    (192.0, fits([26.6, 2.7], [45.3, 0.5])),
    (768.0, fits([24.2, 2.5], [44.7, 1.8])),
    (3072.0, fits([23.4, 2.5], [43.4, 3.3])),
];

const fn fits(latent: [f64; 2], searched: [f64; 2]) -> OwnFits {
    let [latent, searched] =
        [Usual { mean: latent[0], deviation: latent[1] }, Usual { mean: searched[0], deviation: searched[1] }];
    OwnFits { latent, searched, residuals: None }
}

impl OwnFits {
    /// Those that are known of an embedded generator, where this is its default search through a measurement that shrinks: then
    /// nothing has to be searched for. Between the sizes that were measured they are interpolated, linearly in the logarithm of
    /// the numbers.
    pub fn kept(embedded: &Embedded, problem: &Problem<'_>, config: &SearchConfig) -> Option<Self> {
        let default = SearchConfig::default();
        let SearchConfig { candidates, seed, batch, spread, steps, sampler, .. } = *config;
        let same = SearchConfig { candidates, seed, steps, batch, spread, sampler, ..default } == *config;
        let measured = problem.measurement.output_shape();
        // What others bring may fit in other ways.
        let ours = problem.measurement.text().is_some_and(|text| text.parse::<MeasurementKind>().is_ok());
        let shrinks = ours
            && problem.measurement.is_well_conditioned()
            && problem.measurement.known() == measured.len()
            && measured.channels() == 3;
        (embedded.name == "faces" && same && shrinks).then(|| Self::of_faces(measured.len()))
    }

    fn of_faces(numbers: usize) -> Self {
        let numbers = (numbers as f64).clamp(FACES[0].0, FACES[FACES.len() - 1].0);
        let above = FACES.iter().position(|&(size, _)| numbers <= size).unwrap_or(FACES.len() - 1).max(1);
        let [(low, below), (high, above)] = [FACES[above - 1], FACES[above]];
        let share = (numbers / low).ln() / (high / low).ln();
        Self {
            latent: below.latent.between(above.latent, share),
            searched: below.searched.between(above.searched, share),
            residuals: None,
        }
    }

    /// Searches for eight own pictures with these settings, one candidate each, but with the default number of steps at least,
    /// by which a search that was cut short is seen, and twice as many at most. None for a generator without random pictures, and
    /// where `stop` says so before all are searched.
    ///
    /// # Errors
    /// As [`search`].
    pub fn searched(
        problem: &Problem<'_>,
        config: &SearchConfig,
        engine: &dyn Engine,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Self>> {
        let usual = SearchConfig::default().steps;
        let steps = config.steps.clamp(usual, LONGEST * usual);
        let alone = SearchConfig { candidates: 1, batch: 1, spread: None, steps, ..config.clone() };
        let mut camera = Camera::new(problem, config.sigma, engine)?;
        let (channels, size) = (problem.target.channels(), problem.target.size());
        let mut targets = Vec::with_capacity(SEARCHED);
        let made = each_random_picture(problem, &alone, engine, FIRST..FIRST + SEARCHED, stop, |number, picture| {
            targets.push(camera.target(&picture, channels, size, number as u32)?);
            Ok(())
        })?;
        if targets.is_empty() || made.is_break() {
            return Ok(None);
        }
        let (mut latent, mut searched, mut pictures) = (Vec::new(), Vec::new(), Vec::new());
        for (number, target) in targets.iter().enumerate() {
            let own = Problem::new(&*problem.generator, &*problem.measurement, target);
            let alone = SearchConfig { seed: number as u64, ..alone.clone() };
            for found in search(&own, &alone, engine, &mut |_: SearchEvent<'_>| flow(stop))? {
                latent.push(found.latent_db);
                searched.push(found.searched_db);
                pictures.push(found.image);
            }
            if stop() {
                return Ok(None);
            }
        }
        let residuals = match problem.generator.denoiser() {
            Some(denoiser) => match usual_residuals(denoiser, config, &pictures, engine, stop)? {
                Some(usual) => Some(usual),
                None => return Ok(None),
            },
            None => None,
        };
        Ok(Some(Self { latent: Usual::of(&latent), searched: Usual::of(&searched), residuals }))
    }
}

fn usual_residuals(
    denoiser: &Denoiser,
    config: &SearchConfig,
    pictures: &[Image],
    engine: &dyn Engine,
    stop: &dyn Fn() -> bool,
) -> Result<Option<[Usual; 4]>> {
    let pictures: Vec<_> = pictures.iter().collect();
    let Some(all) = ResidualMeter::new(denoiser, config, engine)?.measure_unless(&pictures, stop) else {
        return Ok(None);
    };
    let of = |level: usize| Usual::of(&all.iter().map(|residuals| residuals[level]).collect::<Vec<_>>());
    Ok(Some(std::array::from_fn(of)))
}

fn flow(stop: &dyn Fn() -> bool) -> ControlFlow<()> {
    if stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

impl OwnFits {
    /// In single precision, as it is kept: what is made now is what is read later.
    pub(super) fn rounded(self) -> Self {
        let round = |number: f64| f64::from(number as f32);
        let usual = |usual: Usual| Usual { mean: round(usual.mean), deviation: round(usual.deviation) };
        let residuals = self.residuals.map(|residuals| residuals.map(usual));
        Self { latent: usual(self.latent), searched: usual(self.searched), residuals }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_fits_are_interpolated_and_never_beyond_the_ends() {
        assert_eq!(OwnFits::of_faces(768), FACES[2].1);
        assert_eq!([OwnFits::of_faces(3), OwnFits::of_faces(48)], [FACES[0].1; 2]);
        assert_eq!([OwnFits::of_faces(12_288), OwnFits::of_faces(3072)], [FACES[3].1; 2]);
        let between = OwnFits::of_faces(384).latent;
        assert!((between.mean - 25.4).abs() < 1e-9 && (between.deviation - 2.6).abs() < 1e-9);
    }

    #[test]
    fn deviations_are_of_a_sample() {
        let Usual { mean, deviation } = Usual::of(&[1.0, 2.0, 3.0]);
        assert!((mean - 2.0).abs() < 1e-12 && (deviation - 1.0).abs() < 1e-12);
        assert_eq!(Usual::of(&[7.0]), Usual { mean: 7.0, deviation: 0.0 });
    }
}
