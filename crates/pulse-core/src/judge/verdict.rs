//! How far the generator had to be bent to make a picture, and what that says of it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;

use pulse_checkpoint::Tensor;
use pulse_engine::Engine;

use super::familiar::Familiar;
use super::lessons::Camera;
use super::random::each_random_picture;
use super::residuals::{ResidualMeter, Residuals};
use crate::Result;
use crate::candidate::Candidate;
use crate::denoiser::Denoiser;
use crate::event::SearchEvent;
use crate::generator::Embedded;
use crate::image::{Image, Size};
use crate::measurement::MeasurementKind;
use crate::search::{Problem, SearchConfig, search};

/// How many own pictures are searched for, to see how well they are fitted. They are not the random pictures of the range.
const SEARCHED: usize = 8;
const FIRST: usize = 1024;

/// How many times the default number of steps own pictures are searched for at most: they are fitted by then.
const LONGEST: usize = 2;

/// Up to here a picture is known: five of six own pictures are.
const KNOWN: f64 = 1.0;

/// Beyond this it is unknown: fewer than one own picture in twenty is.
const UNKNOWN: f64 = 2.0;

/// A fit before the features that is better than usual by more deviations than this is no further evidence: flat pictures are
/// fitted well by anything.
const BETTER: f64 = -1.0;

/// How many dB of shortfall count as one deviation.
const SHORT: f64 = 4.0;

/// Whether a picture is one that the generator knows how to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Like most of its own pictures.
    Known,
    /// Like few of its own pictures.
    Stretched,
    /// Like hardly any of its own pictures.
    Unknown,
}

impl Verdict {
    /// All of them, from the best to the worst.
    pub const ALL: [Self; 3] = [Self::Known, Self::Stretched, Self::Unknown];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Stretched => "stretched",
            Self::Unknown => "unknown",
        }
    }

    /// The verdict of this name, where it is one.
    pub fn named(name: Option<&str>) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| Some(verdict.name()) == name)
    }

    /// The verdict in plain words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Known => "like the model's own pictures",
            Self::Stretched => "the model had to be stretched",
            Self::Unknown => "not a picture that this model knows",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far the generator had to be bent, each figure in deviations of its own random pictures under the same measurement: 0 is
/// usual, more is worse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bent {
    /// `s`, of the target: [`Familiar::strangeness`]. Of a denoiser, of the candidate: the mean over four noise levels of how many
    /// deviations its residual is above that of own pictures, which were drawn for such a target too, less those that the pictures
    /// that it learned are ([`Calibration`](crate::generator::Calibration)).
    pub strangeness: f64,
    /// `f = (mean − latent_db) / deviation`, of the consistency that the latent alone reached
    /// ([`Candidate::latent_db`]), with the mean and deviation of own pictures.
    pub misfit: f64,
    /// `e = max(0, (mean − 2 max(deviation, 0.5 dB) − searched_db) / 4 dB)`, of the consistency before the exact projection
    /// ([`Candidate::searched_db`]): what the features could not make up for.
    pub shortfall: f64,
}

impl Bent {
    /// `s + (max(f, −1) + e) / 2`.
    pub fn total(&self) -> f64 {
        self.strangeness + 0.5 * (self.misfit.max(BETTER) + self.shortfall)
    }

    /// Known up to a total of 1, unknown beyond 2 or where the total is no number.
    pub fn verdict(&self) -> Verdict {
        match self.total() {
            total if total <= KNOWN => Verdict::Known,
            total if total <= UNKNOWN => Verdict::Stretched,
            _ => Verdict::Unknown,
        }
    }
}

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
    /// By the latent alone: [`Candidate::latent_db`].
    pub latent: Usual,
    /// Before the exact projection: [`Candidate::searched_db`].
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
        each_random_picture(problem, &alone, engine, FIRST..FIRST + SEARCHED, |number, picture| {
            targets.push(camera.target(&picture, channels, size, number as u32)?);
            Ok(flow(stop))
        })?;
        if targets.is_empty() {
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
            Some(denoiser) => Some(usual_residuals(denoiser, config, &pictures, engine)?),
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
) -> Result<[Usual; 4]> {
    let all = ResidualMeter::new(denoiser, config, engine)?.measure(&pictures.iter().collect::<Vec<_>>());
    Ok(std::array::from_fn(|level| Usual::of(&all.iter().map(|residuals| residuals[level]).collect::<Vec<_>>())))
}

