//! Measurements as text: stages, with commas between them.

use std::fmt;
use std::str::FromStr;

use super::{Blur, Channels, Factor, InFile, Kernel, Length, MeasurementKind, Stage};
use crate::{Error, ErrorKind};

/// What stands in the help and in the errors.
pub const GRAMMAR: &str = "bicubic, area, lanczos3 or nearest (each with :FACTOR or without), identity, gaussian:SIGMA, \
                           motion:LENGTH@ANGLE, disk:RADIUS, psf:FILE, gray, channels:R, mask:FILE, or several with \
                           commas between them";

impl fmt::Display for MeasurementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, stage) in self.stages().iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            stage.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resize(kernel, None) => f.write_str(kernel.name()),
            Self::Resize(kernel, Some(factor)) => write!(f, "{}:{}", kernel.name(), factor.get()),
            Self::Blur(Blur::Gaussian(sigma)) => write!(f, "gaussian:{}", sigma.get()),
            Self::Blur(Blur::Motion { length, angle }) => write!(f, "motion:{}@{angle}", length.get()),
            Self::Blur(Blur::Disk(radius)) => write!(f, "disk:{}", radius.get()),
            Self::Blur(Blur::Psf(file)) => write!(f, "psf:{}", file.path().display()),
            Self::Gray => f.write_str("gray"),
            Self::Channels(channels) => {
                f.write_str("channels:")?;
                let letters = Channels::LETTERS.iter().zip(channels.measured());
                letters.filter(|letter| letter.1).try_for_each(|letter| write!(f, "{}", letter.0))
            }
            Self::Mask(file) => write!(f, "mask:{}", file.path().display()),
        }
    }
}

impl FromStr for MeasurementKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let stages = text.split(',').map(|stage| {
            parse_stage(stage.trim()).map_err(|reason| {
                let message = format!("cannot read the measurement `{text}`: {reason}; write {GRAMMAR}");
                Error::new(ErrorKind::Setting, message)
            })
        });
        Self::new(stages.collect::<Result<_, Error>>()?)
    }
}

fn parse_stage(text: &str) -> Result<Stage, String> {
    let (name, argument) = match text.split_once(':') {
        Some((name, argument)) => (name.trim(), Some(argument.trim())),
        None => (text, None),
    };
    let kernel = Kernel::ALL.into_iter().find(|kernel| kernel.name() == name);
    match (name, argument) {
        (_, factor) if kernel.is_some() => {
            let kernel = kernel.unwrap_or_default();
            if kernel == Kernel::Identity && factor.is_some() {
                return Err("identity takes no factor".into());
            }
            Ok(Stage::Resize(kernel, factor.map(parse_factor).transpose()?))
        }
        ("gaussian", Some(sigma)) => Ok(Stage::Blur(Blur::Gaussian(parse_length(sigma)?))),
        ("disk", Some(radius)) => Ok(Stage::Blur(Blur::Disk(parse_length(radius)?))),
        ("motion", Some(path)) => {
            let (length, angle) = path.split_once('@').ok_or_else(|| format!("`{path}` has no @ANGLE"))?;
            let angle = number(angle)?;
            if !angle.is_finite() {
                return Err(format!("an angle of {angle} degrees cannot be"));
            }
            Ok(Stage::Blur(Blur::Motion { length: parse_length(length)?, angle }))
        }
        ("psf" | "mask", Some("")) => Err(format!("{name} names no file")),
        ("psf", Some(file)) => Ok(Stage::Blur(Blur::Psf(InFile::named(file)))),
        ("mask", Some(file)) => Ok(Stage::Mask(InFile::named(file))),
        ("channels", Some(letters)) => parse_channels(letters).map(Stage::Channels),
        ("gray" | "grey", None) => Ok(Stage::Gray),
        ("gray" | "grey", Some(_)) => Err(format!("{name} takes nothing after it")),
        ("gaussian" | "motion" | "disk" | "psf" | "mask" | "channels", None) => {
            Err(format!("{name} needs what belongs to it after a `:`"))
        }
        _ => Err("no such name is known".into()),
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| format!("`{}` is not a number", text.trim()))
}

fn parse_factor(text: &str) -> Result<Factor, String> {
    Factor::new(number(text)?).map_err(|error| error.to_string())
}

fn parse_length(text: &str) -> Result<Length, String> {
    Length::new(number(text)?).map_err(|error| error.to_string())
}

fn parse_channels(letters: &str) -> Result<Channels, String> {
    let mut measured = [false; 3];
    for letter in letters.chars() {
        let channel = Channels::LETTERS.iter().position(|known| known.eq_ignore_ascii_case(&letter));
        let known = channel.filter(|&channel| !measured[channel]);
        measured[known.ok_or_else(|| format!("`{letters}` is not some of R, G and B, each once"))?] = true;
    }
    Channels::new(measured).map_err(|error| error.to_string())
}
