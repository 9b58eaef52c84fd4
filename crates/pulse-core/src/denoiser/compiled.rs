//! A denoiser that an engine runs.

use pulse_engine::{Engine, InputId, Network, NetworkBuilder, OutputId, Program};

use super::{CLASS, Coefficients, Denoiser, NOISY, TIME};
use crate::{Error, ErrorKind, Result};

/// A [`Denoiser`] compiled for a batch of pictures, each with a noise level of its own.
pub struct CompiledDenoiser {
    denoiser: Denoiser,
    program: Box<dyn Program>,
    x: InputId,
    time: InputId,
    class: Option<InputId>,
    raw: OutputId,
    /// Numbers of a picture, and of what the network gives.
    numbers: [usize; 2],
    features: Vec<f32>,
}

impl CompiledDenoiser {
    /// Compiles `denoiser` with `engine` for up to `batch` pictures at a time.
    ///
    /// # Errors
    /// [`ErrorKind::Network`] when the engine cannot run it.
    pub fn new(denoiser: &Denoiser, engine: &dyn Engine, batch: usize) -> Result<Self> {
        Self::compile(denoiser, batch, |network, batch| engine.compile(network, batch))
    }

    /// The same, but without gradients, which takes much less memory.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn forward_only(denoiser: &Denoiser, engine: &dyn Engine, batch: usize) -> Result<Self> {
        Self::compile(denoiser, batch, |network, batch| engine.compile_forward(network, batch))
    }

    fn compile(
        denoiser: &Denoiser,
        batch: usize,
        compile: impl FnOnce(&Network, usize) -> pulse_engine::Result<Box<dyn Program>>,
    ) -> Result<Self> {
        let mut builder = NetworkBuilder::new();
        let raw = denoiser.append_raw(&mut builder)?;
        builder.output("raw", raw)?;
        let network = builder.build()?;
        let spec = denoiser.spec();
        let pixels = spec.height * spec.width;
        Ok(Self {
            denoiser: denoiser.clone(),
            program: compile(&network, batch)?,
            x: network.input(NOISY)?,
            time: network.input(TIME)?,
            class: network.input(CLASS).ok(),
            raw: network.output("raw")?,
            numbers: [spec.channels * pixels, spec.outputs * pixels],
            features: vec![0.0; spec.time_features],
        })
    }

    /// The denoiser.
    pub fn denoiser(&self) -> &Denoiser {
        &self.denoiser
    }

    /// The most pictures that one call can take.
    pub fn batch(&self) -> usize {
        self.program.batch()
    }

    /// Makes every picture one of this class from now on.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when there is no such class.
    pub fn set_class(&mut self, class: usize) -> Result<()> {
        let classes = self.denoiser.spec().classes;
        let Some(input) = self.class.filter(|_| class < classes) else {
            let message = if classes == 0 {
                "the model was trained without classes: leave the class out".to_owned()
            } else {
                format!("the model has no class {class}: it has 0 to {}", classes - 1)
            };
            return Err(Error::new(ErrorKind::Setting, message));
        };
        for row in self.program.input_mut(input).chunks_exact_mut(classes) {
            row.fill(0.0);
            row[class] = 1.0;
        }
        Ok(())
    }

    /// Gives every picture its class: a row of [`BackboneSpec::classes`](super::BackboneSpec::classes) numbers each.
    ///
    /// # Panics
    /// When there are no classes, or the rows do not fit.
    pub fn classes_mut(&mut self) -> &mut [f32] {
        self.program.input_mut(self.class.expect("a model with classes"))
    }

    /// What the network itself gives: `raw[i] = F(x[i]; times[i])`, with `x` scaled as the network wants it, and `times` the
    /// network's own.
    ///
    /// # Panics
    /// When there are more rows than the batch, or the lengths do not fit.
    pub fn raw(&mut self, x: &[f32], times: &[f64], raw: &mut [f32]) {
        self.program.input_mut(self.x)[..x.len()].copy_from_slice(x);
        for (row, &time) in times.iter().enumerate() {
            self.set_time(row, time);
        }
        self.program.forward(times.len(), &[self.raw]);
        raw.copy_from_slice(&self.program.output(self.raw)[..raw.len()]);
    }

    /// `denoised[i] = D(x[i]; sigmas[i])`.
    ///
    /// # Panics
    /// When there are more rows than the batch, or the lengths do not fit.
    pub fn denoise(&mut self, x: &[f32], sigmas: &[f64], denoised: &mut [f32]) {
        let [numbers, outputs] = self.numbers;
        assert_eq!([x.len(), denoised.len()], [sigmas.len() * numbers; 2], "a picture for each noise level");
        let scaled = self.program.input_mut(self.x);
        for ((scaled, x), &sigma) in scaled.chunks_exact_mut(numbers).zip(x.chunks_exact(numbers)).zip(sigmas) {
            let input = self.denoiser.preconditioning().at(sigma).input as f32;
            scaled.iter_mut().zip(x).for_each(|(scaled, x)| *scaled = input * x);
        }
        for (row, &sigma) in sigmas.iter().enumerate() {
            self.set_time(row, self.denoiser.preconditioning().at(sigma).time);
        }
        self.program.forward(sigmas.len(), &[self.raw]);
        let rows = denoised.chunks_exact_mut(numbers).zip(x.chunks_exact(numbers));
        for ((denoised, x), (raw, &sigma)) in rows.zip(self.program.output(self.raw).chunks_exact(outputs).zip(sigmas))
        {
            let Coefficients { skip, output, .. } = self.denoiser.preconditioning().at(sigma);
            let (skip, output) = (skip as f32, output as f32);
            for ((denoised, x), raw) in denoised.iter_mut().zip(x).zip(raw) {
                *denoised = skip * x + output * raw;
            }
        }
    }

    /// The gradients of `⟨raw, cotangent⟩` with respect to `x`, at the last [`raw`](Self::raw).
    ///
    /// # Panics
    /// When the lengths are not those of the last call.
    pub fn raw_gradient(&mut self, cotangent: &[f32], gradient: &mut [f32]) {
        let active = cotangent.len() / self.numbers[1];
        self.program.cotangent_mut(self.raw)[..cotangent.len()].copy_from_slice(cotangent);
        self.program.backward(active, &[self.x]);
        gradient.copy_from_slice(&self.program.gradient(self.x)[..gradient.len()]);
    }

    /// The gradients of `⟨denoised, cotangent⟩` with respect to `x`, at the last [`denoise`](Self::denoise), whose noise levels
    /// are given again.
    ///
    /// # Panics
    /// When the lengths are not those of the last call.
    pub fn denoised_gradient(&mut self, sigmas: &[f64], cotangent: &[f32], gradient: &mut [f32]) {
        let [numbers, outputs] = self.numbers;
        let slot = self.program.cotangent_mut(self.raw);
        for ((slot, cotangent), &sigma) in
            slot.chunks_exact_mut(outputs).zip(cotangent.chunks_exact(numbers)).zip(sigmas)
        {
            let output = self.denoiser.preconditioning().at(sigma).output as f32;
            slot.fill(0.0);
            slot.iter_mut().zip(cotangent).for_each(|(slot, cotangent)| *slot = output * cotangent);
        }
        self.program.backward(sigmas.len(), &[self.x]);
        let through = self.program.gradient(self.x).chunks_exact(numbers);
        let rows = gradient.chunks_exact_mut(numbers).zip(cotangent.chunks_exact(numbers)).zip(through).zip(sigmas);
        for (((gradient, cotangent), through), &sigma) in rows {
            let Coefficients { skip, input, .. } = self.denoiser.preconditioning().at(sigma);
            let (skip, input) = (skip as f32, input as f32);
            for ((gradient, cotangent), through) in gradient.iter_mut().zip(cotangent).zip(through) {
                *gradient = skip * cotangent + input * through;
            }
        }
    }

    fn set_time(&mut self, row: usize, time: f64) {
        self.denoiser.backbone().time_features(time, &mut self.features);
        let width = self.features.len();
        self.program.input_mut(self.time)[row * width..][..width].copy_from_slice(&self.features);
    }
}
