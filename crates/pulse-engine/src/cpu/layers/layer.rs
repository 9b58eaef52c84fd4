//! A whole layer of StyleGAN as one kernel: convolution, filter, bias, noise, activation, norm and style.

#![allow(unsafe_code)]

use super::modulate::coefficients as of_vector;
use super::noise::NoiseRow;
use crate::Shape;
use crate::cpu::lanes::{Coefficients, Kernel, LANES, Layout, Needs, Run, Tensor, Values, filled};
use crate::cpu::linear::{LinearMap, Moments, Pass, Reading, Reads, Source, Target, Writing};
use crate::cpu::pointwise::LeakyRelu;

/// `h = activation(W x + bias + strength · noise)`, `y = scale (h − mean h) / sqrt(variance h + epsilon) + shift`.
///
/// The result is `h` with a scale and a shift for each channel, which the next kernel applies as it reads. Arguments: `x`, the noise if there is any, scale, shift.
pub(crate) struct Layer {
    forward: Pass,
    backward: Pass,
    bias: Vec<f32>,
    /// Of the noise.
    strength: Option<Vec<f32>>,
    activation: LeakyRelu,
    epsilon: f32,
    result: Layout,
}

/// What a layer is made from, but for its convolution.
pub(crate) struct LayerParts {
    /// One a channel.
    pub(crate) bias: Vec<f32>,
    /// One a channel.
    pub(crate) strength: Option<Vec<f32>>,
    pub(crate) activation: LeakyRelu,
    pub(crate) epsilon: f32,
    /// Whether `x` is styled as it is read.
    pub(crate) styled: bool,
}

impl Layer {
    pub(crate) fn new(
        [forward, backward]: [Box<dyn LinearMap>; 2],
        [argument, result]: [Shape; 2],
        parts: LayerParts,
    ) -> Self {
        let LayerParts { bias, strength, activation, epsilon, styled } = parts;
        Self {
            forward: Pass::new(forward, [argument, result], Reads::styled(styled), true),
            backward: Pass::new(backward, [result, argument], Reads::Descending, styled),
            bias: filled(&bias),
            strength: strength.as_deref().map(filled),
            activation,
            epsilon,
            result: Layout::new(result, 0),
        }
    }

    fn pixels(&self) -> f64 {
        (self.result.height * self.result.width) as f64
    }

    /// The inverse deviations of the channels of a plane.
    ///
    /// # Safety
    /// One task at a time may have a plane.
    #[inline(always)]
    unsafe fn deviation<'a>(&self, run: &Run, candidate: usize, plane: usize) -> &'a mut [f32; LANES] {
        // SAFETY: `saved` floats a candidate are there, and the caller's task has the plane alone.
        unsafe { &mut *run.saved.add((candidate * self.result.planes + plane) * LANES).cast() }
    }

    /// What a reader styles the result with.
    fn style(&self, run: &Run, moments: &Moments, [scale, shift]: [Tensor; 2], result: Tensor) {
        run.planes(
            &self.result,
            #[inline(always)]
            |candidate, plane| {
                // SAFETY: one task has the coefficients and deviations of a plane.
                unsafe {
                    let sums = moments.sums(&result, candidate, plane);
                    let scale = of_vector(&scale, &self.result, candidate, plane);
                    let shift = of_vector(&shift, &self.result, candidate, plane);
                    let deviation = self.deviation(run, candidate, plane);
                    let to = [0, 1, Moments::MEAN].map(|kind| result.coefficients().of(candidate, kind, plane));
                    for lane in 0..LANES {
                        let mean = sums.first[lane] / self.pixels();
                        let variance = sums.second[lane] / self.pixels() + f64::from(self.epsilon);
                        // A plane's filling has no deviation, and no epsilon need be there to save it.
                        let inverse = if variance > 0.0 { 1.0 / variance.sqrt() } else { 0.0 };
                        deviation[lane] = inverse as f32;
                        let factor = f64::from(scale[lane]) * inverse;
                        *to[0].add(lane) = factor as f32;
                        *to[1].add(lane) = (f64::from(shift[lane]) - factor * mean) as f32;
                        *to[2].add(lane) = mean as f32;
                    }
                }
            },
        );
    }

