//! Somebody's "enhanced" picture held against the small one that it is said to come from.
//!
//! [`Shown::read`] reads the two, [`compare`](pulse_core::claim::compare) holds one against the other, and [`others`] asks a generator
//! what else the small picture could have been. [`CheckFolder`] writes what was found.

use std::path::Path;
use std::sync::Arc;

use pulse_core::candidate::epsilon_of_db;
use pulse_core::claim::{ClaimSettings, Coding, Comparison, Others, Range};
use pulse_core::event::Observer;
use pulse_core::generator::GeneratorSpec;
use pulse_core::image::{Image, Size};
use pulse_core::search::steering::{Mask, Steering, Toward};
use pulse_core::search::{Problem, SearchConfig};
use pulse_engine::Engine;
use pulse_record::checksum::sha256;
use pulse_record::image::{Reader, coding_of, read_bytes};
use pulse_record::record::InputRecord;

pub use pulse_record::check::*;

use crate::session::{Found, Judge, Session};
use crate::{Error, ErrorKind, Opened, Prepared, Result};

/// How many candidates are drawn towards the claim.
pub const STEERED: usize = 4;

/// The consistency in dB above which no search is asked to go: what is projected is there, and the 8 bits of a file are not.
const MOST_DB: f64 = 60.0;

/// A picture that somebody shows, as it was read.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The picture.
    pub picture: Image,
    /// Its file.
    pub input: InputRecord,
    /// How the file was compressed, where it is a JPEG.
    pub coding: Option<Coding>,
}

impl Shown {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = read_bytes(path)?;
        let picture = Reader::default().decode(&path.display().to_string(), &bytes)?;
        let Size { width, height } = picture.size();
        let input = InputRecord { path: path.display().to_string(), sha256: sha256(&bytes), width, height };
        Ok(Self { coding: coding_of(&bytes), picture, input })
    }
}

/// The settings to hold `claim` against `small` with, as their files ask for.
pub fn settings_of(claim: &Shown, small: &Shown) -> ClaimSettings {
    ClaimSettings { claim_coding: claim.coding.clone(), small_coding: small.coding.clone(), ..ClaimSettings::default() }
}

/// What a generator makes of the small picture, by an ordinary search and by one that is drawn towards the claim. The candidates are
/// to be as consistent as the claim.
///
/// # Errors
/// [`ErrorKind::Picture`] where the generator has nothing to add to such a picture, in words for the page; and as [`Session::of`].
pub fn others(
    comparison: &Comparison,
    opened: &Opened,
    config: &SearchConfig,
    judge: &mut Judge,
    engine: &Arc<dyn Engine>,
    observer: &mut dyn Observer,
) -> Result<Others> {
    let spec = opened.generator.spec();
    check_adds(comparison, spec)?;
    let prepared = Arc::new(Prepared::measured(comparison.small.clone(), &comparison.measurement, spec)?);
    let mut config = config.clone();
    config.epsilon = config.epsilon.min(epsilon_of_db(comparison.db.min(MOST_DB)));
    let size = Size::new(spec.width, spec.height);
    let claim = Toward::fit(&comparison.registered, spec.channels, size)?;
    let mut search = |steering: &Steering, config: &SearchConfig| -> Result<Found> {
        let (generator, measurement) = (Arc::clone(&opened.generator), Arc::clone(&prepared.measurement));
        let problem = Problem::owned(generator, measurement, Arc::clone(&prepared.target));
        let prepared = Arc::clone(&prepared);
        let mut session = Session::of(opened.clone(), prepared, problem, steering, config.clone(), Arc::clone(engine))?;
        session.run(observer)?;
        session.finish(observer)
    };
    let found = search(&Steering::default(), &config)?;
    let toward = Toward { example: claim.clone(), mask: Mask::everywhere(size) };
    let steering = Steering { toward: Some(toward), ..Steering::default() };
    let seed = config.seed.wrapping_add(1);
    let steered = search(&steering, &SearchConfig { candidates: STEERED, seed, ..config })?.candidates;
    let assessment = found.measure(judge)?;
    let Some(certainty) = assessment.certainty else {
        return Err(Error::new(ErrorKind::Setting, "one candidate shows no range: search for at least two"));
    };
    let candidates = found.candidates;
    let pictures =
        [&candidates, &steered].map(|some| some.iter().map(|candidate| &candidate.image).collect::<Vec<_>>());
    let range = Range::of(&claim, &pictures[0], &pictures[1], &certainty);
    let verdict = assessment.bent.map(|bent| bent.verdict());
    Ok(Others { candidates, steered, certainty, verdict, claim, range })
}

/// Checks that the generator makes pictures of more pixels than the small one has, and that the measurement means the same for them.
fn check_adds(comparison: &Comparison, spec: &GeneratorSpec) -> Result<()> {
    let (small, made) = (comparison.small.size(), Size::new(spec.width, spec.height));
    let unfit = |reason: String| Err(Error::new(ErrorKind::Picture, reason));
    if small.width > made.width || small.height > made.height || small == made {
        return unfit(format!(
            "the small picture has {small} pixels and this generator's pictures have {made}, so it has nothing to add to it"
        ));
    }
    if comparison.measurement.resize().is_none() && comparison.claim.size() != made {
        return unfit(format!(
            "the lengths in `{}` are pixels of the claim, and the claim has {} where this generator's pictures have {made}",
            comparison.measurement,
            comparison.claim.size()
        ));
    }
    Ok(())
}
