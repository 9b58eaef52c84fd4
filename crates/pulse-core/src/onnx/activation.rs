//! Activations, most of which are few operators together.

use pulse_engine::{Curve, Operator};

use super::arithmetic::Binary;
use super::array::Array;
use super::graph::Node;
use super::lower::{Lower, Outcome};
use super::tensor::Tensor;

impl Lower<'_> {
    pub(super) fn activation(&mut self, node: &Node<'_>, inputs: &[Option<Tensor>]) -> Outcome {
        let x = inputs[0].as_ref().ok_or("lacks its argument")?;
        let alpha = |absent: f64| node.float("alpha", absent) as f32;
        match node.operator {
            "Relu" => self.each(x, Operator::relu()),
            "LeakyRelu" => self.each(x, Operator::LeakyRelu { slope: alpha(0.01), gain: 1.0, clamp: None }),
            "Sigmoid" => self.each(x, Operator::Sigmoid),
            "Tanh" => self.each(x, Operator::Tanh),
            "PRelu" => {
                let Some(Some(slope)) = inputs.get(1) else { return Err("lacks its slope".into()) };
                let below = self.below(x)?;
                let below = self.binary(Binary::Multiply, &below, slope)?;
                let above = self.each(x, Operator::relu())?;
                self.binary(Binary::Add, &above, &below)
            }
            "Elu" => self.exponential_below(x, alpha(1.0), 1.0, 1.0),
            "Selu" => self.exponential_below(x, alpha(1.673_263_2), node.float("gamma", 1.050_701) as f32, 1.0),
            "Celu" => self.exponential_below(x, alpha(1.0), 1.0, alpha(1.0)),
            "ThresholdedRelu" => Err("jumps at its threshold".into()),
            "Softplus" => self.softplus(x),
            "Softsign" => {
                let magnitude = self.curve(x, Curve::Absolute)?;
                let one = Tensor::Constant(Array::scalar(1.0));
                let more = self.binary(Binary::Add, &magnitude, &one)?;
                self.binary(Binary::Divide, x, &more)
            }
            "Mish" => {
                let softplus = self.softplus(x)?;
                let gate = self.each(&softplus, Operator::Tanh)?;
                self.binary(Binary::Multiply, x, &gate)
            }
            "HardSigmoid" => self.clipped(x, node.float("alpha", 0.2) as f32, node.float("beta", 0.5) as f32),
            "HardSwish" => {
                let gate = self.clipped(x, 1.0 / 6.0, 0.5)?;
                self.binary(Binary::Multiply, x, &gate)
            }
            _ => self.gelu(x, node.text("approximate", "none") == "tanh"),
        }
    }

    /// `min(x, 0)`.
    fn below(&mut self, x: &Tensor) -> Outcome {
        self.curve(x, Curve::Clip { low: f32::NEG_INFINITY, high: 0.0 })
    }

    /// `gain x` above zero, `gain α (exp(x / width) − 1)` below.
    fn exponential_below(&mut self, x: &Tensor, alpha: f32, gain: f32, width: f32) -> Outcome {
        let below = self.below(x)?;
        let below = self.scale(&below, width.recip())?;
        let power = self.curve(&below, Curve::Exponential)?;
        let below = self.affine(&power, Some(&Array::scalar(alpha)), Some(&Array::scalar(-alpha)))?;
        let above = self.each(x, Operator::relu())?;
        let sum = self.binary(Binary::Add, &above, &below)?;
        self.scale(&sum, gain)
    }

    /// `log(1 + exp(x)) = max(x, 0) + log(1 + exp(−|x|))`.
    fn softplus(&mut self, x: &Tensor) -> Outcome {
        let magnitude = self.curve(x, Curve::Absolute)?;
        let negative = self.scale(&magnitude, -1.0)?;
        let power = self.curve(&negative, Curve::Exponential)?;
        let more = self.affine(&power, None, Some(&Array::scalar(1.0)))?;
        let log = self.curve(&more, Curve::Logarithm)?;
        let above = self.each(x, Operator::relu())?;
        self.binary(Binary::Add, &above, &log)
    }

    /// `min(max(α x + β, 0), 1)`.
    fn clipped(&mut self, x: &Tensor, alpha: f32, beta: f32) -> Outcome {
        let line = self.affine(x, Some(&Array::scalar(alpha)), Some(&Array::scalar(beta)))?;
        self.curve(&line, Curve::Clip { low: 0.0, high: 1.0 })
    }

    /// `x (1 + erf(x / √2)) / 2`, or its approximation by a hyperbolic tangent (Hendrycks, Gimpel 2016).
    fn gelu(&mut self, x: &Tensor, approximate: bool) -> Outcome {
        let half = Array::scalar(0.5);
        let gate = if approximate {
            let cube = self.power(x, &Tensor::Constant(Array::scalar(3.0)))?;
            let cube = self.scale(&cube, 0.044_715)?;
            let sum = self.binary(Binary::Add, x, &cube)?;
            let scaled = self.scale(&sum, std::f32::consts::FRAC_2_PI.sqrt())?;
            self.each(&scaled, Operator::Tanh)?
        } else {
            let scaled = self.scale(x, std::f32::consts::FRAC_1_SQRT_2)?;
            self.curve(&scaled, Curve::Erf)?
        };
        let gate = self.affine(&gate, Some(&half), Some(&half))?;
        self.binary(Binary::Multiply, x, &gate)
    }
}
