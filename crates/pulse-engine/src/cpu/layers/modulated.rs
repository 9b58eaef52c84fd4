//! A layer of StyleGAN2 or 3 as one kernel: style, convolution, demodulation, filter, noise, bias, activation.

#![allow(unsafe_code)]

use super::modulate::coefficients as of_vector;
use super::noise::NoiseRow;
use crate::Shape;
use crate::cpu::lanes::{Coefficients, Kernel, LANES, Lanes, Layout, Needs, Run, Tensor, Values, Vectorized, filled};
use crate::cpu::linear::{LinearMap, Pass, Reading, Reads, Source, Target, Writing};
use crate::cpu::pointwise::LeakyRelu;

/// Rows over which a sum for the gradient of the demodulation is taken at a time.
const ROWS: usize = 8;

/// `y = activation(demodulation · W (style · x) + strength · noise + bias)`, as far as there is any of it.
///
/// Arguments: `x`, style, demodulation, noise. Neither the styled `x` nor what stands between the others is written; the
/// gradient of the style is a sum over that of the styled `x`, taken before it is scaled.
pub(crate) struct Modulated {
    forward: Pass,
    backward: Pass,
    parts: ModulatedParts,
    argument: Layout,
    result: Layout,
}

/// What a layer is made from, but for its convolution.
pub(crate) struct ModulatedParts {
    pub(crate) demodulated: bool,
    /// Of the noise, one a channel.
    pub(crate) strength: Option<Vec<f32>>,
    /// One a channel.
    pub(crate) bias: Option<Vec<f32>>,
    pub(crate) activation: Option<LeakyRelu>,
}

/// Which argument is which.
const STYLE: usize = 1;
const DEMODULATION: usize = 2;

impl Modulated {
    pub(crate) fn new(
        [forward, backward]: [Box<dyn LinearMap>; 2],
        [argument, result]: [Shape; 2],
        parts: ModulatedParts,
    ) -> Self {
        let ModulatedParts { demodulated, strength, bias, activation } = parts;
        let [strength, bias] = [strength, bias].map(|numbers| numbers.map(|numbers| filled(&numbers)));
        let parts = ModulatedParts { demodulated, strength, bias, activation };
        let reads = match parts.activation {
            Some(_) => Reads::Descending,
            None if parts.demodulated => Reads::Styled,
            None => Reads::Plain,
        };
        Self {
            forward: Pass::new(forward, [argument, result], Reads::Styled, false),
            backward: Pass::new(backward, [result, argument], reads, true),
            parts,
            argument: Layout::new(argument, 0),
            result: Layout::new(result, 0),
        }
    }

    fn demodulation(&self, arguments: &[Tensor]) -> Option<Tensor> {
        self.parts.demodulated.then(|| arguments[DEMODULATION])
    }

    /// The strength and the noise map.
    fn noise(&self, arguments: &[Tensor]) -> Option<(&[f32], Tensor)> {
        Some((self.parts.strength.as_deref()?, *arguments.last()?))
    }

    /// The gradient in front of noise and bias, times `scale`.
    fn descending(&self, run: &Run, values: &Values, gradient: Tensor, scale: Option<Tensor>) -> (Source, Run) {
        if self.parts.activation.is_none() && scale.is_none() {
            return (Source::plain(gradient), *run);
        }
        let (coefficients, rest) = spread(run, scale, &self.result);
        let reading = match self.parts.activation {
            Some(activation) => Reading::Descending { result: values.result, activation, coefficients },
            None => Reading::Styled(coefficients),
        };
        (Source { tensor: gradient, reading }, rest)
    }

