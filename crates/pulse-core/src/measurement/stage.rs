//! The parts of a measurement, before the sizes are known.

use super::{InFile, Kernel, Photons, Psf};
use crate::image::Image;
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

/// A length in pixels of the picture that a blur works on: a finite number above 0.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Length(f64);

impl Length {
    /// Checks the number.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when it is not above 0, or not finite.
    pub fn new(length: f64) -> Result<Self> {
        if length.is_finite() && length > 0.0 {
            return Ok(Self(length));
        }
        let message = format!("a blur of {length} pixels cannot be: its size must be a number above 0");
        Err(Error::new(ErrorKind::Setting, message))
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// What spreads the light of each pixel over those around it, `y[p] = Σ_k h[k] x[p − k]` with `Σ h = 1`.
/// Pixels outside of the picture are those inside, mirrored as by [`Kernel::Bicubic`]. A constant picture
/// stays as it is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Blur {
    /// `gaussian:SIGMA`: `h[k] ∝ exp(−|k|² / 2 σ²)`, cut off at 4 σ along each axis.
    Gaussian(Length),
    /// `motion:LENGTH@ANGLE`: `h[k]` is the share of a straight path of this length, centred at 0, that lies in
    /// pixel `k`. The angle is in degrees, from the right counter-clockwise.
    Motion {
        /// The path's length.
        length: Length,
        /// Its direction in degrees, finite.
        angle: f64,
    },
    /// `disk:RADIUS`, an opening out of focus: `h[k]` is in proportion to the area of pixel `k` that a disk of
    /// this radius round 0 covers.
    Disk(Length),
    /// `psf:FILE`: `h` is the picture or array in the file, divided by its sum; its pixel
    /// `(width / 2, height / 2)`, rounded down, is `h[0]`.
    Psf(InFile<Psf>),
}

/// Which of red, green and blue were measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channels([bool; 3]);

impl Channels {
    /// The letters, in their order.
    pub const LETTERS: [char; 3] = ['R', 'G', 'B'];

    /// A set that is not empty.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when it is.
    pub fn new(measured: [bool; 3]) -> Result<Self> {
        if measured.contains(&true) {
            return Ok(Self(measured));
        }
        Err(Error::new(ErrorKind::Setting, "no channel is measured: name some of R, G and B"))
    }

    /// Red, green, blue: whether it was measured.
    pub const fn measured(self) -> [bool; 3] {
        self.0
    }

    /// The only one, where it is only one.
    pub fn single(self) -> Option<usize> {
        let mut all = (0..3).filter(|&channel| self.0[channel]);
        all.next().filter(|_| all.next().is_none())
    }
}

/// One part of a measurement: what it does to the picture that the part before it made.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Stage {
    /// `bicubic`, `area`, `lanczos3`, `nearest`, each with `:FACTOR` or without; `identity`. A factor that is
    /// not given follows from the sizes.
    Resize(Kernel, Option<Factor>),
    /// Light that is spread.
    Blur(Blur),
    /// `gray`: `y = 0.2126 R + 0.7152 G + 0.0722 B` of the encoded values (Rec. 709 luma); nothing to a grey
    /// picture.
    Gray,
    /// `channels:R` and the like: a single one makes a grey picture, `y = x[c]`; of several, the others are
    /// zero, `y[c] = 0`, and count for nothing.
    Channels(Channels),
    /// `mask:FILE`: `y[p] = m[p] x[p]` with `m = 1` where the picture in the file is white (at least half) and 0
    /// where it is black. What is hidden counts for nothing. Of the size of the picture at this place.
    Mask(InFile<Image>),
    /// `jpeg:QUALITY`: the picture was saved as a JPEG. It is taken for noise of the size that the quantisation leaves
    /// ([`Quality::noise`]), which says how near candidates are to come; the numbers stay as they are.
    Jpeg(Quality),
    /// `photons:N`: each number was counted, and N photons make a pixel white, `N y ~ Poisson(N x)`. Darker pixels have less noise
    /// ([`Photons::variance`]), and weigh more; the numbers stay as they are.
    Photons(Photons),
}

/// The quality of a JPEG as libjpeg counts it, 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality(u8);

/// The table for brightness of ITU-T T.81, annex K, which is scaled by the quality.
const QUANTISATION: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
];

impl Quality {
    /// Checks the number.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when it is not within 1 to 100.
    pub fn new(quality: u8) -> Result<Self> {
        if (1..=100).contains(&quality) {
            return Ok(Self(quality));
        }
        Err(Error::new(
            ErrorKind::Setting,
            format!("a JPEG of quality {quality} cannot be: give a number from 1 to 100"),
        ))
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The standard deviation of what the compression changes, of a value range of 1: `σ² = mean(min(Δ² / 12, E)) + C` over the steps `Δ`
    /// of the table, where a step that is larger than a coefficient changes it by no more than there is of it. `E = 130` and `C = 25`, of
    /// 255², are what faces of 16 to 48 pixels have, the second of it in colours, which are stored at half the resolution: within 20 % of
    /// what libjpeg leaves of them at qualities of 50 to 95.
    pub fn noise(self) -> f64 {
        const ENERGY: f64 = 130.0;
        const COLOURS: f64 = 25.0;
        let scale = if self.0 < 50 { 5000 / u32::from(self.0) } else { 200 - 2 * u32::from(self.0) };
        let step = |&entry: &u16| f64::from(((u32::from(entry) * scale + 50) / 100).clamp(1, 255));
        let variance = QUANTISATION.iter().map(|entry| (step(entry).powi(2) / 12.0).min(ENERGY)).sum::<f64>() / 64.0;
        (variance + COLOURS).sqrt() / 255.0
    }
}

impl Stage {
    /// Whether a number of its result comes from several pixels.
    pub(super) const fn mixes_pixels(&self) -> bool {
        matches!(self, Self::Resize(..) | Self::Blur(_))
    }
}
