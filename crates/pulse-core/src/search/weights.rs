//! How much each number of a target weighs.

use crate::measurement::Measurement;

/// Weights `σ / σᵢ` of the numbers of a target, where they do not have the same noise.
///
/// A search knows one `σ`. Where light was counted the noise of a number is `σᵢ² = vᵢ + e`, `vᵢ` of the counting and `e` whatever else `σ`
/// holds than the counting of a middle grey. Errors are multiplied by the weights, so that each is as large as `σ` where
/// it is as large as its own noise: all that is said of `σ` holds for weighted errors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weights(Option<Vec<f32>>);

impl Weights {
    pub(crate) fn of(measurement: &dyn Measurement, target: &[f32], sigma: f64) -> Self {
        let numbers = target.len();
        let weigh = |grey: f64| {
            let beside = (sigma * sigma - grey).max(0.0);
            let variances = measurement.variances(target)?;
            Some(variances.iter().map(|variance| (sigma / (variance + beside).sqrt()) as f32).collect())
        };
        let grey = (sigma > 0.0).then(|| measurement.variances(&vec![0.5; numbers])).flatten();
        Self(grey.and_then(|grey| weigh(grey.iter().sum::<f64>() / numbers as f64)))
    }

    pub(crate) fn get(&self) -> Option<&[f32]> {
        self.0.as_deref()
    }

    /// The mean of the weighted squares of `measured - target`.
    pub(crate) fn mean_squared_error(&self, measured: &[f32], target: &[f32]) -> f64 {
        let Some(weights) = &self.0 else { return crate::image::mean_squared_error(measured, target) };
        let square = |((&measured, &target), &weight): ((&f32, &f32), &f32)| {
            (f64::from(weight) * (f64::from(measured) - f64::from(target))).powi(2)
        };
        measured.iter().zip(target).zip(weights).map(square).sum::<f64>() / target.len() as f64
    }
}
