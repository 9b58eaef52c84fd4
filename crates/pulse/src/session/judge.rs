//! Measures candidates in comparison with a generator's own pictures, which are kept for all searches of one generator.

use std::collections::BTreeMap;
use std::sync::Arc;

use pulse_checkpoint::Tensor;
use pulse_core::candidate::Candidate;
use pulse_core::generator::{Calibration, UNCALIBRATED};
use pulse_core::image::Image;
use pulse_core::judge::{
    Assessment, Bent, Critic, Fitted, INFLATION, OwnFits, OwnPictures, Prior, RANDOM_PICTURES, Verdict,
    random_pictures_unless,
};
use pulse_core::place::Placer;
use pulse_core::search::{Problem, Sampler, SearchConfig};
use pulse_engine::Engine;
use pulse_record::cache::Cache;
use pulse_record::checksum::sha256;

use crate::{Opened, Placing, Prepared, Result};

/// Measures candidates together. It is for the runs of one generator: what it compiles and renders for the first run is used
/// again for the others.
#[derive(Default)]
pub struct Judge {
    /// The discriminator, where there is one.
    critic: Option<Critic>,
    /// Random pictures of the generator.
    random: Option<Vec<Image>>,
    /// The generator's own pictures, under this measurement and with these settings.
    own: Option<(String, Option<OwnPictures>)>,
    /// What finds the frame of the generator, once it was needed.
    placer: Option<Placer>,
    /// Whether to leave out what takes long.
    stop: Option<Box<dyn Fn() -> bool + Send + Sync>>,
    /// Whether the last candidates were measured without what takes long.
    cut_short: bool,
}

impl Judge {
    /// One that makes no more pictures of the generator's own once this is true: there is no verdict then where they are not known
    /// already, and no frame is looked for.
    pub fn stopping_when(stop: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { stop: Some(Box::new(stop)), ..Self::default() }
    }

    /// Whether the last candidates have no verdict because it was stopped.
    pub fn was_cut_short(&self) -> bool {
        self.cut_short
    }

