//! The denoiser of a search, as its sampler sees by it.

use pulse_engine::Engine;

use crate::Result;
use crate::denoiser::{CompiledDenoiser, Denoiser};
use crate::generator::Space;
use crate::sampler::Denoise;

/// Denoised pictures are clipped here: a little beyond [-1, 1], so that pictures at the ends are not pushed back.
const BEYOND: f32 = 1.05;

/// A compiled denoiser that clips what it gives, and remembers it.
pub(crate) struct Eye {
    compiled: CompiledDenoiser,
    numbers: usize,
    sigmas: Vec<f64>,
    /// The denoised pictures of the last step.
    seen: Vec<f32>,
    active: usize,
    class: Option<Vec<f32>>,
}

impl Eye {
    /// For up to `capacity` pictures, `batch` at a time.
    pub(crate) fn new(
        denoiser: &Denoiser,
        space: &Space,
        engine: &dyn Engine,
        batch: usize,
        capacity: usize,
    ) -> Result<Self> {
        let mut compiled = CompiledDenoiser::forward_only(denoiser, engine, batch)?;
        let classes = denoiser.spec().classes;
        if classes > 0 {
            compiled.set_class(space.class)?;
        }
        let class =
            (classes > 0).then(|| (0..classes).map(|class| f32::from(u8::from(class == space.class))).collect());
        let numbers = denoiser.picture().len();
        Ok(Self { compiled, numbers, sigmas: vec![0.0; batch], seen: vec![0.0; capacity * numbers], active: 0, class })
    }

    /// What the denoiser made of the candidates in the last step, before anything moved it.
    pub(crate) fn seen(&self) -> &[f32] {
        &self.seen[..self.active]
    }

    /// The class, one-hot, where there are any.
    pub(crate) fn class(&self) -> Option<&[f32]> {
        self.class.as_deref()
    }

    /// The denoised pictures, not clipped.
    pub(crate) fn denoised(&mut self, x: &[f32], sigma: f64) -> Vec<f32> {
        let mut denoised = vec![0.0; x.len()];
        self.run(x, sigma, &mut denoised);
        denoised
    }

    fn run(&mut self, x: &[f32], sigma: f64, denoised: &mut [f32]) {
        let many = self.sigmas.len() * self.numbers;
        self.sigmas.fill(sigma);
        for (x, denoised) in x.chunks(many).zip(denoised.chunks_mut(many)) {
            self.compiled.denoise(x, &self.sigmas[..x.len() / self.numbers], denoised);
        }
    }
}

impl Denoise for Eye {
    fn denoise(&mut self, x: &[f32], sigma: f64, denoised: &mut [f32]) -> Result<()> {
        self.run(x, sigma, denoised);
        self.active = x.len();
        for (seen, h) in self.seen.iter_mut().zip(&mut *denoised) {
            *h = h.clamp(-BEYOND, BEYOND);
            *seen = *h;
        }
        Ok(())
    }
}
