//! How near candidates come to a sharp picture that the search has not seen.

use super::Certainty;
use crate::Result;
use crate::candidate::Candidate;
use crate::image::{Image, Kernel};

/// Candidates beside the original of a demonstration. Errors are root mean squares, of a value range of 1. What is enlarged without
/// any generator is beside them, because it is what they have to be better than.
#[derive(Clone, Debug)]
pub struct Truth {
    /// The original, of the candidates' size.
    pub original: Image,
    /// The small picture, enlarged bicubically.
    pub bicubic: Image,
    /// Its error.
    pub bicubic_error: f64,
    /// That of the mean of the candidates, where there are two.
    pub mean_error: Option<f64>,
    /// That of each candidate, in their order.
    pub errors: Vec<f64>,
    /// The share of the original's values that lie within the [90% intervals](Certainty::half_widths), where there are two.
    pub coverage: Option<f64>,
}

impl Truth {
    /// Of candidates for a small picture that was made from the `original`. Nothing without candidates, and where the original
    /// has other colours or other proportions than they do.
    ///
    /// # Errors
    /// None for pictures of at least one pixel.
    pub fn of(
        original: &Image,
        target: &Image,
        candidates: &[Candidate],
        certainty: Option<&Certainty>,
    ) -> Result<Option<Self>> {
        let Some(first) = candidates.first().map(|candidate| &candidate.image) else { return Ok(None) };
        let proportions = original.width() * first.height() == original.height() * first.width();
        if !proportions || [original, target].iter().any(|image| image.channels() != first.channels()) {
            return Ok(None);
        }
        let size = first.size();
        let original = original.resized(Kernel::Bicubic, size)?;
        let bicubic = target.resized(Kernel::Bicubic, size)?;
        let error = |image: &Image| image.mean_squared_difference(&original).sqrt();
        let covered = |certainty: &Certainty| {
            let all = original.values().iter().zip(certainty.mean().values()).zip(certainty.half_widths());
            let within = all.filter(|((x, mean), half)| (*x - **mean).abs() <= *half).count();
            within as f64 / original.values().len() as f64
        };
        Ok(Some(Self {
            bicubic_error: error(&bicubic),
            mean_error: certainty.map(|certainty| error(certainty.mean())),
            errors: candidates.iter().map(|candidate| error(&candidate.image)).collect(),
            coverage: certainty.map(covered),
            original,
            bicubic,
        }))
    }
}
