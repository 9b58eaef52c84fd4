//! Somebody's "enhanced" picture, the claim, held against the small one that it is said to come from.
//!
//! [`compare`] shrinks the claim to the small picture's size and says how well the two agree. What a copy of a picture goes through
//! before it is shown is estimated and removed first: it is shifted by a part of a pixel, somewhat larger, or of other colours. How
//! much disagreement is no contradiction follows from rounding and from how the two files were compressed ([`Tolerance`]). [`Range`]
//! says where the claim lies among candidates of a search.
//!
//! Nothing here can show that a claim is true: infinitely many pictures agree with a small one.

mod coding;
mod contradiction;
mod fit;
mod range;
mod registration;
#[cfg(test)]
mod tests;
mod tolerance;

use pulse_engine::Engine;

pub use coding::Coding;
pub use contradiction::{Contradiction, NEIGHBOURHOOD, Place};
pub use range::{Others, Range};
pub use registration::{Alignment, MOST_SCALE, MOST_SHIFT, Registration, Tone};
pub use tolerance::{LOCAL_DB, ROUNDING_DB, Tolerance};

use crate::candidate::consistency_db;
use crate::image::{Image, Kernel, Size};
use crate::measurement::{MeasurementKind, Stage};
use crate::{Error, ErrorKind, Result};

use fit::{Fit, Fitter};

/// The resizes of which the one is taken that agrees best, where no measurement is given.
pub const TRIED: [Kernel; 4] = [Kernel::Bicubic, Kernel::Area, Kernel::Lanczos3, Kernel::Nearest];

/// The registration is estimated on a claim of at most so many pixels for each of the small picture, along each axis: finer detail
/// does not move it.
const FINE: usize = 6;

/// The same where the small picture is a large one.
const LEAST_FINE: usize = 2;

/// The pixels along a side beyond which a picture is a large one.
const LARGE: usize = 512;

/// The root mean square, in levels of 255, within which a claim is an enlargement: programs that enlarge by the same rule differ by
/// about half of it.
const ENLARGED: f64 = 3.0;

/// How a claim is held against a small picture.
#[derive(Clone, Debug, Default)]
pub struct ClaimSettings {
    /// What made the small picture; of [`TRIED`] the one that agrees best, where it is not given.
    pub measurement: Option<MeasurementKind>,
    /// The consistency in dB from which on the two agree; what [`Tolerance::expected`] says, where it is not given.
    pub target_db: Option<f64>,
    /// How the file of the claim was compressed, where it was.
    pub claim_coding: Option<Coding>,
    /// How the file of the small picture was compressed, where it was.
    pub small_coding: Option<Coding>,
}

/// How well a claim agrees with the small picture.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What makes the one small: the one that agrees best, or the one that was given.
    pub measurement: MeasurementKind,
    /// Whether it was found, and not given.
    pub found: bool,
    /// What was removed from the claim before it was compared.
    pub registration: Registration,
    /// The consistency in dB before that.
    pub before_db: f64,
    /// The consistency in dB after that.
    pub db: f64,
    /// How much disagreement is none.
    pub tolerance: Tolerance,
    /// The middle of the claim of the small picture's proportions, which is what is compared.
    pub claim: Image,
    /// The same registered: where the small picture shows it, in its colours.
    pub registered: Image,
    /// What the registered claim shrinks to.
    pub shrunk: Image,
    /// The small picture in the channels in which the two are compared.
    pub small: Image,
    /// Where they disagree.
    pub contradiction: Contradiction,
    /// The kernel by which the small picture was enlarged, where the claim is hardly more than that.
    pub enlarged: Option<Kernel>,
}

impl Comparison {
    /// Whether the small picture could have been made from the claim: the whole of it is within the tolerance, and so is every place
    /// of it ([`Tolerance::local_db`]).
    pub fn is_consistent(&self) -> bool {
        self.db >= self.tolerance.db && !self.contradicts_somewhere()
    }

    /// Whether some place of it disagrees by more than any place may.
    pub fn contradicts_somewhere(&self) -> bool {
        self.contradiction.worst.is_some_and(|worst| worst.db < self.tolerance.local_db())
    }
}

