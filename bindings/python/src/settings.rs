//! The settings of a search, each the library's own where it is not named.

use pulse::candidate::{PERFECT_DB, epsilon_of_db};
use pulse::image::{Rectangle, Size};
use pulse::measurement::MeasurementKind;
use pulse::search::{Repulsion, SearchConfig};
use pulse::standing::Request;
use pulse::{Blocks, Error, ErrorKind, Placing, Preparation};
use pyo3::prelude::*;

use crate::error::{of_kind, raised};

/// How to search, and what is done to the picture first.
#[pyclass(frozen, module = "pulse._pulse")]
pub(crate) struct Settings {
    pub(crate) config: SearchConfig,
    pub(crate) request: Request,
    /// Whether they say how much noise there is, or what is good enough.
    pub(crate) says_noise: bool,
    /// The standard deviation of the noise, where they say that.
    pub(crate) sigma: Option<f64>,
}

fn set<T>(setting: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *setting = given;
    }
}

fn parsed<T: std::str::FromStr<Err = Error>>(text: Option<&str>) -> pulse::Result<Option<T>> {
    text.map(str::parse).transpose()
}

#[pymethods]
impl Settings {
    #[new]
    #[pyo3(signature = (*, preset=None, candidates=None, seed=None, steps=None, starts=None, sampler=None, unroll=None,
        class_=None, epsilon=None, target_db=None, sigma=None, spread=false, optimizer=None, learning_rate=None, schedule=None,
        loss=None, batch=None, project=None, early_stop=None, measurement=None, mosaic=None, place=None, crop=None, pixelate=None,
        background=None))]
    fn new(
        py: Python<'_>,
        preset: Option<&str>,
        candidates: Option<usize>,
        seed: Option<u64>,
        steps: Option<usize>,
        starts: Option<usize>,
        sampler: Option<&str>,
        unroll: Option<usize>,
        class_: Option<usize>,
        epsilon: Option<f64>,
        target_db: Option<f64>,
        sigma: Option<f64>,
        spread: bool,
        optimizer: Option<&str>,
        learning_rate: Option<f64>,
        schedule: Option<&str>,
        loss: Option<&str>,
        batch: Option<usize>,
        project: Option<bool>,
        early_stop: Option<bool>,
        measurement: Option<&str>,
        mosaic: Option<&str>,
        place: Option<&str>,
        crop: Option<[usize; 4]>,
        pixelate: Option<[usize; 2]>,
        background: Option<[u8; 3]>,
    ) -> PyResult<Self> {
        let setting = |reason: String| of_kind(py, "setting", &reason);
        let mut config = match preset {
            None | Some("default") => SearchConfig::default(),
            Some("paper") => SearchConfig::paper(),
            Some(other) => return Err(setting(format!("there is no preset `{other}`: choose default or paper"))),
        };
        set(&mut config.candidates, candidates);
        set(&mut config.seed, seed);
        set(&mut config.steps, steps);
        set(&mut config.null_space.steps, steps);
        set(&mut config.starts, starts);
        set(&mut config.space.class, class_);
        set(&mut config.space.unroll, unroll);
        set(&mut config.learning_rate, learning_rate);
        set(&mut config.batch, batch);
        set(&mut config.project, project);
        set(&mut config.early_stop, early_stop);
        if [epsilon.is_some(), target_db.is_some(), sigma.is_some()].into_iter().filter(|&given| given).count() > 1 {
            return Err(setting("epsilon, target_db and sigma all say what is good enough: give one of them".into()));
        }
        if target_db.is_some_and(|db| !(0.0..=PERFECT_DB).contains(&db)) {
            return Err(setting(format!(
                "a target_db of {}: give a number from 0 to {PERFECT_DB}",
                target_db.unwrap_or(0.0)
            )));
        }
        let says_noise = epsilon.is_some() || target_db.is_some() || sigma.is_some();
        set(&mut config.epsilon, epsilon.or(target_db.map(epsilon_of_db)));
        if let Some(sigma) = sigma.filter(|&sigma| !(sigma > 0.0 && sigma <= 1.0)) {
            let reason =
                format!("a sigma of {sigma}: it is noise of pictures in [0, 1], and a number above 0 and up to 1");
            return Err(setting(reason));
        }
        config.spread = spread.then(Repulsion::default);
        let texts = || -> pulse::Result<_> {
            config.sampler = parsed(sampler)?;
            set(&mut config.optimizer, parsed(optimizer)?);
            set(&mut config.schedule, parsed(schedule)?);
            set(&mut config.loss, parsed(loss)?);
            config.validate()?;
            let preparation = Preparation {
                crop: crop.map(|[left, top, width, height]| Rectangle { left, top, width, height }),
                blocks: blocks(mosaic)?,
                pixelation: pixelate.map(|[width, height]| Size::new(width, height)),
                measurement: parsed::<MeasurementKind>(measurement)?,
            };
            let mut request =
                Request { preparation, place: parsed(place)?.unwrap_or(Placing::default()), ..Request::default() };
            request.background = background;
            let measurement = request.preparation.measurement.as_ref();
            if let Some(sigma) = sigma {
                config = config.with_noise_beside(sigma, measurement);
            } else if let Some(measurement) = measurement.filter(|_| !says_noise) {
                config = config.with_noise_of(measurement);
            }
            Ok((config, request))
        };
        let (config, request) = texts().map_err(|error| raised(py, &error))?;
        Ok(Self { config, request, says_noise, sigma })
    }
}

fn blocks(text: Option<&str>) -> pulse::Result<Blocks> {
    match text {
        None => Ok(Blocks::default()),
        Some("auto") => Ok(Blocks::Auto),
        Some("off") => Ok(Blocks::Off),
        Some(grid) => grid.parse().map(Blocks::Grid).map_err(|error: Error| {
            let message = format!("{error}; or auto, or off");
            Error::new(ErrorKind::Setting, message)
        }),
    }
}
