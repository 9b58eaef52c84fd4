//! The operators that work on each element alone, except the leaky ReLU.

#![allow(unsafe_code)]

use super::exponential::sigmoid;
use crate::Shape;
use crate::cpu::lanes::{Kernel, Layout, Needs, Run, Tensor, Values};

/// `y = tanh(x)`.
pub(crate) struct Tanh;

/// `tanh`, from the continued fraction of Lambert at a quarter of the argument and the formula for twice an
/// argument, twice. Within a few units in the last place everywhere; from ±9.2 on the result rounds to ±1.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let quarter = x.clamp(-9.2, 9.2) * 0.25;
    let s = quarter * quarter;
    let numerator = quarter * (((36.0 * s + 6930.0) * s + 270_270.0) * s + 2_027_025.0);
    let denominator = (((s + 630.0) * s + 51_975.0) * s + 945_945.0) * s + 2_027_025.0;
    let t = numerator / denominator;
    let t = 2.0 * t / (1.0 + t * t);
    2.0 * t / (1.0 + t * t)
}

impl Kernel for Tanh {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        map(run, arguments[0], result, tanh);
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        zip(run, gradient, values.result, target, |g, y| g * (1.0 - y * y));
    }

    fn needs(&self) -> Needs {
        Needs::RESULT
    }

    fn in_place(&self) -> bool {
        true
    }
}

/// `y = 1 / (1 + exp(−x))`.
pub(crate) struct Sigmoid;

impl Kernel for Sigmoid {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        map(run, arguments[0], result, sigmoid);
        clear_filling(run, result);
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        zip(run, gradient, values.result, target, |g, y| g * y * (1.0 - y));
    }

    fn needs(&self) -> Needs {
        Needs::RESULT
    }

    fn in_place(&self) -> bool {
        true
    }
}

/// `y = x / (1 + exp(−x))`.
pub(crate) struct Silu;

impl Kernel for Silu {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        map(run, arguments[0], result, |x| x * sigmoid(x));
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        zip(run, gradient, values.arguments[0], target, |g, x| {
            let sigmoid = sigmoid(x);
            g * sigmoid * (1.0 + x * (1.0 - sigmoid))
        });
    }

    fn needs(&self) -> Needs {
        Needs::ARGUMENTS
    }

    fn in_place(&self) -> bool {
        true
    }
}

/// Makes the filling of a map's last block zero again, where an operator does not keep zeros.
pub(crate) fn clear_filling(run: &Run, target: Tensor) {
    let layout = target.layout;
    if layout.channels_of(layout.planes - 1) == layout.lanes {
        return;
    }
    let plane = layout.planes - 1;
    run.tasks(run.active * layout.height, |_, task| {
        // SAFETY: one task has the row.
        let row = unsafe { target.row_mut(task / layout.height, plane, task % layout.height) };
        for pixel in row.chunks_exact_mut(layout.lanes) {
            pixel[layout.channels_of(plane)..].fill(0.0);
        }
    });
}

/// `y = x²`.
pub(crate) struct Square;

impl Kernel for Square {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        map(run, arguments[0], result, |x| x * x);
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        zip(run, gradient, values.arguments[0], target, |g, x| 2.0 * g * x);
    }

    fn needs(&self) -> Needs {
        Needs::ARGUMENTS
    }

    fn in_place(&self) -> bool {
        true
    }
}

/// `y = 1 / sqrt(x + epsilon)`.
pub(crate) struct InverseSqrt {
    pub(crate) epsilon: f32,
}

impl Kernel for InverseSqrt {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let layout = result.layout;
        run.rows(
            &layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `result`.
                let row = unsafe { result.row_from(&arguments[0], candidate, plane, y) };
                for value in row.iter_mut() {
                    *value = 1.0 / (*value + self.epsilon).sqrt();
                }
                for pixel in row.chunks_exact_mut(layout.lanes) {
                    pixel[layout.channels_of(plane)..].fill(0.0);
                }
            },
        );
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        zip(run, gradient, values.result, target, |g, y| -0.5 * g * y * y * y);
    }

    fn needs(&self) -> Needs {
        Needs::RESULT
    }

    fn in_place(&self) -> bool {
        true
    }
}

/// `y = a + b`.
pub(crate) struct Add;

impl Kernel for Add {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        zip(run, arguments[0], arguments[1], result, |a, b| a + b);
    }

    fn backward(&self, run: &Run, _: usize, _: &Values, gradient: Tensor, target: Tensor) {
        copy(run, gradient, target);
    }

    fn in_place(&self) -> bool {
        true
    }
}

/// `y = a · b`.
pub(crate) struct Multiply;

impl Kernel for Multiply {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        zip(run, arguments[0], arguments[1], result, |a, b| a * b);
    }

    fn backward(&self, run: &Run, which: usize, values: &Values, gradient: Tensor, target: Tensor) {
        zip(run, gradient, values.arguments[1 - which], target, |g, other| g * other);
    }

    fn needs(&self) -> Needs {
        Needs::ARGUMENTS
    }

    fn in_place(&self) -> bool {
        true
    }
}

/// `y = scale x + shift`.
pub(crate) struct Affine {
    /// `[scale, shift]`, spread out so that both run alike.
    coefficients: [Vec<f32>; 2],
    /// Coefficients between a plane and the next, and between a row and the next.
    plane: usize,
    row: usize,
    /// How many coefficients a row has; they repeat along it.
    period: usize,
}

