//! Smooth functions of one number.

/// `y = f(x)`, element by element.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Curve {
    /// `exp(x)`.
    Exponential,
    /// `log(x)`. Not a number below zero.
    Logarithm,
    /// `sqrt(x)`. Not a number below zero; the derivative at zero is infinite.
    Root,
    /// `1 / x`.
    Reciprocal,
    /// `x` to the power of this exponent. Not a number below zero, unless the exponent is whole.
    Power(f32),
    /// `sin(x)`.
    Sine,
    /// `cos(x)`.
    Cosine,
    /// `erf(x) = 2 / sqrt(π) ∫₀ˣ exp(−t²) dt`.
    Erf,
    /// `|x|`. The derivative is zero at zero.
    Absolute,
    /// `x` where it lies between the two, and the nearer one elsewhere. The derivative is zero where a bound is reached.
    Clip {
        /// The lower bound; −∞ for none.
        low: f32,
        /// The upper bound; ∞ for none.
        high: f32,
    },
}

impl Curve {
    /// `f(x)`.
    pub fn at(self, x: f64) -> f64 {
        match self {
            Self::Exponential => x.exp(),
            Self::Logarithm => x.ln(),
            Self::Root => x.sqrt(),
            Self::Reciprocal => x.recip(),
            Self::Power(exponent) => x.powf(f64::from(exponent)),
            Self::Sine => x.sin(),
            Self::Cosine => x.cos(),
            Self::Erf => libm::erf(x),
            Self::Absolute => x.abs(),
            // Not `f64::clamp`, which panics when its bounds are not in order.
            Self::Clip { low, high } => x.max(f64::from(low)).min(f64::from(high)),
        }
    }

    /// `df/dx`.
    pub fn slope(self, x: f64) -> f64 {
        match self {
            Self::Exponential => x.exp(),
            Self::Logarithm => x.recip(),
            Self::Root => 0.5 / x.sqrt(),
            Self::Reciprocal => -(x * x).recip(),
            Self::Power(exponent) => f64::from(exponent) * x.powf(f64::from(exponent) - 1.0),
            Self::Sine => x.cos(),
            Self::Cosine => -x.sin(),
            Self::Erf => std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp(),
            Self::Absolute if x == 0.0 => 0.0,
            Self::Absolute => x.signum(),
            Self::Clip { low, high } => f64::from(u8::from(f64::from(low) < x && x < f64::from(high))),
        }
    }
}