    /// The gradient of `x`; what the style's is made of is left in `saved`.
    fn argument_gradient(&self, run: &Run, values: &Values, gradient: Tensor, target: Tensor) {
        let (source, rest) = self.descending(run, values, gradient, self.demodulation(values.arguments));
        let (style, rest) = spread(&rest, Some(values.arguments[STYLE]), &self.argument);
        let writing = Writing { factor: Some(style), ..Writing::default() };
        let target = Target::new(target, &writing);
        let moments = self.backward.apply(&rest, &source, &target, Some(values.arguments[0]));
        let Some(moments) = moments else { unreachable!("the sums are asked for") };
        run.planes(
            &self.argument,
            #[inline(always)]
            |candidate, plane| {
                // SAFETY: all pieces have been written, and one task has the sums of a plane.
                unsafe {
                    let sums = moments.sums(&target.tensor, candidate, plane);
                    let to = run.saved.add((candidate * self.argument.planes + plane) * LANES);
                    to.cast::<[f32; LANES]>().write(sums.second.map(|sum| sum as f32));
                }
            },
        );
    }

    fn style_gradient(&self, run: &Run, target: Tensor) {
        let channels = self.argument.shape.channels();
        run.candidates(
            #[inline(always)]
            |candidate| {
                // SAFETY: `argument_gradient` left a number for each channel, and one task has the vector.
                unsafe {
                    let from = run.saved.add(candidate * self.argument.planes * LANES);
                    std::ptr::copy_nonoverlapping(from, target.candidate(candidate), channels);
                }
            },
        );
    }

    /// `Σ_p g[p] u[p]` with the map `u` that is demodulated, which is found again from the result.
    fn demodulation_gradient(&self, run: &Run, values: &Values, gradient: Tensor, target: Tensor) {
        let (source, rest) = self.descending(run, values, gradient, None);
        let Layout { planes, height, .. } = self.result;
        let pieces = height.div_ceil(ROWS);
        let rest = &rest;
        run.tasks(run.active * planes * pieces, |_, task| {
            let (candidate, plane, piece) = (task / (planes * pieces), task / pieces % planes, task % pieces);
            let rows = piece * ROWS..height.min((piece + 1) * ROWS);
            // SAFETY: there are sixteen sums for each piece, and one task has them.
            let to = unsafe { rest.scratch.add(task * LANES) };
            run.instructions.run(Demodulated { layer: self, source: &source, values, candidate, plane, rows, to });
        });
        let demodulation = values.arguments[DEMODULATION];
        run.planes(
            &self.result,
            #[inline(always)]
            |candidate, plane| {
                let mut total = [0.0f64; LANES];
                // SAFETY: the sums were written, and one task has the vector's elements for the channels of a plane.
                unsafe {
                    for piece in 0..pieces {
                        let from = rest.scratch.add(((candidate * planes + plane) * pieces + piece) * LANES);
                        let piece = from.cast::<[f32; LANES]>().read();
                        for lane in 0..LANES {
                            total[lane] += f64::from(piece[lane]);
                        }
                    }
                    let scale = of_vector(&demodulation, &self.result, candidate, plane);
                    let to = target.candidate(candidate).add(plane * LANES);
                    for lane in 0..self.result.channels_of(plane) {
                        *to.add(lane) = (total[lane] / f64::from(scale[lane])) as f32;
                    }
                }
            },
        );
    }

    fn noise_gradient(&self, run: &Run, values: &Values, gradient: Tensor, target: Tensor) {
        let (source, _) = self.descending(run, values, gradient, None);
        let strength = self.parts.strength.as_deref().unwrap_or_default();
        NoiseRow::all(run, strength, &source, target);
    }

    fn sums(&self, batch: usize) -> usize {
        batch * self.result.planes * self.result.height.div_ceil(ROWS) * LANES
    }
}

/// The numbers of a vector, or ones, as coefficients: scale, and zeros. With what scratch memory is left.
fn spread(run: &Run, vector: Option<Tensor>, layout: &Layout) -> (Coefficients, Run) {
    let planes = layout.planes;
    let coefficients = Coefficients { data: run.scratch, stride: Coefficients::len(planes, 1), planes };
    run.planes(
        layout,
        #[inline(always)]
        |candidate, plane| {
            // SAFETY: one task has the coefficients of a plane.
            unsafe {
                let scale = vector.map_or([1.0; LANES], |vector| of_vector(&vector, layout, candidate, plane));
                for (kind, numbers) in [scale, [0.0; LANES], [0.0; LANES]].into_iter().enumerate() {
                    coefficients.of(candidate, kind, plane).cast::<[f32; LANES]>().write(numbers);
                }
            }
        },
    );
    let used = Coefficients::len(planes, run.active);
    (coefficients, Run { scratch: run.scratch.wrapping_add(used), ..*run })
}