    /// How the gradient of the convolution's result is read from that of `y`.
    fn descending(&self, run: &Run, result: Tensor, gradient: Tensor) -> Source {
        let planes = self.result.planes;
        let coefficients = Coefficients { data: run.scratch, stride: Coefficients::len(planes, 1), planes };
        run.planes(
            &self.result,
            #[inline(always)]
            |candidate, plane| {
                // SAFETY: one task has the coefficients of a plane.
                unsafe {
                    let given = result.coefficients();
                    let sums = [0, 1].map(|kind| gradient.coefficients().of(candidate, kind, plane));
                    let to = [0, 1, 2].map(|kind| coefficients.of(candidate, kind, plane));
                    let deviation = self.deviation(run, candidate, plane);
                    for lane in 0..LANES {
                        let factor = *given.of(candidate, 0, plane).add(lane);
                        let mean = *given.of(candidate, Moments::MEAN, plane).add(lane);
                        let share = f64::from(factor) / self.pixels();
                        let square = f64::from(deviation[lane]) * f64::from(deviation[lane]);
                        let slope = -share * square * f64::from(*sums[1].add(lane));
                        *to[0].add(lane) = factor;
                        *to[1].add(lane) = (-share * f64::from(*sums[0].add(lane)) - slope * f64::from(mean)) as f32;
                        *to[2].add(lane) = slope as f32;
                    }
                }
            },
        );
        let reading = Reading::Descending { result, activation: self.activation, coefficients };
        Source { tensor: gradient, reading }
    }

    /// The gradient of scale or shift, a multiple of one of the sums over the gradient.
    fn style_gradient(&self, run: &Run, kind: usize, gradient: Tensor, target: Tensor) {
        run.planes(
            &self.result,
            #[inline(always)]
            |candidate, plane| {
                // SAFETY: one task has the vector's elements for the channels of a plane.
                unsafe {
                    let sums = gradient.coefficients().of(candidate, kind, plane);
                    let deviation = self.deviation(run, candidate, plane);
                    let to = target.candidate(candidate).add(plane * LANES);
                    for lane in 0..self.result.channels_of(plane) {
                        let factor = if kind == 0 { 1.0 } else { deviation[lane] };
                        *to.add(lane) = factor * *sums.add(lane);
                    }
                }
            },
        );
    }

    fn after_coefficients(&self, run: &Run) -> Run {
        let len = Coefficients::len(self.result.planes, run.active);
        Run { scratch: run.scratch.wrapping_add(len), ..*run }
    }
}

impl Kernel for Layer {
    fn describe(&self) -> String {
        let (forward, backward) = (self.forward.describe(), self.backward.describe());
        if forward == backward { forward } else { format!("{forward}, back {backward}") }
    }

    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let noise = self.strength.as_deref().map(|strength| (strength, arguments[1]));
        let writing =
            Writing { bias: Some(&self.bias), noise, activation: Some(self.activation), ..Writing::default() };
        let target = Target::new(result, &writing);
        let moments = self.forward.apply(run, &Source::of(arguments[0]), &target, None);
        let &[.., scale, shift] = arguments else { unreachable!("a layer has a style") };
        let Some(moments) = moments else { unreachable!("a layer asks for moments") };
        self.style(run, &moments, [scale, shift], result);
    }

    fn backward(&self, run: &Run, which: usize, values: &Values, gradient: Tensor, target: Tensor) {
        let from_end = values.arguments.len() - 1 - which;
        match (from_end, which) {
            (0, _) => self.style_gradient(run, 0, gradient, target),
            (1, _) => self.style_gradient(run, 1, gradient, target),
            (_, 0) => {
                let source = self.descending(run, values.result, gradient);
                let rest = self.after_coefficients(run);
                self.backward.apply(&rest, &source, &Target::plain(target), Some(values.arguments[0]));
            }
            _ => {
                let source = self.descending(run, values.result, gradient);
                let strength = self.strength.as_deref().unwrap_or_default();
                NoiseRow::all(run, strength, &source, target);
            }
        }
    }

    fn needs(&self) -> Needs {
        Needs { arguments: self.backward.gives_moments(), result: true }
    }

    fn weights(&self) -> usize {
        self.forward.weights() + self.backward.weights()
    }

    fn border(&self) -> usize {
        self.forward.border()
    }

    fn scratch(&self, batch: usize, workers: usize) -> [usize; 2] {
        let coefficients = Coefficients::len(self.result.planes, batch);
        [self.forward.scratch(batch, workers), coefficients + self.backward.scratch(batch, workers)]
    }

    fn saved(&self) -> usize {
        self.result.planes * LANES
    }
}
