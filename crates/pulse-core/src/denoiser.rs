//! Diffusion, flow and consistency models as one thing: the denoised picture.
//!
//! `D(x; σ) = E[x₀ | x]` for `x = x₀ + σ n`, a picture `x₀` of the prior with normal noise `n`. Whatever a network was trained to
//! predict (the noise, a velocity, the picture), and however it wants its argument scaled, it gives `D` by four numbers
//! for each noise level (Karras, Aittala, Aila, Laine 2022, equation 7):
//!
//! `D(x; σ) = skip(σ) x + output(σ) F(input(σ) x; time(σ))`
//!
//! [`Backbone`] is the network `F`, [`Preconditioning`] knows the four numbers, and [`Denoiser`] is both. Pictures are
//! `[channels, height, width]`, nominally in [-1, 1], and never clamped here.

mod blocks;
mod compiled;
pub mod deterministic;
mod diffusers;
mod given;
mod guided;
mod layers;
mod onnx;
mod preconditioning;
mod published;
mod read;
mod resample;
mod residual;
mod schedule;
mod settings;
mod song;
mod steps;
mod time;
mod unet2d;

use std::sync::Arc;

use pulse_engine::{NetworkBuilder, Operator, Shape, Value};

pub use compiled::CompiledDenoiser;
pub use diffusers::SCHEDULER;
pub use given::set;
pub use preconditioning::{Coefficients, Preconditioning, Predicts};
pub use published::published_files;
pub use schedule::{Bounds, DiscreteSchedule, FlowSchedule, Schedule, Spacing, Spread};
pub use unet2d::UNet2d;

use crate::{Error, ErrorKind, Result};

/// What a [`Backbone`] is.
#[derive(Clone, Debug)]
pub struct BackboneSpec {
    /// The architecture, as people call it.
    pub family: &'static str,
    /// Channels of its pictures: 1 to 4.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Channels of what it gives: those of its pictures, or twice as many where it learned variances too.
    pub outputs: usize,
    /// How many numbers the features of a time are.
    pub time_features: usize,
    /// How many classes it was trained on, 0 where it knows none.
    pub classes: usize,
    /// How many frozen numbers it has.
    pub parameters: usize,
}

/// `F(x; t, c)`: a network that gives something of a noisy picture from which the denoised one follows.
pub trait Backbone: Send + Sync {
    /// What it is.
    fn spec(&self) -> &BackboneSpec;

    /// The features of the network's own time `t`, as it was trained with them, into [`BackboneSpec::time_features`] numbers.
    /// They are computed once a step, on the host.
    fn time_features(&self, t: f64, features: &mut [f32]);

    /// Adds its operators to `builder`, and gives its result `[outputs, height, width]`. `x` is the scaled noisy picture, `time`
    /// the features of the time, and `class` a vector of [`BackboneSpec::classes`], one-hot, where there are any.
    ///
    /// # Errors
    /// [`ErrorKind::Network`] when its operators do not fit each other.
    fn append(&self, builder: &mut NetworkBuilder, x: Value, time: Value, class: Option<Value>) -> Result<Value>;
}

/// A backbone with what is known of its noise levels. It is cheap to clone.
#[derive(Clone)]
pub struct Denoiser {
    backbone: Arc<dyn Backbone>,
    preconditioning: Preconditioning,
    schedule: Schedule,
    sigma_range: [f64; 2],
}

