//! One axis of a convolution or filter, split into phases.

use std::ops::Range;

/// A tap: which one of the filter, and how far from the phase's source pixel it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tap {
    pub(crate) index: usize,
    pub(crate) offset: isize,
}

/// `y[i] = Σ_k taps[k] · u[i · down + k − before]` along one axis, with `u` the argument with `up − 1` zeros
/// after each pixel.
///
/// Output `period · t + phase` reads the source pixels `step · t + offset` for the taps of its phase, so no
/// zero of `u` is ever multiplied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) period: usize,
    pub(crate) step: usize,
    /// The taps of each phase.
    pub(crate) phases: Vec<Vec<Tap>>,
    /// How many pixels come out.
    pub(crate) outputs: usize,
    /// How many pixels go in.
    pub(crate) inputs: usize,
}

impl Axis {
    pub(crate) fn new(inputs: usize, outputs: usize, taps: usize, [up, down]: [usize; 2], before: isize) -> Self {
        let common = greatest_common_divisor(up, down);
        let (period, step) = (up / common, down / common);
        let phases = (0..period.min(outputs))
            .map(|phase| {
                (0..taps)
                    .filter_map(|index| {
                        let at = (phase * down + index) as isize - before;
                        (at.rem_euclid(up as isize) == 0).then(|| Tap { index, offset: at.div_euclid(up as isize) })
                    })
                    .collect()
            })
            .collect();
        Self { period, step, phases, outputs, inputs }
    }

    /// How many outputs a phase has.
    pub(crate) fn outputs_of(&self, phase: usize) -> usize {
        (self.outputs - phase).div_ceil(self.period)
    }

    /// The outputs of which some tap may read the source: all others are zero.
    pub(crate) fn reached(&self) -> Range<usize> {
        // The first output whose last tap is not before the source, and the first one whose first tap is behind it.
        let from = (0..self.outputs).find(|&output| self.taps_of(output).any(|at| at >= 0)).unwrap_or(self.outputs);
        let behind = |&output: &usize| self.taps_of(output).any(|at| at < self.inputs as isize);
        let until = (from..self.outputs).rev().find(behind).map_or(from, |last| last + 1);
        from..until
    }

    /// How many pixels outside of the source the taps of [reached](Self::reached) outputs read at most, on either side.
    pub(crate) fn reached_border(&self) -> usize {
        let reach =
            self.reached().flat_map(|output| self.taps_of(output)).map(|at| (-at).max(at + 1 - self.inputs as isize));
        reach.max().unwrap_or(0).max(0) as usize
    }

    /// The source pixels that the taps of an output read.
    fn taps_of(&self, output: usize) -> impl Iterator<Item = isize> {
        let first = (self.step * (output / self.period)) as isize;
        self.phases[output % self.period].iter().map(move |tap| first + tap.offset)
    }

    /// How many pixels outside of the source the taps read at most, on either side.
    pub(crate) fn border(&self) -> usize {
        let reach = self.phases.iter().enumerate().flat_map(|(phase, taps)| {
            let last = (self.step * (self.outputs_of(phase) - 1)) as isize;
            taps.iter().flat_map(move |tap| [-tap.offset, last + tap.offset + 1 - self.inputs as isize])
        });
        reach.max().unwrap_or(0).max(0) as usize
    }
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The equation as it stands.
    fn naive(x: &[f32], outputs: usize, taps: &[f32], [up, down]: [usize; 2], before: isize) -> Vec<f32> {
        let at = |i: usize, k: usize| {
            let m = (i * down + k) as isize - before;
            let inside = m >= 0 && m % up as isize == 0 && ((m / up as isize) as usize) < x.len();
            if inside { x[(m / up as isize) as usize] } else { 0.0 }
        };
        (0..outputs).map(|i| taps.iter().enumerate().map(|(k, tap)| tap * at(i, k)).sum()).collect()
    }

    #[test]
    fn what_no_tap_reaches_is_left_out() {
        let taps = 4;
        for factors in [[1, 1], [2, 1], [1, 2], [4, 2], [3, 2], [1, 50]] {
            for before in [-3000, -3, 0, 1, 6, 3000] {
                let axis = Axis::new(9, 200, taps, factors, before);
                let reached = axis.reached();
                let inside = |output: usize| axis.taps_of(output).any(|at| (0..9).contains(&at));
                assert!((0..200).all(|output| reached.contains(&output) || !inside(output)), "{factors:?}, {before}");
                assert!(axis.reached_border() <= taps, "{factors:?}, {before}: {}", axis.reached_border());
            }
        }
    }

    #[test]
    fn phases_say_what_the_equation_says() {
        let x: Vec<f32> = (1..=9).map(|i| (i * i) as f32).collect();
        let taps = [1.0, -2.0, 3.0, 5.0];
        for factors in [[1, 1], [2, 1], [1, 2], [4, 2], [2, 3], [3, 2], [7, 1]] {
            for before in [-3, 0, 1, 6] {
                let axis = Axis::new(x.len(), 8, taps.len(), factors, before);
                let border = axis.border();
                let mut padded = vec![0.0; x.len() + 2 * border];
                padded[border..border + x.len()].copy_from_slice(&x);
                let y: Vec<f32> = (0..8)
                    .map(|i| {
                        let (t, phase) = (i / axis.period, i % axis.period);
                        let source = |offset: isize| (axis.step * t + border) as isize + offset;
                        axis.phases[phase].iter().map(|tap| taps[tap.index] * padded[source(tap.offset) as usize]).sum()
                    })
                    .collect();
                assert_eq!(y, naive(&x, 8, &taps, factors, before), "factors {factors:?}, before {before}");
            }
        }
    }
}
