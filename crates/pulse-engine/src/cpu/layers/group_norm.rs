//! Normalisation over groups of channels.

#![allow(unsafe_code)]

use crate::cpu::lanes::{Kernel, Layout, Needs, Run, Tensor, Values};

/// `y[c] = (x[c] − mean) / sqrt(variance + epsilon)` over the channels of a group; leaves `1 / sqrt(variance + epsilon)`
/// for backward.
pub(crate) struct GroupNorm {
    groups: usize,
    epsilon: f32,
}

impl GroupNorm {
    pub(crate) fn new(groups: usize, epsilon: f32) -> Self {
        Self { groups, epsilon }
    }

    /// The channels of a group.
    fn channels(&self, layout: &Layout, group: usize) -> std::ops::Range<usize> {
        let each = layout.shape.channels() / self.groups;
        group * each..(group + 1) * each
    }

    /// Floats a group.
    fn numbers(&self, layout: &Layout) -> f64 {
        (layout.shape.len() / self.groups) as f64
    }
}

/// Every number of a channel: its rows, and where it lies in them.
///
/// # Safety
/// No task may write the tensor while the numbers are read.
unsafe fn numbers(tensor: &Tensor, candidate: usize, channel: usize) -> impl Iterator<Item = f32> {
    let layout = tensor.layout;
    (0..layout.height).flat_map(move |y| {
        // SAFETY: as the caller promises.
        let row = unsafe { tensor.row(candidate, channel / layout.lanes, y) };
        row[channel % layout.lanes..].iter().step_by(layout.lanes).copied()
    })
}

impl Kernel for GroupNorm {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        let (x, layout) = (arguments[0], result.layout);
        run.tasks(run.active * self.groups, |_, task| {
            let (candidate, group) = (task / self.groups, task % self.groups);
            let channels = self.channels(&layout, group);
            // SAFETY: a task has the channels of its group.
            unsafe {
                let sum: f64 = channels.clone().flat_map(|c| numbers(&x, candidate, c)).map(f64::from).sum();
                let mean = sum / self.numbers(&layout);
                let square = |x: f32| (f64::from(x) - mean).powi(2);
                let squares: f64 = channels.clone().flat_map(|c| numbers(&x, candidate, c)).map(square).sum();
                let deviation = 1.0 / (squares / self.numbers(&layout) + f64::from(self.epsilon)).sqrt();
                *run.saved.add(candidate * self.groups + group) = deviation as f32;
                for index in channels.start * layout.height * layout.width..channels.end * layout.height * layout.width
                {
                    let value = *x.candidate(candidate).add(x.layout.offset(index));
                    *result.candidate(candidate).add(layout.offset(index)) =
                        ((f64::from(value) - mean) * deviation) as f32;
                }
            }
        });
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        let (y, layout) = (values.result, target.layout);
        run.tasks(run.active * self.groups, |_, task| {
            let (candidate, group) = (task / self.groups, task % self.groups);
            let channels = self.channels(&layout, group);
            // SAFETY: a task has the channels of its group.
            unsafe {
                let sum: f64 = channels.clone().flat_map(|c| numbers(&gradient, candidate, c)).map(f64::from).sum();
                let mean = (sum / self.numbers(&layout)) as f32;
                let pairs =
                    channels.clone().flat_map(|c| numbers(&gradient, candidate, c).zip(numbers(&y, candidate, c)));
                let along: f64 = pairs.map(|(g, y)| f64::from(g) * f64::from(y)).sum();
                let along = (along / self.numbers(&layout)) as f32;
                let deviation = *run.saved.add(candidate * self.groups + group);
                for index in channels.start * layout.height * layout.width..channels.end * layout.height * layout.width
                {
                    let g = *gradient.candidate(candidate).add(gradient.layout.offset(index));
                    let y = *y.candidate(candidate).add(y.layout.offset(index));
                    *target.candidate(candidate).add(layout.offset(index)) = deviation * (g - mean - y * along);
                }
            }
        });
    }

    fn needs(&self) -> Needs {
        Needs::RESULT
    }

    fn saved(&self) -> usize {
        self.groups
    }
}