/// Shrinks the claim to the size of the small picture, after what a copy goes through was removed, and compares the two.
///
/// Where one of them is grey, they are compared in grey. Of a claim of other proportions the middle is taken.
///
/// # Errors
/// [`ErrorKind::Picture`] when the claim has fewer pixels than the small picture, and as [`MeasurementKind::resolve`].
pub fn compare(claim: &Image, small: &Image, settings: &ClaimSettings, engine: &dyn Engine) -> Result<Comparison> {
    let (claim, small) = alike(claim, small, settings)?;
    let kinds = match &settings.measurement {
        Some(kind) => vec![kind.clone()],
        None => TRIED.map(MeasurementKind::from).to_vec(),
    };
    let reduced = reduced(&claim, small.size())?;
    let aligned = Fitter::new(&reduced, &small, &Kernel::Area.into(), engine)?.aligned()?;
    let mut best: Option<(Fitter<'_>, Fit)> = None;
    for kind in &kinds {
        let mut fitter = Fitter::new(&claim, &small, kind, engine)?;
        let fit = fitter.simplest(aligned)?;
        if best.as_ref().is_none_or(|(_, best)| fit.score < best.score) {
            best = Some((fitter, fit));
        }
    }
    let (mut fitter, fit) = best.expect("at least one measurement is compared");
    let registration = fitter.refined(fit)?;
    fitter.comparison(claim.clone(), registration, settings)
}

/// Both pictures in the same channels and proportions.
fn alike(claim: &Image, small: &Image, settings: &ClaimSettings) -> Result<(Image, Image)> {
    let middle = claim.crop(claim.centre_part(small.size()))?;
    if middle.width() < small.width() || middle.height() < small.height() {
        let message = format!(
            "the claim has {} pixels and the small picture has {}: what is enhanced has more pixels than before; give the claim \
             first, and then the small picture",
            claim.size(),
            small.size()
        );
        return Err(Error::new(ErrorKind::Picture, message));
    }
    let stages = settings.measurement.iter().flat_map(MeasurementKind::stages);
    let makes_grey = stages.into_iter().any(|stage| matches!(stage, Stage::Gray | Stage::Channels(_)));
    let grey = claim.channels() == 1 || small.channels() == 1 && !makes_grey;
    Ok(if grey { (middle.to_grey(), small.to_grey()) } else { (middle, small.clone()) })
}

/// The claim with no more pixels than its registration needs.
fn reduced(claim: &Image, small: Size) -> Result<Image> {
    let fine = (LARGE / small.width.max(small.height)).clamp(LEAST_FINE, FINE);
    let size = Size::new(claim.width().min(fine * small.width), claim.height().min(fine * small.height));
    if size == claim.size() { Ok(claim.clone()) } else { claim.resized(Kernel::Area, size) }
}

/// The kernel by which the small picture is nearest to the claim after it was enlarged, where that is the claim.
fn enlarged(claim: &Image, small: &Image) -> Result<Option<Kernel>> {
    if claim.channels() != small.channels() || claim.size() == small.size() {
        return Ok(None);
    }
    let error = |kernel| -> Result<(f64, Kernel)> {
        Ok((claim.mean_squared_difference(&small.resized(kernel, claim.size())?), kernel))
    };
    let errors = TRIED.map(error).into_iter().collect::<Result<Vec<_>>>()?;
    let nearest = errors.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    Ok(nearest.filter(|(error, _)| 255.0 * error.sqrt() <= ENLARGED).map(|(_, kernel)| kernel))
}

impl Fitter<'_> {
    /// The claim after this registration, beside the small picture.
    fn comparison(&mut self, claim: Image, registration: Registration, settings: &ClaimSettings) -> Result<Comparison> {
        let before = Contradiction::of(&self.measured(Alignment::default())?, self.small(), &self.known(None));
        let shrunk = registration.toned(&self.measured(registration.alignment)?)?;
        let small = self.small().clone();
        let contradiction = Contradiction::of(&shrunk, &small, &self.known(Some(registration.alignment)));
        let tolerance = match settings.target_db {
            Some(db) => Tolerance::given(db),
            None => Tolerance::expected(&claim, &shrunk, settings)?,
        };
        let registered = registration.applied(&claim, small.size())?;
        Ok(Comparison {
            measurement: self.kind().clone(),
            found: settings.measurement.is_none(),
            before_db: consistency_db(before.error),
            db: consistency_db(contradiction.error),
            enlarged: enlarged(&registered, &small)?,
            registered,
            registration,
            tolerance,
            claim,
            shrunk,
            small,
            contradiction,
        })
    }
}
