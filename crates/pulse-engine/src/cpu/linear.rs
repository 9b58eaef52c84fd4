//! Convolutions, transposed convolutions and matrices, with an activation behind them.

use super::activation::LeakyRelu;
use super::correlation::Correlation;
use super::kernel::{Kernel, Needs, Run, Tensor, Values};
use super::pass::{Pass, convolution};
use super::simd::InstructionSet;
use super::source::{Reads, Source};
use super::target::{Target, Writing};
use crate::{Convolution, Cpu, Dense, Shape};

/// A linear map of a value.
pub(super) trait LinearMap: Send + Sync {
    /// Writes `target = W source`.
    fn apply(&self, run: &Run, source: &Source, target: &Target);

    /// How it computes, in a few words.
    fn describe(&self) -> String;

    /// What it can read.
    fn reads(&self) -> Reads {
        Reads::Plain
    }

    /// The pieces that it writes, when it can do all that there is to do to them. Otherwise it does nothing but add a bias
    /// and apply an activation.
    fn piece(&self) -> Option<[usize; 2]> {
        None
    }

    /// How wide a border of zeros it needs round the source.
    fn border(&self) -> usize {
        0
    }

    /// Floats that it needs while it runs.
    fn scratch(&self, _batch: usize, _workers: usize) -> usize {
        0
    }
}

/// A linear operator, what gives its gradient, and what follows it.
pub(super) struct Linear {
    forward: Pass,
    backward: Pass,
    bias: Option<Vec<f32>>,
    activation: Option<LeakyRelu>,
}

impl Linear {
    pub(super) fn dense(
        instructions: InstructionSet,
        dense: &Dense,
        [argument, result]: [Shape; 2],
        activation: Option<LeakyRelu>,
    ) -> Self {
        let [outputs, inputs] = [dense.out_features, dense.in_features];
        let rows = result.len() / outputs;
        let weight = &dense.weight;
        let forward = Correlation::of_matrix(instructions, rows, [outputs, inputs], |o, i| weight[o * inputs + i]);
        let backward = Correlation::of_matrix(instructions, rows, [inputs, outputs], |i, o| weight[o * inputs + i]);
        Self {
            forward: Pass::new(Box::new(forward), [argument, result], Reads::Plain, false),
            backward: Pass::new(Box::new(backward), [result, argument], Reads::Plain, false),
            bias: dense.bias.as_deref().map(filled),
            activation,
        }
    }

    /// A convolution, or a transposed one, of a map that may be styled as it is read.
    pub(super) fn convolution(
        engine: &Cpu,
        operator: &Convolution,
        transposed: bool,
        [argument, result]: [Shape; 2],
        activation: Option<LeakyRelu>,
        styled: bool,
    ) -> Self {
        let [forward, backward] = convolution(engine, operator, transposed, [argument, result]);
        Self {
            forward: Pass::new(forward, [argument, result], styled_or_plain(styled), false),
            backward: Pass::new(backward, [result, argument], Reads::Plain, styled),
            bias: operator.bias.as_deref().map(filled),
            activation,
        }
    }
}

/// How a map is read that may be styled.
pub(super) fn styled_or_plain(styled: bool) -> Reads {
    if styled { Reads::Styled } else { Reads::Plain }
}

/// Numbers of channels with those of the filling, which are zero. A group of vectors may be longer than a map's planes.
pub(super) fn filled(numbers: &[f32]) -> Vec<f32> {
    let mut filled = numbers.to_vec();
    filled.resize(numbers.len().next_multiple_of(2 * super::layout::LANES), 0.0);
    filled
}

impl Kernel for Linear {
    fn describe(&self) -> String {
        let (forward, backward) = (self.forward.describe(), self.backward.describe());
        if forward == backward { forward } else { format!("{forward}, back {backward}") }
    }

    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let writing = Writing { bias: self.bias.as_deref(), activation: self.activation, ..Writing::default() };
        self.forward.apply(run, &Source::of(arguments[0]), &Target::new(result, &writing), None);
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        if let Some(activation) = &self.activation {
            activation.backward(run, values.result, gradient, gradient);
        }
        self.backward.apply(run, &Source::plain(gradient), &Target::plain(target), Some(values.arguments[0]));
    }

    fn needs(&self) -> Needs {
        Needs { arguments: self.backward.gives_moments(), result: self.activation.is_some() }
    }

    fn border(&self) -> usize {
        self.forward.border()
    }

    fn gradient_border(&self) -> usize {
        self.backward.border()
    }

    fn scratch(&self, batch: usize, workers: usize) -> [usize; 2] {
        [self.forward.scratch(batch, workers), self.backward.scratch(batch, workers)]
    }
}
