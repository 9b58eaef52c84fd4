//! Numbers that are read off pictures: what a field asks of them.
//!
//! A [`Quantity`] is read off each candidate. The candidates' [`Distribution`] beside that of the generator's own random pictures says
//! what the small picture tells about it: where both are alike, it tells nothing that the generator did not assume.
//!
//! ```
//! use pulse_core::image::Image;
//! use pulse_core::quantity::{Quantity, Reading};
//!
//! let quantity: Quantity = "area-fraction@128".parse()?;
//! let half = Image::new(1, 2, 2, vec![1.0, 1.0, 0.0, 0.0])?;
//! let quarter = Image::new(1, 2, 2, vec![1.0, 0.0, 0.0, 0.0])?;
//! let reading = Reading::of(quantity, &[&half, &quarter], &[]);
//! assert_eq!(reading.candidates, [Some(0.5), Some(0.25)]);
//! # Ok::<(), pulse_core::Error>(())
//! ```

mod distribution;
mod light;
mod plane;
mod regions;
mod ring;

use std::fmt;
use std::str::FromStr;

use crate::image::Image;
use crate::{Error, ErrorKind, Result};

pub use distribution::{Distribution, Reading};
use plane::Plane;

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Measure {
    /// `ring-diameter`: `d = 2 r̄`, where `r̄` is the mean over position angles of the radius at which the profile from the ring's centre
    /// is brightest. The centre is the point for which these radii differ least, by `σ_r / r̄` (Event Horizon Telescope
    /// Collaboration 2019, paper IV, section 9). In pixels. Nothing where they differ by more than half of their mean: then there
    /// is no ring.
    RingDiameter,
    /// `flux`: `Σ (v − b)`, of values from 0 to 1 and the background `b`, the mean of the outermost pixels. In white pixels.
    Flux,
    /// `half-light-radius`: the radius of the circle round the centroid that holds half of the light above the background, here the
    /// median of the outermost pixels. In pixels. Of a picture whose
    /// brightness is stretched it is the radius of that brightness, and not of the light.
    HalfLightRadius,
    /// `ellipticity`: `1 − b/a`, `a²` and `b²` being the eigenvalues of the flux's second moments round its centroid, within three half-light
    /// radii (Bertin and Arnouts 1996, without their isophote).
    Ellipticity,
    /// `count`: how many regions of four pixels or more are brighter than a level; pixels that touch by a corner are of one region.
    /// The level is Otsu's (1979) where none is given.
    Count,
    /// `area-fraction`: the share of the pixels that are brighter than the level.
    AreaFraction,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::RingDiameter, Self::Flux, Self::HalfLightRadius, Self::Ellipticity, Self::Count, Self::AreaFraction];

    /// Its name, as people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RingDiameter => "ring-diameter",
            Self::Flux => "flux",
            Self::HalfLightRadius => "half-light-radius",
            Self::Ellipticity => "ellipticity",
            Self::Count => "count",
            Self::AreaFraction => "area-fraction",
        }
    }

    /// Whether it is a length, which a [`PixelScale`] turns into one of the field.
    pub const fn is_length(self) -> bool {
        matches!(self, Self::RingDiameter | Self::HalfLightRadius)
    }

    /// Whether it depends on a level of brightness.
    pub const fn has_level(self) -> bool {
        matches!(self, Self::Count | Self::AreaFraction)
    }

    /// The unit of what is read off pixels; nothing for a pure number.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::RingDiameter | Self::HalfLightRadius => "pixels",
            Self::Flux => "white pixels",
            Self::Ellipticity | Self::Count | Self::AreaFraction => "",
        }
    }
}

/// Of which of a picture's values something is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Their luminance.
    #[default]
    Grey,
    /// Red.
    Red,
    /// Green.
    Green,
    /// Blue.
    Blue,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Grey, Self::Red, Self::Green, Self::Blue];

    /// Its name, as people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grey => "grey",
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
        }
    }

    /// Its place in a picture of three channels.
    const fn place(self) -> Option<usize> {
        match self {
            Self::Grey => None,
            Self::Red => Some(0),
            Self::Green => Some(1),
            Self::Blue => Some(2),
        }
    }
}