impl Kernel for Modulated {
    fn describe(&self) -> String {
        let (forward, backward) = (self.forward.describe(), self.backward.describe());
        if forward == backward { forward } else { format!("{forward}, back {backward}") }
    }

    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let (style, rest) = spread(run, Some(arguments[STYLE]), &self.argument);
        let (scale, rest) = match self.demodulation(arguments) {
            Some(demodulation) => {
                let (scale, rest) = spread(&rest, Some(demodulation), &self.result);
                (Some(scale), rest)
            }
            None => (None, rest),
        };
        let writing = Writing {
            scale,
            bias: self.parts.bias.as_deref(),
            noise: self.noise(arguments),
            activation: self.parts.activation,
            ..Writing::default()
        };
        let source = Source { tensor: arguments[0], reading: Reading::Styled(style) };
        self.forward.apply(&rest, &source, &Target::new(result, &writing), None);
    }

    fn backward(&self, run: &Run, which: usize, values: &Values, gradient: Tensor, target: Tensor) {
        match which {
            0 => self.argument_gradient(run, values, gradient, target),
            STYLE => self.style_gradient(run, target),
            DEMODULATION if self.parts.demodulated => self.demodulation_gradient(run, values, gradient, target),
            _ => self.noise_gradient(run, values, gradient, target),
        }
    }

    fn leads(&self) -> bool {
        true
    }

    fn needs(&self) -> Needs {
        Needs { arguments: true, result: self.parts.activation.is_some() || self.parts.demodulated }
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
        let of = |layout: &Layout| Coefficients::len(layout.planes, batch);
        let coefficients = of(&self.argument) + of(&self.result);
        [
            coefficients + self.forward.scratch(batch, workers),
            coefficients + self.backward.scratch(batch, workers).max(self.sums(batch)),
        ]
    }

    fn saved(&self) -> usize {
        self.argument.planes * LANES
    }
}

/// Rows of the sum for the gradient of the demodulation.
struct Demodulated<'a> {
    layer: &'a Modulated,
    source: &'a Source,
    values: &'a Values<'a>,
    candidate: usize,
    plane: usize,
    rows: std::ops::Range<usize>,
    to: *mut f32,
}

impl Vectorized for Demodulated<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        const PIXELS: usize = 32;
        let Self { layer, source, values, candidate, plane, rows, to } = self;
        let layout = values.result.layout;
        let noise = layer.noise(values.arguments);
        let mut piece = [0.0f32; PIXELS * LANES];
        // SAFETY: the rows are inside of the maps; bias and strength are sixteen for every plane.
        unsafe {
            let of_plane = |numbers: &[f32]| L::load(numbers.as_ptr().add(plane * LANES));
            let bias = layer.parts.bias.as_deref().map_or(L::splat(0.0), of_plane);
            let strength = noise.map_or(L::splat(0.0), |(strength, _)| of_plane(strength));
            let mut sum = L::splat(0.0);
            for y in rows {
                for first in (0..layout.width).step_by(PIXELS) {
                    let count = PIXELS.min(layout.width - first);
                    source.read::<L>(candidate, plane, [y as isize, first as isize], [1, count], piece.as_mut_ptr());
                    let results = values.result.candidate(candidate).add(layout.row(plane, y) + first * LANES);
                    for x in 0..count {
                        let mut value = L::load(results.add(x * LANES));
                        if let Some(activation) = layer.parts.activation {
                            value = activation.ascend_lanes(value);
                        }
                        value = value.sub(bias);
                        if let Some((_, noise)) = noise {
                            let at = noise.candidate(candidate).add(noise.layout.row(0, y) + first + x);
                            value = value.sub(strength.mul(L::splat(*at)));
                        }
                        sum = L::load(piece.as_ptr().add(x * LANES)).mul_add(value, sum);
                    }
                }
            }
            sum.store(to);
        }
    }
}