fn flow(stop: &dyn Fn() -> bool) -> ControlFlow<()> {
    if stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

impl OwnFits {
    /// In single precision, as it is kept: what is made now is what is read later.
    fn rounded(self) -> Self {
        let round = |number: f64| f64::from(number as f32);
        let usual = |usual: Usual| Usual { mean: round(usual.mean), deviation: round(usual.deviation) };
        let residuals = self.residuals.map(|residuals| residuals.map(usual));
        Self { latent: usual(self.latent), searched: usual(self.searched), residuals }
    }
}

/// A picture that shrinks to the target, and how well the generator fitted it there before the exact projection.
#[derive(Clone, Copy, Debug)]
pub struct Fitted<'a> {
    /// The picture, in [0, 1].
    pub image: &'a Image,
    /// As in [`Candidate::latent_db`].
    pub latent_db: f64,
    /// As in [`Candidate::searched_db`].
    pub searched_db: f64,
}

impl<'a> From<&'a Candidate> for Fitted<'a> {
    fn from(candidate: &'a Candidate) -> Self {
        Self { image: &candidate.image, latent_db: candidate.latent_db, searched_db: candidate.searched_db }
    }
}

/// What a generator's own random pictures are like under a measurement: what candidates are judged beside. The same for all
/// targets of one shape.
#[derive(Clone, Debug)]
pub struct OwnPictures {
    /// What they look like, shrunk; nothing of a denoiser, which is asked itself.
    pub familiar: Option<Familiar>,
    /// How well they are fitted.
    pub fits: OwnFits,
}

