//! Whether the generator's frame is looked for in a small picture.

use std::str::FromStr;

use crate::{Error, ErrorKind, Result};

/// Whether the frame of the generator's pictures is looked for in a small picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Placing {
    /// In a picture that, as it is given, is not like the generator's own, where looking takes seconds: in default searches of an embedded
    /// generator, whose fits are known.
    #[default]
    Auto,
    /// In every picture.
    Always,
    /// In none.
    Off,
}

impl Placing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Always, Self::Off];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Off => "off",
        }
    }
}

impl FromStr for Placing {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|placing| placing.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::new(ErrorKind::Setting, format!("`{text}` says nothing about frames: choose one of {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placings_are_read_by_their_names() {
        assert_eq!(Placing::ALL.map(|placing| placing.name().parse().ok()), Placing::ALL.map(Some));
        assert_eq!("on".parse::<Placing>().unwrap_err().kind(), ErrorKind::Setting);
    }
}
