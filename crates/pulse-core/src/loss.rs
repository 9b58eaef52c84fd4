//! What the search minimises, per candidate.
//!
//! A [`Loss`] is a weighted sum of [`Term`]s, written as `100*L2+0.05*GEOCROSS`. With the sizes of the
//! measurement and of the latent it becomes a [`LossEvaluator`], which writes values and gradients into the
//! caller's buffers. Data is `f32`, sums are `f64`.

mod geocross;
mod text;

use self::geocross::Geocross;

/// One term of the sum, for one candidate: `y` the target, `A(x)` the measured image, both of `n` numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Term {
    /// `L2 = (1/n) Σ (A(x) − y)²`, the mean squared error.
    L2,
    /// `L1 = 10 (1/n) Σ |A(x) − y|`. The factor 10 is PULSE's.
    L1,
    /// `GEOCROSS = (1/r²) Σ_ij 512 θ_ij² / 8` over all ordered pairs of the latent's `r` rows, where
    /// `θ = 2 atan2(sqrt(|u − v|² + 1e-9), sqrt(|u + v|² + 1e-9))` is the angle between rows of equal length
    /// (Menon et al. 2020, section 3.3). Zero for a single row. The 512 is a constant, whatever the width.
    Geocross,
}

impl Term {
    /// All terms.
    pub const ALL: [Self; 3] = [Self::L2, Self::L1, Self::Geocross];
}

/// The root mean squared angle between all pairs of `count` rows, over a right angle: `sqrt(GEOCROSS / 64) / (π / 2)`.
pub(crate) fn angles_of_rows(rows: &[f32], count: usize, width: usize) -> f64 {
    let mut gradient = vec![0.0; rows.len()];
    let geocross = Geocross::new(count, width).evaluate(rows, 0.0, &mut gradient);
    (geocross / geocross::SCALE).sqrt() / std::f64::consts::FRAC_PI_2
}

/// A weighted sum of terms, no term twice, no weight but positive ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    terms: Vec<(f64, Term)>,
}

impl Loss {
    /// The weight of a term, 0 when it is not in the sum.
    pub fn weight(&self, term: Term) -> f64 {
        self.terms.iter().find(|entry| entry.1 == term).map_or(0.0, |entry| entry.0)
    }

    /// Prepares the sum for measured images of `numbers` and latents of `rows` rows of `width`.
    ///
    /// With a `floor`, PULSE's arithmetic: the mean squared (and absolute) error enters the sum as at least
    /// `floor`, and has no gradient below it.
    pub fn evaluator(&self, numbers: usize, rows: usize, width: usize, floor: Option<f64>) -> LossEvaluator {
        LossEvaluator {
            l2: self.weight(Term::L2),
            l1: self.weight(Term::L1),
            geocross: self.weight(Term::Geocross),
            floor: floor.unwrap_or(0.0),
            numbers,
            known: numbers,
            weights: None,
            pairs: Geocross::new(rows, width),
        }
    }
}

impl Default for Loss {
    /// PULSE's: `100*L2+0.05*GEOCROSS`.
    fn default() -> Self {
        Self { terms: vec![(100.0, Term::L2), (0.05, Term::Geocross)] }
    }
}

/// The terms of one candidate, without their weights, and the weighted sum.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossValues {
    /// [`Term::L2`], never raised to the floor: a candidate is done when this is at most epsilon.
    pub l2: f64,
    /// [`Term::L1`], never raised to the floor.
    pub l1: f64,
    /// [`Term::Geocross`].
    pub geocross: f64,
    /// The weighted sum, with the floor applied.
    pub total: f64,
}

impl LossValues {
    /// The value of one term, without its weight.
    pub const fn get(&self, term: Term) -> f64 {
        match term {
            Term::L2 => self.l2,
            Term::L1 => self.l1,
            Term::Geocross => self.geocross,
        }
    }
}

/// A [`Loss`] with its sizes and its memory.
#[derive(Clone, Debug)]
pub struct LossEvaluator {
    l2: f64,
    l1: f64,
    geocross: f64,
    floor: f64,
    numbers: usize,
    /// How many of them are measured; the rest is zero in the measured image and in the target.
    known: usize,
    /// How much each number weighs; nothing where all weigh 1.
    weights: Option<Vec<f32>>,
    pairs: Geocross,
}

/// What PULSE's L1 hides.
const L1_FACTOR: f64 = 10.0;

impl LossEvaluator {
    /// The same with means over the `known` numbers that are measured; the others are zero on both sides.
    #[must_use]
    pub fn with_known(self, known: usize) -> Self {
        Self { known, ..self }
    }

    /// The same where each difference counts so many times, a weight a number.
    #[must_use]
    pub fn with_weights(self, weights: Option<Vec<f32>>) -> Self {
        Self { weights, ..self }
    }

    /// The loss of one candidate, and the gradient of the weighted sum: with respect to `measured` into
    /// `measured_gradient`, with respect to `latent` (the one that the synthesis sees) into
    /// `latent_gradient`. Both are overwritten.
    ///
    /// # Panics
    /// When a length is not what the evaluator was made for.
    pub fn evaluate(
        &mut self,
        measured: &[f32],
        target: &[f32],
        latent: &[f32],
        measured_gradient: &mut [f32],
        latent_gradient: &mut [f32],
    ) -> LossValues {
        for length in [measured.len(), target.len(), measured_gradient.len()] {
            assert_eq!(length, self.numbers, "numbers of the measured image");
        }
        let n = self.known as f64;
        let (mut squares, mut magnitudes) = (0.0, 0.0);
        let weight = |place: usize| self.weights.as_ref().map_or(1.0, |weights| f64::from(weights[place]));
        for (place, (&measured, &target)) in measured.iter().zip(target).enumerate() {
            let difference = weight(place) * (f64::from(measured) - f64::from(target));
            squares += difference * difference;
            magnitudes += difference.abs();
        }
        let (mean_square, mean_magnitude) = (squares / n, magnitudes / n);
        let slope_l2 = if mean_square >= self.floor { self.l2 * 2.0 / n } else { 0.0 };
        let slope_l1 = if mean_magnitude >= self.floor { self.l1 * L1_FACTOR / n } else { 0.0 };
        for (place, (gradient, (&measured, &target))) in
            measured_gradient.iter_mut().zip(measured.iter().zip(target)).enumerate()
        {
            let difference = weight(place) * (f64::from(measured) - f64::from(target));
            *gradient = (weight(place) * (slope_l2 * difference + slope_l1 * sign(difference))) as f32;
        }
        let geocross = self.pairs.evaluate(latent, self.geocross, latent_gradient);
        LossValues {
            l2: mean_square,
            l1: L1_FACTOR * mean_magnitude,
            geocross,
            total: self.l2 * at_least(mean_square, self.floor)
                + self.l1 * L1_FACTOR * at_least(mean_magnitude, self.floor)
                + self.geocross * geocross,
        }
    }
}

/// The larger of the two, but an error that is not a number stays one: it must not pass for the least.
fn at_least(error: f64, floor: f64) -> f64 {
    if error < floor { floor } else { error }
}

/// −1, 0 or 1: the magnitude has no slope at zero.
fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}
