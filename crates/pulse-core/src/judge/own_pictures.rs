//! What a generator's own random pictures are like under a measurement.

use std::collections::BTreeMap;

use pulse_checkpoint::Tensor;
use pulse_engine::Engine;

use super::familiar::Familiar;
use super::own_fits::{OwnFits, Usual};
use super::residuals::{ResidualMeter, Residuals};
use super::verdict::{Bent, Verdict};
use crate::Result;
use crate::candidate::Candidate;
use crate::image::{Image, Size};
use crate::search::{Problem, SearchConfig};

/// How many dB of shortfall count as one deviation.
const SHORT: f64 = 4.0;

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
    /// As [`search`](crate::search::search).
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
    fn a_run_is_its_middle() {
        let bent = [3.0, 0.0, 1.5, 9.0].map(|strangeness| Bent { strangeness, ..USUAL });
        assert_eq!(OwnPictures::of_run(&bent), Some(bent[2]));
        assert_eq!(OwnPictures::of_run(&bent[..1]), Some(bent[0]));
        assert_eq!(OwnPictures::of_run(&[]), None);
    }
}
