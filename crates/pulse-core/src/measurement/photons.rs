//! Pictures that are counted light.

use rand_distr::{Distribution, Poisson};

use crate::image::Image;
use crate::random::Stream;
use crate::{Error, ErrorKind, Result};

/// How many photons make a pixel white: a finite number of at least 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Photons(f64);

/// The variance of what rounding to 8 bits does to a number in [0, 1].
const ROUNDING: f64 = 1.0 / (12.0 * 255.0 * 255.0);

impl Photons {
    /// Checks the number.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when it is below 1 or not finite.
    pub fn new(photons: f64) -> Result<Self> {
        if photons.is_finite() && photons >= 1.0 {
            return Ok(Self(photons));
        }
        let message = format!("a white pixel of {photons} photons cannot be: give a number of at least 1");
        Err(Error::new(ErrorKind::Setting, message))
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The picture as this many photons draw it, each number counted by itself: `Poisson(N x) / N`, and white at the most.
    ///
    /// # Errors
    /// None that a picture can cause.
    pub fn count(self, picture: &Image, stream: Stream) -> Result<Image> {
        let mut random = stream.generator();
        // A rate of 0 is none of a Poisson distribution.
        let mut count = |&light: &f32| match Poisson::new(self.0 * f64::from(light)) {
            Ok(counts) => (counts.sample(&mut random) / self.0) as f32,
            Err(_) => 0.0,
        };
        let values = picture.values().iter().map(&mut count).collect();
        Image::clamped(picture.channels(), picture.height(), picture.width(), values)
    }

    /// The variance of the noise of a number in [0, 1] that was counted, `(N y + 1) / N²`, with what rounding to 8 bits adds.
    ///
    /// It is that of the rate behind a count `N y` when all rates were as likely before: a pixel that counted nothing is not known
    /// to be black, but to a photon.
    pub fn variance(self, counted: f64) -> f64 {
        (self.0 * counted.clamp(0.0, 1.0) + 1.0) / (self.0 * self.0) + ROUNDING
    }

    /// The standard deviation of the noise of a middle grey: the unit in which that of a picture is given as one number.
    pub fn noise(self) -> f64 {
        self.variance(0.5).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_light_has_the_mean_and_the_variance_that_are_said() {
        let photons = Photons::new(50.0).unwrap();
        let grey = Image::new(1, 100, 100, vec![0.4; 10_000]).unwrap();
        let counted = photons.count(&grey, Stream { seed: 1, candidate: 0, draw: 0, input: 0 }).unwrap();
        let mean = counted.values().iter().map(|&x| f64::from(x)).sum::<f64>() / 1e4;
        let variance = counted.values().iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / 1e4;
        // Six standard errors of the mean of 10 000, and of a variance.
        assert!((mean - 0.4).abs() < 6.0 * (0.4f64 / 50.0 / 1e4).sqrt(), "{mean}");
        assert!((variance / (0.4 / 50.0) - 1.0).abs() < 6.0 * (2.0f64 / 1e4).sqrt(), "{variance}");
        let black = Image::new(1, 1, 1, vec![0.0]).unwrap();
        assert_eq!(photons.count(&black, Stream { seed: 1, candidate: 0, draw: 0, input: 0 }).unwrap().values(), [0.0]);
    }

    #[test]
    fn the_noise_of_counts_grows_with_them_and_nothing_counted_is_not_black() {
        let photons = Photons::new(100.0).unwrap();
        assert!((photons.variance(1.0) - 0.0101 - ROUNDING).abs() < 1e-12);
        assert!((photons.variance(0.0).sqrt() - 0.01).abs() < 1e-4);
        assert!(Photons::new(1e9).unwrap().noise() >= ROUNDING.sqrt());
        for photons in [0.0, 0.5, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Photons::new(photons).is_err(), "{photons}");
        }
    }
}