    fn stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop())
    }

    /// Measures candidates together, and how typical each is of the generator.
    ///
    /// # Errors
    /// As [`Prior::new`], [`Critic::new`] and [`Assessment::of`].
    pub fn measure(
        &mut self,
        candidates: &[Candidate],
        opened: &Opened,
        problem: &Problem<'_>,
        config: &SearchConfig,
        engine: &dyn Engine,
    ) -> Result<Assessment> {
        let range = self.compare(candidates, opened, problem, config, engine)?;
        Ok(match self.own_pictures(opened, problem, config, engine)? {
            Some(own) => {
                let learned = calibration(opened).strangeness;
                let fitted: Vec<_> = candidates.iter().map(Fitted::from).collect();
                range.with_bent(&own.bent(problem, config, &fitted, learned, engine)?)
            }
            None => range,
        })
    }

    /// The same without how far the generator was bent, for which pictures of its own have to be searched for: as many searches again, of
    /// which certainty, spread and every score but the verdict use nothing. Intervals are as wide as with it, because by how much they have
    /// to be widened is measured once for a kind of search, and not for each measurement.
    ///
    /// # Errors
    /// As [`measure`](Self::measure).
    pub fn compare(
        &mut self,
        candidates: &[Candidate],
        opened: &Opened,
        problem: &Problem<'_>,
        config: &SearchConfig,
        engine: &dyn Engine,
    ) -> Result<Assessment> {
        self.cut_short = false;
        let range = self.scores(candidates, opened, problem, config, engine)?;
        Ok(range.inflated(inflation(opened, problem, config)))
    }

    /// The verdict of each of some pictures that fit the problem, as it would be of candidates; nothing where it would take a search for the
    /// generator's own pictures first.
    ///
    /// # Errors
    /// As [`OwnPictures::of`] and [`OwnPictures::bent`].
    pub fn verdicts(
        &mut self,
        pictures: &[Fitted<'_>],
        opened: &Opened,
        problem: &Problem<'_>,
        config: &SearchConfig,
        engine: &dyn Engine,
    ) -> Result<Option<Vec<Verdict>>> {
        if self.known(opened, problem, config).is_none() && kept_fits(opened, problem, config).is_none() {
            return Ok(None);
        }
        let Some(own) = self.own_pictures(opened, problem, config, engine)? else { return Ok(None) };
        let bent = own.bent(problem, config, pictures, calibration(opened).strangeness, engine)?;
        Ok(Some(bent.iter().map(Bent::verdict).collect()))
    }

    /// The generator's own random pictures, once something was measured.
    pub fn random(&self) -> &[Image] {
        self.random.as_deref().unwrap_or_default()
    }

    fn scores(
        &mut self,
        candidates: &[Candidate],
        opened: &Opened,
        problem: &Problem<'_>,
        config: &SearchConfig,
        engine: &dyn Engine,
    ) -> Result<Assessment> {
        // A denoiser is asked how likely a picture is, not how its inputs lie.
        let plausibility = if config.sampler_of(&*problem.generator) == Sampler::NullSpace {
            Vec::new()
        } else {
            // The program that it runs may be used again by what follows.
            let mut prior = Prior::new(problem, config, engine)?;
            candidates.iter().map(|candidate| prior.plausibility(&candidate.inputs)).collect()
        };
        if let (None, Some(Ok(discriminator))) = (&self.critic, &opened.discriminator) {
            self.critic = Some(Critic::new(discriminator, engine)?);
        }
        let logits: Vec<_> = match &mut self.critic {
            Some(critic) => candidates.iter().map(|candidate| critic.logit(candidate)).collect(),
            None => Vec::new(),
        };
        if self.random.is_none() {
            self.random = random_of(opened, problem, config, engine, &|| self.stopped())?;
        }
        // Those of a denoiser take long.
        let Some(random) = self.random.take() else {
            self.cut_short = true;
            return Assessment::of(candidates, problem.target.size(), &plausibility, &logits, &[]);
        };
        let range = Assessment::of(candidates, problem.target.size(), &plausibility, &logits, &random);
        self.random = Some(random);
        range
    }

    /// Whether the generator's own pictures for such a picture are known already; else finding out takes seconds.
    pub fn is_ready(&mut self, prepared: &Prepared, opened: &Opened, config: &SearchConfig) -> bool {
        let problem = Problem::new(&*opened.generator, &*prepared.measurement, &prepared.target);
        self.known(opened, &problem, config).is_some()
    }

    /// The picture in the frame in which it is most like the generator's own, where that is to be looked for and found.
    ///
    /// # Errors
    /// As [`Placer::new`] and [`Prepared::placed`].
    pub fn place(
        &mut self,
        prepared: Arc<Prepared>,
        placing: Placing,
        opened: &Opened,
        config: &SearchConfig,
        engine: &dyn Engine,
    ) -> Result<Arc<Prepared>> {
        if placing == Placing::Off || prepared.kernel.is_none() {
            return Ok(prepared);
        }
        if placing == Placing::Auto {
            if !is_quick(&prepared, opened, config) {
                return Ok(prepared);
            }
            let given = self.glance(&prepared, opened, config, engine)?;
            if given.is_none_or(|given| given == Verdict::Known) {
                return Ok(prepared);
            }
        }
        if self.placer.is_none() {
            self.placer = Placer::new(&*opened.generator, engine, &|| self.stopped())?;
        }
        let Some(placer) = &mut self.placer else { return Ok(prepared) };
        let Some(placed) = prepared.placed(placer, opened.generator.spec(), placing)? else { return Ok(prepared) };
        // A picture that is strange in every frame stays as it was given.
        let better = self.glance(&placed, opened, config, engine)? == Some(Verdict::Known);
        Ok(if better { Arc::new(placed) } else { prepared })
    }

    /// Whether a picture is one that the generator knows, by its looks alone.
    fn glance(
        &mut self,
        prepared: &Prepared,
        opened: &Opened,
        config: &SearchConfig,
        engine: &dyn Engine,
    ) -> Result<Option<Verdict>> {
        let problem = Problem::new(&*opened.generator, &*prepared.measurement, &prepared.target);
        let own = self.own_pictures(opened, &problem, config, engine)?;
        Ok(own.map(|own| own.glance(&prepared.target)))
    }

    /// The generator's own pictures under the problem's measurement, which are the same for every target of one shape and kind.
    fn own_pictures(
        &mut self,
        opened: &Opened,
        problem: &Problem<'_>,
        config: &SearchConfig,
        engine: &dyn Engine,
    ) -> Result<Option<&OwnPictures>> {
        if self.known(opened, problem, config).is_none() {
            let fits = kept_fits(opened, problem, config);
            let made = OwnPictures::of(problem, config, fits, engine, &|| self.stopped())?;
            if made.is_none() && self.stopped() {
                self.cut_short = true;
                return Ok(None);
            }
            let under = under(opened, problem, config);
            if let (Some(cache), Some(made)) = (cache_of(opened), &made) {
                cache.write(&under, &made.to_arrays());
            }
            self.own = Some((under, made));
        }
        Ok(self.own.as_ref().and_then(|(_, own)| own.as_ref()))
    }

    /// The same, where they are in memory or in the cache.
    fn known(&mut self, opened: &Opened, problem: &Problem<'_>, config: &SearchConfig) -> Option<&OwnPictures> {
        let under = under(opened, problem, config);
        if self.own.as_ref().is_none_or(|(known, _)| *known != under) {
            let (size, channels) = (problem.target.size(), problem.target.channels());
            let kept = OwnPictures::from_arrays(&cache_of(opened)?.read(&under)?, size, channels)?;
            self.own = Some((under, Some(kept)));
        }
        self.own.as_ref().and_then(|(_, own)| own.as_ref())
    }
}