/// A number that can be read off a picture. Written `NAME`, `NAME:CHANNEL`, `NAME@LEVEL` or `NAME:CHANNEL@LEVEL`, such as `count:blue@96`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quantity {
    /// What is read.
    pub measure: Measure,
    /// Of which values.
    pub channel: Channel,
    /// The level of brightness, of 255, where it is not to be found in each picture.
    pub level: Option<u8>,
}

impl Quantity {
    /// This measure of the luminance, with a level of the picture's own.
    pub const fn new(measure: Measure) -> Self {
        Self { measure, channel: Channel::Grey, level: None }
    }

    /// It, read off a picture; nothing where the picture has none, as a flat one has no radius.
    pub fn of(&self, image: &Image) -> Option<f64> {
        let plane = Plane::of(image, self.channel);
        let level = self.level.map(|level| f64::from(level) / 255.0);
        match self.measure {
            Measure::RingDiameter => ring::diameter(&plane),
            Measure::Flux => Some(light::flux(&plane)),
            Measure::HalfLightRadius => light::half_light_radius(&plane),
            Measure::Ellipticity => light::ellipticity(&plane),
            Measure::Count => Some(regions::count(&plane, level) as f64),
            Measure::AreaFraction => Some(regions::area_fraction(&plane, level)),
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.measure.name())?;
        if self.channel != Channel::Grey {
            write!(f, ":{}", self.channel.name())?;
        }
        self.level.map_or(Ok(()), |level| write!(f, "@{level}"))
    }
}

impl FromStr for Quantity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |reason: String| Error::new(ErrorKind::Setting, format!("`{text}` {reason}"));
        let (rest, level) = match text.split_once('@') {
            None => (text, None),
            Some((rest, level)) => {
                let read =
                    level.parse().map_err(|_| refused(format!("has the level {level}: give one from 0 to 255")))?;
                (rest, Some(read))
            }
        };
        let (name, channel) = rest.split_once(':').unwrap_or((rest, Channel::Grey.name()));
        let names = |all: &[&str]| all.join(", ");
        let measure = Measure::ALL.into_iter().find(|measure| measure.name() == name);
        let measure = measure.ok_or_else(|| {
            refused(format!("is no quantity: choose one of {}", names(&Measure::ALL.map(Measure::name))))
        })?;
        let channel = Channel::ALL.into_iter().find(|known| known.name() == channel);
        let channel = channel.ok_or_else(|| {
            refused(format!("names no channel: choose one of {}", names(&Channel::ALL.map(Channel::name))))
        })?;
        if level.is_some() && !measure.has_level() {
            return Err(refused("depends on no level; leave it out".to_owned()));
        }
        Ok(Self { measure, channel, level })
    }
}

/// How large a pixel of the generator's picture is, in a unit of the field. Written as a number and the unit, such as `2.5µas`.
#[derive(Clone, Debug, PartialEq)]
pub struct PixelScale {
    /// The side of a pixel.
    pub side: f64,
    /// The unit.
    pub unit: String,
}

impl PixelScale {
    /// The side of a pixel in seconds of arc, where the unit is one of an angle.
    pub fn arcseconds(&self) -> Option<f64> {
        let unit = match self.unit.as_str() {
            "deg" | "°" => 3600.0,
            "arcmin" => 60.0,
            "arcsec" | "as" => 1.0,
            "mas" => 1e-3,
            "µas" | "μas" | "uas" => 1e-6,
            _ => return None,
        };
        Some(self.side * unit)
    }
}

impl FromStr for PixelScale {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let at = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let (side, unit) = text.split_at(at);
        match (side.parse::<f64>(), unit.trim()) {
            (Ok(side), unit) if side.is_finite() && side > 0.0 && !unit.is_empty() => {
                Ok(Self { side, unit: unit.to_owned() })
            }
            _ => {
                let message = format!("`{text}` is no size of a pixel: give a number and its unit, such as 2.5µas");
                Err(Error::new(ErrorKind::Setting, message))
            }
        }
    }
}

impl fmt::Display for PixelScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.side, self.unit)
    }
}

#[cfg(test)]
mod tests;
