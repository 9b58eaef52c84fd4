//! What all U-Nets here are made of.

use pulse_engine::{Convolution, Dense, Fir, FirTaps, NetworkBuilder, Operator, Value, Weights};

use crate::Result;

/// Group norm with a factor and a term for each channel.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    pub(super) groups: usize,
    pub(super) epsilon: f32,
    pub(super) scale: Weights,
    pub(super) shift: Weights,
}

impl Norm {
    pub(super) fn append(&self, builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
        let normed = builder.add(Operator::GroupNorm { groups: self.groups, epsilon: self.epsilon }, &[x])?;
        Ok(builder.add(Operator::affine(self.scale.clone(), self.shift.clone()), &[normed])?)
    }

    /// The same and then SiLU.
    pub(super) fn append_activated(&self, builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
        let normed = self.append(builder, x)?;
        silu(builder, normed)
    }
}

/// What stands between a residual layer's convolutions.
#[derive(Clone, Copy, Debug)]
pub(super) enum Activation {
    Silu,
    Relu,
    /// `x tanh(log(1 + exp(x)))` (Misra 2019).
    Mish,
}

impl Activation {
    pub(super) fn append(self, builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
        match self {
            Self::Silu => silu(builder, x),
            Self::Relu => Ok(builder.add(Operator::relu(), &[x])?),
            Self::Mish => {
                // With u = 1 / (1 + exp(x)), tanh(log(1 + exp(x))) = (1 − u²) / (1 + u²).
                let negative = builder.add(Operator::affine(vec![-1.0], vec![]), &[x])?;
                let rest = builder.add(Operator::Sigmoid, &[negative])?;
                let square = builder.add(Operator::Square, &[rest])?;
                let above = builder.add(Operator::affine(vec![-1.0], vec![1.0]), &[square])?;
                let root = builder.add(Operator::InverseSqrt { epsilon: 1.0 }, &[square])?;
                let inverse = builder.add(Operator::Square, &[root])?;
                let factor = builder.add(Operator::Multiply, &[above, inverse])?;
                Ok(builder.add(Operator::Multiply, &[x, factor])?)
            }
        }
    }
}

pub(super) fn silu(builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
    Ok(builder.add(Operator::Silu, &[x])?)
}

pub(super) fn convolve(builder: &mut NetworkBuilder, convolution: &Convolution, x: Value) -> Result<Value> {
    Ok(builder.add(Operator::Convolution(convolution.clone()), &[x])?)
}

pub(super) fn dense(builder: &mut NetworkBuilder, dense: &Dense, x: Value) -> Result<Value> {
    Ok(builder.add(Operator::Dense(dense.clone()), &[x])?)
}

/// `a + b`, each element times `factor`.
pub(super) fn add_scaled(builder: &mut NetworkBuilder, a: Value, b: Value, factor: f64) -> Result<Value> {
    let sum = builder.add(Operator::Add, &[a, b])?;
    if factor == 1.0 {
        return Ok(sum);
    }
    Ok(builder.add(Operator::affine(vec![factor as f32], vec![]), &[sum])?)
}

/// Every pixel twice along both axes.
pub(super) fn repeat_pixels(builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
    // With a zero behind each pixel, two taps of one give it again in the zero's place.
    let fir = Fir { taps: taps(1.0), up: 2, down: 1, padding_y: [1, 0], padding_x: [1, 0] };
    Ok(builder.add(Operator::Fir(fir), &[x])?)
}

/// The mean of every square of two by two pixels.
pub(super) fn average_pixels(builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
    let fir = Fir { taps: taps(0.5), up: 1, down: 2, padding_y: [0, 0], padding_x: [0, 0] };
    Ok(builder.add(Operator::Fir(fir), &[x])?)
}

/// Two taps along both axes.
fn taps(each: f32) -> FirTaps {
    FirTaps::Separable { vertical: vec![each; 2].into(), horizontal: vec![each; 2].into() }
}
