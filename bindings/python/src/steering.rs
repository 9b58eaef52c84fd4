//! What steers a search from candidates.

use pulse::image::Size;
use pulse::search::{Repulsion, SearchConfig};
use pulse::steer::Steer;
use pulse::steering::{Mask, Toward};

use crate::found::Found;
use crate::picture::Picture;

/// A mask in the frame of the generator's pictures: white stays.
fn mask(picture: Option<&Picture>, size: Size) -> pulse::Result<Option<Mask>> {
    picture.map(|picture| Mask::of(&picture.image, size)).transpose()
}

/// The steering that these arguments ask for.
pub(crate) fn steer(
    found: &Found,
    candidate: Option<usize>,
    (keep, vary): (Option<&Picture>, Option<&Picture>),
    toward: (Option<&Picture>, Option<&Picture>),
    like: Option<usize>,
    amount: Option<f64>,
) -> pulse::Result<Steer> {
    let spec = found.found.opened.generator.spec();
    let size = Size::new(spec.width, spec.height);
    let toward = match toward {
        (Some(example), part) => {
            let mask = mask(part, size)?.unwrap_or_else(|| Mask::everywhere(size));
            Some(Toward { example: Toward::fit(&example.image, spec.channels, size)?, mask })
        }
        (None, _) => None,
    };
    let keep = match mask(vary, size)? {
        Some(vary) => Some(vary.inverted()),
        None => mask(keep, size)?,
    };
    Ok(Steer { candidate, keep, toward, like, amount })
}

/// The settings of a search from these candidates: the run's own, with the next seed.
pub(crate) fn settings(
    found: &Found,
    steer: &Steer,
    candidates: Option<usize>,
    seed: Option<u64>,
    spread: Option<bool>,
) -> SearchConfig {
    let wishes = pulse::steer::Wishes { like: steer.like, ..pulse::steer::Wishes::default() };
    let mut config = pulse::steer::settings_of(&found.found.config, &wishes);
    config.candidates = candidates.unwrap_or(config.candidates);
    config.seed = seed.unwrap_or(config.seed);
    if let Some(spread) = spread {
        config.spread = spread.then(Repulsion::default);
    }
    config
}
