//! What candidates agree on, and how far they differ.

use crate::image::Image;
use crate::image::{Kernel, Resize, Size};
use crate::student::student_95;
use crate::{Error, ErrorKind, Result};

/// By how much wider an interval is than the candidates of a descent alone make it; calibrated as `docs/range.md` says.
pub const INFLATION: f64 = 1.2;

/// What several candidates for one small picture have in common, and where they differ.
#[derive(Clone, Debug)]
pub struct Certainty {
    count: usize,
    mean: Image,
    deviation: Vec<f32>,
    bands: Vec<Band>,
    inflation: f64,
}

/// The detail of pictures between two sizes: `U₂ S₂ x − U₁ S₁ x`, where `Sᵢ` shrinks to size `i` and `Uᵢ` enlarges back, both
/// bicubic; at the full size, `U₂ S₂ x` is `x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Finer than the pixels of a picture of this size.
    pub above: Size,
    /// No finer than the pixels of a picture of this size.
    pub upto: Size,
    /// The mean square of this detail in one picture, in units of the value range [0, 1].
    pub energy: f64,
    /// The share of it that all agree on; see [`Certainty::agreed`].
    pub agreed: f64,
}

impl Certainty {
    /// Of at least two pictures of one shape, all of which shrink to one picture of size `small`.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] for fewer than two pictures, or pictures of several shapes; [`ErrorKind::Setting`] when `small` is
    /// larger than they are.
    pub fn of(pictures: &[&Image], small: Size) -> Result<Self> {
        let [first, rest @ ..] = pictures else { return Err(too_few()) };
        let shape = |image: &Image| [image.channels(), image.height(), image.width()];
        if rest.is_empty() {
            return Err(too_few());
        }
        if rest.iter().any(|image| shape(image) != shape(first)) {
            let message = "pictures of several shapes have no mean: give pictures of one shape";
            return Err(Error::new(ErrorKind::Picture, message));
        }
        let (mean, deviation) = moments(pictures);
        let mean = Image::clamped(first.channels(), first.height(), first.width(), mean)?;
        Ok(Self { count: pictures.len(), mean, deviation, bands: bands_of(pictures, small)?, inflation: INFLATION })
    }

    /// The same with intervals that are wider by another factor than [`INFLATION`], as candidates of another kind ask for.
    #[must_use]
    pub fn inflated(self, inflation: f64) -> Self {
        Self { inflation, ..self }
    }

    /// By how much wider intervals are than the candidates alone make them.
    pub fn inflation(&self) -> f64 {
        self.inflation
    }

    /// How many pictures there were.
    pub fn count(&self) -> usize {
        self.count
    }

    /// `x̄ = (1/n) Σ xᵢ`, value by value.
    pub fn mean(&self) -> &Image {
        &self.mean
    }

    /// `s = sqrt(Σ (xᵢ − x̄)² / (n − 1))`, value by value, `[channels, height, width]`.
    pub fn deviation(&self) -> &[f32] {
        &self.deviation
    }

    /// Half of the width of the 90% interval `x̄ ± h`, value by value:
    ///
    /// `h = c t s sqrt(1 + 1/n)`, `t` the 95th percentile of Student's distribution with `n − 1` degrees of freedom: the interval
    /// for one more value from a normal distribution. The true picture is none of the search's, and candidates are somewhat
    /// more like each other than like it: `c`, the [inflation](Self::inflation), makes up for that on pictures of the generator itself
    /// (`docs/range.md`, `docs/gallery.md`). Of what the generator has never seen, an interval promises nothing.
    pub fn half_widths(&self) -> Vec<f32> {
        let factor = self.inflation * student_95(self.count - 1) * (1.0 + 1.0 / self.count as f64).sqrt();
        self.deviation.iter().map(|&deviation| (factor * f64::from(deviation)) as f32).collect()
    }

    /// The root of the mean of `s²` over channels, pixel by pixel, `[height, width]`.
    pub fn deviation_of_pixels(&self) -> Vec<f32> {
        let pixels = self.mean.width() * self.mean.height();
        let channels = self.deviation.len() / pixels;
        let of = |pixel: usize| {
            let squares = self.deviation[pixel..].iter().step_by(pixels).map(|deviation| deviation * deviation);
            (squares.sum::<f32>() / channels as f32).sqrt()
        };
        (0..pixels).map(of).collect()
    }

