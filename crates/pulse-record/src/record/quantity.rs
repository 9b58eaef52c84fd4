//! The part of `run.json` that was read off the candidates' pictures.

use std::fmt;

use serde::{Deserialize, Serialize};

use pulse_core::quantity::{Distribution, PixelScale, Reading};

/// [`Reading`], in the units of the field where a [`PixelScale`] was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantityRecord {
    /// The [`Quantity`](pulse_core::quantity::Quantity), as it is written.
    pub name: String,
    /// The unit; empty for a pure number.
    pub unit: String,
    /// That of the candidates, where two have it.
    pub found: Option<DistributionRecord>,
    /// That of the generator's own random pictures, where two have it.
    pub assumed: Option<DistributionRecord>,
    /// By how much wider the interval of the candidates is than they alone make it.
    pub inflation: f64,
    /// As in [`Reading::narrowed`], with the inflation: intervals beside each other.
    pub narrowed: Option<f64>,
    /// Of the sharp picture that the small one was made from, in a demonstration.
    pub original: Option<f64>,
    /// Of each candidate, in the order of the record's; null where its picture has none.
    pub candidates: Vec<Option<f64>>,
    /// Of each of the random pictures.
    pub random: Vec<f64>,
}

/// [`Distribution`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DistributionRecord {
    /// As in [`Distribution::mean`].
    pub mean: f64,
    /// As in [`Distribution::deviation`].
    pub deviation: f64,
    /// As in [`Distribution::interval`].
    pub interval: [f64; 2],
}

/// Below this the small picture says next to nothing of a quantity that the generator did not assume.
const NEXT_TO_NOTHING: f64 = 1.2;

impl QuantityRecord {
    /// Of a reading, and of the `original` in pixels, with the intervals of candidates wider by a calibrated `factor`.
    pub fn new(reading: &Reading, original: Option<f64>, scale: Option<&PixelScale>, factor: f64) -> Self {
        let measure = reading.quantity.measure;
        let scale = scale.filter(|_| measure.is_length());
        let side = scale.map_or(1.0, |scale| scale.side);
        let reading = reading.scaled(side);
        Self {
            name: reading.quantity.to_string(),
            unit: scale.map_or(measure.unit(), |scale| &scale.unit).to_owned(),
            found: reading.found().map(|found| DistributionRecord::new(&found, factor)),
            assumed: reading.assumed().map(|assumed| DistributionRecord::new(&assumed, 1.0)),
            inflation: factor,
            narrowed: reading.narrowed().map(|narrowed| narrowed / factor),
            original: original.map(|value| side * value),
            candidates: reading.candidates,
            random: reading.own,
        }
    }

    /// Its name with its unit, for the head of a column.
    pub fn titled(&self) -> String {
        if self.unit.is_empty() { self.name.clone() } else { format!("{} [{}]", self.name, self.unit) }
    }
}

impl DistributionRecord {
    fn new(distribution: &Distribution, factor: f64) -> Self {
        let Distribution { mean, deviation, .. } = *distribution;
        Self { mean, deviation, interval: distribution.interval(factor) }
    }
}

impl fmt::Display for DistributionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = decimals(self.deviation);
        let [low, high] = self.interval;
        write!(f, "{:.digits$} ({low:.digits$} to {high:.digits$})", self.mean)
    }
}

/// What candidates say of it, what the generator says without the small picture, and what that is worth.
impl fmt::Display for QuantityRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        let Some(found) = &self.found else {
            return write!(f, "{}: not to be read off these candidates", self.name);
        };
        write!(f, "{}: {found}{unit}", self.name)?;
        if self.inflation != 1.0 {
            write!(f, " ({} times as wide as the candidates alone say)", self.inflation)?;
        }
        if let Some(assumed) = &self.assumed {
            write!(f, "; of this generator's random pictures {assumed}")?;
        }
        match self.narrowed {
            Some(narrowed) if narrowed < NEXT_TO_NOTHING => {
                f.write_str(": your picture says next to nothing about it")?;
            }
            Some(narrowed) => write!(f, ": your picture makes it {narrowed:.1} times narrower")?,
            None => {}
        }
        self.original.map_or(Ok(()), |value| write!(f, "; the original has {value:.0$}", decimals(found.deviation)))
    }
}

/// How many decimals tell a number that is uncertain by this.
fn decimals(uncertainty: f64) -> usize {
    if uncertainty > 0.0 { (1.0 - uncertainty.log10().floor()).clamp(0.0, 4.0) as usize } else { 2 }
}