impl OwnPictures {
    /// Makes some, and searches for eight of them where their `fits` are not known. Nothing for a generator without random
    /// pictures, and where `stop` says so before all is known.
    ///
    /// # Errors
    /// As [`search`].
    pub fn of(
        problem: &Problem<'_>,
        config: &SearchConfig,
        fits: Option<OwnFits>,
        engine: &dyn Engine,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Self>> {
        let fits = match fits {
            Some(fits) => Some(fits),
            None => OwnFits::searched(problem, config, engine, stop)?,
        };
        let Some(fits) = fits else { return Ok(None) };
        let fits = fits.rounded();
        if fits.residuals.is_some() {
            return Ok(Some(Self { familiar: None, fits }));
        }
        let familiar = Familiar::learnt(problem, config, engine, stop)?;
        Ok(familiar.map(|familiar| Self { familiar: Some(familiar), fits }))
    }

    /// Whether a target is one that the generator knows, by its looks alone, before anything is searched. A denoiser takes it for
    /// one.
    pub fn glance(&self, target: &Image) -> Verdict {
        let strangeness = self.familiar.as_ref().map_or(0.0, |familiar| familiar.strangeness(target));
        Bent { strangeness, misfit: 0.0, shortfall: 0.0 }.verdict()
    }

    /// All of it as named arrays, to be kept.
    ///
    /// # Panics
    /// Never: each array has the length of its shape.
    pub fn to_arrays(&self) -> BTreeMap<String, Tensor> {
        let OwnFits { latent, searched, residuals } = self.fits;
        let both = |usual: &Usual| [usual.mean as f32, usual.deviation as f32];
        let fits = [latent, searched].iter().flat_map(both).collect();
        let residuals = residuals.map(|levels| ("residuals", vec![4, 2], levels.iter().flat_map(both).collect()));
        let familiar = self.familiar.iter().flat_map(Familiar::to_arrays);
        let arrays = familiar.chain(residuals).chain([("fits", vec![4], fits)]);
        arrays
            .map(|(name, shape, data)| (name.to_owned(), Tensor::new(shape, data).expect("the length fits")))
            .collect()
    }

    /// What was kept of own pictures for targets of this size and channels; nothing where it is something else.
    pub fn from_arrays(arrays: &BTreeMap<String, Tensor>, size: Size, channels: usize) -> Option<Self> {
        let array = |name: &str| arrays.get(name).map(|tensor| &tensor.data()[..]);
        let usual = |pair: &[f32; 2]| Usual { mean: pair[0].into(), deviation: pair[1].into() };
        let &[latent, searched] = array("fits")?.as_chunks().0 else { return None };
        let (latent, searched) = (usual(&latent), usual(&searched));
        if let Some(residuals) = array("residuals") {
            let levels: &[[f32; 2]; 4] = residuals.as_chunks().0.try_into().ok()?;
            return Some(Self {
                familiar: None,
                fits: OwnFits { latent, searched, residuals: Some(levels.map(|pair| usual(&pair))) },
            });
        }
        let learnt = [array("examples")?, array("coefficients")?, array("usual")?];
        let familiar = Some(Familiar::from_arrays(size, channels, learnt)?);
        Some(Self { familiar, fits: OwnFits { latent, searched, residuals: None } })
    }

    /// How far the generator was bent for each picture that fits the problem. The pictures that a denoiser learned are by `learned`
    /// deviations stranger than those that it makes.
    ///
    /// # Errors
    /// [`ErrorKind::Network`](crate::ErrorKind::Network) when the engine cannot run a denoiser.
    pub fn bent(
        &self,
        problem: &Problem<'_>,
        config: &SearchConfig,
        pictures: &[Fitted<'_>],
        learned: f64,
        engine: &dyn Engine,
    ) -> Result<Vec<Bent>> {
        let strangeness = match (&self.familiar, self.fits.residuals, problem.generator.denoiser()) {
            (Some(familiar), ..) => vec![familiar.strangeness(&problem.target); pictures.len()],
            (None, Some(usual), Some(denoiser)) => {
                let images: Vec<&Image> = pictures.iter().map(|picture| picture.image).collect();
                let found = ResidualMeter::new(denoiser, config, engine)?.measure(&images);
                found.iter().map(|residuals| strangeness_of(residuals, &usual) - learned).collect()
            }
            _ => vec![0.0; pictures.len()],
        };
        let OwnFits { latent, searched, residuals } = self.fits;
        // Eight pictures may be alike by chance, and those of a denoiser are, because it is not searched.
        let least = if residuals.is_some() { 3.0 } else { 1.0 };
        let bent = |(picture, strangeness): (&Fitted<'_>, f64)| Bent {
            strangeness,
            misfit: (latent.mean - picture.latent_db) / latent.deviation.max(least),
            shortfall: ((searched.mean - 2.0 * searched.deviation.max(0.5) - picture.searched_db) / SHORT).max(0.0),
        };
        Ok(pictures.iter().zip(strangeness).map(bent).collect())
    }

    /// The bend of a whole run: the candidate in the middle, by the total. Nothing without candidates.
    pub fn of_run(bent: &[Bent]) -> Option<Bent> {
        let mut sorted = bent.to_vec();
        sorted.sort_by(|a, b| a.total().total_cmp(&b.total()));
        sorted.get(sorted.len().saturating_sub(1) / 2).copied()
    }
}

/// The mean over the levels of how many deviations a residual is above the usual ones.
fn strangeness_of(residuals: &Residuals, usual: &[Usual; 4]) -> f64 {
    // Eight pictures may be alike by chance: up to two fifths of an error are no difference.
    const LEAST: f64 = 0.15;
    let above = residuals.iter().zip(usual).map(|(own, usual)| (own - usual.mean) / usual.deviation.max(LEAST));
    above.sum::<f64>() / usual.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Bent = Bent { strangeness: 0.0, misfit: 0.0, shortfall: 0.0 };

    #[test]
    fn verdicts_are_by_the_total() {
        let verdict = |strangeness| Bent { strangeness, ..USUAL }.verdict();
        assert_eq!([0.0, 1.0, 2.0, 2.1].map(verdict), {
            use Verdict::{Known, Stretched, Unknown};
            [Known, Known, Stretched, Unknown]
        });
        assert_eq!(verdict(f64::NAN), Verdict::Unknown);
        let total = |misfit, shortfall| Bent { misfit, shortfall, ..USUAL }.total();
        assert_eq!([total(-8.0, 0.0), total(2.0, 0.0), total(2.0, 3.0)], [-0.5, 1.0, 2.5]);
    }

    #[test]
    fn a_run_is_its_middle() {
        let bent = [3.0, 0.0, 1.5, 9.0].map(|strangeness| Bent { strangeness, ..USUAL });
        assert_eq!(OwnPictures::of_run(&bent), Some(bent[2]));
        assert_eq!(OwnPictures::of_run(&bent[..1]), Some(bent[0]));
        assert_eq!(OwnPictures::of_run(&[]), None);
    }

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
