//! The part of `run.json` that [`Assessment`] measures.

use serde::{Deserialize, Serialize};

use pulse_core::candidate::Candidate;
use pulse_core::image::Size;
use pulse_core::judge::{Assessment, Band, Bent, INFLATION, Plausibility, Spread, Truth};

/// [`Spread`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpreadRecord {
    /// As in [`Spread::mean`].
    pub mean: f64,
    /// As in [`Spread::least`].
    pub least: f64,
    /// As in [`Spread::greatest`].
    pub greatest: f64,
    /// As in [`Spread::farthest`], as the candidates' numbers.
    pub farthest: [usize; 2],
    /// As in [`Spread::random`].
    pub random: Option<f64>,
}

/// [`Certainty`](pulse_core::judge::Certainty).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CertaintyRecord {
    /// As in [`Certainty::agreed`](pulse_core::judge::Certainty::agreed).
    pub agreed: Option<f64>,
    /// As in [`Assessment::agreed_at_random`].
    pub agreed_at_random: Option<f64>,
    /// The root mean square of [`Certainty::deviation`](pulse_core::judge::Certainty::deviation).
    pub deviation: f64,
    /// As in [`Certainty::inflation`](pulse_core::judge::Certainty::inflation).
    #[serde(default = "known_inflation")]
    pub inflation: f64,
    /// The mean of [`Certainty::half_widths`](pulse_core::judge::Certainty::half_widths).
    pub half_width: f64,
    /// As in [`Certainty::bands`](pulse_core::judge::Certainty::bands).
    pub bands: Vec<BandRecord>,
}

/// [`Truth`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TruthRecord {
    /// As in [`Truth::bicubic_error`].
    pub bicubic_error: f64,
    /// As in [`Truth::mean_error`].
    pub mean_error: Option<f64>,
    /// As in [`Truth::coverage`].
    pub coverage: Option<f64>,
}

impl TruthRecord {
    pub(crate) fn new(truth: &Truth) -> Self {
        Self { bicubic_error: truth.bicubic_error, mean_error: truth.mean_error, coverage: truth.coverage }
    }
}

/// [`Band`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BandRecord {
    /// Width and height of the picture that it is finer than.
    pub above: [usize; 2],
    /// Width and height of the picture that it is no finer than.
    pub upto: [usize; 2],
    /// As in [`Band::energy`].
    pub energy: f64,
    /// As in [`Band::agreed`].
    pub agreed: f64,
}

/// [`Plausibility`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlausibilityRecord {
    /// As in [`Plausibility::departure`].
    pub departure: f64,
    /// As in [`Plausibility::radius`].
    pub radius: Option<f64>,
    /// As in [`Plausibility::offsets`].
    pub offsets: f64,
    /// As in [`Plausibility::angles`].
    pub angles: Option<f64>,
}

/// [`Bent`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BentRecord {
    /// As in [`Bent::total`].
    pub total: f64,
    /// As in [`Bent::strangeness`].
    pub strangeness: f64,
    /// As in [`Bent::misfit`].
    pub misfit: f64,
    /// As in [`Bent::shortfall`].
    pub shortfall: f64,
    /// As in [`Candidate::latent_db`].
    pub latent_db: f64,
}

impl BentRecord {
    pub(crate) fn new(bent: &Bent, candidate: &Candidate) -> Self {
        let Bent { strangeness, misfit, shortfall } = *bent;
        Self { total: bent.total(), strangeness, misfit, shortfall, latent_db: candidate.latent_db }
    }
}

impl SpreadRecord {
    pub(crate) fn new(spread: &Spread, candidates: &[Candidate]) -> Self {
        let Spread { mean, least, greatest, farthest, random } = *spread;
        Self { mean, least, greatest, farthest: farthest.map(|place| candidates[place].index + 1), random }
    }
}

impl CertaintyRecord {
    /// Of what was measured of a run; nothing for a single candidate.
    pub(crate) fn new(range: &Assessment) -> Option<Self> {
        let certainty = range.certainty.as_ref()?;
        let sides = |size: Size| [size.width, size.height];
        let band = |&Band { above, upto, energy, agreed }: &Band| BandRecord {
            above: sides(above),
            upto: sides(upto),
            energy,
            agreed,
        };
        let (deviation, widths) = (certainty.deviation(), certainty.half_widths());
        let count = deviation.len() as f64;
        Some(Self {
            agreed: certainty.agreed(),
            agreed_at_random: range.agreed_at_random,
            deviation: (deviation.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / count).sqrt(),
            inflation: certainty.inflation(),
            half_width: widths.iter().map(|&width| f64::from(width)).sum::<f64>() / count,
            bands: certainty.bands().iter().map(band).collect(),
        })
    }
}

/// That of all runs before it was recorded.
fn known_inflation() -> f64 {
    INFLATION
}

impl From<&Plausibility> for PlausibilityRecord {
    fn from(plausibility: &Plausibility) -> Self {
        let Plausibility { radius, offsets, angles } = *plausibility;
        Self { departure: plausibility.departure(), radius, offsets, angles }
    }
}
