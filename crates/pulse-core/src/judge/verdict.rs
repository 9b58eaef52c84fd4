//! How far the generator had to be bent to make a picture, and what that says of it.

use std::fmt;

/// Up to here a picture is known: five of six own pictures are.
const KNOWN: f64 = 1.0;

/// Beyond this it is unknown: fewer than one own picture in twenty is.
const UNKNOWN: f64 = 2.0;

/// A fit before the features that is better than usual by more deviations than this is no further evidence: flat pictures are
/// fitted well by anything.
const BETTER: f64 = -1.0;

/// Whether a picture is one that the generator knows how to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Like most of its own pictures.
    Known,
    /// Like few of its own pictures.
    Stretched,
    /// Like hardly any of its own pictures.
    Unknown,
}

impl Verdict {
    /// All of them, from the best to the worst.
    pub const ALL: [Self; 3] = [Self::Known, Self::Stretched, Self::Unknown];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Stretched => "stretched",
            Self::Unknown => "unknown",
        }
    }

    /// The verdict of this name, where it is one.
    pub fn named(name: Option<&str>) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| Some(verdict.name()) == name)
    }

    /// The verdict in plain words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Known => "like the model's own pictures",
            Self::Stretched => "the model had to be stretched",
            Self::Unknown => "not a picture that this model knows",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far the generator had to be bent, each figure in deviations of its own random pictures under the same measurement: 0 is
/// usual, more is worse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bent {
    /// `s`, of the target: [`Familiar::strangeness`](super::Familiar::strangeness). Of a denoiser, of the candidate: the mean over four noise levels of how many
    /// deviations its residual is above that of own pictures, which were drawn for such a target too, less those that the pictures
    /// that it learned are ([`Calibration`](crate::generator::Calibration)).
    pub strangeness: f64,
    /// `f = (mean − latent_db) / deviation`, of the consistency that the latent alone reached
    /// ([`Candidate::latent_db`](crate::candidate::Candidate::latent_db)), with the mean and deviation of own pictures.
    pub misfit: f64,
    /// `e = max(0, (mean − 2 max(deviation, 0.5 dB) − searched_db) / 4 dB)`, of the consistency before the exact projection
    /// ([`Candidate::searched_db`](crate::candidate::Candidate::searched_db)): what the features could not make up for.
    pub shortfall: f64,
}

impl Bent {
    /// `s + (max(f, −1) + e) / 2`.
    pub fn total(&self) -> f64 {
        self.strangeness + 0.5 * (self.misfit.max(BETTER) + self.shortfall)
    }

    /// Known up to a total of 1, unknown beyond 2 or where the total is no number.
    pub fn verdict(&self) -> Verdict {
        match self.total() {
            total if total <= KNOWN => Verdict::Known,
            total if total <= UNKNOWN => Verdict::Stretched,
            _ => Verdict::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Bent = Bent { strangeness: 0.0, misfit: 0.0, shortfall: 0.0 };

    #[test]
    fn verdicts_are_by_the_total() {
        let verdict = |strangeness| Bent { strangeness, ..USUAL }.verdict();
        assert_eq!([0.0, 1.0, 2.0, 2.1].map(verdict), {
            use Verdict::{Known, Stretched, Unknown};
            [Known, Known, Stretched, Unknown]
        });
        assert_eq!(verdict(f64::NAN), Verdict::Unknown);
        let total = |misfit, shortfall| Bent { misfit, shortfall, ..USUAL }.total();
        assert_eq!([total(-8.0, 0.0), total(2.0, 0.0), total(2.0, 3.0)], [-0.5, 1.0, 2.5]);
    }
}
