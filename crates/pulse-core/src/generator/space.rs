//! Which inputs of a generator are free, and how they are set up: truncation, noise maps, one row of the latent or all.

use std::fmt;
use std::str::FromStr;

use super::Start;
use crate::latent::Geometry;
use crate::{Error, ErrorKind, Result};

use pulse_engine::{Shape, Weights};

/// How the inputs of a generator are set up when it is rendered or searched.
///
/// The default is what a file's own program does when it renders: no truncation, the noise maps that came
/// with the file, nothing searched but the latent. [`Space::search`] is PULSE's.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    /// How near to the average `w` is brought when the generator is entered at `z` or `w`.
    pub truncation: Truncation,
    /// The values of noise maps that are not given.
    pub noise: NoiseStart,
    /// How many noise maps are searched, each on its sphere, from `noise.0` on.
    pub searched_noise: usize,
    /// Which noise maps are zero, whatever the other settings are.
    pub zeroed_noise: ZeroedNoise,
    /// Whether all rows of the sphere variable `latent` are one row.
    pub tile_latent: bool,
    /// The class of the pictures, from 0, of a generator that knows classes.
    pub class: usize,
    /// How many deterministic steps lead from noise to a picture, of a denoiser that is entered at `z`.
    pub unroll: usize,
}

/// `ws[i] = w_avg + psi (w − w_avg)` in the first `cutoff` rows, `w` in the others (Karras et al. 2019,
/// appendix B).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truncation {
    /// 1 changes nothing, 0 gives the average.
    pub psi: f32,
    /// How many rows are brought nearer; all where it is absent.
    pub cutoff: Option<usize>,
}

/// The values of noise maps that are not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoiseStart {
    /// `const`: those that came with the file; random where it has none.
    Constant,
    /// `zero`: no noise. Such maps are never searched.
    Zero,
    /// `random`: drawn for each candidate.
    Random,
}

/// Which noise maps are zero and never searched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ZeroedNoise {
    /// The last one, that of the single pixels.
    Last,
    /// These; a number beyond the last map is no map.
    Maps(Vec<usize>),
}

impl Default for Space {
    fn default() -> Self {
        Self {
            truncation: Truncation { psi: 1.0, cutoff: None },
            noise: NoiseStart::Constant,
            searched_noise: 0,
            zeroed_noise: ZeroedNoise::Maps(Vec::new()),
            tile_latent: false,
            class: 0,
            unroll: 4,
        }
    }
}

impl Space {
    /// PULSE's: five noise maps are searched, the last is zero, the others are random and stay.
    pub fn search() -> Self {
        Self { noise: NoiseStart::Random, searched_noise: 5, zeroed_noise: ZeroedNoise::Last, ..Self::default() }
    }

    /// The class as the one-hot vector that an input `c` starts at.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when there is no such class among so many.
    pub(super) fn one_hot(&self, classes: usize) -> Result<Start> {
        if self.class >= classes {
            let message =
                format!("the generator has no class {}: it has 0 to {}", self.class, classes.saturating_sub(1));
            return Err(Error::new(ErrorKind::Setting, message));
        }
        let mut numbers = vec![0.0; classes];
        numbers[self.class] = 1.0;
        Ok(Start::Constant(numbers.into()))
    }

    /// Where noise map `index` of `count` starts, and where the search may take it.
    pub(super) fn noise_map(
        &self,
        index: usize,
        count: usize,
        shape: Shape,
        constant: Option<&Weights>,
    ) -> (Start, Geometry) {
        let zeroed = match &self.zeroed_noise {
            ZeroedNoise::Last => index + 1 == count,
            ZeroedNoise::Maps(maps) => maps.contains(&index),
        };
        if zeroed || self.noise == NoiseStart::Zero {
            return (Start::Zero, Geometry::Fixed);
        }
        let start = match (self.noise, constant) {
            (NoiseStart::Constant, Some(constant)) => Start::Constant(constant.clone()),
            _ => Start::Normal,
        };
        (start, if index < self.searched_noise { Geometry::sphere(shape) } else { Geometry::Fixed })
    }
}

impl fmt::Display for NoiseStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Constant => "const",
            Self::Zero => "zero",
            Self::Random => "random",
        })
    }
}

impl FromStr for NoiseStart {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = [Self::Constant, Self::Zero, Self::Random];
        all.into_iter().find(|kind| kind.to_string() == text.trim()).ok_or_else(|| {
            Error::new(ErrorKind::Setting, format!("`{text}` is no kind of noise: choose const, zero or random"))
        })
    }
}