    /// The detail between the small picture and the sharp ones, in octaves, the coarsest first. Empty where they are of one
    /// size.
    pub fn bands(&self) -> &[Band] {
        &self.bands
    }

    /// The share of the energy of the pictures' detail that all agree on, from 0 to 1:
    ///
    /// `mean_{i≠j} ⟨dᵢ, dⱼ⟩ / mean_i |dᵢ|²`, of detail `d` (a sum over bands, above and below).
    ///
    /// It estimates `|E d|² / E|d|²` without the bias of `|d̄|²`, in which each picture agrees with itself: pictures that have
    /// nothing in common give 0 on average for any number of them, and equal ones 1. Detail that every picture of a generator
    /// has counts as agreed on, too: compare with what [random pictures](super::random_pictures) agree on. Nothing where
    /// there is no detail.
    pub fn agreed(&self) -> Option<f64> {
        let energy: f64 = self.bands.iter().map(|band| band.energy).sum();
        let agreed: f64 = self.bands.iter().map(|band| band.energy * band.agreed).sum();
        (energy > 0.0).then(|| agreed / energy)
    }
}

fn too_few() -> Error {
    Error::new(ErrorKind::Picture, "one picture agrees with itself in everything: give two or more")
}

fn moments(pictures: &[&Image]) -> (Vec<f32>, Vec<f32>) {
    let count = pictures.len() as f64;
    let values = || pictures.iter().map(|picture| picture.values());
    let of = |at: usize| {
        let mean = values().map(|values| f64::from(values[at])).sum::<f64>() / count;
        let squares = values().map(|values| (f64::from(values[at]) - mean).powi(2)).sum::<f64>();
        (mean as f32, (squares / (count - 1.0)).sqrt() as f32)
    };
    (0..pictures[0].values().len()).map(of).unzip()
}

fn bands_of(pictures: &[&Image], small: Size) -> Result<Vec<Band>> {
    let sharp = pictures[0].size();
    let mut coarse = pictures.iter().map(|picture| blurred(picture, small)).collect::<Result<Vec<_>>>()?;
    let mut bands = Vec::new();
    let mut above = small;
    while above != sharp {
        let upto = Size::new((2 * above.width).min(sharp.width), (2 * above.height).min(sharp.height));
        let fine = pictures.iter().map(|picture| blurred(picture, upto)).collect::<Result<Vec<_>>>()?;
        let detail = |(fine, coarse): (&Vec<f32>, &Vec<f32>)| -> Vec<f32> {
            fine.iter().zip(coarse).map(|(fine, coarse)| fine - coarse).collect()
        };
        let details: Vec<_> = fine.iter().zip(&coarse).map(detail).collect();
        let (energy, agreed) = agreement(&details);
        bands.push(Band { above, upto, energy, agreed });
        (coarse, above) = (fine, upto);
    }
    Ok(bands)
}

/// `U S x`; `x` itself at its own size.
fn blurred(picture: &Image, to: Size) -> Result<Vec<f32>> {
    let size = picture.size();
    if size == to {
        return Ok(picture.values().to_vec());
    }
    let small = Resize::new(Kernel::Bicubic, size, to)?.apply(picture.values());
    Ok(Resize::new(Kernel::Bicubic, to, size)?.apply(&small))
}

/// The mean square of one of them, and the share of it that all agree on.
fn agreement(details: &[Vec<f32>]) -> (f64, f64) {
    let (count, numbers) = (details.len() as f64, details[0].len());
    let energy = details.iter().flatten().map(|&d| f64::from(d).powi(2)).sum::<f64>() / count;
    let sum = |at: usize| details.iter().map(|detail| f64::from(detail[at])).sum::<f64>();
    // Σ_{i≠j} ⟨dᵢ, dⱼ⟩ = |Σ dᵢ|² − Σ |dᵢ|².
    let together = (0..numbers).map(|at| sum(at).powi(2)).sum::<f64>();
    let pairs = (together - count * energy) / (count * (count - 1.0));
    let agreed = if energy > 0.0 { (pairs / energy).clamp(0.0, 1.0) } else { 0.0 };
    (energy / numbers as f64, agreed)
}
