//! How likely a picture is under a denoiser.

use pulse_engine::Engine;

use crate::Result;
use crate::denoiser::Denoiser;
use crate::image::Image;
use crate::random::Stream;
use crate::search::{Eye, SearchConfig};

/// From where details are chosen to where the whole is.
const LEVELS: [f64; 4] = [0.1, 0.25, 0.5, 1.0];

/// Noises for each level and picture: their mean is steadier than one.
const DRAWS: usize = 2;

/// The noise is the same for all pictures, so that their residuals can be compared.
const STREAM: Stream = Stream { seed: 0, candidate: u32::MAX - 2, draw: 0, input: 0 };

/// The residuals of a picture `p`: for each of four noise levels `σ`, with normal noise `n`,
///
/// `log10 mean (D(p + σ n; σ) − p)²`.
///
/// A denoiser is trained to make this small on the pictures that it learned, and the integral of its excess over all levels is how
/// much less likely a picture is (Kingma, Salimans, Poole, Ho 2021, section 4).
pub(super) type Residuals = [f64; LEVELS.len()];

/// A denoiser that measures residuals.
pub(super) struct ResidualMeter {
    eye: Eye,
    /// `DRAWS` noises.
    noise: Vec<f32>,
    batch: usize,
}

impl ResidualMeter {
    pub(super) fn new(denoiser: &Denoiser, config: &SearchConfig, engine: &dyn Engine) -> Result<Self> {
        let mut noise = vec![0.0; DRAWS * denoiser.picture().len()];
        STREAM.fill_normal(&mut noise);
        let batch = config.batch.min(config.candidates);
        Ok(Self { eye: Eye::new(denoiser, &config.space, engine, batch, batch)?, noise, batch })
    }

    /// The residuals of every picture.
    pub(super) fn measure(&mut self, pictures: &[&Image]) -> Vec<Residuals> {
        // Nothing stops it.
        self.measure_unless(pictures, &|| false).unwrap_or_default()
    }

    /// The same; nothing where `stop` says so between two passes.
    pub(super) fn measure_unless(&mut self, pictures: &[&Image], stop: &dyn Fn() -> bool) -> Option<Vec<Residuals>> {
        let mut residuals = vec![Residuals::default(); pictures.len()];
        let numbers = self.noise.len() / DRAWS;
        for (pictures, residuals) in pictures.chunks(self.batch).zip(residuals.chunks_mut(self.batch)) {
            let own: Vec<f32> = pictures.iter().flat_map(|picture| picture.values()).map(|x| 2.0 * x - 1.0).collect();
            for (level, sigma) in LEVELS.into_iter().enumerate() {
                let mut errors = vec![0.0; pictures.len()];
                for noise in self.noise.chunks_exact(numbers) {
                    if stop() {
                        return None;
                    }
                    let noise = noise.iter().cycle();
                    let noisy: Vec<f32> = own.iter().zip(noise).map(|(x, n)| x + sigma as f32 * n).collect();
                    let denoised = self.eye.denoised(&noisy, sigma);
                    let rows = own.chunks_exact(numbers).zip(denoised.chunks_exact(numbers));
                    for (error, (own, denoised)) in errors.iter_mut().zip(rows) {
                        let squares = own.iter().zip(denoised).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
                        *error += squares / (numbers * DRAWS) as f64;
                    }
                }
                for (residuals, error) in residuals.iter_mut().zip(errors) {
                    residuals[level] = error.max(f64::MIN_POSITIVE).log10();
                }
            }
        }
        Some(residuals)
    }
}
