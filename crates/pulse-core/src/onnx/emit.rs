//! The network while it grows. What exporters spell out in several operators becomes the one that engines know.

use pulse_engine::{Affine, Convolution, Curve, Gather, NetworkBuilder, Operator, Shape, Value, Weights};

use super::array::MOST;

/// A network under construction, and what it is made of so far.
pub(super) struct Emitter {
    pub(super) builder: NetworkBuilder,
    nodes: Vec<(Operator, Vec<Value>)>,
    moved: usize,
}

impl Emitter {
    pub(super) fn new() -> Self {
        Self { builder: NetworkBuilder::new(), nodes: Vec::new(), moved: 0 }
    }

    pub(super) fn shape(&self, value: Value) -> Shape {
        self.builder.shape(value)
    }

    /// The operator that made a value, and its arguments.
    pub(super) fn made(&self, value: Value) -> (&Operator, &[Value]) {
        let (operator, arguments) = &self.nodes[value.index()];
        (operator, arguments)
    }

    pub(super) fn input(&mut self, name: &str, shape: Shape) -> Result<Value, String> {
        let value = self.builder.input(name, shape).map_err(|error| error.to_string())?;
        self.nodes.push((Operator::Input, Vec::new()));
        Ok(value)
    }

    /// Adds an operator, or what is the same.
    pub(super) fn add(&mut self, operator: Operator, arguments: &[Value]) -> Result<Value, String> {
        match self.simpler(&operator, arguments) {
            Some(Simpler::Value(value)) => return Ok(value),
            Some(Simpler::Operator(operator, arguments)) => return self.add(operator, &arguments),
            None => {}
        }
        if let Operator::Gather(gather) = &operator {
            self.moved += gather.index.len();
            if self.moved > MOST {
                return Err(format!("moves more than {MOST} numbers about"));
            }
        }
        let value = self.builder.add(operator.clone(), arguments).map_err(|error| error.to_string())?;
        self.nodes.push((operator, arguments.to_vec()));
        Ok(value)
    }

    fn simpler(&self, operator: &Operator, arguments: &[Value]) -> Option<Simpler> {
        let &first = arguments.first()?;
        let (inner, of) = self.made(first);
        let with = |operator| Some(Simpler::Operator(operator, of.to_vec()));
        match (operator, inner) {
            (Operator::Affine(affine), _) if is_identity(affine) => Some(Simpler::Value(first)),
            (Operator::Affine(outer), Operator::Affine(inner)) => with(Operator::Affine(merged(outer, inner)?)),
            (Operator::Affine(affine), &Operator::LeakyRelu { slope, gain, clamp: None }) => {
                match (&*affine.scale, &*affine.shift) {
                    (&[scale], []) if scale > 0.0 => {
                        with(Operator::LeakyRelu { slope, gain: gain * scale, clamp: None })
                    }
                    _ => None,
                }
            }
            (Operator::Affine(affine), Operator::Convolution(convolution)) => {
                with(Operator::Convolution(shifted(convolution, affine)?))
            }
            (Operator::Affine(affine), Operator::TransposedConvolution(convolution)) => {
                with(Operator::TransposedConvolution(shifted(convolution, affine)?))
            }
            (&Operator::Curve(Curve::Clip { low: 0.0, high: f32::INFINITY }), _) => {
                Some(Simpler::Operator(Operator::relu(), vec![first]))
            }
            (&Operator::Curve(Curve::Clip { low, high }), &Operator::LeakyRelu { slope, gain, clamp: None })
                if low == -high && high.is_finite() =>
            {
                with(Operator::LeakyRelu { slope, gain, clamp: Some(high) })
            }
            (Operator::Curve(Curve::Reciprocal), Operator::Curve(Curve::Root)) => {
                let (epsilon, argument) = self.shifted_by_one(of[0]);
                Some(Simpler::Operator(Operator::InverseSqrt { epsilon }, vec![argument]))
            }
            (Operator::Multiply, _) => {
                let &second = arguments.get(1)?;
                let is_sigmoid = |gate: Value, x: Value| {
                    let (operator, of) = self.made(gate);
                    matches!(operator, Operator::Sigmoid) && of == [x]
                };
                let silu = |x| Some(Simpler::Operator(Operator::Silu, vec![x]));
                if is_sigmoid(second, first) {
                    silu(first)
                } else if is_sigmoid(first, second) {
                    silu(second)
                } else {
                    None
                }
            }
            (&Operator::Reshape(shape), _) if shape == self.shape(first) => Some(Simpler::Value(first)),
            (Operator::Reshape(_), Operator::Reshape(_)) => Some(Simpler::Operator(operator.clone(), of.to_vec())),
            (Operator::Gather(outer), Operator::Gather(inner)) => {
                let through = |&index: &u32| if index == Gather::NOTHING { index } else { inner.index[index as usize] };
                let index = outer.index.iter().map(through).collect();
                with(Operator::Gather(Gather { index, shape: outer.shape }))
            }
            _ => None,
        }
    }

    /// `(ε, x)` where a value is `x + ε`.
    fn shifted_by_one(&self, value: Value) -> (f32, Value) {
        match self.made(value) {
            (Operator::Affine(affine), of) => match (&*affine.scale, &*affine.shift) {
                ([] | [1.0], &[epsilon]) => (epsilon, of[0]),
                _ => (0.0, value),
            },
            _ => (0.0, value),
        }
    }
}

enum Simpler {
    Value(Value),
    Operator(Operator, Vec<Value>),
}

fn is_identity(affine: &Affine) -> bool {
    affine.scale.iter().all(|&scale| scale == 1.0) && affine.shift.iter().all(|&shift| shift == 0.0)
}

/// One affine map behind another, where their numbers lie alike.
fn merged(outer: &Affine, inner: &Affine) -> Option<Affine> {
    let lengths = [&outer.scale, &outer.shift, &inner.scale, &inner.shift].map(|numbers| numbers.len());
    let longest = lengths.into_iter().max()?;
    if lengths.iter().any(|&length| length > 1 && length != longest) {
        return None;
    }
    let at = |numbers: &Weights, index: usize, absent: f64| match numbers.len() {
        0 => absent,
        1 => f64::from(numbers[0]),
        _ => f64::from(numbers[index]),
    };
    let numbers = |of: &dyn Fn(usize) -> f64, parts: &[&Weights]| -> Weights {
        let length = parts.iter().map(|part| part.len()).max().unwrap_or(0);
        (0..length).map(|index| of(index) as f32).collect()
    };
    let scale = |index| at(&outer.scale, index, 1.0) * at(&inner.scale, index, 1.0);
    let shift = |index| at(&outer.scale, index, 1.0) * at(&inner.shift, index, 0.0) + at(&outer.shift, index, 0.0);
    let shifts: &[&Weights] =
        if inner.shift.is_empty() { &[&outer.shift] } else { &[&outer.scale, &inner.shift, &outer.shift] };
    Some(Affine { scale: numbers(&scale, &[&outer.scale, &inner.scale]), shift: numbers(&shift, shifts) })
}

/// A convolution whose bias is larger by a number for each channel.
fn shifted(convolution: &Convolution, affine: &Affine) -> Option<Convolution> {
    let channels = convolution.out_channels;
    if !affine.scale.is_empty() || affine.shift.len() != channels {
        return None;
    }
    let own = |channel: usize| convolution.bias.as_ref().map_or(0.0, |bias| bias[channel]);
    let bias = (0..channels).map(|channel| own(channel) + affine.shift[channel]).collect();
    Some(Convolution { bias: Some(bias), ..convolution.clone() })
}
