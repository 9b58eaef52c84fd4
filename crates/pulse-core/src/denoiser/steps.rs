//! A U-Net as a list of steps.
//!
//! What the first half keeps, the second half takes back, the last first. NCSN++ has smaller copies of the picture come in from
//! the side, and makes its result at every size.

use pulse_engine::{Convolution, Fir, NetworkBuilder, Operator, Value};

use super::blocks::{Norm, add_scaled, convolve};
use super::resample::Resample;
use super::residual::{Residual, SelfAttention};
use super::time::{Embedding, Sinusoids};
use super::{Backbone, BackboneSpec};
use crate::{Error, ErrorKind, Result};

/// One step. `x` is what the last step left.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// `x ← W x + b`.
    Convolution(Convolution),
    /// A change of size.
    Resample(Resample),
    Residual(Box<Residual>),
    Attention(Box<SelfAttention>),
    /// Keeps `x`.
    Keep,
    /// `x ← (x, kept)`, the channels of what was kept last behind those of `x`.
    Join,
    /// `side ← shrunk(side)`, where `side` is the picture at first.
    ShrinkSide(Fir),
    /// `x ← x + W side + b`.
    AddSide(Convolution),
    /// `x ← (x + shrunk(W side + b)) / sqrt(2)`, `side ← x`.
    MergeSide(Convolution, Fir),
    /// `made ← doubled(made)`.
    DoubleMade(Fir),
    /// `made ← made + W SiLU(norm(x)) + b`.
    Make(Norm, Convolution),
}

/// A U-Net that is a list of steps.
pub(super) struct SteppedUNet {
    pub(super) spec: BackboneSpec,
    pub(super) sinusoids: Sinusoids,
    /// The network's own time is this many times the time that it is given.
    pub(super) time_factor: f64,
    pub(super) embedding: Embedding,
    pub(super) steps: Vec<Step>,
}

impl Backbone for SteppedUNet {
    fn spec(&self) -> &BackboneSpec {
        &self.spec
    }

    fn time_features(&self, t: f64, features: &mut [f32]) {
        self.sinusoids.fill(self.time_factor * t, features);
    }

    fn append(&self, builder: &mut NetworkBuilder, x: Value, time: Value, class: Option<Value>) -> Result<Value> {
        let embedding = self.embedding.append(builder, time, class)?;
        let mut state = State { x, side: x, kept: Vec::new(), made: None };
        for step in &self.steps {
            state.append(builder, step, embedding)?;
        }
        state.made.ok_or_else(|| Error::new(ErrorKind::Generator, "its layers make no picture"))
    }
}

/// The values that steps work on.
struct State {
    x: Value,
    side: Value,
    kept: Vec<Value>,
    made: Option<Value>,
}

impl State {
    fn append(&mut self, builder: &mut NetworkBuilder, step: &Step, embedding: Value) -> Result<()> {
        match step {
            Step::Convolution(convolution) => self.x = convolve(builder, convolution, self.x)?,
            Step::Resample(resample) => self.x = resample.append(builder, self.x)?,
            Step::Residual(residual) => self.x = residual.append(builder, self.x, embedding)?,
            Step::Attention(attention) => self.x = attention.append(builder, self.x)?,
            Step::Keep => self.kept.push(self.x),
            Step::Join => {
                let nothing = || Error::new(ErrorKind::Generator, "its second half takes back more than was kept");
                let kept = self.kept.pop().ok_or_else(nothing)?;
                self.x = builder.add(Operator::Concatenate, &[self.x, kept])?;
            }
            Step::ShrinkSide(fir) => self.side = filter(builder, fir, self.side)?,
            Step::AddSide(convolution) => {
                let side = convolve(builder, convolution, self.side)?;
                self.x = builder.add(Operator::Add, &[self.x, side])?;
            }
            Step::MergeSide(convolution, fir) => {
                let side = convolve(builder, convolution, self.side)?;
                let side = filter(builder, fir, side)?;
                self.x = add_scaled(builder, self.x, side, std::f64::consts::FRAC_1_SQRT_2)?;
                self.side = self.x;
            }
            Step::DoubleMade(fir) => {
                self.made = self.made.map(|made| filter(builder, fir, made)).transpose()?;
            }
            Step::Make(norm, convolution) => {
                let normed = norm.append_activated(builder, self.x)?;
                let part = convolve(builder, convolution, normed)?;
                self.made = Some(match self.made {
                    Some(made) => builder.add(Operator::Add, &[made, part])?,
                    None => part,
                });
            }
        }
        Ok(())
    }
}

fn filter(builder: &mut NetworkBuilder, fir: &Fir, x: Value) -> Result<Value> {
    Ok(builder.add(Operator::Fir(fir.clone()), &[x])?)
}
