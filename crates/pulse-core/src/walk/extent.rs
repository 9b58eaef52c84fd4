//! How far curves lead.

use std::f64::consts::FRAC_PI_2;
use std::fmt;

use crate::{Error, ErrorKind, Result};

/// How far a curve is followed on each of its sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Extent {
    /// To where one sees it, and not beyond where the generator would make such a picture: until the picture has changed by
    /// this root mean square, of a value range of 1, in the part where it has changed most (a quarter as wide and as high as
    /// the picture); or until it is [less plausible](End::Implausible) than the candidate by [`MORE_OFFSETS`]; or a quarter of
    /// the way round the sphere. Whichever is first.
    Visible(f64),
    /// So many standard deviations of the prior, whatever is seen.
    Length(f64),
}

impl Default for Extent {
    fn default() -> Self {
        Self::Visible(VISIBLE)
    }
}

/// A change that one sees without looking for it: 24 levels of 255, in the part where it is greatest.
pub const VISIBLE: f64 = 24.0 / 255.0;

/// By how much more than at the candidate features may be bent, as in
/// [`Plausibility::offsets`](crate::judge::Plausibility::offsets): candidates of one run differ by about as much.
pub const MORE_OFFSETS: f64 = 0.05;

/// How far a curve may lead, as a part of the radius of the sphere: from there on it comes back on the other side.
pub(super) const FARTHEST: f64 = FRAC_PI_2;

/// In how many strides a curve goes there.
pub(super) const STRIDES: f64 = 12.0;

impl Extent {
    /// Names what is invalid.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`].
    pub fn validate(&self) -> Result<()> {
        let problem = match *self {
            Self::Visible(change) if !(change > 0.0 && change <= 1.0) => {
                format!("a change of {change}: it must be a number above 0 and up to 1, the whole value range")
            }
            Self::Length(length) if !(length > 0.0 && length.is_finite()) => {
                format!("a reach of {length} standard deviations: it must be a number above 0")
            }
            _ => return Ok(()),
        };
        Err(Error::new(ErrorKind::Setting, problem))
    }

    /// The same where a curve of this radius ends.
    pub(super) fn check(&self, radius: f64) -> Result<()> {
        self.validate()?;
        match *self {
            Self::Length(length) => check_length(length, radius),
            Self::Visible(_) => Ok(()),
        }
    }
}

/// Checks that so far along a direction does not lead round the sphere.
pub(super) fn check_length(length: f64, radius: f64) -> Result<()> {
    let most = FARTHEST * radius;
    // What was rounded for a person is let through.
    if length.abs() <= most + 0.05 {
        return Ok(());
    }
    let message = format!(
        "{length:.1} standard deviations along a direction: ask for at most {most:.1}, a quarter of the way round the sphere"
    );
    Err(Error::new(ErrorKind::Setting, message))
}

/// What ended one side of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The picture has changed as much as was asked for.
    Changed,
    /// Features are bent by [`MORE_OFFSETS`] more than at the candidate: what changes from here on is made by correcting.
    Implausible,
    /// A quarter of the way round the sphere.
    Farthest,
    /// The length that was asked for.
    Length,
}

impl End {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Changed, Self::Implausible, Self::Farthest, Self::Length];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Implausible => "implausible",
            Self::Farthest => "farthest",
            Self::Length => "length",
        }
    }

    /// What ended it, in words that go on after "it ends where".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Changed => "the change is plain to see",
            Self::Implausible => "the generator would have to be bent for more",
            Self::Farthest => "the direction leads no farther",
            Self::Length => "it was told to",
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
