//! How much disagreement is no contradiction.

use super::ClaimSettings;
use crate::Result;
use crate::candidate::{consistency_db, epsilon_of_db};
use crate::image::Image;

/// The consistency in dB that two pictures have of which one was made from the other, and that were not compressed: an error of two
/// of 255 levels. Rounding to 8 bits alone is an error of 0.3 levels (59 dB). Programs that shrink by the same rule differ in what
/// they suppose beyond the borders, which are much of a small picture (Pillow's bicubic from 256 pixels to 16: 43 dB).
pub const ROUNDING_DB: f64 = 42.0;

/// How many times its expected error a compression may have.
const MARGIN: f64 = 2.0;

/// How many dB less one place may have than the whole: errors of rounding and compression gather at edges.
pub const LOCAL_DB: f64 = 10.0;

/// From which consistency on a claim and the small picture agree, and why: the errors add up, those of compression twice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// The consistency in dB: that of the errors below together, or what was asked for.
    pub db: f64,
    /// The mean squared error of rounding and of differences between programs; nothing where `db` was asked for.
    pub rounding: Option<f64>,
    /// The mean squared error of the small picture's JPEG, where it is one.
    pub small_jpeg: Option<f64>,
    /// The mean squared error of the claim's JPEG, where it is one, as far as shrinking leaves it.
    pub claim_jpeg: Option<f64>,
}

impl Tolerance {
    /// What was asked for.
    pub fn given(db: f64) -> Self {
        Self { db, rounding: None, small_jpeg: None, claim_jpeg: None }
    }

    /// What follows from rounding and from how the files were compressed, for a `claim` that shrinks to `shrunk`.
    ///
    /// # Errors
    /// As [`Coding::error`](super::Coding::error).
    pub fn expected(claim: &Image, shrunk: &Image, settings: &ClaimSettings) -> Result<Self> {
        let rounding = epsilon_of_db(ROUNDING_DB);
        let small_jpeg = settings.small_coding.as_ref().map(|coding| coding.error(shrunk)).transpose()?;
        let claim_jpeg = settings.claim_coding.as_ref();
        let claim_jpeg = claim_jpeg.map(|coding| coding.error_after_shrinking(claim, shrunk.size())).transpose()?;
        let all = rounding + MARGIN * (small_jpeg.unwrap_or(0.0) + claim_jpeg.unwrap_or(0.0));
        Ok(Self { db: consistency_db(all), rounding: Some(rounding), small_jpeg, claim_jpeg })
    }

    /// The consistency in dB from which on one [place](super::Place) agrees.
    pub fn local_db(&self) -> f64 {
        self.db - LOCAL_DB
    }
}