impl Affine {
    pub(crate) fn new(affine: &crate::Affine, shape: Shape) -> Self {
        let layout = Layout::new(shape, 0);
        let of_elements = [&affine.scale, &affine.shift].iter().any(|c| c.len() > 1 && c.len() != shape.channels());
        let (plane, row, period, count) = match shape {
            _ if of_elements => (layout.plane_stride(), layout.row_stride(), layout.row_len(), layout.len()),
            Shape::Map { .. } => (layout.lanes, 0, layout.lanes, layout.planes * layout.lanes),
            _ => (0, 0, layout.width, layout.width),
        };
        let spread = |given: &[f32], absent: f32| {
            let mut spread = vec![0.0; count];
            let elements = if of_elements { shape.len() } else { shape.channels() };
            for element in 0..elements {
                let channel = if of_elements { shape.channel_of(element) } else { element };
                let place = if of_elements { layout.offset(element) } else { element };
                spread[place] = match given.len() {
                    0 => absent,
                    1 => given[0],
                    n if n == shape.channels() => given[channel],
                    _ => given[element],
                };
            }
            spread
        };
        Self { coefficients: [spread(&affine.scale, 1.0), spread(&affine.shift, 0.0)], plane, row, period }
    }

    fn at(&self, which: usize, plane: usize, y: usize) -> &[f32] {
        &self.coefficients[which][plane * self.plane + y * self.row..][..self.period]
    }
}

impl Kernel for Affine {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        run.rows(
            &result.layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `result`.
                let row = unsafe { result.row_from(&arguments[0], candidate, plane, y) };
                let (scale, shift) = (self.at(0, plane, y), self.at(1, plane, y));
                if let (&[scale], &[shift]) = (scale, shift) {
                    for value in row {
                        *value = scale * *value + shift;
                    }
                } else {
                    for pixel in row.chunks_exact_mut(self.period) {
                        for ((value, scale), shift) in pixel.iter_mut().zip(scale).zip(shift) {
                            *value = scale * *value + shift;
                        }
                    }
                }
            },
        );
    }

    fn backward(&self, run: &Run, _: usize, _: &Values, gradient: Tensor, target: Tensor) {
        run.rows(
            &target.layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `target`.
                let row = unsafe { target.row_from(&gradient, candidate, plane, y) };
                let scale = self.at(0, plane, y);
                if let &[scale] = scale {
                    for value in row {
                        *value *= scale;
                    }
                } else {
                    for pixel in row.chunks_exact_mut(self.period) {
                        pixel.iter_mut().zip(scale).for_each(|(value, scale)| *value *= scale);
                    }
                }
            },
        );
    }

    fn in_place(&self) -> bool {
        true
    }
}

/// `target = f(source)`, which may be the same memory.
#[inline]
pub(crate) fn map(run: &Run, source: Tensor, target: Tensor, f: impl Fn(f32) -> f32 + Sync) {
    run.rows(
        &target.layout,
        #[inline(always)]
        |candidate, plane, y| {
            // SAFETY: one task has the row of `target`.
            let row = unsafe { target.row_from(&source, candidate, plane, y) };
            for value in row {
                *value = f(*value);
            }
        },
    );
}

/// `target = f(source, other)`. The first two may be the same memory; `other` must be apart from `target`.
#[inline]
pub(crate) fn zip(run: &Run, source: Tensor, other: Tensor, target: Tensor, f: impl Fn(f32, f32) -> f32 + Sync) {
    let in_place = source.data == target.data;
    run.rows(
        &target.layout,
        #[inline(always)]
        |candidate, plane, y| {
            // SAFETY: one task has the row of `target`, and `other` is apart from it: the plan never lets a result
            // have the memory of an argument that stands twice. `source` is apart too where it is read.
            unsafe {
                let row = target.row_mut(candidate, plane, y);
                let other = other.row(candidate, plane, y);
                if in_place {
                    row.iter_mut().zip(other).for_each(|(value, &other)| *value = f(*value, other));
                } else {
                    let source = source.row(candidate, plane, y);
                    row.iter_mut().zip(source).zip(other).for_each(|((value, &x), &other)| *value = f(x, other));
                }
            }
        },
    );
}

/// `target = source`, of one shape.
pub(crate) fn copy(run: &Run, source: Tensor, target: Tensor) {
    if source.data != target.data {
        map(run, source, target, |x| x);
    }
}

/// `target = factor source`, of one shape.
pub(crate) fn scaled(run: &Run, factor: f32, source: Tensor, target: Tensor) {
    map(run, source, target, |x| factor * x);
}

/// `target += source`, of one shape.
pub(crate) fn accumulate(run: &Run, source: Tensor, target: Tensor) {
    zip(run, target, source, target, |a, b| a + b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tanh_is_right_to_the_last_places() {
        let worst = (-40_000..=40_000)
            .map(|i| i as f32 * 5e-4)
            .map(|x| (f64::from(tanh(x)) - f64::from(x).tanh()).abs() / f64::from(x).tanh().abs().max(1e-30))
            .fold(0.0, f64::max);
        // Three divisions and a dozen other roundings, of half a unit (6e-8) each.
        assert!(worst < 5e-7, "{worst}");
    }
}
