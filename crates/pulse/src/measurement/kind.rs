//! Measurements as text.

use std::fmt;
use std::str::FromStr;

use super::{Kernel, Measurement, Resize, Size};
use crate::{Error, ErrorKind, Result};

/// How many times smaller the target is along each axis: a finite number of at least 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Factor(f64);

impl Factor {
    /// Checks the number.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when it is below 1 or not finite.
    pub fn new(factor: f64) -> Result<Self> {
        if factor.is_finite() && factor >= 1.0 {
            return Ok(Self(factor));
        }
        let message = format!("a picture cannot be shrunk by {factor}: the factor must be a number of at least 1");
        Err(Error::new(ErrorKind::Setting, message))
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// What the camera did, before the sizes are known. Text is `NAME` or `NAME:FACTOR`; without a factor it
/// follows from the two sizes, along each axis of its own, and need not be whole.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum MeasurementKind {
    /// `bicubic`: shrinking with the antialiased cubic kernel, as PULSE has it; see [`Kernel::Bicubic`].
    Bicubic(Option<Factor>),
    /// `area`: the mean over the box that each pixel covers; see [`Kernel::Area`].
    Area(Option<Factor>),
    /// `identity`: the target is the generator's picture itself.
    Identity,
}

impl Default for MeasurementKind {
    /// PULSE's.
    fn default() -> Self {
        Self::Bicubic(None)
    }
}

/// What stands in the help and in the errors.
const GRAMMAR: &str = "bicubic[:FACTOR], area[:FACTOR] or identity";

impl MeasurementKind {
    /// The measurement from the generator's pictures of `channels` (of the size `picture`) to the target.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when the target is empty or larger than the generator's pictures, or when a
    /// factor is given that does not lead from one size to the other.
    pub fn resolve(self, channels: usize, picture: Size, target: Size) -> Result<Box<dyn Measurement>> {
        if target.width == 0 || target.height == 0 {
            return Err(Error::new(ErrorKind::Setting, format!("the target is empty: it has {target} pixels")));
        }
        if target.width > picture.width || target.height > picture.height {
            let message = format!(
                "a target of {target} is larger than the generator's pictures of {picture}: shrink it to at most that, or \
                 take a generator of larger pictures"
            );
            return Err(Error::new(ErrorKind::Setting, message));
        }
        self.check_factor(picture, target)?;
        Ok(Box::new(Resize::new(self.kernel(), picture, target)?.with_channels(channels)))
    }

    /// How it shrinks a picture, whatever the sizes.
    pub const fn kernel(self) -> Kernel {
        match self {
            Self::Bicubic(_) => Kernel::Bicubic,
            Self::Area(_) => Kernel::Area,
            Self::Identity => Kernel::Identity,
        }
    }

    fn factor(self) -> Option<Factor> {
        match self {
            Self::Bicubic(factor) | Self::Area(factor) => factor,
            Self::Identity => None,
        }
    }

    fn check_factor(self, picture: Size, target: Size) -> Result<()> {
        let Some(Factor(factor)) = self.factor() else { return Ok(()) };
        // Room for a factor that was rounded when it was written down, such as 1.333333.
        let matches = |from: usize, to: usize| (from as f64 / to as f64 - factor).abs() <= 1e-6 * factor;
        if matches(picture.width, target.width) && matches(picture.height, target.height) {
            return Ok(());
        }
        let name = self.name();
        let fitting = [picture.width, picture.height].map(|size| (size as f64 / factor).round().max(1.0) as usize);
        let fitting = Size::new(fitting[0], fitting[1]);
        let way_out = if matches(picture.width, fitting.width) && matches(picture.height, fitting.height) {
            format!("give a target of {fitting}, or leave the factor out: {name}")
        } else {
            format!("leave the factor out: {name}")
        };
        let message = format!("{self} does not lead from the generator's {picture} to a target of {target}: {way_out}");
        Err(Error::new(ErrorKind::Setting, message))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Bicubic(_) => "bicubic",
            Self::Area(_) => "area",
            Self::Identity => "identity",
        }
    }
}

impl fmt::Display for MeasurementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.factor() {
            Some(Factor(factor)) => write!(f, ":{factor}"),
            None => Ok(()),
        }
    }
}

impl FromStr for MeasurementKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, argument) = match text.trim().split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (text.trim(), None),
        };
        match (name, argument) {
            ("bicubic", factor) => Ok(Self::Bicubic(parse_factor(text, factor)?)),
            ("area", factor) => Ok(Self::Area(parse_factor(text, factor)?)),
            ("identity", None) => Ok(Self::Identity),
            ("identity", Some(_)) => Err(unknown(text, "identity takes no factor")),
            _ => Err(unknown(text, "no such name is known")),
        }
    }
}

fn parse_factor(text: &str, factor: Option<&str>) -> Result<Option<Factor>> {
    let Some(factor) = factor else { return Ok(None) };
    let number = factor.trim().parse().map_err(|_| unknown(text, &format!("`{factor}` is not a number")))?;
    Factor::new(number).map(Some)
}

fn unknown(text: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Setting, format!("cannot read the measurement `{text}`: {reason}; write {GRAMMAR}"))
}
