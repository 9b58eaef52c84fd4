//! Measurements as text: stages, with commas between them.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::{Blur, Channels, Factor, InFile, Kernel, Length, MeasurementKind, Photons, Quality, Stage};
use crate::{Error, ErrorKind};

/// What stands in the help and in the errors.
pub const GRAMMAR: &str = "bicubic, area, lanczos3 or nearest (each with :FACTOR or without), identity, gaussian:SIGMA, \
                           motion:LENGTH@ANGLE, disk:RADIUS, psf:FILE, gray, channels:R, mask:FILE, jpeg:QUALITY, photons:N, or several with \
                           commas between them (a FILE with commas in its name in quotes)";

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
            Self::Blur(Blur::Psf(file)) => write!(f, "psf:{}", quoted(file.path())),
            Self::Gray => f.write_str("gray"),
            Self::Channels(channels) => {
                f.write_str("channels:")?;
                let letters = Channels::LETTERS.iter().zip(channels.measured());
                letters.filter(|letter| letter.1).try_for_each(|letter| write!(f, "{}", letter.0))
            }
            Self::Jpeg(quality) => write!(f, "jpeg:{}", quality.get()),
            Self::Photons(photons) => write!(f, "photons:{}", photons.get()),
            Self::Mask(file) => write!(f, "mask:{}", quoted(file.path())),
        }
    }
}

impl FromStr for MeasurementKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let stages = split(text).into_iter().map(|stage| {
            stage.and_then(|stage| parse_stage(stage.trim())).map_err(|reason| {
                let message = format!("cannot read the measurement `{text}`: {reason}; write {GRAMMAR}");
                Error::new(ErrorKind::Setting, message)
            })
        });
        Self::new(stages.collect::<Result<_, Error>>()?)
    }
}

/// The stages of a text: commas within quotes are none between stages.
fn split(text: &str) -> Vec<Result<&str, String>> {
    let (mut stages, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            // A quote within a name is one of its letters.
            '"' if quoted || text[start..at].trim_end().ends_with(':') => quoted = !quoted,
            ',' if !quoted => {
                stages.push(Ok(&text[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    stages.push(if quoted { Err("a quote is not closed".into()) } else { Ok(&text[start..]) });
    stages
}

/// A name as it stands in a text: in quotes where it would be read otherwise without, `"` and `\` in them as `\"` and `\\`.
fn quoted(path: &Path) -> String {
    let name = path.display().to_string();
    if name.contains(',') || name.starts_with('"') || name.trim() != name {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        name
    }
}

fn unquoted(text: &str) -> Result<String, String> {
    let Some(inner) = text.strip_prefix('"') else { return Ok(text.into()) };
    let inner = inner.strip_suffix('"').ok_or("a name in quotes ends with them")?;
    let (mut name, mut escaped) = (String::new(), false);
    for character in inner.chars() {
        if escaped || character != '\\' {
            name.push(character);
            escaped = false;
        } else {
            escaped = true;
        }
    }
    if name.is_empty() { Err("a file has no name".into()) } else { Ok(name) }
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
        ("psf", Some(file)) => Ok(Stage::Blur(Blur::Psf(InFile::named(unquoted(file)?)))),
        ("mask", Some(file)) => Ok(Stage::Mask(InFile::named(unquoted(file)?))),
        ("channels", Some(letters)) => parse_channels(letters).map(Stage::Channels),
        ("jpeg", Some(quality)) => {
            let quality = quality.parse().map_err(|_| format!("`{quality}` is not a quality from 1 to 100"))?;
            Quality::new(quality).map(Stage::Jpeg).map_err(|error| error.to_string())
        }
        ("photons", Some(photons)) => {
            Photons::new(number(photons)?).map(Stage::Photons).map_err(|error| error.to_string())
        }
        ("gray" | "grey", None) => Ok(Stage::Gray),
        ("gray" | "grey", Some(_)) => Err(format!("{name} takes nothing after it")),
        ("gaussian" | "motion" | "disk" | "psf" | "mask" | "channels" | "jpeg" | "photons", None) => {
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
