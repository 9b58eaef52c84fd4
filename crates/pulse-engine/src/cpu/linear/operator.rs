//! Convolutions, transposed convolutions and matrices, with an activation behind them.

use super::make::convolution;
use super::map::{LinearMap, Unmade};
use super::pass::Pass;
use super::source::{Reads, Source};
use super::target::{Target, Writing};
use crate::cpu::lanes::{Kernel, Needs, Run, Tensor, Values, filled};
use crate::cpu::linear::direct::Correlation;
use crate::cpu::pointwise::{LeakyRelu, scaled};
use crate::cpu::settings::Settings;
use crate::{Convolution, Dense, Shape};

/// A linear operator, what gives its gradient, and what follows it.
pub(crate) struct Linear {
    forward: Pass,
    backward: Pass,
    bias: Option<Vec<f32>>,
    activation: Option<LeakyRelu>,
    /// What another map, the second argument, is multiplied by before it is added.
    addend: Option<f32>,
}

impl Linear {
    pub(crate) fn dense(
        settings: Settings,
        dense: &Dense,
        [argument, result]: [Shape; 2],
        activation: Option<LeakyRelu>,
    ) -> Self {
        let [outputs, inputs] = [dense.out_features, dense.in_features];
        let rows = result.len() / outputs;
        let weight = &dense.weight;
        let matrix = |channels: [usize; 2], weight: &(dyn Fn(usize, usize) -> f32 + Sync)| -> Box<dyn LinearMap> {
            Box::new(Correlation::of_matrix(settings, rows, channels, weight))
        };
        let forward = matrix([outputs, inputs], &|o, i| weight[o * inputs + i]);
        let backward = if settings.forward_only {
            Box::new(Unmade)
        } else {
            matrix([inputs, outputs], &|i, o| weight[o * inputs + i])
        };
        Self {
            forward: Pass::new(forward, [argument, result], Reads::Plain, false),
            backward: Pass::new(backward, [result, argument], Reads::Plain, false),
            bias: dense.bias.as_deref().map(filled),
            activation,
            addend: None,
        }
    }

    /// A convolution, or a transposed one, of a map that may be styled as it is read.
    pub(crate) fn convolution(
        settings: Settings,
        operator: &Convolution,
        transposed: bool,
        [argument, result]: [Shape; 2],
        activation: Option<LeakyRelu>,
        styled: bool,
    ) -> Self {
        let [forward, backward] = convolution(settings, operator, transposed, [argument, result]);
        Self {
            forward: Pass::new(forward, [argument, result], Reads::styled(styled), false),
            backward: Pass::new(backward, [result, argument], Reads::Plain, styled),
            bias: operator.bias.as_deref().map(filled),
            activation,
            addend: None,
        }
    }

    /// With another map added on the way out, times a factor.
    pub(crate) fn adding(self, factor: f32) -> Self {
        Self { addend: Some(factor), ..self }
    }
}

impl Kernel for Linear {
    fn describe(&self) -> String {
        let (forward, backward) = (self.forward.describe(), self.backward.describe());
        if forward == backward { forward } else { format!("{forward}, back {backward}") }
    }

    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let addend = self.addend.map(|factor| (arguments[1], factor));
        let writing = Writing { bias: self.bias.as_deref(), activation: self.activation, addend, ..Writing::default() };
        self.forward.apply(run, &Source::of(arguments[0]), &Target::new(result, &writing), None);
    }

    fn backward(&self, run: &Run, which: usize, values: &Values, gradient: Tensor, target: Tensor) {
        if let (1, Some(factor)) = (which, self.addend) {
            return scaled(run, factor, gradient, target);
        }
        if let Some(activation) = &self.activation {
            activation.backward(run, values.result, gradient, gradient);
        }
        self.backward.apply(run, &Source::plain(gradient), &Target::plain(target), Some(values.arguments[0]));
    }

    fn needs(&self) -> Needs {
        Needs { arguments: self.backward.gives_moments(), result: self.activation.is_some() }
    }

    fn weights(&self) -> usize {
        self.forward.weights() + self.backward.weights()
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
