//! A run's candidates, measured together.

use crate::Result;
use crate::candidate::Candidate;
use crate::image::Image;
use crate::image::Size;

use super::{Bent, Certainty, OwnPictures, Plausibility, Scores, niqe};
use crate::detail::{Detail, Distances};

/// How many random pictures tell what distance is usual: 120 pairs.
pub const RANDOM_PICTURES: usize = 16;

/// What is known of a run's candidates together.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The scores of each candidate.
    pub scores: Vec<Scores>,
    /// How far they are apart, where there are two.
    pub spread: Option<Spread>,
    /// What they agree on, where there are two.
    pub certainty: Option<Certainty>,
    /// What random pictures of the generator agree on as if they were candidates, where there were any: every picture of a
    /// generator has that in common.
    pub agreed_at_random: Option<f64>,
    /// How far the generator was bent for the candidates, where that was measured: the one in the middle.
    pub bent: Option<Bent>,
}

/// Distances between pictures, in [detail](Detail) where they are larger than the small picture: root mean squares, in units of
/// the value range [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The mean over all pairs of candidates.
    pub mean: f64,
    /// Between the two nearest.
    pub least: f64,
    /// Between the two that are farthest apart.
    pub greatest: f64,
    /// Which two those are, as places among the candidates.
    pub farthest: [usize; 2],
    /// The mean over pairs of random pictures of the generator, where there were any.
    pub random: Option<f64>,
}

impl Assessment {
    /// Of candidates for a small picture of size `small`, with what is known of their plausibility (one each, or none), the
    /// [logits](super::Critic::logit) of a discriminator (one each, or none), and
    /// [random pictures](super::random_pictures) of the generator, or none.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) when `small` is larger than the candidates.
    pub fn of(
        candidates: &[Candidate],
        small: Size,
        plausibility: &[Plausibility],
        logits: &[Option<f64>],
        random: &[Image],
    ) -> Result<Self> {
        let pictures: Vec<&Image> = candidates.iter().map(|candidate| &candidate.image).collect();
        let distances = distances_of(&pictures, small)?;
        let scores = |(place, candidate): (usize, &Candidate)| Scores {
            consistency: candidate.db,
            plausibility: plausibility.get(place).copied(),
            sharpness: niqe(&candidate.image),
            distinctness: Some(distances.distinctness(place)).filter(|distance| distance.is_finite()),
            discriminator: logits.get(place).copied().flatten(),
            bent: None,
        };
        let random: Vec<&Image> = random.iter().collect();
        let spread = match (distances.nearest_pair(), distances.farthest_pair()) {
            (Some((.., least)), Some((a, b, greatest))) => {
                let random = if random.len() > 1 { Some(distances_of(&random, small)?.mean()) } else { None };
                Some(Spread { mean: distances.mean(), least, greatest, farthest: [a, b], random })
            }
            _ => None,
        };
        let agreed_at_random = if random.len() > 1 { Certainty::of(&random, small)?.agreed() } else { None };
        Ok(Self {
            scores: candidates.iter().enumerate().map(scores).collect(),
            spread,
            certainty: if pictures.len() > 1 { Some(Certainty::of(&pictures, small)?) } else { None },
            agreed_at_random,
            bent: None,
        })
    }

    /// The same with intervals that are wider by this factor than the candidates alone make them.
    #[must_use]
    pub fn inflated(mut self, inflation: f64) -> Self {
        self.certainty = self.certainty.map(|certainty| certainty.inflated(inflation));
        self
    }

    /// The same, with how far the generator was bent for each candidate.
    ///
    /// # Panics
    /// When there is not one for each candidate.
    #[must_use]
    pub fn with_bent(mut self, bent: &[Bent]) -> Self {
        assert_eq!(bent.len(), self.scores.len(), "one for each candidate");
        self.scores.iter_mut().zip(bent).for_each(|(scores, bent)| scores.bent = Some(*bent));
        self.bent = OwnPictures::of_run(bent);
        self
    }
}

/// In detail, or in the pictures' own values where they are no larger than the small one: then a measurement other than
/// shrinking tells them apart from it.
fn distances_of(pictures: &[&Image], small: Size) -> Result<Distances> {
    if pictures.first().is_none_or(|picture| picture.size() == small) {
        return Ok(Distances::between(&pictures.iter().map(|picture| picture.values()).collect::<Vec<_>>()));
    }
    let detail = Detail::new(pictures[0].size(), small)?;
    Ok(Distances::between(&pictures.iter().map(|picture| detail.of(picture)).collect::<Vec<_>>()))
}