/// What is known of the generator's sampled candidates.
pub(super) fn calibration(opened: &Opened) -> Calibration {
    opened.embedding().and_then(|embedded| embedded.calibration).unwrap_or(UNCALIBRATED)
}

/// By how much wider intervals are than candidates of this kind alone make them.
fn inflation(opened: &Opened, problem: &Problem<'_>, config: &SearchConfig) -> f64 {
    match config.sampler_of(&*problem.generator) {
        Sampler::Descent => INFLATION,
        Sampler::NullSpace => calibration(opened).pixels,
    }
}

/// Random pictures of the generator; nothing where `stop` says so before all are made. Those of a denoiser take many passes each, and
/// are kept.
fn random_of(
    opened: &Opened,
    problem: &Problem<'_>,
    config: &SearchConfig,
    engine: &dyn Engine,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Vec<Image>>> {
    let make = || random_pictures_unless(problem, config, engine, RANDOM_PICTURES, stop);
    let Some(cache) = cache_of(opened).filter(|_| problem.generator.denoiser().is_some()) else { return make() };
    let (generator, class, settings) = (&opened.record.sha256, config.space.class, &config.null_space);
    let under = sha256(format!("random pictures {VERSION}, {generator}, {class}, {settings:?}").as_bytes());
    let spec = problem.generator.spec();
    let shape = [spec.channels, spec.height, spec.width];
    let kept = cache.read(&under).and_then(|arrays| pictures_in(&arrays, shape));
    if kept.is_some() {
        return Ok(kept);
    }
    let Some(made) = make()? else { return Ok(None) };
    let values: Vec<f32> = made.iter().flat_map(Image::values).copied().collect();
    let shape = std::iter::once(made.len()).chain(shape).collect::<Vec<_>>();
    if let Ok(array) = Tensor::new(shape, values) {
        cache.write(&under, &BTreeMap::from([(PICTURES.to_owned(), array)]));
    }
    Ok(Some(made))
}

/// The name of kept pictures.
const PICTURES: &str = "pictures";

/// The kept pictures, where they are as many and of the shape that they have to be.
fn pictures_in(arrays: &BTreeMap<String, Tensor>, shape: [usize; 3]) -> Option<Vec<Image>> {
    let array = arrays.get(PICTURES).filter(|array| array.shape() == [&[RANDOM_PICTURES], &shape[..]].concat())?;
    let [channels, height, width] = shape;
    let rows = array.data().chunks_exact(channels * height * width);
    rows.map(|row| Image::clamped(channels, height, width, row.to_vec()).ok()).collect()
}

/// Whether looking at the generator's own pictures needs no search.
fn is_quick(prepared: &Prepared, opened: &Opened, config: &SearchConfig) -> bool {
    let problem = Problem::new(&*opened.generator, &*prepared.measurement, &prepared.target);
    kept_fits(opened, &problem, config).is_some()
}

fn kept_fits(opened: &Opened, problem: &Problem<'_>, config: &SearchConfig) -> Option<OwnFits> {
    opened.embedding().and_then(|embedded| OwnFits::kept(embedded, problem, config))
}

/// The cache; none for a generator without a checksum, which could not be told from others.
fn cache_of(opened: &Opened) -> Option<&Cache> {
    opened.cache().filter(|_| !opened.record.sha256.is_empty())
}

/// Grows by one whenever the figures of the same generator change.
const VERSION: u32 = 1;

/// The checksum of all that a generator's own pictures depend on.
fn under(opened: &Opened, problem: &Problem<'_>, config: &SearchConfig) -> String {
    let settings = SearchConfig { candidates: 1, seed: 0, ..config.clone() };
    let shape = problem.measurement.output_shape();
    let (generator, measurement) = (&opened.record.sha256, problem.measurement.describe());
    let latent = problem.latent().name();
    sha256(format!("own pictures {VERSION}, {generator}, {measurement}, {shape}, {latent}, {settings:?}").as_bytes())
}