impl Denoiser {
    /// The denoiser that `backbone` is with this preconditioning.
    ///
    /// # Errors
    /// [`ErrorKind::Generator`] when its operators do not fit each other, or when its result is not of a picture's channels
    /// (or twice as many).
    pub fn new(backbone: Arc<dyn Backbone>, preconditioning: Preconditioning) -> Result<Self> {
        let (schedule, sigma_range) = (Schedule::usual(&preconditioning), preconditioning.sigma_range());
        let denoiser = Self { backbone, preconditioning, schedule, sigma_range };
        let spec = denoiser.spec();
        let unfit = |reason: String| {
            Error::new(ErrorKind::Generator, format!("as a {} it cannot be read: {reason}", spec.family))
        };
        if ![spec.channels, 2 * spec.channels].contains(&spec.outputs) || !(1..=4).contains(&spec.channels) {
            return Err(unfit(format!("it makes {} channels of {}", spec.outputs, spec.channels)));
        }
        let mut builder = NetworkBuilder::new();
        let appended = denoiser.append_raw(&mut builder);
        let raw = appended.map_err(|error| unfit(format!("its layers do not fit each other: {error}")))?;
        let (made, said) = (builder.shape(raw), Shape::map(spec.outputs, spec.height, spec.width));
        if made == said { Ok(denoiser) } else { Err(unfit(format!("it makes {made}, not {said}"))) }
    }

    /// The same, sampled as `schedule` says.
    #[must_use]
    pub fn with_schedule(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// The same, known to be of noise levels from the smaller to the larger of these.
    #[must_use]
    pub fn with_sigma_range(self, sigma_range: [f64; 2]) -> Self {
        Self { sigma_range, ..self }
    }

    /// What the network is.
    pub fn spec(&self) -> &BackboneSpec {
        self.backbone.spec()
    }

    /// The network.
    pub fn backbone(&self) -> &dyn Backbone {
        &*self.backbone
    }

    /// What is known of its noise levels.
    pub fn preconditioning(&self) -> &Preconditioning {
        &self.preconditioning
    }

    /// How its file says to sample.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The smallest and the largest noise level that it knows.
    pub fn sigma_range(&self) -> [f64; 2] {
        self.sigma_range
    }

    /// The shape of its pictures.
    pub fn picture(&self) -> Shape {
        let spec = self.spec();
        Shape::map(spec.channels, spec.height, spec.width)
    }

    /// Adds `F` with inputs of its own: [`NOISY`], [`TIME`], and [`CLASS`] where there are classes.
    fn append_raw(&self, builder: &mut NetworkBuilder) -> Result<Value> {
        let spec = self.spec();
        let x = builder.input(NOISY, self.picture())?;
        let time = builder.input(TIME, Shape::Vector(spec.time_features))?;
        let class = (spec.classes > 0).then(|| builder.input(CLASS, Shape::Vector(spec.classes))).transpose()?;
        self.backbone.append(builder, x, time, class)
    }

    /// Adds `D(x; σ)` at a fixed noise level, and gives the denoised picture. `class` is one-hot where there are classes.
    ///
    /// # Errors
    /// [`ErrorKind::Network`] when `x` is not of the picture's shape.
    pub fn append_denoised(
        &self,
        builder: &mut NetworkBuilder,
        x: Value,
        sigma: f64,
        class: Option<Value>,
    ) -> Result<Value> {
        let spec = self.spec();
        let Coefficients { skip, output, input, time } = self.preconditioning.at(sigma);
        let mut features = vec![0.0; spec.time_features];
        self.backbone.time_features(time, &mut features);
        let time = builder.add(Operator::Constant(Shape::Vector(features.len()), features.into()), &[])?;
        let scale = |builder: &mut NetworkBuilder, value, factor: f64| {
            builder.add(Operator::affine(vec![factor as f32], vec![]), &[value])
        };
        let scaled = scale(builder, x, input)?;
        let mut raw = self.backbone.append(builder, scaled, time, class)?;
        if spec.outputs > spec.channels {
            raw = builder.add(Operator::Slice { start: 0, length: spec.channels }, &[raw])?;
        }
        let predicted = scale(builder, raw, output)?;
        if skip == 0.0 {
            return Ok(predicted);
        }
        let kept = scale(builder, x, skip)?;
        Ok(builder.add(Operator::Add, &[kept, predicted])?)
    }
}

/// The input of the network `F` that is the scaled noisy picture.
pub const NOISY: &str = "x";
/// The input of the network `F` that is the features of the time.
pub const TIME: &str = "time";
/// The input that is the class, one-hot.
pub const CLASS: &str = "c";
