//! Colours for grey pictures, and for figures.

use std::fmt;
use std::str::FromStr;

use super::canvas::Colour;
use crate::{Error, ErrorKind, Result};
use pulse_core::image::Image;

/// Colours from dark to bright, in which equal steps look equal. They are for looking: files of pictures keep their greys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Colormap {
    /// Black, violet, orange, light yellow.
    Inferno,
    /// Black, violet, pink, light yellow.
    Magma,
    /// Violet, green, yellow.
    Viridis,
    /// Blue, grey, yellow: the same to people with and without a colour vision deficiency (Nuñez, Anderton, Renslow 2018).
    Cividis,
}

impl Colormap {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Inferno, Self::Magma, Self::Viridis, Self::Cividis];

    /// Its name, as people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inferno => "inferno",
            Self::Magma => "magma",
            Self::Viridis => "viridis",
            Self::Cividis => "cividis",
        }
    }

    /// The colour of a place between 0 and 1.
    pub fn at(self, place: f32) -> Colour {
        let gradient = match self {
            Self::Inferno => colorous::INFERNO,
            Self::Magma => colorous::MAGMA,
            Self::Viridis => colorous::VIRIDIS,
            Self::Cividis => colorous::CIVIDIS,
        };
        let colorous::Color { r, g, b } = gradient.eval_continuous(f64::from(place.clamp(0.0, 1.0)));
        [r, g, b]
    }

    /// A grey picture in these colours. One in colour stays as it is.
    pub fn of(self, image: &Image) -> Image {
        if image.channels() != 1 {
            return image.clone();
        }
        let bytes: Vec<u8> = image.values().iter().flat_map(|&value| self.at(value)).collect();
        Image::from_bytes(3, image.height(), image.width(), &bytes).unwrap_or_else(|_| image.clone())
    }
}

/// The picture in the colours that are wanted, or as it is.
pub fn coloured(image: Image, colours: Option<Colormap>) -> Image {
    match colours {
        Some(colours) => colours.of(&image),
        None => image,
    }
}

impl fmt::Display for Colormap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Colormap {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|colours| colours.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::new(ErrorKind::Setting, format!("`{text}` are no colours: choose one of {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for colours in Colormap::ALL {
            assert_eq!(colours.to_string().parse::<Colormap>().unwrap(), colours);
        }
        assert!("rainbow".parse::<Colormap>().unwrap_err().to_string().contains("inferno"));
    }

    #[test]
    fn brighter_stays_brighter() {
        let light = |[r, g, b]: Colour| 0.2126 * f32::from(r) + 0.7152 * f32::from(g) + 0.0722 * f32::from(b);
        for colours in Colormap::ALL {
            let lights: Vec<_> = (0..=50).map(|at| light(colours.at(at as f32 / 50.0))).collect();
            assert!(lights.windows(2).all(|pair| pair[0] <= pair[1]), "{colours}");
        }
        let colour = Image::new(3, 1, 1, vec![0.1, 0.2, 0.3]).unwrap();
        assert_eq!(coloured(colour.clone(), Some(Colormap::Inferno)), colour);
    }
}
